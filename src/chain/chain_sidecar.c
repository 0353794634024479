/* chain_sidecar.c - blob transactions as they travel outside of blocks.
**
**   0x03 || rlp([tx, blobs, commitments, proofs])             EIP-4844
**   0x03 || rlp([tx, 1, blobs, commitments, cell proofs])     EIP-7594
** with tx the list of the transaction's fields, blobs of 131,072 bytes,
** commitments and proofs of 48; one proof a blob, or 128.  Each versioned hash
** must be its commitment's, and every proof must hold (crypto/kzg.h).  Networks
** pass on only the second form from Osaka on; here both are taken in any fork,
** as by nodes that turn the first into the second for their users: once they are
** verified the blobs are dropped, since nobody here passes them on.
*/
#include "chain/chain_tx.h"
#include "codec/rlp.h"
#include "crypto/kzg.h"

enum { CHAIN_SIDECAR_POINT = 48 };

/* A list of cnt strings of len bytes each. */
static err chain_sidecar_list(slice *in, slice *items, u32 cnt, size_t len) {
  slice rest, str;
  u32 got;
  TRY(rlp_read_list(in, items));
  TRY(rlp_count(*items, &got));
  if (got != cnt) return ERR_INPUT;
  rest = *items;
  while (rest.len) {
    TRY(rlp_read_str(&rest, &str));
    if (str.len != len) return ERR_INPUT;
  }
  return ERR_OK;
}

/* One blob with its proofs, taken off the lists. */
static err chain_sidecar_verify(slice *blobs, slice *proofs, const u8 *point,
                                u32 proof_cnt, struct crypto_kzg_work *work) {
  u8 proof[CRYPTO_KZG_CELLS][CHAIN_SIDECAR_POINT];
  slice blob;
  TRY(rlp_read_str(blobs, &blob));
  for (u32 i = 0; i < proof_cnt; i++)
    TRY(rlp_read_fixed(proofs, proof[i], CHAIN_SIDECAR_POINT));
  return proof_cnt == 1
             ? crypto_kzg_verify_blob(point, blob.ptr, proof[0], work)
             : crypto_kzg_verify_cells(point, blob.ptr, proof[0], work);
}

static err chain_sidecar_read(slice *tx, slice in, struct arena *a,
                              struct errmsg *msg) {
  struct rlp_item item, next;
  slice fields, hashes, blobs, points, proofs, str;
  u64 version = 0;
  u32 hash_cnt;
  TRY(rlp_read(&in, &item));
  *tx = item.raw;
  slice peek = in;
  TRY(rlp_read(&peek, &next));
  if (!next.is_list) {
    TRY(rlp_read_u64(&in, &version));
    if (version != 1) return ERR_INPUT;
  }
  fields = item.payload;
  for (u32 i = 0; i < 10; i++) TRY(rlp_read(&fields, &next));
  TRY(rlp_read_list(&fields, &hashes));
  TRY(rlp_count(hashes, &hash_cnt));
  TRY(chain_sidecar_list(&in, &blobs, hash_cnt, CRYPTO_KZG_BLOB));
  TRY(chain_sidecar_list(&in, &points, hash_cnt, CHAIN_SIDECAR_POINT));
  u32 proof_cnt = version ? CRYPTO_KZG_CELLS : 1;
  TRY(chain_sidecar_list(&in, &proofs, hash_cnt * proof_cnt,
                         CHAIN_SIDECAR_POINT));
  TRY(rlp_end(in));
  struct crypto_kzg_work *work = arena_alloc_raw(a, sizeof *work);
  if (!work) return ERR_LIMIT;
  for (u32 i = 0; i < hash_cnt; i++) {
    hash32 hash, want;
    TRY(rlp_read_fixed(&hashes, hash.b, 32));
    TRY(rlp_read_str(&points, &str));
    crypto_kzg_versioned_hash(&want, str.ptr);
    if (!hash32_eq(&hash, &want))
      return err_say(msg, ERR_INVALID_TX, "blob %u: computed hash does not "
                     "match the transaction's", i);
    if (chain_sidecar_verify(&blobs, &proofs, str.ptr, proof_cnt, work) < 0)
      return err_say(msg, ERR_INVALID_TX,
                     "KZG verification error: blob %u is not what its "
                     "commitment and proof%s say", i, version ? "s" : "");
  }
  return ERR_OK;
}

err chain_tx_unwrap(slice *out, slice raw, struct arena *a,
                    struct errmsg *msg) {
  slice in = slice_of(raw.ptr + 1, raw.len ? raw.len - 1 : 0), list, peek;
  slice tx = {0};
  struct rlp_item item;
  *out = raw;
  if (raw.len == 0 || raw.ptr[0] != 3) return ERR_OK;
  err e = rlp_read_list(&in, &list);
  if (e == ERR_OK) e = rlp_end(in);
  peek = list;
  if (e == ERR_OK) e = rlp_read(&peek, &item);
  if (e == ERR_OK && !item.is_list)
    return err_say(msg, ERR_INVALID_TX, "missing sidecar in blob transaction");
  if (e == ERR_OK) e = chain_sidecar_read(&tx, list, a, msg);
  if (e == ERR_INVALID_TX) return e;
  if (e < 0) return err_say(msg, ERR_INPUT, "malformed blob transaction");
  u8 *bytes = arena_alloc(a, tx.len + 1);
  if (!bytes) return ERR_LIMIT;
  bytes[0] = 3;
  memcpy(bytes + 1, tx.ptr, tx.len);
  *out = slice_of(bytes, tx.len + 1);
  return ERR_OK;
}
