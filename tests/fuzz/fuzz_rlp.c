/* fuzz_rlp.c - what rlp_validate takes is read whole, and written again gives
** the same bytes. */
#include "codec/rlp.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static void fuzz_rlp_copy(struct buf *out, slice in) {
  struct rlp_item item;
  while (in.len) {
    slice was = in;
    u256 v;
    MUST(rlp_read(&in, &item) == ERR_OK);
    if (item.is_list) {
      size_t at = rlp_list_open(out);
      fuzz_rlp_copy(out, item.payload);
      rlp_list_close(out, at);
    } else if (rlp_read_u256(&was, &v) == ERR_OK) {
      rlp_put_u256(out, &v);
    } else {
      rlp_put_slice(out, item.payload);
    }
  }
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  slice whole = slice_of(data, len), at = whole;
  struct rlp_item item;
  u64 small;
  u32 cnt;
  u8 fixed[32];
  bool read = rlp_read(&at, &item) == ERR_OK;
  MUST(read || at.ptr == data);
  if (read) MUST(item.raw.len + at.len == len);
  bool counted = rlp_count(whole, &cnt) == ERR_OK;
  at = whole;
  if (rlp_read_u64(&at, &small) == ERR_OK) MUST(read);
  at = whole;
  if (rlp_read_fixed(&at, fixed, 32) == ERR_OK) MUST(len >= 33);
  if (rlp_validate(whole, 100) != ERR_OK) return 0;
  MUST(read && counted && cnt == 1);
  struct buf out;
  buf_init(&out, 0);
  fuzz_rlp_copy(&out, whole);
  MUST(slice_eq(buf_slice(&out), whole));
  buf_fini(&out);
  return 0;
}
