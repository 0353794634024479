/* node_low.c - trie nodes that the table does not keep.
**
** Low nodes (trie.h) are most of a trie, are spread over it like its leaves,
** and would cost a page of the file each time one changes.  They are made
** again from the rows of the leaves under them, which lie side by side in the
** tables: one seek and some steps.
**
** That the rows are right: a node of which neither memory nor the table knows
** anything has no leaf that changed above `flushed`, for else it would have
** changed too and be in memory; and a snapshot's rows stand at its `flushed`.
*/
#include "node/node_state_int.h"

struct nlow {
  const hash32 *owner;
  const u8 *prefix; /* packed */
  u32 depth;
  struct arena *a;
  struct trie_change *leaf;
  size_t cnt;
};

static bool nlow_is_under(const struct nlow *l, const u8 *key) {
  u32 whole = l->depth / 2;
  if (memcmp(key, l->prefix, whole)) return false;
  return !(l->depth & 1) || (key[whole] & 0xf0) == l->prefix[whole];
}

/* ERR_NOT_FOUND: the leaf is the next node's, all are there. */
static err nlow_row(void *ctx, slice key, slice val) {
  struct nlow *l = ctx;
  u8 *rlp;
  u32 len;
  size_t at = l->owner ? 32 : 0;
  if (key.len != at + 32) return ERR_CORRUPT;
  if (l->owner && memcmp(key.ptr, l->owner->b, 32)) return ERR_NOT_FOUND;
  if (!nlow_is_under(l, key.ptr + at)) return ERR_NOT_FOUND;
  if (l->cnt == TRIE_LOW_LEAVES) return ERR_CORRUPT;
  if (l->owner) {
    u256 v;
    TRY(bytes_slot_get(&v, val));
    rlp = arena_alloc_raw(l->a, 33);
    len = state_slot_encode(rlp, &v);
  } else {
    struct state_account acct;
    TRY(bytes_account_get(&acct, NULL, val));
    rlp = arena_alloc_raw(l->a, STATE_ACCOUNT_RLP_MAX);
    len = state_account_encode_to(rlp, &acct);
  }
  struct trie_change *c = &l->leaf[l->cnt++];
  memcpy(c->key.b, key.ptr + at, 32);
  c->val = slice_of(rlp, len);
  return ERR_OK;
}

err nstate_low_make(struct trie_result *out, struct store_reader *r,
                    const hash32 *owner, const u8 *path, u32 path_len,
                    const u8 *key, struct arena *a) {
  u8 from[64] = {0}, *prefix = owner ? from + 32 : from;
  if (path_len >= 64) return ERR_NOT_FOUND;
  if (owner) memcpy(from, owner->b, 32);
  for (u32 i = 0; i < path_len; i++)
    prefix[i / 2] |= (u8)(i & 1 ? path[i] : path[i] << 4);
  struct nlow l = {.owner = owner, .prefix = prefix, .depth = path_len, .a = a};
  l.leaf = arena_alloc_raw(a, TRIE_LOW_LEAVES * sizeof *l.leaf);
  err e = store_read_under(r, owner ? STORE_SLOT : STORE_ACCOUNT,
                           slice_of(from, owner ? 64 : 32),
                           (owner ? 64 : 0) + path_len, nlow_row, &l);
  if (e && e != ERR_NOT_FOUND) return e;
  if (l.cnt < 2) return ERR_NOT_FOUND;
  return trie_low_nodes(out, l.leaf, l.cnt, path_len, key, a);
}

bool nstate_node_has_row(const u8 key[NSTATE_NODE_KEY],
                         const struct nstate_node *n) {
  if (!n->len) return false;
  return key[64] == 255 || !trie_node_is_low(slice_of(n->ptr, n->len), key[64]);
}
