/* bench_http.c - JSON-RPC through a node's port, ours or another's: requests a
** second and how long they take, for rpc.sh.
**
**   bench_http --url http://127.0.0.1:8545 --name ours [--blocks 10000]
**              [--seconds 2] [--runs 3] [--pid N] [--only eth_call]
**
** Prepares the chain unless an earlier run did: a token, one transfer of it in
** every hundredth block; where there is hardhat_mine it makes the blocks
** between, else transfers do, each waited for.  Needs the well-known first
** development account, or an unlocked one to fund it from.  Then, by methods,
** on 1 and on 32 kept connections, each with one request at a time, medians of
** the runs:
**   {"name":"rpc_ours_eth_call_c32","value":52000,"unit":"1/s",
**    "p50_us":…,"p99_us":…,"reply_bytes":…,"runs":3,"cpu_us":…}
** cpu_us is what the process --pid, the node, spent on a request, user and
** system, which a busy machine changes little.
** Replies are read whole; one that is an error ends the program. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "bench/bench_time.h"
#include "chain/chain_tx.h"
#include "cmd/cmd_bench.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "evm/evm.h"

enum { HTTPB_CONNS = 32, HTTPB_SAMPLES = 1 << 20, HTTPB_RUNS_MAX = 9,
       HTTPB_EVERY = 100 };
#define HTTPB_TO "00000000000000000000000000000000000b0b00"

static const char *httpb_url = "", *httpb_name = "node";
static const char *httpb_only = "";
static u64 httpb_blocks = 10000, httpb_runs = 3, httpb_seconds = 2, httpb_pid;
static u16 httpb_port;
static u64 httpb_nonce, httpb_chain;
static struct arena httpb_arena;
static u8 httpb_key[32];
static addr20 httpb_from;
static char httpb_token[43];

static void httpb_die(const char *what, const char *text) {
  fprintf(stderr, "bench_http: %s: %.300s\n", what, text);
  exit(1);
}

/* Seconds of processor the node has used: fields 14 and 15 of its stat. */
static double httpb_cpu(void) {
  char path[64], text[1024] = "";
  unsigned long long user = 0, sys = 0;
  snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)httpb_pid);
  FILE *f = httpb_pid ? fopen(path, "r") : NULL;
  if (!f) return 0;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = 0;
  const char *at = strrchr(text, ')');
  if (at) sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                 &user, &sys);
  return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

/*------------------------------------------------------------- connections */

struct httpb_conn {
  int fd;
  double since;
  struct buf in;
};
static struct httpb_conn httpb_conns[HTTPB_CONNS];
static float *httpb_took;

static int httpb_connect(void) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(httpb_port)};
  int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof in) != 0) {
    httpb_die("connect", strerror(errno));
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* Bytes of the whole reply that stands in b, 0: not all yet. */
static size_t httpb_whole(struct buf *b) {
  const char *text = buf_cstr(b), *end = strstr(text, "\r\n\r\n"), *at;
  if (!end) return 0;
  size_t head = (size_t)(end - text) + 4;
  if ((at = strcasestr(text, "\r\ncontent-length:")) && at < end) {
    size_t n = strtoul(at + 17, NULL, 10);
    return b->len >= head + n ? head + n : 0;
  }
  /* Chunked; its bodies hold no line ends. */
  return b->len >= head + 5 && memcmp(b->ptr + b->len - 5, "0\r\n\r\n", 5) == 0
             ? b->len : 0;
}

static void httpb_put_request(struct buf *b, const char *body) {
  buf_printf(b, "POST / HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Type: "
                "application/json\r\nContent-Length: %zu\r\n\r\n%s",
             httpb_port, strlen(body), body);
}

static void httpb_put(struct httpb_conn *c, slice request) {
  c->since = bench_now();
  if (send(c->fd, request.ptr, request.len, MSG_NOSIGNAL) !=
      (ssize_t)request.len) {
    httpb_die("send", strerror(errno));
  }
}

/* Bytes of the reply once it is whole, else 0. */
static size_t httpb_receive(struct httpb_conn *c, int flags) {
  u8 *to = buf_room(&c->in, 262144);
  MUST(to);
  ssize_t n = recv(c->fd, to, 262144, flags);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (n <= 0) httpb_die("the node hung up", "");
  c->in.len += (size_t)n;
  return httpb_whole(&c->in);
}

/* True when a reply is whole; it is dropped from the buffer. */
static bool httpb_get(struct httpb_conn *c, size_t *bytes) {
  size_t whole = httpb_receive(c, MSG_DONTWAIT);
  if (!whole) return false;
  if (!strstr((const char *)c->in.ptr, "\"result\"")) {
    httpb_die("reply", (const char *)c->in.ptr);
  }
  *bytes = whole;
  buf_clear(&c->in);
  return true;
}

/*------------------------------------------------------------- preparation */

/* The whole answer, over one kept connection; a new reference. */
static json_t *httpb_ask(const char *method, const char *params) {
  static struct httpb_conn c = {.fd = -1};
  struct errmsg msg = {.text = ""};
  struct buf req;
  const char *body = arena_printf(
      &httpb_arena, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
      "\"params\":%s}", method, params);
  buf_init(&req, 0);
  httpb_put_request(&req, body);
  if (c.fd < 0) {
    c.fd = httpb_connect();
    buf_init(&c.in, 0);
  }
  httpb_put(&c, buf_slice(&req));
  size_t whole;
  while ((whole = httpb_receive(&c, 0)) == 0) continue;
  const char *at = strstr(buf_cstr(&c.in), "\r\n\r\n");
  json_t *j = json_read(slice_str(strchr(at, '{')), &msg);
  if (!j) httpb_die(method, at);
  buf_clear(&c.in);
  buf_fini(&req);
  return j;
}

static u64 httpb_ask_u64(const char *method, const char *params) {
  json_t *j = httpb_ask(method, params);
  const char *text = json_string_value(json_object_get(j, "result"));
  u64 n = 0;
  if (!text || hex_quantity(&n, slice_str(text)) < 0) {
    httpb_die(method, json_string_value(json_object_get(
        json_object_get(j, "error"), "message")) ?: "no number");
  }
  json_decref(j);
  return n;
}

static bool httpb_has(const char *method, const char *params) {
  json_t *j = httpb_ask(method, params);
  bool has = json_object_get(j, "error") == NULL;
  json_decref(j);
  return has;
}

/* Signs, sends, and waits for the block. */
static void httpb_send(bool create, const char *to, u64 value,
                       const char *data) {
  struct chain_tx tx = {.protected = true, .chain_id = httpb_chain,
                        .nonce = httpb_nonce++, .has_to = !create,
                        .gas_limit = create ? 1500000 : 100000,
                        .gas_price = u256_from(20000000000ull),
                        .value = u256_from(value)};
  size_t len = strlen(data) / 2;
  u8 *bytes = arena_alloc_raw(&httpb_arena, len + 1);
  struct buf hex;
  u64 head = httpb_ask_u64("eth_blockNumber", "[]");
  if (hex_decode(bytes, data, 2 * len) < 0) httpb_die("data", data);
  tx.data = slice_of(bytes, len);
  if (!create && hex_parse_addr(&tx.to, slice_str(to)) < 0) httpb_die("to", to);
  if (chain_tx_sign(&tx, httpb_key, &httpb_arena) < 0) httpb_die("sign", "");
  buf_init(&hex, 0);
  buf_put_hex(&hex, tx.raw);
  json_t *j = httpb_ask("eth_sendRawTransaction",
                        arena_printf(&httpb_arena, "[\"%s\"]", buf_cstr(&hex)));
  const json_t *e = json_object_get(j, "error");
  if (e) httpb_die("send", json_string_value(json_object_get(e, "message")));
  json_decref(j);
  buf_fini(&hex);
  while (httpb_ask_u64("eth_blockNumber", "[]") == head) usleep(200);
}

/* Where there is no well-known account it gets something of an unlocked one. */
static void httpb_fund(void) {
  char from[43];
  hex_addr(from, &httpb_from);
  const char *balance = arena_printf(&httpb_arena, "[\"%s\",\"latest\"]", from);
  json_t *j = httpb_ask("eth_getBalance", balance);
  const char *has = json_string_value(json_object_get(j, "result"));
  bool rich = has && strlen(has) > 16;
  json_decref(j);
  if (rich) return;
  j = httpb_ask("eth_accounts", "[]");
  const char *rich_one =
      json_string_value(json_array_get(json_object_get(j, "result"), 0));
  if (!rich_one) httpb_die("funds", "no account has any");
  json_t *k = httpb_ask("eth_sendTransaction", arena_printf(
      &httpb_arena, "[{\"from\":\"%s\",\"to\":\"%s\",\"value\":"
      "\"0x3635c9adc5dea00000\"}]", rich_one, from));
  if (json_object_get(k, "error")) httpb_die("funds", "refused");
  json_decref(k);
  json_decref(j);
  for (u32 i = 0; i < 2000; i++) {
    j = httpb_ask("eth_getBalance", balance);
    has = json_string_value(json_object_get(j, "result"));
    rich = has && strlen(has) > 16;
    json_decref(j);
    if (rich) return;
    usleep(5000);
  }
  httpb_die("funds", "did not come");
}

/* The token, all of it the sender's: its code after
**   mstore(0, caller) sstore(keccak256(0, 64), 0xffffffff)
**   codecopy(0, 26, size) return(0, size) */
static void httpb_deploy(void) {
  const char *code = cmd_bench_token_code + 2;
  size_t len = strlen(code) / 2;
  httpb_send(true, NULL, 0, arena_printf(
      &httpb_arena, "335f5260405f2063ffffffff905561%04zx601a5f3961%04zx5ff3%s",
      len, len, code));
  addr20 token;
  evm_create_addr(&token, &httpb_from, httpb_nonce - 1);
  hex_addr(httpb_token, &token);
}

/* The token is what the account made first; is it there, with as many blocks? */
static bool httpb_is_prepared(void) {
  char at[43];
  addr20 token;
  evm_create_addr(&token, &httpb_from, 0);
  hex_addr(at, &token);
  json_t *j = httpb_ask("eth_getCode", arena_printf(
      &httpb_arena, "[\"%s\",\"latest\"]", at));
  const char *code = json_string_value(json_object_get(j, "result"));
  bool yes = code && strcmp(code, cmd_bench_token_code) == 0 &&
             httpb_ask_u64("eth_blockNumber", "[]") >= httpb_blocks + 2;
  json_decref(j);
  if (yes) hex_addr(httpb_token, &token);
  return yes;
}

static void httpb_prepare(void) {
  char from[43];
  hex_addr(from, &httpb_from);
  if (httpb_is_prepared()) return;
  httpb_chain = httpb_ask_u64("eth_chainId", "[]");
  httpb_fund();
  httpb_nonce = httpb_ask_u64("eth_getTransactionCount", arena_printf(
      &httpb_arena, "[\"%s\",\"pending\"]", from));
  httpb_deploy();
  bool mines = httpb_has("hardhat_mine", "[\"0x1\"]");
  u64 head = httpb_ask_u64("eth_blockNumber", "[]");
  for (u64 made = 0; head < httpb_blocks + 2; made++) {
    arena_clear(&httpb_arena);
    if (made % HTTPB_EVERY == 0) {
      httpb_send(false, httpb_token, 0, "a9059cbb000000000000000000000000"
                 HTTPB_TO "0000000000000000000000000000000000000000000000000000"
                 "000000000001");
    } else if (mines) {
      httpb_has("hardhat_mine", "[\"0x63\"]");
      made += HTTPB_EVERY - 2;
    } else {
      httpb_send(false, "0x" HTTPB_TO, 1, "");
    }
    head = httpb_ask_u64("eth_blockNumber", "[]");
  }
}

/*------------------------------------------------------------------- load */

struct httpb_result {
  double rate, p50, p99, cpu;
  size_t bytes;
};

static int httpb_by_float(const void *a, const void *b) {
  float x = *(const float *)a, y = *(const float *)b;
  return x < y ? -1 : x > y;
}

static void httpb_load(struct httpb_result *out, slice request, u32 conns,
                       double seconds) {
  int ep = epoll_create1(0);
  u32 cnt = 0;
  for (u32 i = 0; i < conns; i++) {
    struct httpb_conn *c = &httpb_conns[i];
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = c};
    c->fd = httpb_connect();
    buf_init(&c->in, 0);
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
    httpb_put(c, request);
  }
  double start = bench_now(), now = start, cpu = httpb_cpu();
  u64 done = 0;
  while (now - start < seconds) {
    struct epoll_event ev[HTTPB_CONNS];
    int n = epoll_wait(ep, ev, HTTPB_CONNS, 10000);
    if (n <= 0) httpb_die("no reply in 10 s", "");
    for (int i = 0; i < n; i++) {
      struct httpb_conn *c = ev[i].data.ptr;
      if (!httpb_get(c, &out->bytes)) continue;
      now = bench_now();
      if (cnt < HTTPB_SAMPLES) httpb_took[cnt++] = (float)(now - c->since);
      done++;
      httpb_put(c, request);
    }
  }
  out->cpu = (httpb_cpu() - cpu) * 1e6 / (double)(done ? done : 1);
  for (u32 i = 0; i < conns; i++) {
    close(httpb_conns[i].fd);
    buf_fini(&httpb_conns[i].in);
  }
  close(ep);
  qsort(httpb_took, cnt, sizeof *httpb_took, httpb_by_float);
  out->rate = (double)done / (now - start);
  out->p50 = httpb_took[cnt / 2] * 1e6;
  out->p99 = httpb_took[(u64)cnt * 99 / 100] * 1e6;
}

static int httpb_by_rate(const void *a, const void *b) {
  double x = ((const struct httpb_result *)a)->rate;
  double y = ((const struct httpb_result *)b)->rate;
  return x < y ? -1 : x > y;
}

static void httpb_measure(const char *method, const char *params, u32 conns) {
  struct httpb_result r[HTTPB_RUNS_MAX];
  if (!strstr(method, httpb_only)) return;
  struct buf req;
  const char *body = arena_printf(
      &httpb_arena, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
      "\"params\":%s}", method, params);
  buf_init(&req, 0);
  httpb_put_request(&req, body);
  httpb_load(&r[0], buf_slice(&req), conns, 0.3); /* warm */
  for (u32 i = 0; i < httpb_runs; i++) {
    httpb_load(&r[i], buf_slice(&req), conns, (double)httpb_seconds);
  }
  qsort(r, httpb_runs, sizeof *r, httpb_by_rate);
  const struct httpb_result *m = &r[httpb_runs / 2];
  printf("{\"name\":\"rpc_%s_%s_c%u\",\"value\":%.0f,\"unit\":\"1/s\","
         "\"p50_us\":%.1f,\"p99_us\":%.1f,\"reply_bytes\":%zu,\"runs\":%llu,"
         "\"cpu_us\":%.1f}\n",
         httpb_name, method, conns, m->rate, m->p50, m->p99, m->bytes,
         (unsigned long long)httpb_runs, m->cpu);
  fflush(stdout);
  buf_fini(&req);
}

/*-------------------------------------------------------------------- main */

static void httpb_options(int argc, char **argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *val = argv[i + 1];
    if (!strcmp(argv[i], "--url")) httpb_url = val;
    else if (!strcmp(argv[i], "--name")) httpb_name = val;
    else if (!strcmp(argv[i], "--blocks")) httpb_blocks = strtoull(val, 0, 10);
    else if (!strcmp(argv[i], "--only")) httpb_only = val;
    else if (!strcmp(argv[i], "--pid")) httpb_pid = strtoull(val, 0, 10);
    else if (!strcmp(argv[i], "--runs")) httpb_runs = strtoull(val, 0, 10);
    else if (!strcmp(argv[i], "--seconds")) {
      httpb_seconds = strtoull(val, 0, 10);
    } else {
      httpb_die("no option", argv[i]);
    }
  }
  const char *colon = strrchr(httpb_url, ':');
  httpb_port = colon ? (u16)atoi(colon + 1) : 0;
  if (httpb_runs < 1 || httpb_runs > HTTPB_RUNS_MAX) httpb_die("--runs", "1-9");
}

int main(int argc, char **argv) {
  static const u32 conns[] = {1, HTTPB_CONNS};
  if (argc < 2) {
    fprintf(stderr, "bench_http: wants --url; make bench-rpc gives it\n");
    return 0;
  }
  httpb_options(argc, argv);
  crypto_init(NULL);
  arena_init(&httpb_arena, 1 << 16, 0);
  httpb_took = mem_alloc(HTTPB_SAMPLES * sizeof *httpb_took);
  if (hex_decode(httpb_key, "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efc"
                            "ae784d7bf4f2ff80", 64) < 0 ||
      crypto_key_addr(&httpb_from, httpb_key) < 0) {
    return 1;
  }
  httpb_prepare();
  char from[43];
  hex_addr(from, &httpb_from);
  char balance[64], call[256], logs[256];
  u64 head = httpb_ask_u64("eth_blockNumber", "[]");
  snprintf(balance, sizeof balance, "[\"%s\",\"latest\"]", from);
  snprintf(call, sizeof call, "[{\"to\":\"%s\",\"data\":\"0x70a08231000000000000"
           "000000000000%s\"},\"latest\"]", httpb_token, from + 2);
  snprintf(logs, sizeof logs, "[{\"address\":\"%s\",\"fromBlock\":\"0x%llx\","
           "\"toBlock\":\"0x%llx\"}]", httpb_token,
           (unsigned long long)(head - httpb_blocks + 1),
           (unsigned long long)head);
  for (u32 i = 0; i < ARRAY_LEN(conns); i++) {
    httpb_measure("eth_blockNumber", "[]", conns[i]);
    httpb_measure("eth_getBalance", balance, conns[i]);
    httpb_measure("eth_call", call, conns[i]);
    httpb_measure("eth_getLogs", logs, conns[i]);
  }
  mem_free(httpb_took);
  arena_fini(&httpb_arena);
  return 0;
}
