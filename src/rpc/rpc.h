/* rpc.h - JSON-RPC 2.0 as Ethereum clients speak it, free of any transport.
**
** A body (one request or a batch) goes in, the reply's text comes out:
** HTTP, the Unix socket, WebSocket, the fuzzer and the `rpc` command all use
** rpc_handle.  The methods are the rows of method.def; names, parameter
** counts, access, help and dispatch come from that table alone.
**
** Error codes and words are geth's, because libraries match on them:
**   -32700 parse error            -32600 invalid request, batch too large
**   -32601 no such method         -32602 missing or invalid argument
**   -32000 refused by pool, state or execution     3 execution reverted
**   -32002 timed out   -32003 response too large   -32005 limit exceeded
**   4100 not among the caller's rights (EIP-1193), or not what a key may sign
**   4110 a login's password is to be given again first (/api/confirm)
** A number with no meaning here (a fee) is read, checked and ignored.
*/
#ifndef RPC_RPC_H
#define RPC_RPC_H
#include "base/base.h"
#include "base/buf.h"
#include "node/node.h"

/* What a caller may use; each includes the former. */
enum rpc_access {
  RPC_PUBLIC, /* anyone who reaches the port */
  RPC_LOCAL,  /* Unix socket: administration */
  RPC_KEY     /* Unix socket or logged-in session: uses private keys; on a
              ** development chain anyone */
};
struct rpc_session;
struct rpc_peer { /* who asks; one for each body */
  enum rpc_access access;
  struct rpc_session *session; /* NULL: no subscriptions */
  u64 from;                    /* of its address, for limits; 0: not known */
  bool limited;                /* a login or an API token: its rights count */
  bool confirmed;              /* its password was given lately, or a token */
  u32 rights;                  /* of node_right.h */
};

struct rpc_config {      /* a 0 takes the default of limits below */
  u32 batch_max;         /* requests in a batch */
  u64 response_max;      /* bytes of one reply, batch or single */
  u64 body_max;          /* bytes of one body */
  u64 gas_cap;           /* eth_call, eth_estimateGas */
  u32 evm_timeout_ms;    /* eth_call, eth_estimateGas */
  u32 log_range_max;     /* blocks of one eth_getLogs */
  u32 log_cnt_max;       /* logs of one eth_getLogs */
  u32 wait_max;          /* eth_sendRawTransactionSync waiting at once */
  const char *spaces;    /* comma list of what RPC_PUBLIC may use: eth,net;
                         ** NULL: all.  Lasts as long as the server */
};
#define RPC_BATCH_MAX 1000u
#define RPC_RESPONSE_MAX (25u << 20)
#define RPC_BODY_MAX (5u << 20)
#define RPC_GAS_CAP 50000000ull
#define RPC_EVM_TIMEOUT_MS NODE_READ_MS
#define RPC_LOG_RANGE_MAX 10000u
#define RPC_LOG_CNT_MAX 20000u
#define RPC_WAIT_MAX 2u

struct rpc_server;
/* cfg NULL: all defaults.  Holds n until rpc_close. */
struct rpc_server *rpc_open(struct node *n, const struct rpc_config *cfg);
void rpc_close(struct rpc_server *s);
/* Whoever waits for a block waits no longer: the end is near. */
void rpc_hurry(struct rpc_server *s);
/* The limits in force. */
const struct rpc_config *rpc_limits(const struct rpc_server *s);

/* Answers one body: appends the reply to out (whose own maximum, if any, must
** be above response_max); nothing is appended when every request was a
** notification.  Thread-safe; never fails: what is wrong is in the reply. */
void rpc_handle(struct rpc_server *s, struct buf *out, slice body,
                const struct rpc_peer *peer);
/* The same through the JSON parser only, without the short cut for plain
** requests: the two must answer alike (fuzz_rpc compares). */
void rpc_handle_plain(struct rpc_server *s, struct buf *out, slice body,
                      const struct rpc_peer *peer);
/* True when answering body takes no more than some ten microseconds, so that
** an event loop may do it itself.  A guess from the method's row; false when
** in doubt. */
bool rpc_is_quick(slice body);
/* Answers a body of one BRIEF request, on an event loop, and gives up (false,
** nothing appended) when that takes over some milliseconds: then rpc_handle is
** to do it, elsewhere.  Where long ones come, it rests fifty times as long as
** they took, so an event loop gives them 2 % of its time at most. */
bool rpc_try(struct rpc_server *s, struct buf *out, slice body,
             const struct rpc_peer *peer);
/* True when body is one eth_sendRawTransaction in the plain form. */
bool rpc_is_submission(slice body);
/* Answers cnt such bodies, each into its own out, and recovers their signatures
** together (best in eights). */
void rpc_handle_submissions(struct rpc_server *s, struct buf *const *out,
                            const slice *body, u32 cnt,
                            const struct rpc_peer *peer);

/* A connection that stays, for eth_subscribe.  push gets each notification, on
** a thread of the server's: it must not block nor call back.  None comes after
** rpc_session_close.  Subscriptions that a body made tell nothing until
** rpc_session_ready with its peer, which is called when its reply is on the
** way. */
struct rpc_session *rpc_session_open(struct rpc_server *s,
                                     void (*push)(void *ctx, slice text),
                                     void *ctx);
void rpc_session_close(struct rpc_session *se);
void rpc_session_ready(struct rpc_session *se, const struct rpc_peer *peer);

/* What administration asks of the program around; a NULL function: cannot. */
struct rpc_host {
  void *ctx;
  /* Opens the HTTP port; NULL, 0: as configured.  ERR_EXISTS: it is open. */
  err (*start_http)(void *ctx, const char *addr, u32 port, const char *cors,
                    const char *vhosts, struct errmsg *msg);
  /* Closes it soon after; ERR_NOT_FOUND: it is closed. */
  err (*stop_http)(void *ctx);
  /* Reads the configuration again, as SIGHUP does. */
  err (*reload)(void *ctx, struct errmsg *msg);
  /* Makes a verified copy of the database soon; msg: where to. */
  err (*backup)(void *ctx, struct errmsg *msg);
  /* Users were made or changed in the file: reads them again. */
  void (*users)(void *ctx);
  /* "http://127.0.0.1:8545"; "": closed.  ipc: "" when there is none. */
  void (*urls)(void *ctx, char *http, size_t http_size, char *ipc,
               size_t ipc_size);
  /* Begins to load the demo shop, or tells how far that is: so many of its days
  ** are over, all: done.  The error, if it cannot or could not. */
  err (*load_demo)(void *ctx, u32 *day, u32 *days, struct errmsg *msg);
};
/* Before the first request; host must outlive s. */
void rpc_host_set(struct rpc_server *s, const struct rpc_host *host);

/* Where webhook_* and mail_* go; before the first request, lasts as long. */
struct notify;
void rpc_notify_set(struct rpc_server *s, struct notify *notify);
struct notify *rpc_notify_of(const struct rpc_server *s);
/* The events of commerce, for notify_config.source; ctx: the node. */
struct notify_event;
err rpc_notify_events(void *node, u64 first, u64 last,
                      void (*fn)(void *ctx, const struct notify_event *e),
                      void *ctx) MUST_USE;

/* What was answered since the start: requests by method and code, and how
** long they took, in RPC_TIME_CNT steps, the last without bound. */
#define RPC_TIME_CNT 12
struct rpc_tally {
  u64 bucket[RPC_TIME_CNT]; /* each for itself, not summed up */
  u64 us, cnt;
};
extern const u32 rpc_time_us[RPC_TIME_CNT - 1]; /* upper bounds */
void rpc_tally(const struct rpc_server *s, struct rpc_tally *out);
/* Calls cb for each method and code (0: a result) that occurred; method
** "unknown" for those that are none of ours. */
void rpc_tally_methods(const struct rpc_server *s,
                       void (*cb)(void *ctx, const char *method, int code,
                                  u64 cnt), void *ctx);

/* The newest durable height, without opening a view. */
u64 rpc_height(const struct rpc_server *s);

/* "CyberMiles/v0.1.0-0123456789ab/linux-amd64", as web3_clientVersion. */
const char *rpc_client_version(void);

/* One row of the table, for help and completion. */
struct rpc_method_info {
  const char *name, *params, *summary;
  enum rpc_access access;
};
/* NULL past the end; rows ascend by name. */
const struct rpc_method_info *rpc_method_at(u32 i);
#endif
