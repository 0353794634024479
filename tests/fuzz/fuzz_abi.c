/* fuzz_abi.c - the input is a type text, a newline, and data.  What decodes
** encodes, and decodes from there to the same encoding. */
#include "codec/abi.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  struct arena a;
  struct buf one, two;
  struct abi_type t;
  struct abi_value v;
  struct errmsg msg;
  const u8 *nl = len ? memchr(data, '\n', len) : NULL;
  arena_init(&a, 1 << 16, 32 << 20);
  buf_init(&one, 1 << 20);
  buf_init(&two, 1 << 20);
  size_t text_len = nl ? (size_t)(nl - data) : len;
  buf_put(&one, data, text_len);
  if (abi_parse_types(&t, &a, buf_cstr(&one), &msg) == ERR_OK) {
    slice args = nl ? slice_of(nl + 1, len - text_len - 1) : slice_of(NULL, 0);
    buf_clear(&one);
    if (abi_decode(&v, &a, &t, args) == ERR_OK &&
        abi_encode(&one, &t, &v) == ERR_OK) {
      err e = abi_decode(&v, &a, &t, buf_slice(&one));
      MUST(e == ERR_OK || (e == ERR_LIMIT && a.over));
      if (e == ERR_OK) {
        MUST(abi_encode(&two, &t, &v) == ERR_OK);
        MUST(slice_eq(buf_slice(&one), buf_slice(&two)));
      }
    }
  }
  buf_clear(&two);
  (void)abi_revert_reason(&two, slice_of(data, len));
  buf_fini(&two);
  buf_fini(&one);
  arena_fini(&a);
  return 0;
}
