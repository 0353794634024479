/* chain_request.c - requests to the consensus layer (EIP-7685): deposits out of
** logs (EIP-6110), withdrawals (EIP-7002) and consolidations (EIP-7251) out of
** the output of system calls at the block's end.
**
** A deposit's log data is the ABI encoding of five byte strings: offsets 160,
** 256, 320, 384, 512; lengths 48, 32, 8, 96, 8; 576 bytes.  Its request is the
** five, one after the other.
*/
#include "chain/chain_import.h"
#include "crypto/hash.h"

enum { CHAIN_REQUEST_DEPOSIT_LEN = 576, CHAIN_REQUEST_FIELDS = 5 };

const addr20 CHAIN_DEPOSIT_ADDR = {
  {0x00, 0x00, 0x00, 0x00, 0x21, 0x9a, 0xb5, 0x40, 0x35, 0x6c,
   0xbb, 0x83, 0x9c, 0xbe, 0x05, 0x30, 0x3d, 0x77, 0x05, 0xfa}};
static const addr20 chain_request_withdrawals = { /* EIP-7002 */
  {0x00, 0x00, 0x09, 0x61, 0xef, 0x48, 0x0e, 0xb5, 0x5e, 0x80,
   0xd1, 0x9a, 0xd8, 0x35, 0x79, 0xa6, 0x4c, 0x00, 0x70, 0x02}};
static const addr20 chain_request_consolidations = { /* EIP-7251 */
  {0x00, 0x00, 0xbb, 0xdd, 0xc7, 0xce, 0x48, 0x86, 0x42, 0xfb,
   0x57, 0x9f, 0x8b, 0x00, 0xf3, 0xa5, 0x90, 0x00, 0x72, 0x51}};
/* DepositEvent(bytes,bytes,bytes,bytes,bytes) */
static const hash32 chain_request_deposit_topic = {
  {0x64, 0x9b, 0xbc, 0x62, 0xd0, 0xe3, 0x13, 0x42, 0xaf, 0xea, 0x4e,
   0x5c, 0xd8, 0x2d, 0x40, 0x49, 0xe7, 0xe1, 0xee, 0x91, 0x2f, 0xc0,
   0x88, 0x9a, 0xa7, 0x90, 0x80, 0x3b, 0xe3, 0x90, 0x38, 0xc5}};

static bool chain_request_word_is(const u8 *word, u64 v) {
  static const u8 zeros[24];
  return memcmp(word, zeros, 24) == 0 && load_be64(word + 24) == v;
}

/* Appends the deposit of a log; false when its data has another layout. */
static bool chain_request_deposit(struct buf *out, slice data) {
  static const u16 offset[CHAIN_REQUEST_FIELDS] = {160, 256, 320, 384, 512};
  static const u16 len[CHAIN_REQUEST_FIELDS] = {48, 32, 8, 96, 8};
  if (data.len != CHAIN_REQUEST_DEPOSIT_LEN) return false;
  for (u32 i = 0; i < CHAIN_REQUEST_FIELDS; i++) {
    if (!chain_request_word_is(data.ptr + 32 * i, offset[i])) return false;
    if (!chain_request_word_is(data.ptr + offset[i], len[i])) return false;
  }
  for (u32 i = 0; i < CHAIN_REQUEST_FIELDS; i++)
    buf_put(out, data.ptr + offset[i] + 32, len[i]);
  return true;
}

static bool chain_request_deposits(struct buf *out,
                                   const struct chain_receipt *r, u32 cnt,
                                   const addr20 *contract) {
  for (u32 i = 0; i < cnt; i++)
    for (u32 k = 0; k < r[i].log_cnt; k++) {
      const struct state_log *log = &r[i].log[k];
      if (log->topic_cnt > 0 && addr20_eq(&log->addr, contract) &&
          hash32_eq(&log->topic[0], &chain_request_deposit_topic) &&
          !chain_request_deposit(out, log->data))
        return false;
    }
  return true;
}

/* Adds the hash of a list, its type byte before it, unless it is empty. */
static void chain_request_add(struct buf *hashes, struct buf *list,
                              struct chain_requests *keep) {
  hash32 h;
  if (list->len <= 1) return;
  crypto_sha256(h.b, list->ptr, list->len);
  buf_put(hashes, h.b, 32);
  if (keep) keep->list[keep->cnt++] = arena_copy_slice(keep->a, buf_slice(list));
}

err chain_requests_hash(hash32 *out, struct chain_exec *x,
                        const struct chain_receipt *receipts, u32 cnt,
                        const addr20 *deposit_contract,
                        struct chain_requests *keep, struct errmsg *msg) {
  const addr20 *const call[] = {&chain_request_withdrawals,
                                &chain_request_consolidations};
  struct buf list, hashes;
  err e = ERR_OK;
  buf_init(&list, 0);
  buf_init(&hashes, 0);
  buf_put_u8(&list, 0);
  if (!chain_request_deposits(&list, receipts, cnt, deposit_contract))
    e = err_say(msg, ERR_INVALID_BLOCK, "deposit event of another layout");
  chain_request_add(&hashes, &list, keep);
  for (u32 i = 0; i < ARRAY_LEN(call) && e == ERR_OK; i++) {
    slice output;
    buf_clear(&list);
    buf_put_u8(&list, (u8)(i + 1));
    if (chain_exec_system(x, &output, call[i], slice_of(NULL, 0)) < 0)
      e = err_say(msg, ERR_INVALID_BLOCK,
                  "system call for requests of type %u failed", i + 1);
    buf_put_slice(&list, output);
    chain_request_add(&hashes, &list, keep);
  }
  crypto_sha256(out->b, hashes.ptr, hashes.len);
  buf_fini(&hashes);
  buf_fini(&list);
  return e;
}
