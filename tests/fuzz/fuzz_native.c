/* fuzz_native.c - the native functions.  The first byte says which, the second
** which method; the rest is the call data behind the selector as it is, or
** (first byte's top bit) what its arguments are made of, so that deep code is
** met soon.  Whatever comes, the call ends, a revert has an error's name, gas
** never grows; a text turned round twice is the same; what getRaw gives is
** JSON of the same type; x * 10^18 / 10^18 is x. */
#include "base/arena.h"
#include "module/module_host.h"
#include "native/native.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static const struct module_def *const fuzz_defs[] = {
  &native_json, &native_string, &native_decimal, &native_rsa, &native_scrypt,
  &native_ed25519, &native_merkle};
enum { FUZZ_DEFS = ARRAY_LEN(fuzz_defs), FUZZ_GAS = 3000000 };

static struct module_set *fuzz_set;
static struct evm *fuzz_evm;
static struct buf fuzz_args, fuzz_tail;

static bool native(void *ctx, struct evm_native *n) {
  (void)ctx;
  return module_run(fuzz_set, n, ~(u64)0, NULL);
}

static struct evm_result fuzz_run(u16 number) {
  struct evm_result r;
  struct evm_msg m = {.kind = EVM_CALL, .gas = FUZZ_GAS, .is_static = true,
                      .input = buf_slice(&fuzz_args)};
  module_address(&m.recipient, number);
  m.code_addr = m.recipient;
  evm_run(fuzz_evm, &r, &m);
  MUST(r.gas_left <= m.gas);
  MUST(r.status == EVM_SUCCESS || r.status == EVM_REVERT ||
       r.status == EVM_OUT_OF_GAS);
  if (r.status == EVM_REVERT) MUST(r.output.len >= 4);
  return r;
}

/*--------------------------------------------------- arguments from bytes */

struct fuzz_in { const u8 *p; size_t len; };
static u8 fuzz_byte(struct fuzz_in *in) {
  return in->len ? (in->len--, *in->p++) : 0;
}
static slice fuzz_some(struct fuzz_in *in, size_t most) {
  size_t len = fuzz_byte(in);
  if (len >= 200) len = (len - 199) * 64;
  if (len > most) len = most;
  if (len > in->len) len = in->len;
  slice s = slice_of(in->p, len);
  in->p += len, in->len -= len;
  return s;
}
static void fuzz_word(struct buf *b, u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(b, be, 32);
}
static void fuzz_text(struct buf *b, slice s) {
  static const u8 zeros[32];
  fuzz_word(b, s.len);
  buf_put_slice(b, s);
  buf_put(b, zeros, (32 - s.len % 32) % 32);
}
static void fuzz_arg(struct fuzz_in *in, const struct module_param *p) {
  u8 be[32] = {0}, cnt;
  slice s, part[8];
  switch (p->kind) {
    case MODULE_BYTES: case MODULE_STR:
      fuzz_text(&fuzz_tail, fuzz_some(in, 4000));
      return;
    case MODULE_LIST:
      s = fuzz_some(in, 2048);
      fuzz_word(&fuzz_tail, s.len / 32);
      buf_put(&fuzz_tail, s.ptr, s.len / 32 * 32);
      return;
    case MODULE_BYTESS:
      cnt = fuzz_byte(in) % 8;
      fuzz_word(&fuzz_tail, cnt);
      size_t at = 32 * (size_t)cnt;
      for (u8 i = 0; i < cnt; i++) {
        part[i] = fuzz_some(in, 500);
        fuzz_word(&fuzz_tail, at);
        at += 32 + (part[i].len + 31) / 32 * 32;
      }
      for (u8 i = 0; i < cnt; i++) fuzz_text(&fuzz_tail, part[i]);
      return;
    default:
      s = fuzz_some(in, p->bits / 8);
      if (s.len) memcpy(be + 32 - s.len, s.ptr, s.len);
      if (p->kind == MODULE_INT && s.len && s.ptr[0] >> 7)
        memset(be, 0xff, 32 - s.len);
      buf_put(&fuzz_args, be, 32);
  }
}
static bool fuzz_in_tail(const struct module_param *p) {
  return p->kind == MODULE_BYTES || p->kind == MODULE_STR ||
         p->kind == MODULE_LIST || p->kind == MODULE_BYTESS;
}
static void fuzz_make(const struct module_method *m, struct fuzz_in in) {
  u64 head = 0;
  buf_clear(&fuzz_tail);
  for (const struct module_param *p = m->in; p->name; p++) head += 32;
  for (const struct module_param *p = m->in; p->name; p++) {
    if (fuzz_in_tail(p)) fuzz_word(&fuzz_args, head + fuzz_tail.len);
    fuzz_arg(&in, p);
  }
  buf_put_slice(&fuzz_args, buf_slice(&fuzz_tail));
}
static void fuzz_selector(const char *name, const struct module_param *in) {
  u8 sel[4];
  buf_clear(&fuzz_args);
  module_signature(&fuzz_args, name, in);
  abi_selector(sel, buf_cstr(&fuzz_args));
  buf_clear(&fuzz_args);
  buf_put(&fuzz_args, sel, 4);
}

/*--------------------------------------------------------- what must hold */

static void fuzz_check(const struct module_def *def,
                       const struct module_method *m,
                       const struct evm_result *r) {
  struct buf first;
  if (r->status != EVM_SUCCESS || def == &native_rsa) return;
  buf_init(&first, 0);
  if (def == &native_string && strcmp(m->name, "reverse") == 0) {
    buf_put_slice(&first, buf_slice(&fuzz_args));
    slice out = slice_of(r->output.ptr, r->output.len);
    buf_clear(&fuzz_tail);
    buf_put_slice(&fuzz_tail, out);
    fuzz_args.len = 4;
    buf_put_slice(&fuzz_args, buf_slice(&fuzz_tail));
    struct evm_result back = fuzz_run(def->number);
    MUST(back.status == EVM_SUCCESS &&
         back.output.len == r->output.len);
  }
  if (def == &native_json && strcmp(m->name, "getRaw") == 0) {
    buf_put_slice(&first, r->output); /* offset, length, text */
    u64 text_len = load_be64(first.ptr + 56);
    fuzz_selector("typeOf", m->in);
    fuzz_word(&fuzz_args, 64);
    fuzz_word(&fuzz_args, 96 + (text_len + 31) / 32 * 32);
    buf_put(&fuzz_args, first.ptr + 32, first.len - 32);
    fuzz_word(&fuzz_args, 0);
    struct evm_result back = fuzz_run(def->number);
    MUST(back.status == EVM_SUCCESS && back.output.ptr[31] >= 1 &&
         back.output.ptr[31] <= 6);
  }
  if (def == &native_decimal && strcmp(m->name, "mul") == 0) {
    fuzz_selector("div", m->in);
    buf_put_slice(&fuzz_args, r->output);
    fuzz_word(&fuzz_args, 1000000000000000000ull);
    buf_put_slice(&first, r->output);
    struct evm_result back = fuzz_run(def->number);
    MUST(back.status == EVM_SUCCESS &&
         slice_eq(back.output, buf_slice(&first)));
  }
  buf_fini(&first);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  struct evm_host host = mh_host(NULL, native); /* slots: none */
  struct evm_block block = {.number = 7, .timestamp = 1000000};
  struct evm_tx tx = {.gas_price = U256_ZERO};
  if (len < 2) return 0;
  if (!fuzz_evm) {
    fuzz_evm = evm_open();
    fuzz_set = module_set_open(fuzz_defs, FUZZ_DEFS);
    buf_init(&fuzz_args, 0);
    buf_init(&fuzz_tail, 0);
  }
  evm_block_begin(fuzz_evm, EVM_OSAKA, &block, &host);
  evm_tx_begin(fuzz_evm, &tx);
  const struct module_def *def = fuzz_defs[(data[0] & 127) % FUZZ_DEFS];
  u32 cnt = 0;
  while (module_row_at(def, MODULE_ROW_METHOD, cnt)) cnt++;
  const struct module_method *m =
      module_row_at(def, MODULE_ROW_METHOD, data[1] % cnt)->method;
  fuzz_selector(m->name, m->in);
  if (data[0] & 128) fuzz_make(m, (struct fuzz_in){data + 2, len - 2});
  else buf_put(&fuzz_args, data + 2, len - 2);
  struct evm_result r = fuzz_run(def->number);
  fuzz_check(def, m, &r);
  return 0;
}
