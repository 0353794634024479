/* native_merkle.c - native function 0x..1106, Merkle.
**
** verify, root: a leaf is keccak256(0x00 || leaf), a node keccak256(0x01 ||
** left || right); leaves fill up to the next power of two with nodes of zero.
** The proof goes from the leaf up, bit i of index says whether the node of
** level i is the right one; index >= 2^levels is false.
** verifySorted: a leaf stands as it is, a node is keccak256 of the smaller and
** the greater, as OpenZeppelin's MerkleProof has it.
** At most 64 levels and 1,024 leaves, at least one (TooMany, OutOfRange).
** Price: 100 + 90 a level; root: 100 a leaf. */
#include "crypto/keccak.h"
#include "native/native.h"

#define ID(what, name) nmer_##what##_##name
#include "module/pass_struct.inc"
#include "native/merkle.def"
#include "module/pass_param.inc"
#include "native/merkle.def"
static const struct module_row nmer_rows[] = {
#include "module/pass_row.inc"
#include "native/merkle.def"
};
#include "module/pass_end.inc"

enum { NMER_NUMBER = 0x1106, NMER_LEVELS = 64, NMER_GAS_LEVEL = 90,
       NMER_GAS_LEAF = 100 };

const struct module_def native_merkle = {
  .name = "MerkleFunction", .text = "Merkle, as a function",
  .number = NMER_NUMBER, .row = nmer_rows, .row_cnt = ARRAY_LEN(nmer_rows),
  .is_function = true};

static void nmer_leaf(hash32 *out, const hash32 *leaf) {
  u8 text[33] = {0};
  memcpy(text + 1, leaf->b, 32);
  crypto_keccak256(out, text, sizeof text);
}
static void nmer_node(hash32 *out, const hash32 *left, const hash32 *right) {
  u8 text[65] = {1};
  memcpy(text + 1, left->b, 32);
  memcpy(text + 33, right->b, 32);
  crypto_keccak256(out, text, sizeof text);
}
static void nmer_sorted(hash32 *out, const hash32 *a, const hash32 *b) {
  u8 text[64];
  bool turn = memcmp(a->b, b->b, 32) > 0;
  memcpy(text, turn ? b->b : a->b, 32);
  memcpy(text + 32, turn ? a->b : b->b, 32);
  crypto_keccak256(out, text, sizeof text);
}

static enum module_end nmer_pay(struct module_call *c,
                                const struct module_list *proof) {
  if (proof->cnt > NMER_LEVELS)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"proof"},
                              .max = u256_from(NMER_LEVELS));
  return evm_native_charge(c->n, NMER_GAS_LEVEL * (u64)proof->cnt)
             ? MODULE_DONE : MODULE_REVERTED;
}

static enum module_end nmer_do_verify(struct module_call *c,
                                      const struct nmer_in_verify *in,
                                      struct nmer_out_verify *out) {
  hash32 node, side;
  u256 above;
  if (nmer_pay(c, &in->proof) != MODULE_DONE) return MODULE_REVERTED;
  u256_shr(&above, &in->index, in->proof.cnt);
  if (!u256_is_zero(&above)) return MODULE_DONE;
  nmer_leaf(&node, &in->leaf);
  for (u32 i = 0; i < in->proof.cnt; i++) {
    module_list_b32(&side, &in->proof, i);
    if (in->index.w[0] >> i & 1) nmer_node(&node, &side, &node);
    else nmer_node(&node, &node, &side);
  }
  out->valid = hash32_eq(&node, &in->top);
  return MODULE_DONE;
}

static enum module_end nmer_do_verify_sorted(
    struct module_call *c, const struct nmer_in_verify_sorted *in,
    struct nmer_out_verify_sorted *out) {
  hash32 node = in->leaf, side;
  if (nmer_pay(c, &in->proof) != MODULE_DONE) return MODULE_REVERTED;
  for (u32 i = 0; i < in->proof.cnt; i++) {
    module_list_b32(&side, &in->proof, i);
    nmer_sorted(&node, &node, &side);
  }
  out->valid = hash32_eq(&node, &in->top);
  return MODULE_DONE;
}

static enum module_end nmer_do_root(struct module_call *c,
                                    const struct nmer_in_root *in,
                                    struct nmer_out_root *out) {
  u32 cnt = in->leaves.cnt;
  if (cnt == 0)
    return MODULE_FAIL_COMMON(c, out_of_range, .field = {"leaves"},
                              .min = u256_from(1),
                              .max = u256_from(MODULE_LIST_MAX));
  if (!evm_native_charge(c->n, NMER_GAS_LEAF * (u64)(cnt - 1)))
    return MODULE_REVERTED;
  hash32 *node = arena_array(c->a, hash32, cnt + 1), none = {{0}};
  for (u32 i = 0; i < cnt; i++) {
    hash32 leaf;
    module_list_b32(&leaf, &in->leaves, i);
    nmer_leaf(&node[i], &leaf);
  }
  /* none: what stands at this level where there are no leaves below. */
  for (; cnt > 1; cnt = (cnt + 1) / 2) {
    for (u32 i = 0; i < cnt; i += 2)
      nmer_node(&node[i / 2], &node[i], i + 1 < cnt ? &node[i + 1] : &none);
    nmer_node(&none, &none, &none);
  }
  out->top = node[0];
  return MODULE_DONE;
}
#undef ID
