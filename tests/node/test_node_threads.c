/* test_node_threads.c - one thread makes blocks, one writes them and works
** behind the head, two read: every value at every height asked is right, and
** proofs check out.  Meant for ThreadSanitizer too. */
#include <pthread.h>

#include "state_world.h"

enum { THREAD_BLOCKS = 250, THREAD_READERS = 2 };

struct threads {
  struct world w;
  struct node_queue queue; /* blocks on their way to the writer */
  atomic_bool stop;
  atomic_uint wrong, reads;
};

static void *threads_write(void *arg) {
  struct threads *t = arg;
  for (;;) {
    struct store_block *b = node_queue_get(&t->queue, 1);
    bool more;
    if (b) {
      if (store_append(t->w.store, &b, 1)) atomic_fetch_add(&t->wrong, 1);
      node_state_durable(t->w.state, b->height);
      store_block_free(b);
    } else if (atomic_load(&t->stop)) {
      return NULL;
    }
    if (node_state_write_step(t->w.state, 1, &more))
      atomic_fetch_add(&t->wrong, 1);
  }
}

static bool threads_read_some(struct threads *t, struct node_read *r,
                              u64 *rnd, struct arena *a) {
  struct state_source src;
  u64 head = node_read_head(r);
  u64 h = world_random(rnd) % 2 ? head : world_random(rnd) % (head + 1);
  const struct world_past *p = &t->w.past[h];
  if (node_read_state(r, &src, h)) return false;
  for (u32 i = 0; i < 20; i++) {
    u32 who = (u32)(world_random(rnd) % WORLD_ACCOUNTS);
    addr20 addr = world_addr(who);
    struct state_account acc;
    hash32 key;
    bool found;
    crypto_keccak256(&key, addr.b, 20);
    if (src.account(src.ctx, &acc, &found, &addr, &key)) return false;
    if (found != (p->nonce[who] || p->balance[who])) return false;
    if (found && acc.nonce != p->nonce[who]) return false;
    if (who >= WORLD_CONTRACTS) continue;
    u32 k = (u32)(world_random(rnd) % WORLD_SLOTS);
    u256 slot = world_slot(k), v;
    u8 be[32];
    hash32 sh;
    u256_to_be(be, &slot);
    crypto_keccak256(&sh, be, 32);
    if (src.slot(src.ctx, &v, &addr, &key, &slot, &sh)) return false;
    if (v.w[0] != p->slot[who][k]) return false;
  }
  u64 number;
  if (node_read_number(r, &number, &p->hash) || number != h) return false;
  if (head - h > 128) return true;
  u32 who = (u32)(world_random(rnd) % WORLD_ACCOUNTS);
  addr20 addr = world_addr(who);
  struct node_proof proof;
  hash32 key;
  slice val;
  if (node_read_proof(r, &proof, h, &addr, NULL, 0, a)) return false;
  crypto_keccak256(&key, addr.b, 20);
  if (trie_proof_check(&val, &p->root, &key, proof.account_node,
                       proof.account_node_cnt))
    return false;
  return (val.len > 0) == (p->nonce[who] || p->balance[who]);
}

static void *threads_read(void *arg) {
  struct threads *t = arg;
  struct arena a;
  u64 rnd = (u64)(uintptr_t)&a;
  arena_init(&a, 1 << 16, 0);
  while (!atomic_load(&t->stop)) {
    struct node_read *r;
    err e = node_read_begin(&t->w.node, &r);
    if (e == ERR_NOT_FOUND || e == ERR_BUSY) continue; /* no block yet */
    bool ok = e == ERR_OK;
    if (ok) r->deadline_us = nstate_clock_us() + 60000000;
    for (u32 i = 0; i < 3 && ok; i++) ok = threads_read_some(t, r, &rnd, &a);
    if (e == ERR_OK) node_read_end(r);
    if (!ok) atomic_fetch_add(&t->wrong, 1);
    atomic_fetch_add(&t->reads, 1);
    arena_clear(&a);
  }
  arena_fini(&a);
  return NULL;
}

static void values_when_threads_run_then_right(void **state) {
  (void)state;
  static struct threads t;
  pthread_t writer, reader[THREAD_READERS];
  world_open(&t.w, 21);
  t.w.txs = 2;
  node_queue_init(&t.queue, 8);
  assert_int_equal(pthread_create(&writer, NULL, threads_write, &t), 0);
  for (u32 i = 0; i < THREAD_READERS; i++)
    assert_int_equal(pthread_create(&reader[i], NULL, threads_read, &t), 0);
  for (u32 i = 0; i < THREAD_BLOCKS; i++) {
    struct state_account acc;
    bool found;
    addr20 addr = world_addr(i % WORLD_ACCOUNTS);
    assert_true(node_queue_put(&t.queue, world_make(&t.w)));
    assert_int_equal(node_state_account(t.w.state, &acc, &found, &addr),
                     ERR_OK);
  }
  while (atomic_load(&t.reads) < 50) usleep(1000);
  atomic_store(&t.stop, true);
  assert_int_equal(pthread_join(writer, NULL), 0);
  for (u32 i = 0; i < THREAD_READERS; i++)
    assert_int_equal(pthread_join(reader[i], NULL), 0);
  assert_int_equal(atomic_load(&t.wrong), 0);
  struct store_standing st;
  store_standing(t.w.store, &st);
  assert_int_equal(st.head, THREAD_BLOCKS - 1);
  assert_true(st.flushed > 0);
  node_queue_fini(&t.queue);
  world_close_file(&t.w);
  assert_int_equal(node_state_verify(t.w.path, true, NULL, NULL, NULL, NULL),
                   ERR_OK);
  world_fini(&t.w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_when_threads_run_then_right),
  };
  return cmocka_run_group_tests_name("node_threads", tests, NULL, NULL);
}
