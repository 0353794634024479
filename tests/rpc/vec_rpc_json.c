/* vec_rpc_json.c - blocks and transactions of the public execution-apis chain
** (all types, all forks) in the exact shapes of its recorded conversations.
**
** The blocks are decoded from chain.rlp and rendered; nothing is executed.
** Withdrawals are not part of what a block of ours can hold: the member is
** left out of the comparison where the chain's block has some.
*/
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rlp.h"
#include "crypto/secp256k1.h"
#include "rpc/rpc_call.h"

#define BLOCK_MAX 64u

static char vec_dir[1024];
static struct arena vec_arena;
static struct node_block vec_block[BLOCK_MAX];
static u32 vec_block_cnt; /* from number 1 on */

static slice vec_file(const char *name) {
  char path[1400];
  snprintf(path, sizeof path, "%s/%s", vec_dir, name);
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  u8 *p = arena_alloc(&vec_arena, 4 << 20);
  size_t n = fread(p, 1, 4 << 20, f);
  fclose(f);
  return slice_of(p, n);
}

static void vec_read_txs(struct node_block *b, slice txs) {
  struct errmsg msg;
  u32 cnt;
  assert_int_equal(rlp_count(txs, &cnt), ERR_OK);
  b->tx = arena_array(&vec_arena, struct chain_tx, cnt);
  for (; b->tx_cnt < cnt; b->tx_cnt++) {
    struct rlp_item item;
    struct chain_tx *tx = &b->tx[b->tx_cnt];
    assert_int_equal(rlp_read(&txs, &item), ERR_OK);
    slice raw = item.is_list ? item.raw : item.payload;
    if (chain_tx_decode(tx, raw, &vec_arena, &msg) < 0) {
      fail_msg("block %llu: %s", (unsigned long long)b->header.number,
               msg.text);
    }
    assert_int_equal(chain_tx_sender(tx), ERR_OK);
  }
}

static void vec_read_chain(void) {
  slice in = vec_file("chain.rlp");
  while (in.len) {
    struct rlp_item block, header;
    slice txs;
    assert_true(vec_block_cnt < BLOCK_MAX);
    struct node_block *b = &vec_block[vec_block_cnt++];
    assert_int_equal(rlp_read(&in, &block), ERR_OK);
    b->size = block.raw.len;
    slice body = block.payload;
    assert_int_equal(rlp_read(&body, &header), ERR_OK);
    assert_int_equal(chain_header_decode(&b->header, header.raw), ERR_OK);
    chain_header_hash(&b->hash, &b->header);
    assert_int_equal(rlp_read_list(&body, &txs), ERR_OK);
    vec_read_txs(b, txs);
  }
}

static int vec_setup(void **state) {
  (void)state;
  const char *src = getenv("SRCDIR");
  crypto_init(NULL);
  arena_init(&vec_arena, 1 << 20, 0);
  if (!src || !getenv("CONFORMANCE") || !getenv("CONFORMANCE_DIR")) return 0;
  char cmd[1200];
  snprintf(cmd, sizeof cmd, "sh '%s/tests/unpack.sh' execution-apis", src);
  FILE *p = popen(cmd, "r");
  if (!p) return 0;
  if (!fgets(vec_dir, sizeof vec_dir, p)) vec_dir[0] = 0;
  pclose(p);
  vec_dir[strcspn(vec_dir, "\n")] = 0;
  if (vec_dir[0]) vec_read_chain();
  return 0;
}

static int vec_teardown(void **state) {
  (void)state;
  arena_fini(&vec_arena);
  return 0;
}

static json_t *vec_line(slice text, const char *start) {
  struct errmsg msg = {.text = ""};
  const char *p = strstr((const char *)text.ptr, start);
  if (!p) return NULL;
  p += strlen(start);
  json_t *j = json_read(slice_of(p, strcspn(p, "\n")), &msg);
  if (!j) fail_msg("%s", msg.text);
  return j;
}

/* The fields that were rendered, against those that were recorded. */
static void vec_compare(const char *file, const json_t *got, json_t *want) {
  if (json_array_size(json_object_get(want, "withdrawals")) > 0) {
    json_object_set(want, "withdrawals", json_object_get(got, "withdrawals"));
  }
  const char *key;
  json_t *v;
  json_object_foreach(want, key, v) {
    if (!json_equal(v, json_object_get(got, key))) {
      char *a = json_dumps(json_object_get(got, key), JSON_ENCODE_ANY);
      char *b = json_dumps(v, JSON_ENCODE_ANY);
      fail_msg("%s: %s is %.300s, not %.300s", file, key, a ? a : "missing",
               b);
    }
  }
  if (!json_equal(got, want)) fail_msg("%s: members too many", file);
}

static struct node_block *vec_find_block(const char *what) {
  static const char *const newest[] = {"latest", "safe", "finalized"};
  for (u32 i = 0; i < ARRAY_LEN(newest); i++) {
    if (strcmp(what, newest[i]) == 0) return &vec_block[vec_block_cnt - 1];
  }
  u64 number;
  hash32 hash;
  bool by_hash = hex_fixed(hash.b, 32, slice_str(what)) >= 0;
  if (!by_hash && hex_quantity(&number, slice_str(what)) < 0) return NULL;
  for (u32 i = 0; i < vec_block_cnt; i++) {
    struct node_block *b = &vec_block[i];
    if (by_hash ? hash32_eq(&b->hash, &hash) : b->header.number == number) {
      return b;
    }
  }
  return NULL;
}

static bool vec_put_tx(struct jsonw *w, const struct node_block *b, u32 idx,
                       const struct chain_rules *rules) {
  struct rpc_place p = {&b->hash, &b->header, idx};
  if (idx >= b->tx_cnt) return false;
  rpc_put_tx(w, &b->tx[idx], &p, rules);
  return true;
}

static bool vec_put_tx_of(struct jsonw *w, const char *hash,
                          const struct chain_rules *rules) {
  hash32 h;
  assert_int_equal(hex_fixed(h.b, 32, slice_str(hash)), ERR_OK);
  for (u32 i = 0; i < vec_block_cnt; i++) {
    for (u32 k = 0; k < vec_block[i].tx_cnt; k++) {
      if (hash32_eq(&vec_block[i].tx[k].hash, &h)) {
        return vec_put_tx(w, &vec_block[i], k, rules);
      }
    }
  }
  return false;
}

/* Renders what the request asks; false when the chain has no such thing (or
** it is the genesis, which chain.rlp does not hold). */
static bool vec_render(struct jsonw *w, const json_t *request) {
  static const struct chain_rules rules = {.fees = true};
  const char *method = json_string_value(json_object_get(request, "method"));
  const json_t *params = json_object_get(request, "params");
  const char *first = json_string_value(json_array_get(params, 0));
  const json_t *second = json_array_get(params, 1);
  if (strcmp(method, "eth_getTransactionByHash") == 0) {
    return vec_put_tx_of(w, first, &rules);
  }
  struct node_block *b = vec_find_block(first);
  if (!b) return false;
  if (strcmp(method, "eth_getTransactionByBlockNumberAndIndex") == 0) {
    u64 idx;
    assert_int_equal(
        hex_quantity(&idx, slice_str(json_string_value(second))), ERR_OK);
    return vec_put_tx(w, b, (u32)idx, &rules);
  }
  rpc_put_block(w, b, json_is_true(second), false, &rules);
  return true;
}

static bool vec_check(const char *name) {
  struct arena_mark mark = arena_mark(&vec_arena);
  slice text = vec_file(name);
  json_t *request = vec_line(text, ">> "), *reply = vec_line(text, "<< ");
  json_t *want = json_object_get(reply, "result");
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  bool there = json_is_object(want) && vec_render(&w, request);
  if (there) {
    json_t *got = json_read(buf_slice(&out), NULL);
    assert_non_null(got);
    vec_compare(name, got, want);
    json_decref(got);
  }
  buf_fini(&out);
  json_decref(request);
  json_decref(reply);
  arena_reset(&vec_arena, mark);
  return there;
}

/* How many conversations of a method were compared. */
static u32 vec_method(const char *method) {
  char path[1400];
  u32 cnt = 0;
  if (!vec_dir[0]) {
    print_message("SKIP: no public vectors (CONFORMANCE)\n");
    skip();
  }
  snprintf(path, sizeof path, "%s/%s", vec_dir, method);
  DIR *d = opendir(path);
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    if (!strstr(e->d_name, ".io")) continue;
    snprintf(path, sizeof path, "%s/%.200s", method, e->d_name);
    cnt += vec_check(path);
  }
  closedir(d);
  return cnt;
}

static void block_when_rendered_then_as_recorded(void **state) {
  (void)state;
  assert_true(vec_method("eth_getBlockByNumber") >= 6);
  assert_true(vec_method("eth_getBlockByHash") >= 1);
}

static void transaction_when_rendered_then_as_recorded(void **state) {
  (void)state;
  assert_true(vec_method("eth_getTransactionByHash") >= 4);
  assert_true(vec_method("eth_getTransactionByBlockNumberAndIndex") >= 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(block_when_rendered_then_as_recorded),
    cmocka_unit_test(transaction_when_rendered_then_as_recorded),
  };
  return cmocka_run_group_tests_name("rpc_json", tests, vec_setup,
                                     vec_teardown);
}
