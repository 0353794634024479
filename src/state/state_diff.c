/* state_diff.c - the bytes of a block's difference.
**
**   u8      version, 1
**   varint  accounts; each, ascending by keccak256(address):
**     20    address
**     u8    flags: 1 existed, 2 exists, 4 wiped, 8 same code as before,
**           16 same storage root as before
**     value before, if existed; value after, if it exists:
**       u8      bits 0-5 bytes of balance (0..32), 64 has code, 128 has storage
**       varint  nonce
**       bytes   balance, big-endian, no leading zero
**       32      code hash, if it has code (left out after: flag 8)
**       32      storage root, if it has storage (left out after: flag 16)
**     varint  slots; each, ascending by keccak256(slot):
**       slot, old, new: u8 length (0..32), bytes without leading zero; a slot
**       of which only the hash is known: u8 33, keccak256(slot)
**   varint  codes; each: varint length, bytes
**
** A varint is seven bits a byte, least first, the top bit set on all but the
** last; shortest form.  Hashed keys and code hashes are computed again when
** decoding, many at once.  One difference has one encoding: flags 8 and 16
** stand when both values exist and agree, and a decoder refuses any other
** form, leading zeros, values of accounts that do not exist, and bytes left
** over.  The counts are bounded by the bytes that are there.
*/
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "state/state.h"

#define STATE_DIFF_VERSION 1
#define STATE_DIFF_HASHED 33
enum {
  STATE_DIFF_EXISTED = 1, STATE_DIFF_EXISTS = 2, STATE_DIFF_WIPED = 4,
  STATE_DIFF_SAME_CODE = 8, STATE_DIFF_SAME_ROOT = 16,
  STATE_DIFF_FLAGS = 31,
  STATE_DIFF_HAS_CODE = 64, STATE_DIFF_HAS_ROOT = 128
};
/* Least bytes of one item: bounds counts before memory is taken. */
#define STATE_DIFF_ACCOUNT_MIN 22
#define STATE_DIFF_SLOT_MIN 3
#define STATE_DIFF_CODE_MIN 1

/*-------------------------------------------------------- account leaves */

static u32 state_put_be(u8 *out, const u256 *v) {
  u8 be[32];
  u32 len = u256_bytes(v);
  u256_to_be(be, v);
  if (len == 1 && be[31] < 0x80) {
    out[0] = be[31];
    return 1;
  }
  out[0] = (u8)(0x80 + len);
  memcpy(out + 1, be + 32 - len, len);
  return len + 1;
}
u32 state_slot_encode(u8 out[33], const u256 *v) {
  return state_put_be(out, v);
}

/* The payload is always 56..255 bytes long: two bytes of prefix. */
u32 state_account_encode_to(u8 out[STATE_ACCOUNT_RLP_MAX],
                            const struct state_account *a) {
  u256 nonce = u256_from(a->nonce);
  u32 at = 2;
  at += state_put_be(out + at, &nonce);
  at += state_put_be(out + at, &a->balance);
  out[at++] = 0xa0;
  memcpy(out + at, a->storage_root.b, 32);
  at += 32;
  out[at++] = 0xa0;
  memcpy(out + at, a->code_hash.b, 32);
  at += 32;
  out[0] = 0xf8;
  out[1] = (u8)(at - 2);
  return at;
}

void state_account_encode(struct buf *out, const struct state_account *a) {
  u8 rlp[STATE_ACCOUNT_RLP_MAX];
  buf_put(out, rlp, state_account_encode_to(rlp, a));
}

err state_account_decode(struct state_account *out, slice rlp) {
  slice items;
  TRY(rlp_read_list(&rlp, &items));
  TRY(rlp_end(rlp));
  TRY(rlp_read_u64(&items, &out->nonce));
  TRY(rlp_read_u256(&items, &out->balance));
  TRY(rlp_read_fixed(&items, out->storage_root.b, 32));
  TRY(rlp_read_fixed(&items, out->code_hash.b, 32));
  return rlp_end(items);
}

/*--------------------------------------------------------------- writing */

static void state_diff_put_varint(struct buf *b, u64 v) {
  while (v >= 0x80) {
    buf_put_u8(b, (u8)(v | 0x80));
    v >>= 7;
  }
  buf_put_u8(b, (u8)v);
}

static void state_diff_put_u256(struct buf *b, const u256 *v) {
  u8 be[33];
  u256_to_be(be + 1, v);
  u32 len = u256_bytes(v);
  be[32 - len] = (u8)len;
  buf_put(b, be + 32 - len, len + 1);
}

static bool state_diff_has_code(const struct state_account *v) {
  return !hash32_eq(&v->code_hash, &CRYPTO_KECCAK_EMPTY);
}
static bool state_diff_has_root(const struct state_account *v) {
  return !hash32_eq(&v->storage_root, &CRYPTO_KECCAK_RLP_NIL);
}

static void state_diff_put_value(struct buf *b, const struct state_account *v,
                                 bool put_code, bool put_root) {
  u8 be[32];
  u32 len = u256_bytes(&v->balance);
  bool has_code = state_diff_has_code(v), has_root = state_diff_has_root(v);
  buf_put_u8(b, (u8)(len | (has_code ? STATE_DIFF_HAS_CODE : 0) |
                     (has_root ? STATE_DIFF_HAS_ROOT : 0)));
  state_diff_put_varint(b, v->nonce);
  u256_to_be(be, &v->balance);
  buf_put(b, be + 32 - len, len);
  if (has_code && put_code) buf_put(b, v->code_hash.b, 32);
  if (has_root && put_root) buf_put(b, v->storage_root.b, 32);
}

static u32 state_diff_flags(const struct state_diff_account *d) {
  u32 flags = (d->existed ? STATE_DIFF_EXISTED : 0) |
              (d->exists ? STATE_DIFF_EXISTS : 0) |
              (d->wiped ? STATE_DIFF_WIPED : 0);
  if (!d->existed || !d->exists) return flags;
  if (hash32_eq(&d->old_val.code_hash, &d->new_val.code_hash)) {
    flags |= STATE_DIFF_SAME_CODE;
  }
  if (hash32_eq(&d->old_val.storage_root, &d->new_val.storage_root)) {
    flags |= STATE_DIFF_SAME_ROOT;
  }
  return flags;
}

static void state_diff_put_account(struct buf *b,
                                   const struct state_diff_account *d) {
  u32 flags = state_diff_flags(d);
  buf_put(b, d->addr.b, 20);
  buf_put_u8(b, (u8)flags);
  if (d->existed) state_diff_put_value(b, &d->old_val, true, true);
  if (d->exists) {
    state_diff_put_value(b, &d->new_val, !(flags & STATE_DIFF_SAME_CODE),
                         !(flags & STATE_DIFF_SAME_ROOT));
  }
  state_diff_put_varint(b, d->slot_cnt);
  for (u32 i = 0; i < d->slot_cnt; i++) {
    if (d->slot[i].hashed) {
      buf_put_u8(b, STATE_DIFF_HASHED);
      buf_put(b, d->slot[i].key.b, 32);
    } else {
      state_diff_put_u256(b, &d->slot[i].slot);
    }
    state_diff_put_u256(b, &d->slot[i].old_val);
    state_diff_put_u256(b, &d->slot[i].new_val);
  }
}

void state_diff_encode(struct buf *out, const struct state_diff *d) {
  buf_put_u8(out, STATE_DIFF_VERSION);
  state_diff_put_varint(out, d->account_cnt);
  for (u32 i = 0; i < d->account_cnt; i++) {
    state_diff_put_account(out, &d->account[i]);
  }
  state_diff_put_varint(out, d->code_cnt);
  for (u32 i = 0; i < d->code_cnt; i++) {
    state_diff_put_varint(out, d->code[i].code.len);
    buf_put_slice(out, d->code[i].code);
  }
}

/*--------------------------------------------------------------- reading */

static err state_diff_take(slice *in, const u8 **out, size_t len) {
  if (in->len < len) return ERR_CORRUPT;
  *out = in->ptr;
  *in = slice_of(in->ptr + len, in->len - len);
  return ERR_OK;
}

static err state_diff_take_u8(slice *in, u32 *out) {
  const u8 *p;
  TRY(state_diff_take(in, &p, 1));
  *out = *p;
  return ERR_OK;
}

static err state_diff_take_varint(slice *in, u64 *out) {
  u64 v = 0;
  for (u32 shift = 0; shift < 64; shift += 7) {
    u32 c;
    TRY(state_diff_take_u8(in, &c));
    if (shift == 63 && c > 1) return ERR_CORRUPT;
    v |= (u64)(c & 0x7f) << shift;
    if (c & 0x80) continue;
    if (c == 0 && shift > 0) return ERR_CORRUPT;
    *out = v;
    return ERR_OK;
  }
  return ERR_CORRUPT;
}

/* A count of items that take at least min bytes each. */
static err state_diff_take_cnt(slice *in, u32 *out, size_t min) {
  u64 cnt;
  TRY(state_diff_take_varint(in, &cnt));
  if (cnt > in->len / min || cnt >= 0xffffffffu) return ERR_CORRUPT;
  *out = (u32)cnt;
  return ERR_OK;
}

static err state_diff_take_be(slice *in, u256 *out, u32 len) {
  const u8 *p;
  if (len > 32) return ERR_CORRUPT;
  TRY(state_diff_take(in, &p, len));
  if (len && p[0] == 0) return ERR_CORRUPT;
  u256_from_be_len(out, p, len);
  return ERR_OK;
}

static err state_diff_take_u256(slice *in, u256 *out) {
  u32 len;
  TRY(state_diff_take_u8(in, &len));
  return state_diff_take_be(in, out, len);
}

/* A hash that is there or, without has, is none. */
static err state_diff_take_hash(slice *in, hash32 *out, bool has,
                                const hash32 *none) {
  const u8 *p;
  *out = *none;
  if (!has) return ERR_OK;
  TRY(state_diff_take(in, &p, 32));
  memcpy(out->b, p, 32);
  return hash32_eq(out, none) ? ERR_CORRUPT : ERR_OK;
}

/* before: the value whose code and root flags take over, or NULL. */
static err state_diff_take_value(slice *in, struct state_account *out,
                                 const struct state_account *before,
                                 u32 flags) {
  u32 head;
  TRY(state_diff_take_u8(in, &head));
  bool has_code = head & STATE_DIFF_HAS_CODE;
  bool has_root = head & STATE_DIFF_HAS_ROOT;
  TRY(state_diff_take_varint(in, &out->nonce));
  TRY(state_diff_take_be(in, &out->balance, head & 63));
  if (before && (flags & STATE_DIFF_SAME_CODE)) {
    out->code_hash = before->code_hash;
    if (has_code != state_diff_has_code(before)) return ERR_CORRUPT;
  } else {
    TRY(state_diff_take_hash(in, &out->code_hash, has_code,
                             &CRYPTO_KECCAK_EMPTY));
  }
  if (before && (flags & STATE_DIFF_SAME_ROOT)) {
    out->storage_root = before->storage_root;
    return has_root == state_diff_has_root(before) ? ERR_OK : ERR_CORRUPT;
  }
  return state_diff_take_hash(in, &out->storage_root, has_root,
                              &CRYPTO_KECCAK_RLP_NIL);
}

static err state_diff_take_slot(slice *in, struct state_diff_slot *s) {
  const u8 *p;
  if (in->len == 0 || in->ptr[0] != STATE_DIFF_HASHED)
    return state_diff_take_u256(in, &s->slot);
  TRY(state_diff_take(in, &p, 33));
  memcpy(s->key.b, p + 1, 32);
  s->hashed = true;
  return ERR_OK;
}

static err state_diff_take_slots(slice *in, struct state_diff_account *d,
                                 struct arena *a) {
  TRY(state_diff_take_cnt(in, &d->slot_cnt, STATE_DIFF_SLOT_MIN));
  d->slot = arena_array(a, struct state_diff_slot, d->slot_cnt);
  if (d->slot_cnt && !d->slot) return ERR_LIMIT;
  for (u32 i = 0; i < d->slot_cnt; i++) {
    TRY(state_diff_take_slot(in, &d->slot[i]));
    TRY(state_diff_take_u256(in, &d->slot[i].old_val));
    TRY(state_diff_take_u256(in, &d->slot[i].new_val));
  }
  return ERR_OK;
}

static err state_diff_take_account(slice *in, struct state_diff_account *d,
                                   struct arena *a) {
  const u8 *addr;
  u32 flags;
  TRY(state_diff_take(in, &addr, 20));
  memcpy(d->addr.b, addr, 20);
  TRY(state_diff_take_u8(in, &flags));
  if (flags & ~(u32)STATE_DIFF_FLAGS) return ERR_CORRUPT;
  d->existed = flags & STATE_DIFF_EXISTED;
  d->exists = flags & STATE_DIFF_EXISTS;
  d->wiped = flags & STATE_DIFF_WIPED;
  d->old_val.code_hash = d->new_val.code_hash = CRYPTO_KECCAK_EMPTY;
  d->old_val.storage_root = d->new_val.storage_root = CRYPTO_KECCAK_RLP_NIL;
  if (d->existed) TRY(state_diff_take_value(in, &d->old_val, NULL, 0));
  if (d->exists) {
    TRY(state_diff_take_value(in, &d->new_val,
                              d->existed ? &d->old_val : NULL, flags));
  }
  if (!d->existed && !d->exists) return ERR_CORRUPT;
  if (flags != state_diff_flags(d)) return ERR_CORRUPT;
  return state_diff_take_slots(in, d, a);
}

static err state_diff_take_codes(slice *in, struct state_diff *d,
                                 struct arena *a) {
  TRY(state_diff_take_cnt(in, &d->code_cnt, STATE_DIFF_CODE_MIN));
  d->code = arena_array(a, struct state_diff_code, d->code_cnt);
  if (d->code_cnt && !d->code) return ERR_LIMIT;
  for (u32 i = 0; i < d->code_cnt; i++) {
    u64 len;
    TRY(state_diff_take_varint(in, &len));
    if (len > in->len) return ERR_CORRUPT;
    d->code[i].code.len = (size_t)len;
    TRY(state_diff_take(in, &d->code[i].code.ptr, (size_t)len));
    crypto_keccak256(&d->code[i].hash, d->code[i].code.ptr, (size_t)len);
  }
  return ERR_OK;
}

/*------------------------------------------------- hashed keys and order */

#define STATE_DIFF_BATCH 64

static void state_diff_hash_accounts(struct state_diff *d) {
  slice in[STATE_DIFF_BATCH];
  hash32 out[STATE_DIFF_BATCH];
  for (u32 at = 0; at < d->account_cnt; at += STATE_DIFF_BATCH) {
    u32 cnt = d->account_cnt - at;
    if (cnt > STATE_DIFF_BATCH) cnt = STATE_DIFF_BATCH;
    for (u32 i = 0; i < cnt; i++) {
      in[i] = addr20_slice(&d->account[at + i].addr);
    }
    crypto_keccak256_batch(out, in, cnt);
    for (u32 i = 0; i < cnt; i++) d->account[at + i].key = out[i];
  }
}

static void state_diff_hash_slots(struct state_diff_account *d) {
  hash32 be[STATE_DIFF_BATCH], out[STATE_DIFF_BATCH];
  slice in[STATE_DIFF_BATCH];
  for (u32 at = 0; at < d->slot_cnt; at += STATE_DIFF_BATCH) {
    u32 cnt = d->slot_cnt - at;
    if (cnt > STATE_DIFF_BATCH) cnt = STATE_DIFF_BATCH;
    for (u32 i = 0; i < cnt; i++) {
      be[i] = u256_hash32(&d->slot[at + i].slot);
      in[i] = hash32_slice(&be[i]);
    }
    crypto_keccak256_batch(out, in, cnt);
    for (u32 i = 0; i < cnt; i++)
      if (!d->slot[at + i].hashed) d->slot[at + i].key = out[i];
  }
}

static err state_diff_key(struct state_diff *d) {
  state_diff_hash_accounts(d);
  for (u32 i = 0; i < d->account_cnt; i++) {
    struct state_diff_account *acct = &d->account[i];
    if (i && hash32_cmp(&acct[-1].key, &acct->key) >= 0) return ERR_CORRUPT;
    state_diff_hash_slots(acct);
    for (u32 j = 1; j < acct->slot_cnt; j++) {
      if (hash32_cmp(&acct->slot[j - 1].key, &acct->slot[j].key) >= 0) {
        return ERR_CORRUPT;
      }
    }
  }
  return ERR_OK;
}

err state_diff_decode(struct state_diff *out, slice bytes, struct arena *a) {
  u32 version;
  memset(out, 0, sizeof *out);
  TRY(state_diff_take_u8(&bytes, &version));
  if (version != STATE_DIFF_VERSION) {
    return version > STATE_DIFF_VERSION ? ERR_NEWER : ERR_CORRUPT;
  }
  TRY(state_diff_take_cnt(&bytes, &out->account_cnt, STATE_DIFF_ACCOUNT_MIN));
  out->account = arena_array(a, struct state_diff_account, out->account_cnt);
  if (out->account_cnt && !out->account) return ERR_LIMIT;
  for (u32 i = 0; i < out->account_cnt; i++) {
    TRY(state_diff_take_account(&bytes, &out->account[i], a));
  }
  TRY(state_diff_take_codes(&bytes, out, a));
  if (bytes.len) return ERR_CORRUPT;
  return state_diff_key(out);
}
