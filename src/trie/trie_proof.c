/* trie_proof.c - Merkle proofs: making them from the stored trie, and checking
** them with nothing but a root.
**
** A proof is the RLP of every node on the key's way that is referred to by
** hash, from the root down; a node under 32 bytes stands inside its parent
** and is not listed again.  It proves a value, or absence: the way ends at an
** empty child, or at a leaf or extension that goes elsewhere.
**
** Checking takes proofs from outside: every node must hash to what its parent
** says, be well formed and on the way, and none may be left over.  A value in
** the branch node's 17th place cannot be reached by 32-byte keys and is
** refused.
*/
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "trie/trie.h"
#include "trie/trie_node.h"

#define TRIE_PROOF_MAX (2 * TRIE_KEY_NIBBLES + 1)

/*---------------------------------------------------------------- making */

struct trie_proof {
  slice node[TRIE_PROOF_MAX];
  u32 cnt;
};

/* A node goes into the proof when it stands by hash, or is the root. */
static void trie_proof_add(struct trie_proof *p, slice node) {
  if (node.len < 32 && p->cnt > 0) return;
  MUST(p->cnt < TRIE_PROOF_MAX);
  p->node[p->cnt++] = node;
}

static err trie_prove_leaf(struct trie_proof *p, const struct trie_source *src,
                           const struct trie_edge *e, const hash32 *key,
                           u32 at, struct arena *a) {
  hash32 own;
  slice val;
  trie_edge_path(own.b, e, key->b, at);
  TRY(src->leaf(src->ctx, &val, &own));
  if (val.len == 0) return ERR_CORRUPT;
  u8 *out = arena_alloc_raw(a, trie_leaf_len(at, TRIE_KEY_NIBBLES, val));
  if (!out) return ERR_LIMIT;
  size_t len = trie_leaf_put(out, own.b, at, TRIE_KEY_NIBBLES, val);
  trie_proof_add(p, slice_of(out, len));
  return ERR_OK;
}

/* The branch that an edge starting at `at` leads to, with the extension before
** it; kid gets the branch's children.  is_aside: the key leaves the path within
** the extension, which is then the last node. */
static err trie_prove_branch(struct trie_proof *p,
                             const struct trie_source *src,
                             const struct trie_edge *e, const u8 *path, u32 at,
                             bool is_aside, struct trie_edge kid[16],
                             struct arena *a) {
  const slice none = slice_of(NULL, 0);
  struct trie_ref_view ref[16];
  TRY(trie_branch_load(kid, src, path, e->to, e->leaves));
  for (u32 i = 0; i < 16; i++) {
    ref[i] = (struct trie_ref_view){kid[i].ref, kid[i].ref_len};
  }
  size_t len = trie_branch_len(ref, none);
  u8 *out = arena_alloc_raw(a, len);
  if (!out) return ERR_LIMIT;
  slice node = slice_of(out, trie_branch_put(out, ref, none));
  if (at < e->to) {
    hash32 own = {{0}};
    bool short_node = node.len < 32;
    if (short_node) memcpy(own.b, node.ptr, node.len);
    else crypto_keccak256(&own, node.ptr, node.len);
    u32 own_len = short_node ? (u32)node.len : 32;
    out = arena_alloc_raw(a, trie_ext_len(at, e->to, own_len));
    if (!out) return ERR_LIMIT;
    len = trie_ext_put(out, path, at, e->to, own.b, own_len);
    trie_proof_add(p, slice_of(out, len));
  }
  if (!is_aside) trie_proof_add(p, node);
  return ERR_OK;
}

err trie_prove(slice **nodes, u32 *node_cnt, const struct trie_source *src,
               const hash32 *key, struct arena *a) {
  struct trie_proof p = {.cnt = 0};
  struct trie_edge kid[16], edge;
  u32 at = 0;
  TRY(trie_root_load(&edge, src));
  while (edge.kind == TRIE_BRANCH) {
    u8 path[32];
    trie_edge_path(path, &edge, key->b, at);
    bool is_aside = trie_nibble_diff(path, key->b, at, edge.to) < edge.to;
    TRY(trie_prove_branch(&p, src, &edge, path, at, is_aside, kid, a));
    if (is_aside) break;
    at = edge.to + 1u;
    edge = kid[trie_nibble(key->b, edge.to)];
  }
  if (edge.kind == TRIE_LEAF) {
    TRY(trie_prove_leaf(&p, src, &edge, key, at, a));
  }
  *nodes = arena_array(a, slice, p.cnt);
  if (!*nodes) return ERR_LIMIT;
  memcpy(*nodes, p.node, p.cnt * sizeof(slice));
  *node_cnt = p.cnt;
  return ERR_OK;
}

/*--------------------------------------------------------------- checking */

struct trie_check {
  const slice *node;
  u32 node_cnt, used;
  const hash32 *key;
  u32 at;     /* nibbles of the key behind */
  slice here; /* the node to look at; len 0: the way has ended */
  slice val;
};

/* Goes to the node a reference names: the next of the proof, or embedded. */
static err trie_check_follow(struct trie_check *c, const struct rlp_item *ref) {
  if (ref->is_list) {
    if (ref->raw.len >= 32) return ERR_INPUT;
    c->here = ref->raw;
    return ERR_OK;
  }
  c->here = slice_of(NULL, 0);
  if (ref->payload.len == 0) return ERR_OK;
  if (ref->payload.len != 32 || c->used == c->node_cnt) return ERR_INPUT;
  slice next = c->node[c->used++];
  hash32 h;
  crypto_keccak256(&h, next.ptr, next.len);
  if (next.len < 32 || memcmp(h.b, ref->payload.ptr, 32) != 0) {
    return ERR_INPUT;
  }
  c->here = next;
  return ERR_OK;
}

static err trie_check_branch(struct trie_check *c, slice items) {
  struct rlp_item kid, way = {.is_list = false};
  if (c->at >= TRIE_KEY_NIBBLES) return ERR_INPUT;
  u32 nib = trie_nibble(c->key->b, c->at++);
  for (u32 i = 0; i < 17; i++) {
    TRY(rlp_read(&items, &kid));
    if (i == nib) way = kid;
  }
  if (kid.is_list || kid.payload.len) return ERR_INPUT;
  return trie_check_follow(c, &way);
}

/* A leaf or an extension: its hex prefix, then value or child. */
static err trie_check_short(struct trie_check *c, slice items) {
  slice hp;
  struct rlp_item to;
  TRY(rlp_read_str(&items, &hp));
  TRY(rlp_read(&items, &to));
  if (hp.len == 0 || hp.ptr[0] >= 0x40) return ERR_INPUT;
  bool is_leaf = hp.ptr[0] & 0x20, odd = hp.ptr[0] & 0x10;
  if (!odd && (hp.ptr[0] & 15)) return ERR_INPUT;
  u32 start = odd ? 1 : 2;
  if (hp.len > 33) return ERR_INPUT;
  u32 cnt = 2 * (u32)hp.len - start, left = TRIE_KEY_NIBBLES - c->at;
  if (is_leaf ? cnt != left : cnt == 0 || cnt >= left) return ERR_INPUT;
  bool same = true;
  for (u32 i = 0; i < cnt; i++) {
    same &= trie_nibble(hp.ptr, start + i) ==
            trie_nibble(c->key->b, c->at + i);
  }
  c->at += cnt;
  if (!is_leaf) {
    /* An extension leads to a branch, by hash or embedded. */
    if (!to.is_list && to.payload.len != 32) return ERR_INPUT;
    if (same) return trie_check_follow(c, &to);
  } else {
    if (to.is_list || to.payload.len == 0) return ERR_INPUT;
    if (same) c->val = to.payload;
  }
  c->here = slice_of(NULL, 0);
  return ERR_OK;
}

/* The node's items are well formed, and it is long enough to matter. */
static err trie_check_node(struct trie_check *c) {
  slice in = c->here, items;
  u32 cnt;
  TRY(rlp_read_list(&in, &items));
  TRY(rlp_end(in));
  TRY(rlp_count(items, &cnt));
  if (cnt == 17) return trie_check_branch(c, items);
  if (cnt == 2) return trie_check_short(c, items);
  return ERR_INPUT;
}

err trie_proof_check(slice *val, const hash32 *root, const hash32 *key,
                     const slice *nodes, u32 node_cnt) {
  *val = slice_of(NULL, 0);
  if (node_cnt == 0) {
    return hash32_eq(root, &CRYPTO_KECCAK_RLP_NIL) ? ERR_OK : ERR_INPUT;
  }
  hash32 h;
  crypto_keccak256(&h, nodes[0].ptr, nodes[0].len);
  if (!hash32_eq(&h, root)) return ERR_INPUT;
  struct trie_check c = {.node = nodes, .node_cnt = node_cnt, .used = 1,
                         .key = key, .here = nodes[0]};
  while (c.here.len) TRY(trie_check_node(&c));
  if (c.used != node_cnt) return ERR_INPUT;
  *val = c.val;
  return ERR_OK;
}
