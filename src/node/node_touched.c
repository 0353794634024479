/* node_touched.c - every account and slot that a chain has ever had, from the
** differences of all its blocks: the keyed tables know slots by hash alone.
** For development chains; where old differences were pruned it says so.
*/
#include <stdlib.h>

#include "base/map.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NTOUCHED_MAX 2000000u

struct ntouched {
  struct map seen;     /* address and slot; the account itself: slot's place
                       ** holds 0, and the last byte 1 */
  struct arena *a;     /* one block's */
};

static err ntouched_put(struct ntouched *t, const addr20 *addr,
                        const u256 *slot) {
  u8 key[53];
  memcpy(key, addr->b, 20);
  u256_to_be(key + 20, slot ? slot : &U256_ZERO);
  key[52] = slot == NULL;
  return map_put(&t->seen, key, NULL) ? ERR_OK : ERR_LIMIT;
}

static err ntouched_cb(void *ctx, const struct store_chunk *c) {
  struct ntouched *t = ctx;
  struct state_diff d;
  arena_clear(t->a);
  TRY(state_diff_decode(&d, c->bytes, t->a));
  for (u32 i = 0; i < d.account_cnt; i++) {
    TRY(ntouched_put(t, &d.account[i].addr, NULL));
    for (u32 k = 0; k < d.account[i].slot_cnt; k++)
      if (!d.account[i].slot[k].hashed)
        TRY(ntouched_put(t, &d.account[i].addr, &d.account[i].slot[k].slot));
  }
  return ERR_OK;
}

static int ntouched_cmp(const void *a, const void *b) {
  return memcmp(a, b, 53);
}

/* Keys in order: slots of an account stand together, beside its own. */
static void ntouched_give(struct node_touched *out, u32 *cnt, const u8 *key,
                          size_t key_cnt, u256 *slot) {
  for (size_t i = 0; i < key_cnt; i++, key += 53) {
    if (*cnt == 0 || memcmp(out[*cnt - 1].addr.b, key, 20) != 0) {
      memcpy(out[*cnt].addr.b, key, 20);
      out[(*cnt)++].slot = slot;
    }
    if (key[52]) continue;
    u256_from_be(slot++, key + 20);
    out[*cnt - 1].slot_cnt++;
  }
}

err node_read_touched(struct node_read *r, struct node_touched **out, u32 *cnt,
                      struct arena *a) {
  struct arena block;
  size_t it = 0, n = 0;
  const void *key;
  void *val;
  *cnt = 0;
  if (r->st.oldest_state > 0) return ERR_NOT_FOUND;
  arena_init(&block, 1 << 16, 0);
  struct ntouched t = {.a = &block};
  map_init(&t.seen, 53, 0, NTOUCHED_MAX, 0);
  err e = store_read_chunks(r->r->store, STORE_DIFF, 0,
                            STORE_SEQ(r->st.head, STORE_SEQ_BLOCK),
                            ntouched_cb, &t);
  u8 *keys = e ? NULL : mem_alloc(t.seen.cnt * 53 + 1);
  while (!e && map_next(&t.seen, &it, &key, &val))
    memcpy(keys + 53 * n++, key, 53);
  if (!e) {
    qsort(keys, n, 53, ntouched_cmp);
    *out = arena_array(a, struct node_touched, n + 1);
    u256 *slot = arena_array(a, u256, n + 1);
    if (*out && slot) ntouched_give(*out, cnt, keys, n, slot);
    else e = ERR_LIMIT;
  }
  mem_free(keys);
  map_fini(&t.seen);
  arena_fini(&block);
  return e;
}

#undef NTOUCHED_MAX
