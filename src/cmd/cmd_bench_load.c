/* cmd_bench_load.c - load upon a node through JSON-RPC, and its measure.
**
** One thread turns all connections by epoll, so that the generator leaves the
** cores to the node: each connection has one request under way, its senders
** are its own (sender % connections), and nonces go out in order.  What the
** pool has no room for is sent again a little later.  A second thread asks
** for each new block's transaction count: that tells how many are durable,
** bounds those on their way (window), and ends the measure.  With a rate
** transactions are due at even distances, whether the node keeps up or not,
** and that thread asks for each block's hashes: a transaction's latency is from
** when it was due until its block is seen, so that waiting for an answer counts
** as it does for users who do not know of each other.  Afterwards the receipt of
** every sender's last transaction must say success; of kind market all receipts,
** whose logs tell the ids that the next step names.
**
** Of kind flood nobody watches and no receipt is asked for: what the pool takes
** and what it refuses is counted, and the end is when all have been told.
*/
#include "cmd/cmd_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/map.h"
#include "base/stage.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "node/node_workers.h"
#include "rpc/rpc_client.h"

#define LOAD_REPLY_MAX (64u << 20)
#define LOAD_TIMEOUT_MS 30000u
#define LOAD_STALL_S 60.0
#define LOAD_AGAIN_S 0.02 /* after "pool is full" */
#define LOAD_ASK 200u     /* calls in a request of our own */
#define LOAD_BEHIND 2.0   /* blocks by which tables trail an idle node */
#define LOAD_WATCH_NS 20000000   /* between two looks for a block */
#define LOAD_WATCH_RATE_NS 2000000 /* the same where latency is measured */

struct load_conn {
  int fd;
  bool busy;           /* a request is under way */
  double again_at;     /* not before this */
  struct buf out, in, joined;     /* joined: the body, where it is chunked */
  size_t sent, body_at, body_len; /* body_at 0: head not complete */
  bool chunked;
  u32 *sending, sending_cnt;      /* transactions of the request */
  u32 *again, again_cnt;          /* to be sent again, before others */
  u32 sender, round;              /* the next: sender + round * accounts */
};

struct load {
  struct cmd_bench_load *l; /* txs: of the step under way */
  struct rpc_client_url url;
  const struct par *par;
  struct cmd_bench_market market;
  u32 act_cnt[CMD_BENCH_ACT_CNT]; /* of the step; and what they used */
  u64 act_gas[CMD_BENCH_ACT_CNT];
  u64 chain_id, gas_limit, first_block;
  u64 *nonce;
  struct cmd_bench_accounts accounts;
  struct cmd_bench_txs txs;
  struct load_conn *conn;
  int epoll;
  u32 accepted, again;         /* so far; how often one was sent again */
  u32 refused;                 /* of a flood; counted as accepted too */
  char refusal[200];           /* its first reason */
  double submit_s, seconds;
  u32 blocks;                  /* of the watching thread */
  double stage_s[STAGE_CNT], sync_s; /* the node's, of this step */
  struct load_pace {           /* of a load with a rate */
    double start;
    u32 begun;                 /* transactions that were due so far */
    struct map idx;            /* hash -> index of its transaction */
    double *due;               /* of each transaction; then its latency */
    double seen_at, *gap;      /* the last block; between two of them */
    u32 gap_cnt;
  } pace;
  atomic_uint included;
  atomic_bool stop;
  err watch_result;
  struct errmsg watch_msg;
};

static char *load_put(char *to, const void *p, size_t len) {
  memcpy(to, p, len);
  return to + len;
}

static const u8 *load_find(const u8 *in, size_t len, const char *what,
                           size_t what_len) {
  const u8 *end = in + len;
  while ((size_t)(end - in) >= what_len) {
    in = memchr(in, what[0], (size_t)(end - in) - what_len + 1);
    if (!in || memcmp(in, what, what_len) == 0) return in;
    in++;
  }
  return NULL;
}

static double load_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/*---------------------------------------------------- questions to the node */

/* One call, or several in a batch (parameters as JSON text): the array of
** results into out, to be given back with json_decref. */
static err load_ask(const struct load *g, json_t **out, const char *method,
                    char (*params)[160], u32 cnt, struct errmsg *msg) {
  struct buf req, reply;
  json_t *j = NULL, *list = json_array();
  buf_init(&req, 0);
  buf_init(&reply, 0);
  buf_put_u8(&req, '[');
  for (u32 i = 0; i < cnt; i++) {
    buf_printf(&req, "%s{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\","
               "\"params\":[%s]}", i ? "," : "", i, method, params[i]);
  }
  buf_put_u8(&req, ']');
  err e = rpc_client_post(&reply, g->l->url, buf_slice(&req), LOAD_REPLY_MAX,
                          LOAD_TIMEOUT_MS, msg);
  if (e == ERR_OK && !(j = json_read(buf_slice(&reply), msg))) e = ERR_INPUT;
  for (u32 i = 0; e == ERR_OK && i < cnt; i++) {
    json_t *item = json_array_get(j, i);
    json_t *result = json_object_get(item, "result");
    if (!result) {
      const char *text = json_string_value(
          json_object_get(json_object_get(item, "error"), "message"));
      e = err_say(msg, ERR_INPUT, "%s: %s", method,
                  text ? text : "no answer in the node's reply");
    } else {
      json_array_append(list, result);
    }
  }
  if (j) json_decref(j);
  buf_fini(&req);
  buf_fini(&reply);
  if (e < 0) {
    json_decref(list);
  } else {
    *out = list;
  }
  return e;
}

static err load_quantity(u64 *out, const json_t *v, const char *method,
                         struct errmsg *msg) {
  const char *text = json_string_value(v);
  if (text && hex_quantity(out, slice_str(text)) == ERR_OK) return ERR_OK;
  return err_say(msg, ERR_INPUT, "%s: the answer is no number", method);
}

static err load_ask_u64(const struct load *g, u64 *out, const char *method,
                        struct errmsg *msg) {
  char params[1][160] = {""};
  json_t *list;
  TRY(load_ask(g, &list, method, params, 1, msg));
  err e = load_quantity(out, json_array_get(list, 0), method, msg);
  json_decref(list);
  return e;
}

static err load_ask_chain(struct load *g, struct errmsg *msg) {
  char params[1][160] = {"\"latest\",false"};
  json_t *list;
  TRY(load_ask_u64(g, &g->chain_id, "eth_chainId", msg));
  TRY(load_ask(g, &list, "eth_getBlockByNumber", params, 1, msg));
  err e = load_quantity(
      &g->gas_limit, json_object_get(json_array_get(list, 0), "gasLimit"),
      "eth_getBlockByNumber", msg);
  json_decref(list);
  if (e < 0 || g->l->kind == CMD_BENCH_FLOOD) return e;
  char addr[43];
  hex_addr(addr, &g->accounts.addr[g->accounts.cnt - 1]);
  snprintf(params[0], sizeof params[0], "\"%s\",\"latest\"", addr);
  TRY(load_ask(g, &list, "eth_getBalance", params, 1, msg));
  const char *balance = json_string_value(json_array_get(list, 0));
  if (!balance || strcmp(balance, "0x0") == 0) {
    e = err_say(msg, ERR_USAGE, "account %s has no funds there: make the chain "
                "from \"cybermiles bench genesis --accounts %u\"", addr,
                g->accounts.cnt);
  }
  json_decref(list);
  return e;
}

/* For each account: its nonce, or whether its last transaction succeeded. */
static err load_ask_accounts(struct load *g, bool receipts,
                             struct errmsg *msg) {
  static const char *const method[] = {"eth_getTransactionCount",
                                       "eth_getTransactionReceipt"};
  char params[LOAD_ASK][160];
  u32 all = g->accounts.cnt < g->l->txs ? g->accounts.cnt : g->l->txs;
  for (u32 at = 0; at < all; at += LOAD_ASK) {
    u32 cnt = all - at < LOAD_ASK ? all - at : LOAD_ASK;
    for (u32 i = 0; i < cnt; i++) {
      u32 last = (g->l->txs - 1 - (at + i)) / g->accounts.cnt *
                 g->accounts.cnt + at + i;
      char hex[65] = "";
      if (receipts) {
        hex_encode(hex, g->txs.hash[last].b, 32);
        snprintf(params[i], sizeof params[i], "\"0x%.64s\"", hex);
      } else {
        hex_encode(hex, g->accounts.addr[at + i].b, 20);
        snprintf(params[i], sizeof params[i], "\"0x%.40s\",\"latest\"", hex);
      }
    }
    json_t *list;
    TRY(load_ask(g, &list, method[receipts], params, cnt, msg));
    err e = ERR_OK;
    for (u32 i = 0; e == ERR_OK && i < cnt; i++) {
      const json_t *v = json_array_get(list, i);
      u64 status = 0;
      if (!receipts) {
        e = load_quantity(&g->nonce[at + i], v, method[0], msg);
      } else if (load_quantity(&status, json_object_get(v, "status"),
                               method[1], msg) < 0 || status != 1) {
        e = err_say(msg, ERR_INPUT, "the receipt of account %u's last "
                    "transaction does not say success", at + i);
      }
    }
    json_decref(list);
    TRY(e);
  }
  return ERR_OK;
}

/* Of kind market: gas and ids of one receipt; it must say success, but for a
** step that some have done before. */
static err load_take_receipt(struct load *g, u32 i, const json_t *r,
                             struct errmsg *msg) {
  static const char method[] = "eth_getTransactionReceipt";
  enum cmd_bench_act act = cmd_bench_market_act(&g->market, i);
  u64 status, gas;
  TRY(load_quantity(&status, json_object_get(r, "status"), method, msg));
  TRY(load_quantity(&gas, json_object_get(r, "gasUsed"), method, msg));
  if (status != 1 && g->market.step != CMD_BENCH_JOIN) {
    char hex[65] = "";
    hex_encode(hex, g->txs.hash[i].b, 32);
    return err_say(msg, ERR_INPUT, "%s of account %u failed: 0x%s, %llu gas "
                   "used", cmd_bench_act_name[act], i % g->accounts.cnt, hex,
                   (unsigned long long)gas);
  }
  g->act_cnt[act]++;
  g->act_gas[act] += gas;
  const json_t *logs = json_object_get(r, "logs");
  bool took = g->market.step != CMD_BENCH_STOCK &&
              g->market.step != CMD_BENCH_ORDER;
  for (size_t k = 0; k < json_array_size(logs); k++) {
    const json_t *topics = json_object_get(json_array_get(logs, k), "topics");
    const char *event = json_string_value(json_array_get(topics, 0));
    const char *id = json_string_value(json_array_get(topics, 1));
    hash32 name, word;
    if (event && id && hex_fixed(name.b, 32, slice_str(event)) == ERR_OK &&
        hex_fixed(word.b, 32, slice_str(id)) == ERR_OK) {
      took |= cmd_bench_market_take(&g->market, i, &name,
                                    load_be64(word.b + 24));
    }
  }
  if (took) return ERR_OK;
  return err_say(msg, ERR_USAGE, "there is no Market: make the chain from "
                 "\"cybermiles bench genesis\"");
}

static err load_ask_receipts(struct load *g, struct errmsg *msg) {
  char params[LOAD_ASK][160];
  memset(g->act_cnt, 0, sizeof g->act_cnt);
  memset(g->act_gas, 0, sizeof g->act_gas);
  for (u32 at = 0; at < g->l->txs; at += LOAD_ASK) {
    u32 cnt = g->l->txs - at < LOAD_ASK ? g->l->txs - at : LOAD_ASK;
    for (u32 i = 0; i < cnt; i++) {
      char hex[65] = "";
      hex_encode(hex, g->txs.hash[at + i].b, 32);
      snprintf(params[i], sizeof params[i], "\"0x%.64s\"", hex);
    }
    json_t *list;
    TRY(load_ask(g, &list, "eth_getTransactionReceipt", params, cnt, msg));
    err e = ERR_OK;
    for (u32 i = 0; e == ERR_OK && i < cnt; i++) {
      e = load_take_receipt(g, at + i, json_array_get(list, i), msg);
    }
    json_decref(list);
    TRY(e);
  }
  return ERR_OK;
}

/*--------------------------------------------------------- the node's stages */

/* The number behind name in /metrics. */
static bool load_metric(double *out, const struct buf *text, const char *name) {
  size_t len = strlen(name);
  const u8 *at = text->ptr, *end = at + text->len;
  while (at && (at = load_find(at, (size_t)(end - at), name, len))) {
    if (at > text->ptr && at[-1] == '\n' && at[len] == ' ') break;
    at += len;
  }
  if (at) *out = strtod((const char *)at + len, NULL);
  return at != NULL;
}

static err load_get_metrics(const struct load *g, struct buf *text,
                            struct errmsg *msg) {
  int fd;
  ssize_t n = 1;
  TRY(rpc_client_connect(&fd, &g->url, LOAD_TIMEOUT_MS, msg));
  buf_printf(text, "GET /metrics HTTP/1.1\r\nHost: %s\r\n"
             "Connection: close\r\n\r\n", g->url.authority);
  if (send(fd, text->ptr, text->len, MSG_NOSIGNAL) != (ssize_t)text->len)
    n = -1;
  buf_clear(text);
  while (n > 0) {
    u8 *p = buf_room(text, 16384);
    n = p ? recv(fd, p, 16383, 0) : -1;
    if (n > 0) text->len += (size_t)n;
  }
  close(fd);
  if (n == 0 && buf_room(text, 1)) {
    text->ptr[text->len] = 0;
    return ERR_OK;
  }
  return err_say(msg, ERR_IO, "the node's /metrics cannot be read");
}

/* The keyed tables come behind: what they cost belongs to the transactions.
** The last blocks may wait long for others, and are few. */
static err load_await_tables(const struct load *g, struct errmsg *msg) {
  struct timespec pause = {.tv_nsec = 200000000};
  double until = load_now() + LOAD_STALL_S, behind = LOAD_BEHIND + 1;
  err e = ERR_OK;
  struct buf text;
  if (!g->l->stages) return ERR_OK;
  buf_init(&text, LOAD_REPLY_MAX);
  while (e == ERR_OK && behind > LOAD_BEHIND && load_now() < until) {
    nanosleep(&pause, NULL);
    buf_clear(&text);
    e = load_get_metrics(g, &text, msg);
    if (e == ERR_OK &&
        !load_metric(&behind, &text, "cybermiles_db_tables_behind")) break;
  }
  buf_fini(&text);
  return e;
}

/* Adds the node's counters, sign times: once before and once after. */
static err load_add_stages(struct load *g, double sign, struct errmsg *msg) {
  struct buf text;
  if (!g->l->stages) return ERR_OK;
  buf_init(&text, LOAD_REPLY_MAX);
  err e = load_get_metrics(g, &text, msg);
  for (u32 i = 0; e == ERR_OK && i <= STAGE_CNT; i++) {
    char name[80] = "cybermiles_db_sync_seconds_total";
    double v;
    if (i < STAGE_CNT)
      snprintf(name, sizeof name,
               "cybermiles_stage_cpu_seconds_total{stage=\"%s\"}",
               stage_name[i]);
    if (!load_metric(&v, &text, name))
      e = err_say(msg, ERR_USAGE, "the node does not measure its stages: start "
                  "it with --metrics.expensive");
    else
      *(i < STAGE_CNT ? &g->stage_s[i] : &g->sync_s) += sign * v;
  }
  buf_fini(&text);
  return e;
}

/*--------------------------------------------------------------- watching */

/* A block's hashes: how long each took, and how many are ours.  The reply that
** tells of a transaction follows the request that sent it, so its due time
** stands. */
static u32 load_take_hashes(struct load *g, const json_t *hashes) {
  struct load_pace *p = &g->pace;
  double now = load_now();
  u32 ours = 0;
  if (json_array_size(hashes) == 0) return 0;
  if (p->seen_at > 0 && p->gap_cnt < g->l->txs)
    p->gap[p->gap_cnt++] = now - p->seen_at;
  p->seen_at = now;
  for (size_t i = 0; i < json_array_size(hashes); i++) {
    hash32 hash;
    const char *text = json_string_value(json_array_get(hashes, i));
    if (!text || hex_fixed(hash.b, 32, slice_str(text)) != ERR_OK) continue;
    const u32 *idx = map_get(&p->idx, hash.b);
    if (idx) p->due[*idx] = now - p->due[*idx];
    ours += idx != NULL;
  }
  return ours;
}

static err load_watch_step(struct load *g, u64 *next, bool *more,
                           struct errmsg *msg) {
  const char *method = g->l->rate ? "eth_getBlockByNumber"
                                  : "eth_getBlockTransactionCountByNumber";
  char params[1][160];
  json_t *list;
  u64 cnt = 0;
  snprintf(params[0], sizeof params[0], "\"0x%llx\"%s",
           (unsigned long long)*next, g->l->rate ? ",false" : "");
  err asked = load_ask(g, &list, method, params, 1, msg);
  *more = false;
  /* anvil's way to say that there is no such block yet */
  if (asked < 0 && strstr(msg->text, "OutOfRange")) return ERR_OK;
  if (asked < 0) return asked;
  const json_t *v = json_array_get(list, 0);
  const json_t *hashes = json_object_get(v, "transactions");
  err e = ERR_OK;
  *more = !json_is_null(v);
  if (*more && g->l->rate) {
    cnt = load_take_hashes(g, hashes);
  } else if (*more) {
    e = load_quantity(&cnt, v, method, msg);
  }
  json_decref(list);
  if (*more) ++*next;
  if (cnt > 0) {
    g->blocks++;
    atomic_fetch_add(&g->included, (unsigned)cnt);
  }
  return e;
}

static void *load_watch(void *arg) {
  struct load *g = arg;
  u64 next = g->first_block + 1;
  while (!atomic_load(&g->stop) && g->watch_result == ERR_OK &&
         atomic_load(&g->included) < g->l->txs) {
    bool more = false;
    struct timespec pause = {.tv_nsec = g->l->rate ? LOAD_WATCH_RATE_NS
                                                   : LOAD_WATCH_NS};
    g->watch_result = load_watch_step(g, &next, &more, &g->watch_msg);
    if (!more) nanosleep(&pause, NULL);
  }
  if (g->watch_result < 0) atomic_store(&g->stop, true);
  return NULL;
}

/*---------------------------------------------------------------- sending */

static err load_open(struct load *g, struct load_conn *c, u32 i,
                     struct errmsg *msg) {
  struct epoll_event ev = {.events = EPOLLIN, .data.u32 = i};
  buf_init(&c->out, 0);
  buf_init(&c->in, LOAD_REPLY_MAX);
  buf_init(&c->joined, 0);
  c->sending = mem_alloc(sizeof *c->sending * g->l->batch);
  c->again = mem_alloc(sizeof *c->again * g->l->batch);
  c->sender = i;
  TRY(rpc_client_connect(&c->fd, &g->url, LOAD_TIMEOUT_MS, msg));
  if (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
      epoll_ctl(g->epoll, EPOLL_CTL_ADD, c->fd, &ev) != 0) {
    return err_say(msg, ERR_IO, "cannot watch a connection: %s",
                   strerror(errno));
  }
  return ERR_OK;
}

static void load_close(struct load *g) {
  for (u32 i = 0; i < g->l->conns; i++) {
    struct load_conn *c = &g->conn[i];
    if (!c->sending) break;
    if (c->fd > 0) close(c->fd);
    buf_fini(&c->out);
    buf_fini(&c->in);
    buf_fini(&c->joined);
    mem_free(c->sending);
    mem_free(c->again);
  }
  mem_free(g->conn);
  if (g->epoll > 0) close(g->epoll);
}

/* The connection's next transaction in order; false when none is left. */
static bool load_next(const struct load *g, struct load_conn *c, u32 *out) {
  u64 i = (u64)c->round * g->accounts.cnt + c->sender;
  if (i >= g->l->txs) return false;
  *out = (u32)i;
  c->sender += g->l->conns;
  if (c->sender >= g->accounts.cnt) {
    c->sender %= g->l->conns;
    c->round++;
  }
  return true;
}

static void load_render(struct load *g, struct load_conn *c) {
  static const char head[] = "{\"jsonrpc\":\"2.0\",\"id\":";
  static const char call[] =
      ",\"method\":\"eth_sendRawTransaction\",\"params\":[\"";
  bool batch = g->l->batch > 1;
  size_t len = batch ? c->sending_cnt + 1 : 0;
  for (u32 i = 0; i < c->sending_cnt; i++) {
    len += sizeof head - 1 + 10 + sizeof call - 1 + 2 +
           2 * g->txs.raw[c->sending[i]].len + 3;
  }
  buf_clear(&c->out);
  buf_printf(&c->out,
             "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json"
             "\r\nContent-Length: %zu\r\n\r\n",
             g->url.path, g->url.authority, len);
  char *p = (char *)buf_room(&c->out, len);
  MUST(p);
  for (u32 i = 0; i < c->sending_cnt; i++) {
    slice raw = g->txs.raw[c->sending[i]];
    char id[12];
    if (batch) *p++ = i ? ',' : '[';
    p = load_put(p, head, sizeof head - 1);
    snprintf(id, sizeof id, "%10u", c->sending[i]); /* of one width */
    p = load_put(p, id, 10);
    p = load_put(p, call, sizeof call - 1);
    p = load_put(p, "0x", 2);
    hex_encode(p, raw.ptr, raw.len);
    p = load_put(p + 2 * raw.len, "\"]}", 3);
  }
  if (batch) *p++ = ']';
  c->out.len += len;
}

static err load_flush(struct load *g, struct load_conn *c, u32 i,
                      struct errmsg *msg) {
  bool waited = c->sent > 0;
  while (c->sent < c->out.len) {
    ssize_t n = send(c->fd, c->out.ptr + c->sent, c->out.len - c->sent,
                     MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n <= 0) return err_say(msg, ERR_IO, "sending: %s", strerror(errno));
    c->sent += (size_t)n;
  }
  bool more = c->sent < c->out.len;
  if (more || waited) {
    struct epoll_event ev = {.events = EPOLLIN | (more ? EPOLLOUT : 0),
                             .data.u32 = i};
    epoll_ctl(g->epoll, EPOLL_CTL_MOD, c->fd, &ev);
  }
  return ERR_OK;
}

/* With a rate: whether so many more are due now. */
static bool load_is_due(struct load *g, u32 cnt, double now) {
  struct load_pace *p = &g->pace;
  if (!g->l->rate) return true;
  double due = p->start + (double)(p->begun + cnt) / g->l->rate;
  return now >= due;
}

/* Those that a request adds are due now, by the rate. */
static void load_set_due(struct load *g, const u32 *idx, u32 cnt) {
  struct load_pace *p = &g->pace;
  if (!g->l->rate) return;
  p->begun += cnt;
  for (u32 i = 0; i < cnt; i++)
    p->due[idx[i]] = p->start + (double)p->begun / g->l->rate;
}

/* Begins the next request, unless there is nothing to send, it must wait, or
** enough is on its way. */
static err load_begin(struct load *g, struct load_conn *c, u32 i, double now,
                      struct errmsg *msg) {
  if (c->busy || now < c->again_at) return ERR_OK;
  if (!c->again_cnt && !load_is_due(g, g->l->batch, now)) return ERR_OK;
  if (g->l->kind != CMD_BENCH_FLOOD &&
      g->accepted - atomic_load(&g->included) + g->l->batch > g->l->window &&
      g->accepted > atomic_load(&g->included)) {
    return ERR_OK;
  }
  c->sending_cnt = c->again_cnt;
  memcpy(c->sending, c->again, sizeof *c->again * c->again_cnt);
  c->again_cnt = 0;
  u32 known = c->sending_cnt;
  while (c->sending_cnt < g->l->batch && !(g->l->rate && known) &&
         load_next(g, c, &c->sending[c->sending_cnt])) {
    c->sending_cnt++;
  }
  if (c->sending_cnt == 0) return ERR_OK;
  load_set_due(g, c->sending + known, c->sending_cnt - known);
  load_render(g, c);
  c->busy = true;
  c->sent = c->body_at = 0;
  buf_clear(&c->in);
  return load_flush(g, c, i, msg);
}

/* What the node said to one transaction. */
static err load_take_verdict(struct load *g, struct load_conn *c,
                             const json_t *item, struct errmsg *msg) {
  const json_t *id = json_object_get(item, "id");
  if (json_object_get(item, "result")) return ERR_OK;
  const char *text = json_string_value(
      json_object_get(json_object_get(item, "error"), "message"));
  if (!text) text = "no verdict";
  if (g->l->kind == CMD_BENCH_FLOOD) {
    if (g->refused++ == 0)
      snprintf(g->refusal, sizeof g->refusal, "%s", text);
    return ERR_OK;
  }
  if (strstr(text, "already known")) return ERR_OK;
  if (!json_is_integer(id) ||
      (!strstr(text, "pool is full") && !strstr(text, "too many"))) {
    return err_say(msg, ERR_INPUT, "the node refused a transaction: %.200s",
                   text);
  }
  c->again[c->again_cnt++] = (u32)json_integer_value(id);
  g->again++;
  return ERR_OK;
}

static err load_take_reply(struct load *g, struct load_conn *c, slice body,
                           struct errmsg *msg) {
  err e = ERR_OK;
  if (load_find(body.ptr, body.len, "\"error\"", 7)) {
    json_t *j = json_read(body, msg);
    if (!j) return ERR_INPUT;
    if (json_is_array(j)) {
      for (size_t i = 0; e == ERR_OK && i < json_array_size(j); i++) {
        e = load_take_verdict(g, c, json_array_get(j, i), msg);
      }
    } else {
      e = load_take_verdict(g, c, j, msg);
    }
    json_decref(j);
    if (c->again_cnt) c->again_at = load_now() + LOAD_AGAIN_S;
  }
  g->accepted += c->sending_cnt - c->again_cnt;
  c->busy = false;
  return e;
}

static const char *load_header(const char *head, const char *end,
                               const char *name) {
  size_t n = strlen(name);
  for (const char *p = head; p + n < end; p++) {
    if (strncasecmp(p, name, n) == 0) return p + n + strspn(p + n, " \t");
  }
  return NULL;
}

/* Finds the end of the head and what it says of the body. */
static err load_read_head(struct load_conn *c, struct errmsg *msg) {
  const u8 *at = load_find(c->in.ptr, c->in.len, "\r\n\r\n", 4);
  if (!at) return ERR_OK;
  c->body_at = (size_t)(at - c->in.ptr) + 4;
  const char *head = (const char *)c->in.ptr, *end = (const char *)at + 2;
  if (c->body_at < 16 || memcmp(head + 8, " 200", 4) != 0) {
    return err_say(msg, ERR_INPUT, "refused: %.*s",
                   (int)strcspn(head, "\r\n"), head);
  }
  const char *len = load_header(head, end, "\r\ncontent-length:");
  const char *coding = load_header(head, end, "\r\ntransfer-encoding:");
  c->chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
  if (len) c->body_len = strtoull(len, NULL, 10);
  if (len || c->chunked) return ERR_OK;
  return err_say(msg, ERR_INPUT, "the answer does not tell its length");
}

/* The body, if it is complete. */
static err load_body(struct load_conn *c, slice *body, bool *whole,
                     struct errmsg *msg) {
  *body = slice_of(c->in.ptr + c->body_at, c->in.len - c->body_at);
  *whole = c->body_at && (c->chunked || body->len >= c->body_len);
  if (!*whole) return ERR_OK;
  if (!c->chunked) {
    body->len = c->body_len;
    return ERR_OK;
  }
  *whole = body->len >= 5 &&
           memcmp(body->ptr + body->len - 4, "\r\n\r\n", 4) == 0;
  if (*whole) TRY(rpc_client_unchunk(&c->joined, *body, whole, msg));
  *body = buf_slice(&c->joined);
  return ERR_OK;
}

static err load_receive(struct load *g, struct load_conn *c,
                        struct errmsg *msg) {
  for (;;) {
    u8 *p = buf_room(&c->in, 32768);
    if (!p) return err_say(msg, ERR_LIMIT, "the answer is too large");
    ssize_t n = recv(c->fd, p, 32768, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return ERR_OK;
    if (n <= 0) {
      return err_say(msg, ERR_IO, "the node closed a connection%s%s",
                     n < 0 ? ": " : "", n < 0 ? strerror(errno) : "");
    }
    c->in.len += (size_t)n;
    if (!c->body_at) TRY(load_read_head(c, msg));
    slice body;
    bool whole;
    TRY(load_body(c, &body, &whole, msg));
    if (whole) return load_take_reply(g, c, body, msg);
    if (n < 32768) return ERR_OK;
  }
}

static err load_turn(struct load *g, struct errmsg *msg) {
  struct epoll_event ev[64];
  int cnt = epoll_wait(g->epoll, ev, ARRAY_LEN(ev), g->l->rate ? 1 : 5);
  double now = load_now();
  for (int k = 0; k < cnt; k++) {
    u32 i = ev[k].data.u32;
    struct load_conn *c = &g->conn[i];
    if (ev[k].events & EPOLLOUT) TRY(load_flush(g, c, i, msg));
    if (ev[k].events & ~(u32)EPOLLOUT) TRY(load_receive(g, c, msg));
    TRY(load_begin(g, c, i, now, msg));
  }
  if (cnt < (int)ARRAY_LEN(ev)) { /* some may have waited for their time */
    for (u32 i = 0; i < g->l->conns; i++) {
      TRY(load_begin(g, &g->conn[i], i, now, msg));
    }
  }
  return ERR_OK;
}

static u32 load_count_done(struct load *g) {
  return g->l->kind == CMD_BENCH_FLOOD ? g->accepted
                                       : atomic_load(&g->included);
}

static err load_send_all(struct load *g, struct errmsg *msg) {
  g->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (g->epoll < 0) return err_say(msg, ERR_IO, "epoll: %s", strerror(errno));
  for (u32 i = 0; i < g->l->conns; i++) {
    TRY(load_open(g, &g->conn[i], i, msg));
  }
  double start = load_now(), moved = start;
  g->pace.start = start;
  u32 was = 0;
  while (load_count_done(g) < g->l->txs) {
    u32 seen = atomic_load(&g->included) + g->accepted;
    double now = load_now();
    if (seen != was) was = seen, moved = now;
    if (now - moved > LOAD_STALL_S) {
      return err_say(msg, ERR_TIMEOUT, "nothing moves: %u transactions are "
                     "accepted, %u in blocks", g->accepted,
                     atomic_load(&g->included));
    }
    if (atomic_load(&g->stop)) {
      *msg = g->watch_msg;
      return g->watch_result;
    }
    TRY(load_turn(g, msg));
    if (!g->submit_s && g->accepted == g->l->txs) {
      g->submit_s = load_now() - start;
    }
  }
  g->seconds = load_now() - start;
  return ERR_OK;
}

/*-------------------------------------------------------------- measuring */

/* CPU time of a process so far in us; below 0 when it cannot be told. */
static double load_cpu_us(u32 pid) {
  char path[64], text[1024];
  unsigned long long user = 0, sys = 0;
  snprintf(path, sizeof path, "/proc/%u/stat", pid);
  FILE *f = pid ? fopen(path, "rb") : NULL;
  if (!f) return -1;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = 0;
  const char *p = strrchr(text, ')'); /* the name may hold anything */
  for (u32 i = 0; p && i < 12; i++) p = strchr(p + 1, ' ');
  if (!p) return -1;
  char *rest; /* fields 14 and 15: user and system time */
  user = strtoull(p, &rest, 10);
  sys = strtoull(rest, NULL, 10);
  return (double)(user + sys) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double load_own_us(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void load_print_acts(const struct load *g) {
  const char *before = ",\"mix\":{";
  for (u32 k = 0; k < CMD_BENCH_ACT_CNT; k++) {
    if (!g->act_cnt[k]) continue;
    printf("%s\"%s\":%u", before, cmd_bench_act_name[k], g->act_cnt[k]);
    before = ",";
  }
  before = "},\"gas\":{";
  for (u32 k = 0; k < CMD_BENCH_ACT_CNT; k++) {
    if (!g->act_cnt[k]) continue;
    printf("%s\"%s\":%llu", before, cmd_bench_act_name[k],
           (unsigned long long)(g->act_gas[k] / g->act_cnt[k]));
    before = ",";
  }
  printf("},\"failures\":0");
}

static void load_print_flood(const struct load *g) {
  struct buf b;
  struct jsonw w;
  buf_init(&b, 0);
  jsonw_init(&w, &b);
  jsonw_str(&w, g->refusal);
  printf(",\"taken\":%u,\"refused\":%u,\"refusal\":%s",
         g->accepted - g->refused, g->refused, buf_cstr(&b));
  buf_fini(&b);
}

static int load_by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static void load_print_ms(const char *name, double *v, u32 cnt) {
  if (cnt == 0) return;
  qsort(v, cnt, sizeof *v, load_by_size);
  for (u32 p = 50; p <= 99; p += 49) {
    u32 i = (u32)(((u64)cnt * p + 99) / 100);
    printf(",\"%s_ms_p%u\":%.1f", name, p, v[i - 1] * 1000);
  }
}

/* Of each transaction in us; sum is all that the process has used. */
static void load_print_stages(const struct load *g) {
  double sum = 0;
  printf(",\"stages_cpu_us_per_tx\":{");
  for (u32 i = 0; i < STAGE_CNT; i++) {
    double us = g->stage_s[i] * 1e6 / g->l->txs;
    printf("\"%s\":%.2f,", stage_name[i], us);
    sum += us;
  }
  printf("\"sum\":%.2f},\"sync_time_us_per_tx\":%.2f", sum,
         g->sync_s * 1e6 / g->l->txs);
}

static void load_print(struct load *g, double server_us, double own_us) {
  const struct cmd_bench_load *l = g->l;
  printf("{\"name\":\"load_%s\",\"txs\":%u,\"batch\":%u,\"accounts\":%u,"
         "\"conns\":%u,\"seconds\":%.3f,\"tps\":%.0f,\"submit_s\":%.3f,"
         "\"blocks\":%u,\"sent_again\":%u,",
         cmd_bench_kind_name[l->kind], l->txs, l->batch, l->accounts,
         l->conns, g->seconds, l->txs / g->seconds, g->submit_s, g->blocks,
         g->again);
  if (l->pid) {
    printf("\"server_cpu_us_per_tx\":%.1f,", server_us / l->txs);
  }
  printf("\"client_cpu_us_per_tx\":%.1f,\"gas_limit\":%llu",
         own_us / l->txs, (unsigned long long)g->gas_limit);
  if (l->kind == CMD_BENCH_MARKET) load_print_acts(g);
  if (l->kind == CMD_BENCH_FLOOD) load_print_flood(g);
  if (l->stages) load_print_stages(g);
  if (l->rate) {
    printf(",\"rate\":%u", l->rate);
    load_print_ms("latency", g->pace.due, l->txs);
    load_print_ms("interval", g->pace.gap, g->pace.gap_cnt);
  }
  printf("}\n");
  fflush(stdout);
}

static err load_measure(struct load *g, bool print, struct errmsg *msg) {
  pthread_t watcher;
  memset(g->stage_s, 0, sizeof g->stage_s);
  g->sync_s = 0;
  TRY(load_add_stages(g, -1, msg));
  double server_us = load_cpu_us(g->l->pid), own_us = load_own_us();
  bool watched = g->l->kind != CMD_BENCH_FLOOD;
  if (watched && pthread_create(&watcher, NULL, load_watch, g) != 0) {
    return err_say(msg, ERR_LIMIT, "cannot start a thread");
  }
  err e = load_send_all(g, msg);
  atomic_store(&g->stop, true);
  if (watched) pthread_join(watcher, NULL);
  own_us = load_own_us() - own_us;
  if (e == ERR_OK) e = load_await_tables(g, msg);
  server_us = load_cpu_us(g->l->pid) - server_us;
  if (e == ERR_OK) e = load_add_stages(g, 1, msg);
  if (e == ERR_OK && watched) {
    e = g->l->kind == CMD_BENCH_MARKET ? load_ask_receipts(g, msg)
                                       : load_ask_accounts(g, true, msg);
  }
  if (e == ERR_OK && print) load_print(g, server_us, own_us);
  return e;
}

static void load_pace_open(struct load *g) {
  struct load_pace *p = &g->pace;
  memset(p, 0, sizeof *p);
  if (!g->l->rate) return;
  map_init(&p->idx, 32, sizeof(u32), 0, 1);
  for (u32 i = 0; i < g->l->txs; i++)
    *(u32 *)map_put(&p->idx, g->txs.hash[i].b, NULL) = i;
  p->due = mem_alloc(sizeof *p->due * g->l->txs);
  p->gap = mem_alloc(sizeof *p->gap * g->l->txs);
}

static void load_pace_close(struct load *g) {
  if (!g->l->rate) return;
  map_fini(&g->pace.idx);
  mem_free(g->pace.due);
  mem_free(g->pace.gap);
}

/* Signs, sends and awaits g->l->txs transactions. */
static err load_step(struct load *g, cmd_bench_fill *fill, const void *arg,
                     bool print, struct errmsg *msg) {
  TRY(load_ask_accounts(g, false, msg));
  TRY(load_ask_u64(g, &g->first_block, "eth_blockNumber", msg));
  g->accepted = g->again = g->refused = g->blocks = 0;
  g->submit_s = 0;
  atomic_store(&g->included, 0);
  atomic_store(&g->stop, false);
  cmd_bench_txs_init(&g->txs, g->l->txs, &g->accounts, g->nonce, g->chain_id,
                     fill, arg, g->par);
  g->conn = mem_alloc(sizeof *g->conn * g->l->conns);
  load_pace_open(g);
  err e = load_measure(g, print, msg);
  load_pace_close(g);
  load_close(g);
  cmd_bench_txs_fini(&g->txs);
  return e;
}

static err load_steps(struct load *g, struct errmsg *msg) {
  static cmd_bench_fill *const fill[] = {
    [CMD_BENCH_TRANSFER] = cmd_bench_fill_transfer,
    [CMD_BENCH_ERC20] = cmd_bench_fill_erc20,
    [CMD_BENCH_FLOOD] = cmd_bench_fill_flood,
  };
  u32 txs = g->l->txs;
  if (g->l->kind != CMD_BENCH_MARKET) {
    return load_step(g, fill[g->l->kind], &g->accounts, true, msg);
  }
  err e = ERR_OK;
  cmd_bench_market_init(&g->market, txs, &g->accounts);
  for (u32 step = CMD_BENCH_JOIN; e == ERR_OK && step <= CMD_BENCH_MIX;
       step++) {
    g->market.step = step;
    g->l->txs = cmd_bench_market_txs(&g->market, step, txs);
    e = load_step(g, cmd_bench_fill_market, &g->market, step == CMD_BENCH_MIX,
                  msg);
  }
  cmd_bench_market_fini(&g->market);
  return e;
}

err cmd_bench_run(const struct cmd_bench_load *wish, struct errmsg *msg) {
  struct cmd_bench_load l = *wish;
  if (l.conns > l.accounts) l.conns = l.accounts;
  struct load g = {.l = &l};
  TRY(rpc_client_parse(&g.url, l.url, msg));
  if (l.pid && load_cpu_us(l.pid) < 0) {
    return err_say(msg, ERR_USAGE, "bench: --pid %u is no process", l.pid);
  }
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  struct node_workers *w = node_workers_open(cores > 1 ? (u32)cores - 1 : 0);
  g.par = node_workers_par(w);
  cmd_bench_accounts_init(&g.accounts, l.first, l.accounts, g.par);
  g.nonce = mem_alloc(sizeof *g.nonce * l.accounts);
  err e = load_ask_chain(&g, msg);
  if (e == ERR_OK) e = load_steps(&g, msg);
  node_workers_close(w);
  cmd_bench_accounts_fini(&g.accounts);
  mem_free(g.nonce);
  return e;
}

#undef LOAD_REPLY_MAX
#undef LOAD_TIMEOUT_MS
#undef LOAD_STALL_S
#undef LOAD_AGAIN_S
#undef LOAD_ASK
#undef LOAD_BEHIND
#undef LOAD_WATCH_NS
#undef LOAD_WATCH_RATE_NS
