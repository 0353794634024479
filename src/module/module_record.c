/* module_record.c - typed records in the storage slots of a module's address.
**
** A field takes its bits from the lowest free ones of the current slot; one
** that does not fit begins the next.  Signed fields are two's complement of
** their width. */
#include "crypto/keccak.h"
#include "module/module.h"

void module_key_of(u256 *out, const u256 *part, u32 cnt) {
  u8 text[32 * 8];
  hash32 h;
  MUST(cnt <= 8);
  for (u32 i = 0; i < cnt; i++) u256_to_be(text + 32 * i, &part[i]);
  crypto_keccak256(&h, text, 32 * cnt);
  u256_from_be(out, h.b);
}

void module_slot_of(u256 *out, u8 type, const u256 *key) {
  u256 part[2] = {u256_from(type), *key};
  module_key_of(out, part, 2);
}

u256 module_key_addr(const addr20 *a) {
  u256 k;
  u256_from_addr(&k, a);
  return k;
}

/* Where the fields stand, in the C struct and in the slots. */
struct module_layout {
  u32 at, slot, bit;
};
static void module_layout_next(struct module_layout *l, u32 *place,
                               const struct module_field *f) {
  *place = (l->at + f->align - 1) / f->align * f->align;
  l->at = *place + f->size;
  if (l->bit + f->bits > 256) {
    l->slot++;
    l->bit = 0;
  }
}

u32 module_record_slots(const struct module_record *r) {
  struct module_layout l = {0};
  u32 place;
  for (const struct module_field *f = r->field; f->name; f++) {
    module_layout_next(&l, &place, f);
    MUST(place + f->size <= r->size);
    l.bit += f->bits;
  }
  return l.slot + 1;
}

static void module_field_load(void *dst, const struct module_field *f,
                              const u256 *slot, u32 bit) {
  u256 v, mask;
  u8 be[32];
  u256_shr(&v, slot, bit);
  if (f->bits < 256) {
    u256 one = u256_from(1);
    u256_shl(&mask, &one, f->bits);
    u256_sub(&mask, &mask, &one);
    for (u32 i = 0; i < 4; i++) v.w[i] &= mask.w[i];
    if (f->is_signed && v.w[(f->bits - 1) / 64] >> (f->bits - 1) % 64 & 1)
      for (u32 i = 0; i < 4; i++) v.w[i] |= ~mask.w[i];
  }
  if (f->kind == MODULE_UINT) {
    memcpy(dst, v.w, f->size);
    return;
  }
  u256_to_be(be, &v);
  memcpy(dst, be + 32 - f->size, f->size);
}

static void module_field_store(u256 *slot, u32 bit,
                               const struct module_field *f,
                               const void *src) {
  u256 v = U256_ZERO;
  if (f->kind == MODULE_UINT) {
    memcpy(v.w, src, f->size);
    if (f->is_signed && ((const u8 *)src)[f->size - 1] >> 7)
      memset((u8 *)v.w + f->size, 0xff, 32 - f->size);
  } else {
    u256_from_be_len(&v, src, f->size);
  }
  if (f->bits < 256) {
    /* What a field cannot hold is a bug of whoever wrote it. */
    u256 back;
    u256_shl(&v, &v, 256 - f->bits);
    u256_shr(&back, &v, 256 - f->bits);
    v = back;
  }
  u256_shl(&v, &v, bit);
  for (u32 i = 0; i < 4; i++) slot->w[i] |= v.w[i];
}

void module_record_unpack(const struct module_record *r, void *out,
                          const u256 *slot) {
  struct module_layout l = {0};
  u32 place;
  memset(out, 0, r->size);
  for (const struct module_field *f = r->field; f->name; f++) {
    module_layout_next(&l, &place, f);
    module_field_load((u8 *)out + place, f, &slot[l.slot], l.bit);
    l.bit += f->bits;
  }
}

void module_record_pack(const struct module_record *r, u256 *slot,
                        const void *in) {
  struct module_layout l = {0};
  u32 place;
  memset(slot, 0, sizeof *slot * module_record_slots(r));
  for (const struct module_field *f = r->field; f->name; f++) {
    module_layout_next(&l, &place, f);
    module_field_store(&slot[l.slot], l.bit, f, (const u8 *)in + place);
    l.bit += f->bits;
  }
}

static u256 module_slot_next(const u256 *base, u32 i) {
  u256 at, off = u256_from(i);
  u256_add(&at, base, &off);
  return at;
}

void module_record_get(struct module_call *c, const struct module_record *r,
                       void *out, const u256 *key) {
  u256 base, slot[MODULE_RECORD_SLOTS];
  u32 cnt = module_record_slots(r);
  module_slot_of(&base, r->type, key);
  for (u32 i = 0; i < cnt; i++) {
    u256 at = module_slot_next(&base, i);
    evm_native_slot(c->n, &slot[i], &at);
  }
  module_record_unpack(r, out, slot);
}

void module_record_put(struct module_call *c, const struct module_record *r,
                       const u256 *key, const void *in) {
  u256 base, slot[MODULE_RECORD_SLOTS];
  u32 cnt = module_record_slots(r);
  module_slot_of(&base, r->type, key);
  module_record_pack(r, slot, in);
  for (u32 i = 0; i < cnt; i++) {
    u256 at = module_slot_next(&base, i), old;
    evm_native_slot(c->n, &old, &at);
    if (!u256_eq(&old, &slot[i])) evm_native_slot_set(c->n, &at, &slot[i]);
  }
}

/*------------------------------------------------------------ parameters */

#define MODULE_SETTING_SET ((u64)1 << 63) /* bit 255 */

u64 module_setting_value(const struct module_setting *s, const u256 *slot) {
  return slot->w[3] & MODULE_SETTING_SET ? slot->w[0] : s->dflt;
}
u256 module_setting_word(u64 value) {
  return (u256){{value, 0, 0, MODULE_SETTING_SET}};
}
void module_setting_slot(u256 *out, u32 number) {
  u256 key = u256_from(number);
  module_slot_of(out, 0, &key);
}
u64 module_setting_get(struct module_call *c, u32 number) {
  u256 at, v;
  const struct module_row *row =
      module_row_at(c->def, MODULE_ROW_SETTING, number);
  MUST(row);
  module_setting_slot(&at, number);
  evm_native_slot(c->n, &v, &at);
  return module_setting_value(row->setting, &v);
}
