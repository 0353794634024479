/* node_token.h - API tokens: what a program logs in with instead of a person.
**
** "cmt_" and 64 hex digits (256 random bits), shown once; the file has its
** SHA-256.  It may what its scopes (rights of right.def) and its user's role
** both allow, until it ends, is revoked, or its user is disabled or gone. */
#ifndef NODE_NODE_TOKEN_H
#define NODE_NODE_TOKEN_H
#include "node/node_user.h"

#define NODE_TOKENS_MAX 256u
#define NODE_TOKEN_TEXT 69

struct node_token_new {
  const char *user;
  const char *name;    /* what it is for: as a user's name */
  const char *scopes;  /* "read,export" */
  u64 days;            /* 0: for good */
  const char *from;    /* for the audit */
  u64 id;              /* set */
  char text[NODE_TOKEN_TEXT]; /* set: to be shown once, then wiped */
};
/* On a file that no node runs on, on a running node.  ERR_INPUT, ERR_NOT_FOUND,
** ERR_LIMIT with words. */
err node_token_make_file(struct store *s, struct node_token_new *t,
                         struct errmsg *msg) MUST_USE;
err node_token_make(struct node *n, struct node_token_new *t,
                    struct errmsg *msg) MUST_USE;
err node_token_revoke_file(struct store *s, u64 id, const char *from,
                           struct errmsg *msg) MUST_USE;
err node_token_revoke(struct node *n, u64 id, const char *from,
                      struct errmsg *msg) MUST_USE;
err node_token_list(struct node *n, struct store_token *out, u32 max, u32 *cnt)
    MUST_USE;
/* Notes when it was last used. */
err node_token_used(struct node *n, u64 id, u64 at_ms) MUST_USE;
/* Its hash; false when the text is none. */
bool node_token_hash(u8 out[32], const char *text);
#endif
