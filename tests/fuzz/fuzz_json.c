/* fuzz_json.c - what json_read takes is written and read again to an equal
** value; any bytes at all make a well-formed string. */
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  struct buf out;
  struct jsonw w;
  struct errmsg msg;
  json_t *v = json_read(slice_of(data, len), &msg), *again;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  if (v) {
    jsonw_json(&w, v);
    MUST(jsonw_done(&w));
    again = json_read(buf_slice(&out), &msg);
    MUST(again && json_equal(v, again));
    json_decref(again);
    json_decref(v);
  }
  /* NUL is the one letter the reader refuses */
  if (len && memchr(data, 0, len)) len = (size_t)((const u8 *)memchr(data, 0, len) - data);
  buf_clear(&out);
  jsonw_init(&w, &out);
  jsonw_str_len(&w, slice_of(data, len));
  again = json_read(buf_slice(&out), &msg);
  MUST(again && json_is_string(again));
  json_decref(again);
  buf_fini(&out);
  return 0;
}
