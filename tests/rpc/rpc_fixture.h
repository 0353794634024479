/* rpc_fixture.h - a dev chain in a file of its own with the JSON-RPC server
** on it, and what tests ask it. */
#ifndef TESTS_RPC_FIXTURE_H
#define TESTS_RPC_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/log.h"
#include "chain/chain_tx.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "rpc/rpc.h"

struct fixture {
  char dir[64], path[96];
  struct node *node;
  struct rpc_server *rpc;
  struct arena arena;
};
static const struct rpc_peer fixture_peer = {.access = RPC_PUBLIC};

static inline void fixture_open_as(struct fixture *f,
                                   const struct rpc_config *cfg, bool dev) {
  struct errmsg msg = {.text = ""};
  memset(f, 0, sizeof *f);
  log_setup(1, LOG_TEXT);
  crypto_init(NULL);
  snprintf(f->dir, sizeof f->dir, "/tmp/cybermiles-rpc-XXXXXX");
  if (!mkdtemp(f->dir)) fail_msg("no folder in /tmp");
  snprintf(f->path, sizeof f->path, "%s/t.db", f->dir);
  struct node_config nc = {.db_path = f->path, .dev = dev, .light_kdf = true};
  if (node_open(&f->node, &nc, &msg) < 0) fail_msg("%s", msg.text);
  f->rpc = rpc_open(f->node, cfg);
  arena_init(&f->arena, 1 << 16, 0);
}

static inline void fixture_open(struct fixture *f,
                                const struct rpc_config *cfg) {
  fixture_open_as(f, cfg, true);
}

static inline void fixture_close(struct fixture *f) {
  rpc_close(f->rpc);
  node_close(f->node);
  arena_fini(&f->arena);
  unlink(f->path);
  assert_int_equal(rmdir(f->dir), 0); /* one file was left, no more */
}

/* For cmocka, of a program whose tests share one node: *state is it. */
static inline int fixture_setup(void **state) {
  struct fixture *f = *state = malloc(sizeof *f);
  fixture_open(f, NULL);
  return 0;
}
static inline int fixture_teardown(void **state) {
  fixture_close(*state);
  free(*state);
  return 0;
}

/* The reply's text, in the arena; "" for none. */
static inline const char *fixture_text(struct fixture *f, const char *body) {
  struct buf out;
  buf_init(&out, 0);
  rpc_handle(f->rpc, &out, slice_str(body), &fixture_peer);
  const char *text = arena_printf(&f->arena, "%s", buf_cstr(&out));
  buf_fini(&out);
  return text;
}

/* The reply to a body; to be given back with json_decref. */
static inline json_t *fixture_body(struct fixture *f, const char *body) {
  struct errmsg msg = {.text = ""};
  const char *text = fixture_text(f, body);
  json_t *j = json_read(slice_str(text), &msg);
  if (!j) fail_msg("reply to %s: %s: %s", body, msg.text, text);
  return j;
}

static inline json_t *fixture_ask(struct fixture *f, const char *method,
                                  const char *params) {
  return fixture_body(
      f, arena_printf(&f->arena,
                      "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\","
                      "\"params\":%s}", method, params));
}

/* The result as a string, in the arena; fails when there is none. */
static inline const char *fixture_result(struct fixture *f, const char *method,
                                         const char *params) {
  json_t *j = fixture_ask(f, method, params);
  const char *s = json_string_value(json_object_get(j, "result"));
  if (!s) {
    char *all = json_dumps(j, 0);
    fail_msg("%s %s: %s", method, params, all);
    return "";
  }
  s = arena_printf(&f->arena, "%s", s);
  json_decref(j);
  return s;
}

/* The error's code, 0 when there is none; message in the arena. */
static inline int fixture_error(struct fixture *f, const char **message,
                                const char *method, const char *params) {
  json_t *j = fixture_ask(f, method, params);
  json_t *e = json_object_get(j, "error");
  int code = (int)json_integer_value(json_object_get(e, "code"));
  const char *m = json_string_value(json_object_get(e, "message"));
  *message = arena_printf(&f->arena, "%s", m ? m : "");
  json_decref(j);
  return code;
}

static inline void fixture_expect_error(struct fixture *f, int code,
                                        const char *message,
                                        const char *method,
                                        const char *params) {
  const char *got;
  int got_code = fixture_error(f, &got, method, params);
  if (got_code != code || strcmp(got, message) != 0) {
    fail_msg("%s %s: %d \"%s\", not %d \"%s\"", method, params, got_code, got,
             code, message);
  }
}

/* Signs with dev account i; the envelope in hex, quoted, in the arena. */
static inline const char *fixture_sign(struct fixture *f, u32 i,
                                       struct chain_tx *tx) {
  addr20 from;
  u8 key[32];
  struct buf b;
  node_dev_account(f->node, i, &from, key);
  tx->chain_id = node_info(f->node)->chain_id;
  tx->protected = true;
  if (chain_tx_sign(tx, key, &f->arena) < 0) fail_msg("signing");
  buf_init(&b, 0);
  buf_put_hex(&b, tx->raw);
  const char *hex = arena_printf(&f->arena, "\"%s\"", buf_cstr(&b));
  buf_fini(&b);
  return hex;
}

/* Sends one transaction; its hash. */
static inline const char *fixture_send(struct fixture *f, u32 i,
                                       struct chain_tx *tx) {
  return fixture_result(
      f, "eth_sendRawTransaction",
      arena_printf(&f->arena, "[%s]", fixture_sign(f, i, tx)));
}

/* Waits for a transaction's receipt. */
static inline json_t *fixture_receipt(struct fixture *f, const char *hash) {
  const char *params = arena_printf(&f->arena, "[\"%s\"]", hash);
  for (u32 i = 0; i < 200; i++) {
    json_t *j = fixture_ask(f, "eth_getTransactionReceipt", params);
    json_t *r = json_incref(json_object_get(j, "result"));
    json_decref(j);
    if (json_is_object(r)) return r;
    json_decref(r);
    usleep(50000);
  }
  fail_msg("no receipt of %s within 10 s", hash);
  return NULL;
}

static inline const char *fixture_field(const json_t *j, const char *key) {
  const char *s = json_string_value(json_object_get(j, key));
  if (!s) {
    fail_msg("no text in member %s", key);
    return "";
  }
  return s;
}
#endif
