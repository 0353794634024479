/* trie_low.c - low nodes, made from the leaves under them (trie.h).
**
** Asked for at every touch of a cold account, so it is leaner than an update:
** the shape is laid out by one descent over the sorted leaves, children as
** numbers in one list; leaves are hashed together, then branches from the
** deepest up; records are written only of the branches on the way to a key.
** The topmost's own reference is its parent's matter and not made.
**
** A child is a number: a leaf's index, or LOW_BRANCH + a branch's.
*/
#include "trie/trie.h"
#include "trie/trie_node.h"

#define LOW_BRANCH 0x8000u

struct trie_low_branch {
  u16 first, cnt;       /* its children in trie_low.kid */
  u16 mask, next;       /* next: of the same depth, + 1 */
  u16 leaf, leaves;     /* the first under it, and how many */
  u8 from, depth;
  struct trie_ref ref;
};
struct trie_low {
  const struct trie_change *leaf;
  struct trie_ref *leaf_ref;
  u8 *leaf_from;
  struct trie_low_branch *branch;
  u16 *kid, head[TRIE_KEY_NIBBLES];
  u32 branch_cnt, kid_cnt;
};

/* Branches first, so that a parent's number is below its children's. */
static u16 trie_low_shape(struct trie_low *l, u32 from, u32 lo, u32 hi) {
  if (hi - lo == 1) {
    l->leaf_from[lo] = (u8)from;
    return (u16)lo;
  }
  u32 depth = trie_nibble_diff(l->leaf[lo].key.b, l->leaf[hi - 1].key.b, from,
                               TRIE_KEY_NIBBLES);
  MUST(depth < TRIE_KEY_NIBBLES);
  u32 at = l->branch_cnt++;
  struct trie_low_branch *b = &l->branch[at];
  u16 end[16];
  *b = (struct trie_low_branch){
      .first = (u16)l->kid_cnt, .leaf = (u16)lo, .leaves = (u16)(hi - lo),
      .from = (u8)from, .depth = (u8)depth, .next = l->head[depth]};
  l->head[depth] = (u16)(at + 1);
  for (u32 i = lo; i < hi; i++) {
    u32 nib = trie_nibble(l->leaf[i].key.b, depth);
    if (b->mask >> nib & 1) {
      end[b->cnt - 1]++;
    } else {
      b->mask |= (u16)(1u << nib);
      end[b->cnt++] = (u16)(i + 1);
    }
  }
  l->kid_cnt += b->cnt;
  for (u32 i = 0; i < b->cnt; i++) {
    l->kid[b->first + i] = trie_low_shape(l, depth + 1, lo, end[i]);
    lo = end[i];
  }
  return (u16)(LOW_BRANCH + at);
}

static struct trie_ref_view trie_low_ref(const struct trie_low *l, u16 kid) {
  const struct trie_ref *r = kid & LOW_BRANCH
                                 ? &l->branch[kid - LOW_BRANCH].ref
                                 : &l->leaf_ref[kid];
  return (struct trie_ref_view){r->b, r->len};
}

static void trie_low_hash_leaves(struct trie_low *l, size_t cnt,
                                 struct trie_hasher *h) {
  for (size_t i = 0; i < cnt; i++) {
    u32 from = l->leaf_from[i];
    slice val = l->leaf[i].val;
    u8 *out = trie_hasher_room(h, trie_leaf_len(from, TRIE_KEY_NIBBLES, val));
    size_t len =
        trie_leaf_put(out, l->leaf[i].key.b, from, TRIE_KEY_NIBBLES, val);
    trie_hasher_add(h, &l->leaf_ref[i], len, false);
  }
  trie_hasher_flush(h);
}

static void trie_low_hash_depth(struct trie_low *l, u32 depth,
                                struct trie_hasher *h) {
  const slice none = slice_of(NULL, 0);
  for (u32 at = l->head[depth]; at; at = l->branch[at - 1].next) {
    struct trie_low_branch *b = &l->branch[at - 1];
    struct trie_ref_view ref[16] = {{NULL, 0}};
    for (u32 m = b->mask, i = 0; m; m &= m - 1, i++)
      ref[__builtin_ctz(m)] = trie_low_ref(l, l->kid[b->first + i]);
    u8 *out = trie_hasher_room(h, trie_branch_len(ref, none));
    trie_hasher_add(h, &b->ref, trie_branch_put(out, ref, none), false);
  }
  trie_hasher_flush(h);
  for (u32 at = l->head[depth]; at; at = l->branch[at - 1].next) {
    struct trie_low_branch *b = &l->branch[at - 1];
    if (b->from == depth) continue;
    const u8 *path = l->leaf[b->leaf].key.b;
    u8 *out = trie_hasher_room(h, trie_ext_len(b->from, depth, b->ref.len));
    size_t len =
        trie_ext_put(out, path, b->from, depth, b->ref.b, b->ref.len);
    trie_hasher_add(h, &b->ref, len, false);
  }
  trie_hasher_flush(h);
}

static err trie_low_record(struct trie_low *l, const struct trie_low_branch *b,
                           struct trie_node_put *out, struct arena *a) {
  struct trie_edge edge[16];
  struct trie_ref_view ref[16];
  const u8 *path = l->leaf[b->leaf].key.b;
  size_t room = TRIE_RECORD_HEAD;
  for (u32 i = 0; i < b->cnt; i++) {
    u16 kid = l->kid[b->first + i];
    const struct trie_low_branch *k =
        kid & LOW_BRANCH ? &l->branch[kid - LOW_BRANCH] : NULL;
    edge[i] = (struct trie_edge){
        .kind = k ? TRIE_BRANCH : TRIE_LEAF,
        .to = k ? k->depth : TRIE_KEY_NIBBLES,
        .leaves = (u8)(!k || k->leaves > UINT8_MAX ? 0 : k->leaves),
        .tail = l->leaf[k ? k->leaf : kid].key.b};
    ref[i] = trie_low_ref(l, kid);
    room += trie_record_edge_max(&edge[i], b->depth);
  }
  u8 *name = arena_alloc_raw(a, b->depth), *node = arena_alloc_raw(a, room);
  if (!name || !node) return ERR_LIMIT;
  for (u32 i = 0; i < b->depth; i++) name[i] = (u8)trie_nibble(path, i);
  out->path = name;
  out->path_len = b->depth;
  out->node =
      slice_of(node, trie_record_put(node, edge, b->mask, b->depth, ref));
  return ERR_OK;
}

err trie_low_nodes(struct trie_result *out, const struct trie_change *leaves,
                   size_t cnt, u32 depth, const u8 *key, struct arena *a) {
  struct trie_low l = {.leaf = leaves};
  struct trie_hasher h;
  *out = (struct trie_result){.put_cnt = 0};
  if (cnt < 2 || cnt >= LOW_BRANCH) return ERR_CORRUPT;
  l.leaf_ref = arena_alloc_raw(a, cnt * sizeof *l.leaf_ref);
  l.leaf_from = arena_alloc_raw(a, cnt);
  l.branch = arena_alloc_raw(a, cnt * sizeof *l.branch);
  l.kid = arena_alloc_raw(a, 2 * cnt * sizeof *l.kid);
  out->put = arena_alloc_raw(a, cnt * sizeof *out->put);
  if (!l.leaf_ref || !l.leaf_from || !l.branch || !l.kid || !out->put)
    return ERR_LIMIT;
  trie_low_shape(&l, depth, 0, (u32)cnt);
  if (l.branch[0].depth != depth) return ERR_CORRUPT;
  trie_hasher_init(&h, a);
  trie_low_hash_leaves(&l, cnt, &h);
  for (u32 d = TRIE_KEY_NIBBLES; --d > depth;)
    if (l.head[d]) trie_low_hash_depth(&l, d, &h);
  for (u32 i = 0; i < l.branch_cnt; i++) {
    const struct trie_low_branch *b = &l.branch[i];
    const u8 *path = leaves[b->leaf].key.b;
    if (key && trie_nibble_diff(path, key, depth, b->depth) < b->depth) continue;
    TRY(trie_low_record(&l, b, &out->put[out->put_cnt++], a));
  }
  return ERR_OK;
}

#undef LOW_BRANCH
