/* rpc_ipc.h - JSON-RPC over a Unix socket, as geth's IPC: a stream of JSON
** values both ways, each a request or a batch; no length, no delimiter but
** the values' own ends.  Replies and notifications are one line each.
**
** The socket's file has mode 0600: who may open it is the node's owner, and
** may use everything, administration and keys too (RPC_KEY).  With a group it
** has 0660, and the group's members may do the same.
*/
#ifndef RPC_RPC_IPC_H
#define RPC_RPC_IPC_H
#include "base/base.h"
#include "base/buf.h"
#include "rpc/rpc.h"

#define RPC_IPC_CONN_MAX 64u /* connections at once */

struct rpc_ipc;
/* Listens at path; group: NULL, or the name or number of one whose members may
** connect too (ERR_USAGE: there is none).  A socket's file that nobody listens at
** any more is replaced.  ERR_BIND: another process listens there, something else
** has that name, or the folder may not be written; ERR_RANGE: the path is longer
** than the system's sockets may be named (107 bytes).  s must outlive it. */
err rpc_ipc_start(struct rpc_ipc **out, const char *path, const char *group,
                  struct rpc_server *s, struct errmsg *msg) MUST_USE;
/* Answers what is under way, closes all, removes the file.  NULL is fine. */
void rpc_ipc_stop(struct rpc_ipc *ipc);
u32 rpc_ipc_conn_cnt(const struct rpc_ipc *ipc);

/*-------------------------------------------------------------- the stream */

/* Finds where JSON values end in a stream that arrives in pieces of any size.
** Only brackets and strings are looked at; what is between them is judged by
** the parser. */
struct rpc_split {
  size_t at;      /* bytes looked at */
  size_t start;   /* of the value, when depth > 0 */
  u32 depth;
  bool text, escape;
};
/* Looks on in all (the same bytes as before, and more).  1: *value is whole
** and is taken; 0: more must come; -1: what comes is no object or array, and
** the stream has no meaning any more. */
int rpc_split_next(struct rpc_split *s, slice all, slice *value) MUST_USE;
/* The first len bytes of the stream, all of them looked at, are dropped. */
void rpc_split_drop(struct rpc_split *s, size_t len);

/*-------------------------------------------------------------- the client */

struct rpc_ipc_client {
  int fd;
  struct buf in;
  struct rpc_split split;
};
/* Connects; ERR_NOT_FOUND: nobody listens there; ERR_IO with a message that
** names the file, its owner and mode where they are the cause. */
err rpc_ipc_open(struct rpc_ipc_client *c, const char *path,
                 struct errmsg *msg) MUST_USE;
void rpc_ipc_close(struct rpc_ipc_client *c);
/* One request and its reply.  Notifications that come before it go to note,
** which may be NULL.  ERR_TIMEOUT, ERR_IO, ERR_LIMIT (over max bytes). */
err rpc_ipc_ask(struct rpc_ipc_client *c, struct buf *reply, slice request,
                size_t max, u32 timeout_ms,
                void (*note)(void *ctx, slice text), void *ctx,
                struct errmsg *msg) MUST_USE;
/* Reads what has come, without a request, and gives it to note.  ERR_IO. */
err rpc_ipc_listen(struct rpc_ipc_client *c,
                   void (*note)(void *ctx, slice text), void *ctx,
                   struct errmsg *msg) MUST_USE;
#endif
