/* rpc_call.h - inside src/rpc: one request under way, its typed parameters,
** and what handlers are built from.
**
** A handler reads c->arg[i] (present and well formed, or optional and not
** given), appends exactly one JSON value through c->w, and returns ERR_OK; or
** returns what rpc_fail gave, and then whatever it wrote is dropped.
*/
#ifndef RPC_RPC_CALL_H
#define RPC_RPC_CALL_H
#include "base/arena.h"
#include "codec/json.h"
#include "node/node.h"
#include "rpc/rpc.h"

/* Codes of error objects. */
enum {
  RPC_ERR_PARSE = -32700,
  RPC_ERR_REQUEST = -32600,
  RPC_ERR_METHOD = -32601,
  RPC_ERR_PARAMS = -32602,
  RPC_ERR_INTERNAL = -32603,
  RPC_ERR_SERVER = -32000,
  RPC_ERR_TIMEOUT = -32002,
  RPC_ERR_TOO_LARGE = -32003,
  RPC_ERR_LIMIT = -32005,
  RPC_ERR_MOVE_SELF = -38022,  /* of eth_simulateV1 */
  RPC_ERR_MOVE_TWICE = -38023,
  RPC_ERR_RIGHT = 4100,         /* as EIP-1193 has it */
  RPC_ERR_CONFIRM = 4110,
  RPC_ERR_PRUNED = 4444,       /* as geth has it */
  RPC_ERR_REVERT = 3,
  RPC_ERR_SYNC_TIMEOUT = 4 /* EIP-7966 */
};

struct rpc_call;
/* As rpc_host_set was told, or NULL. */
const struct rpc_host *rpc_host_of(const struct rpc_server *s);
/* rpc_state.c: what eth_estimateGas answers, for the same arguments. */
err rpc_estimate_gas(struct rpc_call *c, u64 *gas) MUST_USE;

/*------------------------------------------------------------ raw values */

/* A JSON value as a parameter reader sees it: from the scanner of plain
** requests, or from jansson.  Objects and arrays have a tree; call objects of
** plain requests have their text (str) instead, and flat once they are read. */
enum rpc_kind {
  RPC_NONE, RPC_NULL, RPC_FALSE, RPC_TRUE, RPC_STRING, RPC_INTEGER, RPC_REAL,
  RPC_OBJECT, RPC_ARRAY
};
struct rpc_value {
  enum rpc_kind kind;
  slice str;
  i64 num;
  double real;
  const json_t *tree;
  const struct rpc_flat *flat;
};
struct rpc_value rpc_value_of(const json_t *j);
/* The members of an object of plain values. */
#define RPC_FLAT_MAX 12u
struct rpc_flat {
  slice key[RPC_FLAT_MAX];
  struct rpc_value val[RPC_FLAT_MAX];
  u32 cnt;
};

/*-------------------------------------------------------- typed parameters */

/* X(name, words for people, JSON schema) */
#define RPC_TYPE(X) \
  X(ADDRESS, "0x and 40 hex digits", \
    "{\"type\":\"string\",\"pattern\":\"^0x[0-9a-fA-F]{40}$\"}") \
  X(HASH, "0x and 64 hex digits", \
    "{\"type\":\"string\",\"pattern\":\"^0x[0-9a-fA-F]{64}$\"}") \
  X(QUANTITY, "0x-hex number", RPC_SCHEMA_QUANTITY) \
  X(COUNT, "0x-hex or decimal number", \
    "{\"oneOf\":[" RPC_SCHEMA_QUANTITY ",{\"type\":\"integer\"}]}") \
  X(DATA, "0x-hex bytes", \
    "{\"type\":\"string\",\"pattern\":\"^0x([0-9a-fA-F]{2})*$\"}") \
  X(BOOL, "true or false", "{\"type\":\"boolean\"}") \
  X(NUMBER, "0x-hex height, latest, pending, earliest, safe or finalized", \
    "{\"type\":\"string\"}") \
  X(BLOCK, "height, tag, hash or {blockNumber} or {blockHash}", \
    "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"object\"}]}") \
  X(SLOT, "hex storage key of up to 32 bytes", "{\"type\":\"string\"}") \
  X(SLOTS, "list of storage keys", \
    "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}") \
  X(PERCENTILES, "ascending numbers from 0 to 100", \
    "{\"type\":\"array\",\"items\":{\"type\":\"number\"}}") \
  X(CALL, "call object", RPC_SCHEMA_OBJECT) \
  X(FILTER, "log filter object", RPC_SCHEMA_OBJECT) \
  X(OVERRIDES, "state overrides by address", RPC_SCHEMA_OBJECT) \
  X(BLOCKOVER, "block overrides", RPC_SCHEMA_OBJECT) \
  X(TEXT, "text", "{\"type\":\"string\"}") \
  X(ANY, "any JSON value", "{}")
#define RPC_SCHEMA_QUANTITY \
  "{\"type\":\"string\",\"pattern\":\"^0x(0|[1-9a-fA-F][0-9a-fA-F]*)$\"}"
#define RPC_SCHEMA_OBJECT "{\"type\":\"object\"}"

enum rpc_type {
#define X(name, words, schema) RPC_##name,
  RPC_TYPE(X)
#undef X
  RPC_TYPE_CNT
};

enum rpc_tag { RPC_AT_NUMBER, RPC_AT_LATEST, RPC_AT_PENDING, RPC_AT_HASH };
struct rpc_block { /* safe and finalized are latest; earliest is 0 */
  enum rpc_tag tag;
  u64 number;
  hash32 hash;
};
struct rpc_slot {
  u256 key;
  bool padded;  /* was given as 32 bytes: is shown so */
};
struct rpc_filter {
  bool by_hash;
  struct rpc_block from, to;
  const addr20 *addr;
  u32 addr_cnt;
  const hash32 *topic[4];
  u32 topic_cnt[4];
};
struct rpc_txcall {
  struct chain_tx tx;  /* has_sender; gas_limit as given */
  bool has_gas, has_nonce;
};
struct rpc_override_slot {
  u256 key, val;
};
struct rpc_override { /* of one account; state of the call only */
  addr20 addr;
  bool has_nonce, has_balance, has_code;
  bool wipe;            /* slot is all its storage */
  u64 nonce;
  u256 balance;
  slice code;
  struct rpc_override_slot *slot;
  u32 slot_cnt;
  bool has_move;        /* the precompile here answers at move instead */
  addr20 move;
};
struct rpc_overrides {
  struct rpc_override *item; /* as given */
  u32 cnt;
};
struct rpc_block_over {
  bool has_number, has_time, has_gas_limit, has_coinbase, has_mix_hash,
      has_base_fee, has_blob_base_fee, has_difficulty, has_beacon_root;
  u64 number, time, gas_limit;
  addr20 coinbase;
  hash32 mix_hash, beacon_root;
  u256 base_fee, blob_base_fee, difficulty;
};
struct rpc_arg {
  bool given;
  addr20 addr;
  hash32 hash;
  u64 num;
  bool flag;
  slice bytes;
  struct rpc_block block;
  struct rpc_slot *slot;
  u32 cnt;                  /* of slot; of percentiles */
  const double *real;       /* percentiles */
  struct rpc_txcall *call;
  struct rpc_filter *filter;
  struct rpc_overrides *over;
  struct rpc_block_over *block_over;
  slice text;
  struct rpc_value any;
};
#define RPC_PARAM_MAX 6
#define RPC_OVERRIDE_MAX 1000u        /* accounts */
#define RPC_OVERRIDE_SLOT_MAX 100000u /* slots of all accounts */
#define RPC_SLOT_CNT_MAX 1024u
#define RPC_PERCENTILE_MAX 100u
#define RPC_FILTER_ADDR_MAX 1000u
#define RPC_FILTER_TOPIC_MAX 1000u
#define RPC_ACCESS_MAX 10000u /* addresses, and slots, of an access list */
#define RPC_AUTH_MAX 1000u

/* Reads v as a parameter of type t, what it needs in the arena.  On error msg
** says why, in geth's words where libraries see them. */
struct rpc_call;
err rpc_param_read(struct rpc_call *c, struct rpc_arg *out, enum rpc_type t,
                   const struct rpc_value *v, struct errmsg *msg) MUST_USE;

/*----------------------------------------------------------------- calls */

struct rpc_fault {
  int code;
  char message[400];
  bool has_data;
  slice data;      /* in the arena */
};
/* What the calls of one body share. */
struct rpc_batch {
  struct rpc_server *server;
  struct node *node;
  const struct rpc_peer *peer;
  bool brief;              /* rpc_try: gives up when it takes long */
  struct node_read *read;  /* NULL: none begun */
  u64 read_ms;             /* when */
};
struct rpc_call {
  struct rpc_batch *batch;
  struct node *node;
  struct arena *a;         /* of this request */
  struct jsonw w;
  struct rpc_arg arg[RPC_PARAM_MAX];
  struct rpc_fault fault;
};

/* Sets the error object; returns ERR_INPUT for the handler to return. */
err rpc_fail(struct rpc_call *c, int code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* The error object for an err of node or store. */
err rpc_fail_err(struct rpc_call *c, err e);
/* The error object for a refused submission. */
err rpc_fail_submit(struct rpc_call *c, err e,
                    const struct node_submit_result *r);
/* Whether the one who asks may use methods of this access: on a development
** chain everybody may use its keys. */
bool rpc_peer_may(const struct rpc_batch *b, enum rpc_access access);
/* Whether its rights allow it; else the reason in the arena. */
bool rpc_peer_allows(const struct rpc_peer *p, u32 need, struct arena *a,
                     int *code, const char **why);
/* And whether the method's name space is served to it. */
bool rpc_peer_sees(const struct rpc_batch *b, const char *name,
                   enum rpc_access access);
/* The view of the chain for this call, shared within a batch. */
err rpc_read(struct rpc_call *c, struct node_read **out) MUST_USE;
/* Gives the view up, before waiting; the next rpc_read takes a new one. */
void rpc_view_drop(struct rpc_call *c);
/* Few callers may wait for blocks, each of which holds a thread: false when
** there are enough. */
bool rpc_wait_begin(struct rpc_server *s);
/* False once rpc_hurry was called. */
bool rpc_may_wait(const struct rpc_server *s);
void rpc_wait_end(struct rpc_server *s);
/* Height and state for a block argument (not given = latest).  On an unknown
** one sets geth's error. */
err rpc_at(struct rpc_call *c, struct node_read **r, u64 *number,
           const struct rpc_arg *arg) MUST_USE;
/* The same for queries whose answer to an unknown block is null: then *found
** is false. */
err rpc_find(struct rpc_call *c, struct node_read **r, u64 *number,
             bool *found, const struct rpc_block *at) MUST_USE;

/*---------------------------------------------------------------- filters */

/* Polled filters, of one server. */
struct rpc_filters;
struct rpc_filters *rpc_filters_open(void);
void rpc_filters_close(struct rpc_filters *fs);
struct rpc_filters *rpc_filters_of(struct rpc_server *s);
/* The chain was taken back: what follows head is told as it comes again. */
void rpc_filters_back(struct rpc_filters *fs, u64 head);
/* A copy whose lists are in the arena. */
void rpc_filter_copy(struct rpc_filter *out, const struct rpc_filter *f,
                     struct arena *a);

/* Subscriptions, of one server; rpc_subs_head tells it of a block. */
struct rpc_subs;
struct rpc_subs *rpc_subs_open(struct rpc_server *server, struct node *n);
void rpc_subs_close(struct rpc_subs *ss);
void rpc_subs_head(struct rpc_subs *ss, u64 head);
struct rpc_subs *rpc_subs_of(struct rpc_server *s);

/*----------------------------------------------------- executing messages */

/* Where and as what messages run: rpc_world_begin, then any number of
** enter .. leave, each of which starts from the same state. */
struct rpc_world {
  struct rpc_call *c;
  struct node_read *r;
  u64 number;                 /* on the state after this block */
  struct chain_header header; /* what messages see, overrides applied */
  struct chain_rules rules;
  const struct rpc_overrides *over;        /* NULL: none */
  const struct rpc_block_over *block_over; /* NULL: none */
  u64 end_ms;
};
/* over, block_over: arguments that may not be given, or NULL. */
err rpc_world_begin(struct rpc_world *w, struct rpc_call *c,
                    const struct rpc_arg *block, const struct rpc_arg *over,
                    const struct rpc_arg *block_over) MUST_USE;
/* Only the time and the view, for those who fill the rest. */
err rpc_world_open(struct rpc_world *w, struct rpc_call *c) MUST_USE;
/* The machine on the state, overrides applied. */
err rpc_world_enter(struct rpc_world *w, struct chain_exec **x) MUST_USE;
/* After a message (leave does it too): an error when its result is void. */
err rpc_world_check(struct rpc_world *w) MUST_USE;
/* Ends what enter began; e is given back, unless the run itself failed. */
err rpc_world_leave(struct rpc_world *w, err e);
/* The state's root after what ran, where the block below has tries
** (node_read_tries). */
err rpc_world_root(struct rpc_world *w, hash32 *out, struct chain_exec *x,
                   const struct state_source *tries) MUST_USE;
/* What a header tells of a block's transactions and receipts, then its hash and
** size. */
void rpc_seal_block(struct rpc_call *c, struct node_block *b);
/* Applies overrides to a machine's state, as if committed; an error for what
** cannot be done with precompiles. */
err rpc_override_apply(struct rpc_call *c, struct chain_exec *x,
                       const struct rpc_overrides *over, enum evm_fork fork)
    MUST_USE;
/* What a block override says of the header; and, on the machine, of the fees
** that opcodes answer. */
void rpc_override_block(struct chain_header *h,
                        const struct rpc_block_over *b);
void rpc_override_fees(struct chain_exec *x, const struct rpc_block_over *b);
/* The error object for a message that failed. */
err rpc_fail_outcome(struct rpc_call *c, const struct chain_outcome *o);
/* The most gas a message may get: what it asks for, at most the cap. */
u64 rpc_call_gas(struct rpc_call *c, const struct rpc_txcall *call);
/* An error object that says a height's state is gone. */
err rpc_fail_pruned(struct rpc_call *c, struct node_read *r, u64 number);
/* One that says from which block on addresses are indexed, and how to have
** all of them. */
err rpc_fail_addresses(struct rpc_call *c, u64 from);

/*--------------------------------------------------------------- methods */

enum rpc_speed { RPC_QUICK, RPC_BRIEF, RPC_SLOW };
struct rpc_param {
  u8 type;
  bool optional;
  const char *name;
};
struct rpc_method {
  const char *name;
  err (*fn)(struct rpc_call *c);
  enum rpc_access access;
  enum rpc_speed speed;
  struct rpc_param param[RPC_PARAM_MAX]; /* name NULL: past the last */
};

/* The row of rpc_method_at(i). */
const struct rpc_method *rpc_method_row(u32 i);

#define METHOD(name, access, speed, summary, ...) \
  err rpc_do_##name(struct rpc_call *c);
#include "rpc/method.def"
#undef METHOD

/*------------------------------------------------------------- scanning */

/* A request in the plain form that almost every client sends: one object of
** the four known members, each once, parameters that are plain values or
** objects of them, no escapes and no letters beyond ASCII. */
struct rpc_plain {
  slice id;         /* as written; empty: notification */
  slice method;
  struct rpc_value param[RPC_PARAM_MAX];
  u32 param_cnt;
};
/* Takes one such object off *text.  False when the text is anything else,
** malformed or not: the caller then asks jansson. */
bool rpc_scan(struct rpc_plain *out, slice *text);
/* The same for an object of plain values. */
bool rpc_scan_flat(struct rpc_flat *out, slice *text);
void rpc_scan_space(slice *text);

/*------------------------------------------------------------ rendering */

/* Where a transaction stands; NULL where one is asked: in the pool. */
struct rpc_place {
  const hash32 *block_hash;
  const struct chain_header *header;
  u32 idx;
};
void rpc_put_tx(struct jsonw *w, const struct chain_tx *tx,
                const struct rpc_place *p, const struct chain_rules *rules);
void rpc_put_receipt(struct jsonw *w, const struct chain_tx *tx,
                     const struct chain_receipt *r, u64 log_base,
                     const struct rpc_place *p,
                     const struct chain_rules *rules);
/* Leaves the object open for more members. */
void rpc_put_receipt_open(struct jsonw *w, const struct chain_tx *tx,
                          const struct chain_receipt *r, u64 log_base,
                          const struct rpc_place *p,
                          const struct chain_rules *rules);
/* pending: hash, nonce and miner are null.  The other leaves the object open
** for more members. */
void rpc_put_block_open(struct jsonw *w, const struct node_block *b,
                        bool full, bool pending,
                        const struct chain_rules *rules);
void rpc_put_block(struct jsonw *w, const struct node_block *b, bool full,
                   bool pending, const struct chain_rules *rules);
/* The member "withdrawals" (EIP-4895). */
void rpc_put_withdrawals(struct jsonw *w, const struct node_block *b);
/* The receipt of a mined transaction, or nothing and *found false. */
err rpc_put_receipt_of(struct rpc_call *c, bool *found, const hash32 *hash)
    MUST_USE;
/* The matching logs of blocks from..to as an array; *next: the first height
** that is not in it, to + 1 when all are (log_cnt_max). */
err rpc_put_logs(struct rpc_call *c, struct node_read *r,
                 const struct rpc_filter *f, u64 from, u64 to, u64 *next)
    MUST_USE;
/* The same for the heights that f names, all or an error: eth_getLogs. */
err rpc_put_logs_of(struct rpc_call *c, const struct rpc_filter *f) MUST_USE;
/* The header alone, as newHeads tells it. */
void rpc_put_head(struct jsonw *w, const struct chain_header *h,
                  const hash32 *hash);
void rpc_put_log(struct jsonw *w, const struct node_log *log);
void rpc_put_access_list(struct jsonw *w, const struct chain_access *list,
                         u32 cnt);
#endif
