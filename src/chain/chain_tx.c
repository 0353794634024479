/* chain_tx.c - decoding, signing and encoding of transactions.
**
** Envelope (EIP-2718): a legacy transaction is a bare RLP list (first byte
** 0xc0 or above); the others are a type byte and an RLP list:
**
**   0  nonce gasPrice gas to value data                        | v r s
**   1  chainId nonce gasPrice gas to value data access         | y r s
**   2  chainId nonce tip maxFee gas to value data access       | y r s
**   3  .. as 2 .. maxBlobFee blobHashes                        | y r s
**   4  .. as 2 .. authorizations                               | y r s
**
** access = [[address, [slot, ...]], ...], authorization = [chainId, address,
** nonce, y, r, s].  What is before the bar is signed: keccak256(type || rlp of
** it), for a legacy transaction of EIP-155 followed by chainId, 0, 0.
** A legacy v is 27 or 28, or 35 + 2 * chainId + y.
**
** Everything is checked strictly: shortest integers, exact lengths, no bytes
** left over.  Decoding copies nothing but access lists, blob hashes and
** authorizations, into the arena, each at most as large as its bytes times
** a small constant.
*/
#include "chain/chain_tx.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"

enum { CHAIN_TX_BODY = 1, CHAIN_TX_SIGNED = 2 };

/*-------------------------------------------------------------- decoding */

const addr20 CHAIN_SYSTEM_ADDR = {
  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
   0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe}};

/* What follows from chain id and height. */
static void chain_tx_fill_system(struct chain_tx *tx) {
  static const u8 on_block[4] = {0xa2, 0xa1, 0x48, 0x17}; /* onBlock() */
  tx->type = CHAIN_TX_TYPE_SYSTEM;
  tx->protected = tx->has_to = tx->has_sender = true;
  tx->sender = CHAIN_SYSTEM_ADDR;
  tx->to = (addr20){{[18] = 0x10, [19] = 0x05}};
  tx->data = slice_of(on_block, sizeof on_block);
  crypto_keccak256(&tx->hash, tx->raw.ptr, tx->raw.len);
}

void chain_tx_system(struct chain_tx *out, u64 chain_id, u64 height,
                     struct arena *a) {
  struct buf b;
  memset(out, 0, sizeof *out);
  out->chain_id = chain_id;
  out->nonce = height;
  buf_init(&b, 0);
  buf_put_u8(&b, CHAIN_TX_TYPE_SYSTEM);
  size_t list = rlp_list_open(&b);
  rlp_put_u64(&b, chain_id);
  rlp_put_u64(&b, height);
  rlp_list_close(&b, list);
  out->raw = arena_copy_slice(a, buf_slice(&b));
  buf_fini(&b);
  chain_tx_fill_system(out);
}

/* One field; on failure says which and leaves the function. */
#define CHAIN_TX_FIELD(name, expr) \
  do { \
    err field_e_ = (expr); \
    if (UNLIKELY(field_e_ < 0)) \
      return err_say(msg, field_e_, "rlp: malformed transaction field %s", \
                     name); \
  } while (0)

static err chain_tx_read_to(slice *in, struct chain_tx *tx) {
  slice s;
  TRY(rlp_read_str(in, &s));
  tx->has_to = s.len != 0;
  if (!tx->has_to) return ERR_OK;
  if (s.len != 20) return ERR_INPUT;
  memcpy(tx->to.b, s.ptr, 20);
  return ERR_OK;
}

static err chain_tx_read_word(slice *in, u8 out[32]) {
  u256 v;
  TRY(rlp_read_u256(in, &v));
  u256_to_be(out, &v);
  return ERR_OK;
}

static err chain_tx_read_access(slice *in, struct chain_tx *tx,
                                struct arena *a) {
  slice list;
  u32 cnt;
  TRY(rlp_read_list(in, &list));
  if (list.len == 0) return ERR_OK;
  TRY(rlp_count(list, &cnt));
  struct chain_access *out = arena_array(a, struct chain_access, cnt);
  if (!out) return ERR_LIMIT;
  for (u32 i = 0; i < cnt; i++) {
    slice entry, keys;
    TRY(rlp_read_list(&list, &entry));
    TRY(rlp_read_fixed(&entry, out[i].addr.b, 20));
    TRY(rlp_read_list(&entry, &keys));
    TRY(rlp_end(entry));
    /* Each key takes 33 bytes: checked before memory is asked for. */
    if (keys.len % 33 != 0) return ERR_INPUT;
    out[i].slot_cnt = (u32)(keys.len / 33);
    u256 *slot = arena_array(a, u256, out[i].slot_cnt);
    if (!slot) return ERR_LIMIT;
    for (u32 k = 0; k < out[i].slot_cnt; k++) {
      u8 word[32];
      TRY(rlp_read_fixed(&keys, word, 32));
      u256_from_be(&slot[k], word);
    }
    out[i].slot = slot;
  }
  tx->access = out;
  tx->access_cnt = cnt;
  return ERR_OK;
}

static err chain_tx_read_blobs(slice *in, struct chain_tx *tx,
                               struct arena *a) {
  slice list;
  TRY(rlp_read_list(in, &list));
  if (list.len % 33 != 0) return ERR_INPUT;
  u32 cnt = (u32)(list.len / 33);
  hash32 *out = arena_array(a, hash32, cnt);
  if (!out) return ERR_LIMIT;
  for (u32 i = 0; i < cnt; i++) TRY(rlp_read_fixed(&list, out[i].b, 32));
  tx->blob_hash = out;
  tx->blob_cnt = cnt;
  return ERR_OK;
}

static err chain_tx_read_auths(slice *in, struct chain_tx *tx,
                               struct arena *a) {
  slice list;
  u32 cnt;
  TRY(rlp_read_list(in, &list));
  TRY(rlp_count(list, &cnt));
  struct chain_auth *out = arena_array(a, struct chain_auth, cnt);
  if (!out) return ERR_LIMIT;
  for (u32 i = 0; i < cnt; i++) {
    slice e;
    TRY(rlp_read_list(&list, &e));
    TRY(rlp_read_u256(&e, &out[i].chain_id));
    TRY(rlp_read_fixed(&e, out[i].addr.b, 20));
    TRY(rlp_read_u64(&e, &out[i].nonce));
    TRY(rlp_read_u256(&e, &out[i].y_parity));
    if (u256_bits(&out[i].y_parity) > 8) return ERR_RANGE;
    out[i].sig.v = (u8)out[i].y_parity.w[0];
    TRY(chain_tx_read_word(&e, out[i].sig.r));
    TRY(chain_tx_read_word(&e, out[i].sig.s));
    TRY(rlp_end(e));
  }
  tx->auth = out;
  tx->auth_cnt = cnt;
  return ERR_OK;
}

static err chain_tx_read_body(slice *in, struct chain_tx *tx, struct arena *a,
                              struct errmsg *msg) {
  if (tx->type != 0) {
    CHAIN_TX_FIELD("chainId", rlp_read_u64(in, &tx->chain_id));
    tx->protected = true;
  }
  CHAIN_TX_FIELD("nonce", rlp_read_u64(in, &tx->nonce));
  if (tx->type >= 2) {
    CHAIN_TX_FIELD("maxPriorityFeePerGas",
                   rlp_read_u256(in, &tx->max_priority_fee));
    CHAIN_TX_FIELD("maxFeePerGas", rlp_read_u256(in, &tx->gas_price));
  } else {
    CHAIN_TX_FIELD("gasPrice", rlp_read_u256(in, &tx->gas_price));
    tx->max_priority_fee = tx->gas_price;
  }
  CHAIN_TX_FIELD("gas", rlp_read_u64(in, &tx->gas_limit));
  CHAIN_TX_FIELD("to", chain_tx_read_to(in, tx));
  if (tx->type >= 3 && !tx->has_to)
    return err_say(msg, ERR_INPUT, "rlp: input string too short for "
                   "common.Address, decoding into (types.%s).To",
                   tx->type == 3 ? "BlobTx" : "SetCodeTx");
  CHAIN_TX_FIELD("value", rlp_read_u256(in, &tx->value));
  CHAIN_TX_FIELD("data", rlp_read_str(in, &tx->data));
  if (tx->type != 0)
    CHAIN_TX_FIELD("accessList", chain_tx_read_access(in, tx, a));
  if (tx->type == 3) {
    CHAIN_TX_FIELD("maxFeePerBlobGas", rlp_read_u256(in, &tx->max_blob_fee));
    CHAIN_TX_FIELD("blobVersionedHashes", chain_tx_read_blobs(in, tx, a));
  }
  if (tx->type == 4)
    CHAIN_TX_FIELD("authorizationList", chain_tx_read_auths(in, tx, a));
  return ERR_OK;
}

static err chain_tx_read_sig(slice *in, struct chain_tx *tx,
                             struct errmsg *msg) {
  CHAIN_TX_FIELD("v", rlp_read_u64(in, &tx->v));
  CHAIN_TX_FIELD("r", chain_tx_read_word(in, tx->sig.r));
  CHAIN_TX_FIELD("s", chain_tx_read_word(in, tx->sig.s));
  u64 y = tx->v;
  if (tx->type == 0 && tx->v >= 35) {
    tx->protected = true;
    tx->chain_id = (tx->v - 35) / 2;
    y = (tx->v - 35) % 2;
  } else if (tx->type == 0) {
    y = tx->v - 27; /* wraps for what is below: refused next */
  }
  if (y > 1)
    return err_say(msg, ERR_INPUT, "invalid transaction v, r, s values");
  tx->sig.v = (u8)y;
  return ERR_OK;
}
#undef CHAIN_TX_FIELD

static err chain_tx_read_system(struct chain_tx *tx, struct errmsg *msg) {
  slice in = slice_of(tx->raw.ptr + 1, tx->raw.len - 1), items;
  if (rlp_read_list(&in, &items) < 0 ||
      rlp_read_u64(&items, &tx->chain_id) < 0 ||
      rlp_read_u64(&items, &tx->nonce) < 0 || in.len || items.len)
    return err_say(msg, ERR_UNSUPPORTED, "transaction type not supported");
  chain_tx_fill_system(tx);
  return ERR_OK;
}

err chain_tx_decode(struct chain_tx *out, slice raw, struct arena *a,
                    struct errmsg *msg) {
  memset(out, 0, sizeof(*out));
  out->raw = raw;
  if (raw.len == 0) return err_say(msg, ERR_INPUT, "typed transaction too short");
  slice in = raw, items;
  if (raw.ptr[0] == CHAIN_TX_TYPE_SYSTEM) return chain_tx_read_system(out, msg);
  if (raw.ptr[0] < 0x80) {
    out->type = raw.ptr[0];
    if (out->type < 1 || out->type > CHAIN_TX_TYPE_MAX)
      return err_say(msg, ERR_UNSUPPORTED, "transaction type not supported");
    in.ptr++;
    in.len--;
  }
  err e = rlp_read_list(&in, &items);
  if (e < 0) return err_say(msg, e, "rlp: expected a list of transaction fields");
  if (in.len != 0)
    return err_say(msg, ERR_INPUT, "rlp: %zu bytes after the transaction",
                   in.len);
  const u8 *start = items.ptr;
  TRY(chain_tx_read_body(&items, out, a, msg));
  out->body = slice_of(start, (size_t)(items.ptr - start));
  TRY(chain_tx_read_sig(&items, out, msg));
  if (items.len != 0)
    return err_say(msg, ERR_INPUT, "rlp: too many transaction fields");
  crypto_keccak256(&out->hash, raw.ptr, raw.len);
  return ERR_OK;
}

/*-------------------------------------------------------------- encoding */

static void chain_tx_put_access(struct buf *b, const struct chain_tx *tx) {
  size_t list = rlp_list_open(b);
  for (u32 i = 0; i < tx->access_cnt; i++) {
    const struct chain_access *e = &tx->access[i];
    size_t entry = rlp_list_open(b);
    rlp_put_str(b, e->addr.b, 20);
    size_t keys = rlp_list_open(b);
    for (u32 k = 0; k < e->slot_cnt; k++) {
      hash32 word = u256_hash32(&e->slot[k]);
      rlp_put_str(b, word.b, 32);
    }
    rlp_list_close(b, keys);
    rlp_list_close(b, entry);
  }
  rlp_list_close(b, list);
}

static void chain_tx_put_word(struct buf *b, const u8 word[32]) {
  u256 v;
  u256_from_be(&v, word);
  rlp_put_u256(b, &v);
}

static void chain_tx_put_auths(struct buf *b, const struct chain_tx *tx) {
  size_t list = rlp_list_open(b);
  for (u32 i = 0; i < tx->auth_cnt; i++) {
    const struct chain_auth *e = &tx->auth[i];
    size_t entry = rlp_list_open(b);
    rlp_put_u256(b, &e->chain_id);
    rlp_put_str(b, e->addr.b, 20);
    rlp_put_u64(b, e->nonce);
    rlp_put_u256(b, &e->y_parity);
    chain_tx_put_word(b, e->sig.r);
    chain_tx_put_word(b, e->sig.s);
    rlp_list_close(b, entry);
  }
  rlp_list_close(b, list);
}

static void chain_tx_put_body(struct buf *b, const struct chain_tx *tx) {
  if (tx->type != 0) rlp_put_u64(b, tx->chain_id);
  rlp_put_u64(b, tx->nonce);
  if (tx->type >= 2) rlp_put_u256(b, &tx->max_priority_fee);
  rlp_put_u256(b, &tx->gas_price);
  rlp_put_u64(b, tx->gas_limit);
  rlp_put_str(b, tx->to.b, tx->has_to ? 20 : 0);
  rlp_put_u256(b, &tx->value);
  rlp_put_slice(b, tx->data);
  if (tx->type != 0) chain_tx_put_access(b, tx);
  if (tx->type == 3) {
    rlp_put_u256(b, &tx->max_blob_fee);
    size_t list = rlp_list_open(b);
    for (u32 i = 0; i < tx->blob_cnt; i++)
      rlp_put_str(b, tx->blob_hash[i].b, 32);
    rlp_list_close(b, list);
  }
  if (tx->type == 4) chain_tx_put_auths(b, tx);
}

/* The envelope, signed, or what is signed. */
static void chain_tx_put(struct buf *b, const struct chain_tx *tx, int what) {
  if (tx->type != 0) buf_put_u8(b, tx->type);
  size_t list = rlp_list_open(b);
  chain_tx_put_body(b, tx);
  if (what == CHAIN_TX_SIGNED) {
    rlp_put_u64(b, tx->v);
    chain_tx_put_word(b, tx->sig.r);
    chain_tx_put_word(b, tx->sig.s);
  } else if (tx->type == 0 && tx->protected) {
    rlp_put_u64(b, tx->chain_id);
    rlp_put_u64(b, 0);
    rlp_put_u64(b, 0);
  }
  rlp_list_close(b, list);
}

void chain_tx_encode(struct buf *out, const struct chain_tx *tx) {
  chain_tx_put(out, tx, CHAIN_TX_SIGNED);
}

/*------------------------------------------------------ signing, senders */

/* rlp of (chainId, 0, 0); at most 11 bytes. */
static u32 chain_tx_eip155_tail(u8 out[11], u64 chain_id) {
  u32 len = 0;
  if (chain_id >= 0x80) {
    u8 be[8];
    u32 skip = (u32)__builtin_clzll(chain_id) / 8;
    store_be64(be, chain_id);
    out[len++] = (u8)(0x80 + 8 - skip);
    memcpy(out + len, be + skip, 8 - skip);
    len += 8 - skip;
  } else {
    out[len++] = chain_id ? (u8)chain_id : 0x80;
  }
  out[len++] = 0x80;
  out[len++] = 0x80;
  return len;
}

void chain_tx_signing_hash(hash32 *out, const struct chain_tx *tx) {
  if (tx->body.len == 0) {
    struct buf b;
    buf_init(&b, 0);
    chain_tx_put(&b, tx, CHAIN_TX_BODY);
    crypto_keccak256(out, b.ptr, b.len);
    buf_fini(&b);
    return;
  }
  u8 head[10], tail[11];
  u32 head_len = 0, tail_len = 0;
  if (tx->type == 0 && tx->protected)
    tail_len = chain_tx_eip155_tail(tail, tx->chain_id);
  if (tx->type != 0) head[head_len++] = tx->type;
  head_len += rlp_prefix(head + head_len, tx->body.len + tail_len, true);
  struct keccak k;
  keccak_init(&k);
  keccak_update(&k, head, head_len);
  keccak_update(&k, tx->body.ptr, tx->body.len);
  keccak_update(&k, tail, tail_len);
  keccak_final(&k, out);
}

void chain_auth_recover(struct chain_auth *auth) {
  hash32 digest;
  struct buf b;
  auth->has_authority = false;
  if (u256_bits(&auth->y_parity) > 1 || !crypto_sig_in_range(&auth->sig) ||
      crypto_sig_s_is_high(auth->sig.s))
    return;
  buf_init(&b, 0);
  buf_put_u8(&b, 0x05); /* EIP-7702's domain */
  size_t list = rlp_list_open(&b);
  rlp_put_u256(&b, &auth->chain_id);
  rlp_put_str(&b, auth->addr.b, 20);
  rlp_put_u64(&b, auth->nonce);
  rlp_list_close(&b, list);
  crypto_keccak256(&digest, b.ptr, b.len);
  buf_fini(&b);
  auth->has_authority =
      crypto_recover_addr(&auth->authority, &digest, &auth->sig) == ERR_OK;
}

static bool chain_tx_sig_ok(const struct chain_tx *tx) {
  return crypto_sig_in_range(&tx->sig) &&
         !(tx->protected && crypto_sig_s_is_high(tx->sig.s));
}

static void chain_tx_senders_group(struct chain_tx *const *tx, err *res,
                                   u32 cnt) {
  hash32 digest[CRYPTO_RECOVER_GROUP] = {0};
  struct sig65 sig[CRYPTO_RECOVER_GROUP] = {0};
  addr20 sender[CRYPTO_RECOVER_GROUP];
  err got[CRYPTO_RECOVER_GROUP];
  u32 at[CRYPTO_RECOVER_GROUP], good = 0;
  for (u32 i = 0; i < cnt; i++) {
    tx[i]->has_sender = false;
    res[i] = ERR_SIGNATURE;
    if (!chain_tx_sig_ok(tx[i])) continue;
    chain_tx_signing_hash(&digest[good], tx[i]);
    sig[good] = tx[i]->sig;
    at[good++] = i;
  }
  crypto_recover_addr_batch(sender, got, digest, sig, good);
  for (u32 g = 0; g < good; g++) {
    struct chain_tx *t = tx[at[g]];
    res[at[g]] = got[g];
    if (got[g] < 0) continue;
    t->sender = sender[g];
    for (u32 i = 0; i < t->auth_cnt; i++) chain_auth_recover(&t->auth[i]);
    t->has_sender = true;
  }
}

void chain_tx_senders(struct chain_tx *const *tx, err *res, u32 cnt) {
  for (u32 i = 0; i < cnt; i += CRYPTO_RECOVER_GROUP) {
    u32 n = cnt - i < CRYPTO_RECOVER_GROUP ? cnt - i : CRYPTO_RECOVER_GROUP;
    chain_tx_senders_group(tx + i, res + i, n);
  }
}

err chain_tx_sender(struct chain_tx *tx) {
  err e;
  chain_tx_senders_group(&tx, &e, 1);
  return e;
}

err chain_tx_sign(struct chain_tx *tx, const u8 key[32], struct arena *a) {
  hash32 digest;
  tx->body = slice_of(NULL, 0);
  if (tx->type != 0) tx->protected = true;
  chain_tx_signing_hash(&digest, tx);
  TRY(crypto_sign(&tx->sig, key, &digest));
  TRY(crypto_key_addr(&tx->sender, key));
  tx->has_sender = true;
  tx->v = tx->type != 0   ? tx->sig.v
          : tx->protected ? 35 + 2 * tx->chain_id + tx->sig.v
                          : 27u + tx->sig.v;
  struct buf b;
  buf_init(&b, 0);
  chain_tx_encode(&b, tx);
  tx->raw = arena_copy_slice(a, buf_slice(&b));
  buf_fini(&b);
  crypto_keccak256(&tx->hash, tx->raw.ptr, tx->raw.len);
  return ERR_OK;
}
