/* test_state_random.c - the journaled world against a naive one that is
** copied whole at every snapshot, over random operations with nested
** snapshots and reverts; and at every block's end the difference, its bytes,
** the memory world and the trie against each other. */
#include "base/map.h"
#include "crypto/keccak.h"
#include "state/state.h"
#include "trie/trie_random.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define ACCTS 20
#define SLOTS 10
#define DEPTH 8
#define CODES 5

struct naive_acct {
  bool exists, touched, created, destructed, warm, wiped;
  u64 nonce, balance;
  u32 code; /* number of a code, 0: none */
  u64 slot[SLOTS], transient[SLOTS];
  bool slot_warm[SLOTS];
};
struct naive {
  struct naive_acct a[ACCTS];
  i64 refund;
  u32 logs;
};
struct pair {
  struct naive now, tx_start, block_start;
  bool ripemd_touched; /* survives reverts */
  struct {
    struct naive world;
    state_snap snap;
  } saved[DEPTH];
  u32 depth;
  struct trie_random r;
  struct state *s;
  struct state_mem *mem;
};

/* Account 3 is the RIPEMD-160 precompile. */
static addr20 addr_of(u32 i) {
  addr20 a = {{0}};
  if (i != 3) a.b[0] = (u8)(i * 37);
  a.b[19] = (u8)i;
  return a;
}
static u256 slot_of(u32 i) {
  u256 s = u256_from(i);
  if (i & 1) s.w[3] = 0x1234567890abcdefu * i;
  return s;
}
static slice code_of(u32 i) {
  static const char text[CODES][4] = {"", "a", "bb", "ccc", "\1\2\3"};
  return slice_of(text[i], i == 4 ? 3 : i);
}
static bool naive_empty(const struct naive_acct *a) {
  return a->nonce == 0 && a->balance == 0 && a->code == 0;
}
static bool naive_stores(const struct naive_acct *a) {
  for (u32 i = 0; i < SLOTS; i++) {
    if (a->slot[i]) return true;
  }
  return false;
}

static void check_u256(const u256 *got, u64 want) {
  u256 w = u256_from(want);
  assert_true(u256_eq(got, &w));
}

static void check_account(struct pair *p, u32 i) {
  const struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  u256 v;
  hash32 hash, want;
  assert_int_equal(state_exists(p->s, &addr), a->exists);
  assert_int_equal(state_is_empty(p->s, &addr), !a->exists || naive_empty(a));
  state_balance(p->s, &v, &addr);
  check_u256(&v, a->balance);
  assert_int_equal(state_nonce(p->s, &addr), a->nonce);
  slice code = state_code(p->s, &hash, &addr);
  assert_true(slice_eq(code, code_of(a->code)));
  crypto_keccak256(&want, code.ptr, code.len);
  assert_true(hash32_eq(&hash, &want));
  state_code_hash(p->s, &hash, &addr);
  assert_true(hash32_eq(&hash, &want));
  assert_int_equal(state_created_in_tx(p->s, &addr), a->created);
  assert_int_equal(state_is_destructed(p->s, &addr), a->destructed);
  bool had = !a->wiped && naive_stores(&p->block_start.a[i]);
  assert_int_equal(state_has_storage(p->s, &addr), had || naive_stores(a));
}

static void check_slot(struct pair *p, u32 i, u32 k) {
  const struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  u256 slot = slot_of(k), v;
  state_slot(p->s, &v, &addr, &slot);
  check_u256(&v, a->slot[k]);
  state_slot_original(p->s, &v, &addr, &slot);
  check_u256(&v, a->created ? 0 : p->tx_start.a[i].slot[k]);
  state_transient(p->s, &v, &addr, &slot);
  check_u256(&v, a->transient[k]);
}

static void check_all(struct pair *p) {
  u32 logs;
  for (u32 i = 0; i < ACCTS; i++) {
    check_account(p, i);
    for (u32 k = 0; k < SLOTS; k++) check_slot(p, i, k);
  }
  assert_true(state_refund(p->s) == p->now.refund);
  state_tx_logs(p->s, &logs);
  assert_int_equal(logs, p->now.logs);
}

/*------------------------------------------------------------- operations */

static void naive_change(struct naive_acct *a) { a->exists = a->touched = true; }

static void op_balance(struct pair *p, u32 i, u32 how) {
  struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  u64 v = trie_random_below(&p->r, 4) ? trie_random_below(&p->r, 50) : 0;
  u256 w = u256_from(v);
  if (how == 0) {
    state_balance_set(p->s, &addr, &w);
    naive_change(a);
    a->balance = v;
  } else if (how == 1) {
    assert_int_equal(state_balance_sub(p->s, &addr, &w), a->balance >= v);
    if (v == 0 || a->balance < v) return;
    naive_change(a);
    a->balance -= v;
  } else if (v == 0 || how == 2) {
    if (how == 2) state_touch(p->s, &addr);
    else state_balance_add(p->s, &addr, &w);
    a->exists = true;
    if (!naive_empty(a)) return;
    if (i == 3 && !a->touched) p->ripemd_touched = true;
    a->touched = true;
  } else {
    state_balance_add(p->s, &addr, &w);
    naive_change(a);
    a->balance += v;
  }
}

static void op_account(struct pair *p, u32 i, u32 how) {
  struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  u32 v = trie_random_below(&p->r, CODES);
  switch (how) {
    case 0:
      state_nonce_set(p->s, &addr, v);
      a->nonce = v;
      break;
    case 1:
      state_code_set(p->s, &addr, code_of(v));
      a->code = v;
      break;
    case 2:
      state_create(p->s, &addr);
      a->created = true;
      a->code = 0;
      memset(a->slot, 0, sizeof a->slot);
      if (naive_stores(&p->block_start.a[i])) a->wiped = true;
      break;
    default:
      state_selfdestruct(p->s, &addr);
      a->destructed = true;
      a->balance = 0;
  }
  naive_change(a);
}

static void op_slot(struct pair *p, u32 i, u32 how) {
  struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  u32 k = trie_random_below(&p->r, SLOTS);
  u256 slot = slot_of(k);
  u64 v = trie_random_below(&p->r, 4); /* few, so that values come back */
  if (v == 3) v = trie_random_u64(&p->r);
  u256 w = u256_from(v);
  switch (how) {
    case 0:
      state_slot_set(p->s, &addr, &slot, &w);
      naive_change(a);
      a->slot[k] = v;
      break;
    case 1:
      state_transient_set(p->s, &addr, &slot, &w);
      a->transient[k] = v;
      break;
    case 2:
      assert_int_equal(state_access_slot(p->s, &addr, &slot),
                       !a->slot_warm[k]);
      a->slot_warm[k] = true;
      break;
    default: check_slot(p, i, k);
  }
}

static void op_other(struct pair *p, u32 i, u32 how) {
  struct naive_acct *a = &p->now.a[i];
  addr20 addr = addr_of(i);
  hash32 topic = {{(u8)i}};
  switch (how) {
    case 0:
      assert_int_equal(state_access_account(p->s, &addr), !a->warm);
      a->warm = true;
      break;
    case 1:
      state_log_add(p->s, &addr, &topic, 1, slice_str("data"));
      p->now.logs++;
      break;
    case 2:
      state_refund_add(p->s, (i64)i - 7);
      p->now.refund += (i64)i - 7;
      break;
    default: check_account(p, i);
  }
}

static void op_snapshot(struct pair *p) {
  if (p->depth < DEPTH && trie_random_below(&p->r, 5) < 3) {
    p->saved[p->depth].world = p->now;
    p->saved[p->depth++].snap = state_snapshot(p->s);
    return;
  }
  if (p->depth == 0) return;
  p->depth = trie_random_below(&p->r, p->depth); /* back to any of them */
  if (trie_random_below(&p->r, 3) == 0) return;  /* kept, not undone */
  state_revert(p->s, p->saved[p->depth].snap);
  p->now = p->saved[p->depth].world;
}

static void op_any(struct pair *p) {
  u32 i = trie_random_below(&p->r, ACCTS);
  if (trie_random_below(&p->r, 4) == 0) i = 3;
  switch (trie_random_below(&p->r, 16)) {
    case 0: op_balance(p, i, 0); break;
    case 1: case 2: op_balance(p, i, 1 + trie_random_below(&p->r, 3)); break;
    case 3: op_balance(p, i, 2); break;
    case 4: op_account(p, i, trie_random_below(&p->r, 2)); break;
    case 5: op_account(p, i, trie_random_below(&p->r, 4)); break;
    case 6: case 7: case 8: op_slot(p, i, 0); break;
    case 9: case 10: op_slot(p, i, trie_random_below(&p->r, 4)); break;
    case 11: case 12: op_other(p, i, trie_random_below(&p->r, 4)); break;
    default: op_snapshot(p);
  }
}

/*----------------------------------------------------- transaction, block */

static void tx_start(struct pair *p) {
  state_tx_begin(p->s);
  for (u32 i = 0; i < ACCTS; i++) {
    struct naive_acct *a = &p->now.a[i];
    a->touched = a->created = a->destructed = a->warm = false;
    memset(a->transient, 0, sizeof a->transient);
    memset(a->slot_warm, 0, sizeof a->slot_warm);
  }
  p->now.refund = 0;
  p->now.logs = 0;
  p->tx_start = p->now;
  p->ripemd_touched = false;
  p->depth = 0;
}

static void tx_finish(struct pair *p, bool clear_empty) {
  state_tx_end(p->s, clear_empty);
  for (u32 i = 0; i < ACCTS; i++) {
    struct naive_acct *a = &p->now.a[i];
    if (i == 3 && p->ripemd_touched) a->touched = true;
    if (a->destructed ||
        (clear_empty && a->touched && a->exists && naive_empty(a))) {
      bool wiped = a->wiped || naive_stores(&p->block_start.a[i]);
      memset(a, 0, sizeof *a);
      a->wiped = wiped;
    }
  }
}

static void check_diff_account(struct pair *p,
                               const struct state_diff_account *d) {
  u32 i = d->addr.b[19];
  const struct naive_acct *old = &p->block_start.a[i], *now = &p->now.a[i];
  hash32 key;
  crypto_keccak256(&key, d->addr.b, 20);
  assert_true(hash32_eq(&key, &d->key));
  assert_int_equal(d->existed, old->exists);
  assert_int_equal(d->exists, now->exists);
  assert_int_equal(d->wiped, now->wiped);
  check_u256(&d->old_val.balance, old->balance);
  check_u256(&d->new_val.balance, now->balance);
  assert_int_equal(d->old_val.nonce, old->nonce);
  assert_int_equal(d->new_val.nonce, now->nonce);
  for (u32 k = 0; k < d->slot_cnt; k++) {
    const struct state_diff_slot *s = &d->slot[k];
    u32 n = 0;
    for (u256 t = slot_of(n); !u256_eq(&t, &s->slot); t = slot_of(n)) n++;
    check_u256(&s->old_val, old->slot[n]);
    check_u256(&s->new_val, now->slot[n]);
    assert_true(old->slot[n] != now->slot[n] || d->wiped);
  }
}

/* The bytes give back the difference, and no other bytes do. */
static void check_diff_bytes(const struct state_diff *d, struct state_diff *out,
                             struct arena *a) {
  struct buf b, again;
  buf_init(&b, 0);
  buf_init(&again, 0);
  state_diff_encode(&b, d);
  slice kept = arena_copy_slice(a, buf_slice(&b));
  assert_int_equal(state_diff_decode(out, kept, a), ERR_OK);
  state_diff_encode(&again, out);
  assert_true(slice_eq(kept, buf_slice(&again)));
  assert_int_equal(out->account_cnt, d->account_cnt);
  assert_int_equal(out->code_cnt, d->code_cnt);
  buf_fini(&b);
  buf_fini(&again);
}

/* No path of a trie is named twice, so the order of storing is free. */
static void check_puts(const struct state_root *r) {
  struct map seen;
  map_init(&seen, 104, 1, 0, 0);
  for (size_t i = 0; i < r->put_cnt; i++) {
    const struct trie_node_put *n = &r->put[i].node;
    u8 key[104] = {0};
    bool is_new;
    if (r->put[i].owner) memcpy(key, r->put[i].owner->b, 32);
    if (n->path_len != TRIE_ROOT_EDGE && n->path_len) {
      memcpy(key + 32, n->path, n->path_len);
    }
    memcpy(key + 96, &n->path_len, 4);
    key[100] = r->put[i].owner != NULL;
    map_put(&seen, key, &is_new);
    assert_true(is_new);
  }
  map_fini(&seen);
}

static void block_finish(struct pair *p, struct arena *a,
                         const struct par *par) {
  struct state_diff d, copy;
  struct state_root root;
  struct state_source src = state_mem_source(p->mem);
  assert_int_equal(state_error(p->s), ERR_OK);
  state_block_diff(p->s, &d, a);
  for (u32 i = 0; i < d.account_cnt; i++) {
    if (i) assert_true(hash32_cmp(&d.account[i - 1].key, &d.account[i].key) < 0);
    check_diff_account(p, &d.account[i]);
  }
  assert_int_equal(state_commit(&root, &d, &src, par, a), ERR_OK);
  check_puts(&root);
  check_diff_bytes(&d, &copy, a);
  state_mem_apply(p->mem, &copy);
  state_mem_apply_nodes(p->mem, &root);
  hash32 want;
  state_mem_root(p->mem, &want);
  assert_true(hash32_eq(&want, &root.root));
}

static void run_blocks(u64 seed, u32 blocks, const struct par *par) {
  struct pair *p = calloc(1, sizeof *p);
  struct arena a;
  arena_init(&a, 1 << 16, 0);
  p->r.s = seed;
  p->s = state_open(seed);
  p->mem = state_mem_open();
  for (u32 block = 0; block < blocks; block++) {
    struct state_source src = state_mem_source(p->mem);
    bool clear_empty = trie_random_below(&p->r, 4) != 0;
    state_block_begin(p->s, &src);
    for (u32 i = 0; i < ACCTS; i++) p->now.a[i].wiped = false;
    p->block_start = p->now;
    for (u32 tx = trie_random_below(&p->r, 6); tx-- > 0;) {
      tx_start(p);
      for (u32 op = trie_random_below(&p->r, 120); op-- > 0;) op_any(p);
      if (trie_random_below(&p->r, 4) == 0) check_all(p);
      tx_finish(p, clear_empty);
    }
    tx_start(p);
    if (trie_random_below(&p->r, 4) == 0) check_all(p);
    block_finish(p, &a, par);
    arena_clear(&a);
  }
  state_close(p->s);
  state_mem_close(p->mem);
  arena_fini(&a);
  free(p);
}

static void world_when_random_then_as_naive(void **state) {
  (void)state;
  for (u64 seed = 1; seed <= 10; seed++) run_blocks(seed, 200, NULL);
}
static void world_when_parallel_then_as_naive(void **state) {
  (void)state;
  run_blocks(100, 100, &trie_threads_par);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(world_when_random_then_as_naive),
      cmocka_unit_test(world_when_parallel_then_as_naive),
  };
  return cmocka_run_group_tests_name("state_random", tests, NULL, NULL);
}
