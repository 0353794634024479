/* rpc_client.h - asks a JSON-RPC server over HTTP/1.1: for the commands that
** talk to a running node.  Addresses are literals: no name is resolved. */
#ifndef RPC_RPC_CLIENT_H
#define RPC_RPC_CLIENT_H
#include "base/base.h"
#include "base/buf.h"

/* Posts body to url ("http://127.0.0.1:8545/path", "http://[::1]:8545",
** "http://localhost") and appends the reply's body to out.  ERR_USAGE for a
** url that is none of these; ERR_IO when nobody answers, ERR_TIMEOUT after
** timeout_ms of silence, ERR_INPUT for an answer that is no HTTP or no 200
** (msg has its first line), ERR_LIMIT over max bytes. */
err rpc_client_post(struct buf *out, const char *url, slice body, size_t max,
                    u32 timeout_ms, struct errmsg *msg) MUST_USE;

/* For those who keep their connections: where a url points, ERR_USAGE as
** above; and a TCP connection there whose calls wait timeout_ms at most. */
struct rpc_client_url {
  char host[64];      /* literal, without brackets */
  char authority[80]; /* what the Host header says */
  char path[512];
  u16 port;
};
err rpc_client_parse(struct rpc_client_url *out, const char *url,
                     struct errmsg *msg) MUST_USE;
err rpc_client_connect(int *fd, const struct rpc_client_url *url,
                       u32 timeout_ms, struct errmsg *msg) MUST_USE;
/* Joins the chunks of a body in Transfer-Encoding: chunked into out, which is
** cleared first; *whole false: more must arrive. */
err rpc_client_unchunk(struct buf *out, slice in, bool *whole,
                       struct errmsg *msg) MUST_USE;
#endif
