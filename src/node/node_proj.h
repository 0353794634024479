/* node_proj.h - the node's projections: it feeds them the blocks that the store
** takes, makes them anew, and gives readers their tables (src/proj/proj.h). */
#ifndef NODE_NODE_PROJ_H
#define NODE_NODE_PROJ_H
#include "node/node.h"
#include "proj/proj.h"

struct node_proj;
/* Opens the tables over an open store, brings them to its head (after another
** program wrote the file, a crash within reindex, or a change of schema) and
** follows it from then on.  Writer's thread, or before threads. */
err node_proj_open(struct node_proj **out, struct store *s, struct errmsg *msg)
    MUST_USE;
void node_proj_close(struct node_proj *np);

/* Makes the tables of a stopped node's file anew; module NULL: all.  go_on (may
** be NULL) is told the height and may end it: the next call goes on there, or
** what is missing is made when a node opens the file.  step: events of one
** transaction, 0: 100,000. */
struct node_projected {
  u64 blocks, events;  /* of this call */
  bool resumed, done;  /* went on where another ended; all of it is made */
};
err node_proj_reindex(struct node_projected *out, const char *path,
                      const char *module, u64 step,
                      bool (*go_on)(void *ctx, u64 height, u64 head, u64 events),
                      void *ctx, struct errmsg *msg) MUST_USE;

/* The view's tables: for proj_query and the like, until node_read_end. */
struct store_reader *node_read_store(struct node_read *r);
/* Takes content in; blocks until it is in the file. */
err node_content_put(struct node *n, struct proj_content *out, slice bytes,
                     struct errmsg *msg) MUST_USE;
#endif
