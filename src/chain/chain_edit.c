/* chain_edit.c - see chain_edit.h. */
#include "chain/chain_edit.h"

#include "chain/chain_exec.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"

const addr20 CHAIN_EDIT_SENDER = { /* the system's address of EIP-4788 */
  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}};
const addr20 CHAIN_EDIT_ADDR = {
  {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xed, 0x17}};

/*------------------------------------------------------- the unsigned form */

static bool chain_edit_sig_address(const struct chain_tx *tx, addr20 *out) {
  static const u8 zero[32];
  if (memcmp(tx->sig.s, zero, 32) != 0 || memcmp(tx->sig.r, zero, 12) != 0)
    return false;
  memcpy(out->b, tx->sig.r + 12, 20);
  return true;
}

bool chain_tx_is_unsigned(const struct chain_tx *tx) {
  addr20 from;
  return tx->has_sender && chain_edit_sig_address(tx, &from) &&
         addr20_eq(&from, &tx->sender);
}

err chain_tx_unsigned_sender(struct chain_tx *tx) {
  if (tx->sig.v != 0 || !chain_edit_sig_address(tx, &tx->sender))
    return ERR_SIGNATURE;
  for (u32 i = 0; i < tx->auth_cnt; i++) chain_auth_recover(&tx->auth[i]);
  tx->has_sender = true;
  return ERR_OK;
}

void chain_tx_make_unsigned(struct chain_tx *tx, struct arena *a) {
  struct buf b;
  memset(&tx->sig, 0, sizeof tx->sig);
  memcpy(tx->sig.r + 12, tx->sender.b, 20);
  tx->protected = tx->has_sender = true;
  tx->body = slice_of(NULL, 0);
  tx->v = tx->type ? 0 : 35 + 2 * tx->chain_id;
  buf_init(&b, 0);
  chain_tx_encode(&b, tx);
  tx->raw = arena_copy_slice(a, buf_slice(&b));
  buf_fini(&b);
  crypto_keccak256(&tx->hash, tx->raw.ptr, tx->raw.len);
}

/*------------------------------------------------------------------- edits */

bool chain_edit_is(const struct chain_tx *tx) {
  return tx->has_to && addr20_eq(&tx->to, &CHAIN_EDIT_ADDR) &&
         addr20_eq(&tx->sender, &CHAIN_EDIT_SENDER) &&
         chain_tx_is_unsigned(tx);
}

void chain_edit_make(struct chain_tx *out, u64 chain_id, u64 nonce, slice data,
                     struct arena *a) {
  *out = (struct chain_tx){.type = 2, .has_to = true, .chain_id = chain_id,
                           .nonce = nonce, .to = CHAIN_EDIT_ADDR,
                           .sender = CHAIN_EDIT_SENDER, .data = data};
  u64 floor = chain_tx_floor_gas(out, EVM_OSAKA);
  u64 intrinsic = chain_tx_intrinsic_gas(out, EVM_OSAKA);
  out->gas_limit = floor > intrinsic ? floor : intrinsic;
  chain_tx_make_unsigned(out, a);
}

struct chain_edit {
  u64 kind, nonce;
  addr20 addr;
  u256 slot, val;
  slice code;
};

static err chain_edit_read(slice *in, struct chain_edit *out) {
  slice item;
  TRY(rlp_read_list(in, &item));
  TRY(rlp_read_u64(&item, &out->kind));
  TRY(rlp_read_fixed(&item, out->addr.b, 20));
  switch (out->kind) {
    case CHAIN_EDIT_BALANCE: TRY(rlp_read_u256(&item, &out->val)); break;
    case CHAIN_EDIT_NONCE: TRY(rlp_read_u64(&item, &out->nonce)); break;
    case CHAIN_EDIT_CODE: TRY(rlp_read_str(&item, &out->code)); break;
    case CHAIN_EDIT_SLOT:
      TRY(rlp_read_u256(&item, &out->slot));
      TRY(rlp_read_u256(&item, &out->val));
      break;
    default: return ERR_INPUT;
  }
  return rlp_end(item);
}

static void chain_edit_one(struct state *s, const struct chain_edit *e) {
  switch (e->kind) {
    case CHAIN_EDIT_BALANCE: state_balance_set(s, &e->addr, &e->val); break;
    case CHAIN_EDIT_NONCE: state_nonce_set(s, &e->addr, e->nonce); break;
    case CHAIN_EDIT_CODE: state_code_set(s, &e->addr, e->code); break;
    default: state_slot_set(s, &e->addr, &e->slot, &e->val); break;
  }
}

/* fn for each item; NULL: only reads them. */
static err chain_edit_walk(struct state *s, slice data,
                           void (*fn)(struct state *s,
                                      const struct chain_edit *e)) {
  slice list;
  TRY(rlp_read_list(&data, &list));
  TRY(rlp_end(data));
  while (list.len) {
    struct chain_edit e;
    TRY(chain_edit_read(&list, &e));
    if (fn) fn(s, &e);
  }
  return ERR_OK;
}

static void chain_edit_keep(struct state *s, const struct chain_edit *e) {
  if (state_is_empty(s, &e->addr) && state_has_storage(s, &e->addr))
    state_nonce_set(s, &e->addr, 1);
}

err chain_edit_apply(struct state *s, slice data) {
  if (chain_edit_walk(s, data, NULL) < 0) return ERR_INPUT;
  err e = chain_edit_walk(s, data, chain_edit_one);
  if (e == ERR_OK) e = chain_edit_walk(s, data, chain_edit_keep);
  return e;
}

static size_t chain_edit_open(struct buf *out, enum chain_edit_kind kind,
                              const addr20 *a) {
  size_t list = rlp_list_open(out);
  rlp_put_u64(out, kind);
  rlp_put_str(out, a->b, 20);
  return list;
}

void chain_edit_put_balance(struct buf *out, const addr20 *a,
                            const u256 *wei) {
  size_t list = chain_edit_open(out, CHAIN_EDIT_BALANCE, a);
  rlp_put_u256(out, wei);
  rlp_list_close(out, list);
}

void chain_edit_put_nonce(struct buf *out, const addr20 *a, u64 nonce) {
  size_t list = chain_edit_open(out, CHAIN_EDIT_NONCE, a);
  rlp_put_u64(out, nonce);
  rlp_list_close(out, list);
}

void chain_edit_put_code(struct buf *out, const addr20 *a, slice code) {
  size_t list = chain_edit_open(out, CHAIN_EDIT_CODE, a);
  rlp_put_slice(out, code);
  rlp_list_close(out, list);
}

void chain_edit_put_slot(struct buf *out, const addr20 *a, const u256 *slot,
                         const u256 *v) {
  size_t list = chain_edit_open(out, CHAIN_EDIT_SLOT, a);
  rlp_put_u256(out, slot);
  rlp_put_u256(out, v);
  rlp_list_close(out, list);
}
