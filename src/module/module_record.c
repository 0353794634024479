/* module_record.c - typed records in the storage slots of a module's address.
**
** A field takes its bits from the lowest free ones of the current slot; one
** that does not fit begins the next.  Signed fields are two's complement of
** their width.  An array's slot holds its length.  Widths are whole bytes, so
** a field is a run of a slot's bytes, lowest first; where each stands is its
** record's shape, compiled once a set. */
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

/*------------------------------------------------------------------- shapes */

/* Rounds up to what the member is aligned to. */
static u32 module_layout_place(u32 at, const struct module_field *f) {
  return (at + f->align - 1) / f->align * f->align;
}

void module_shape_make(struct module_shape *out,
                       const struct module_record *r) {
  u32 at = 0, slot = 0, bit = 0, cnt = 0;
  out->record = r;
  for (const struct module_field *f = r->field; f->name; f++, cnt++) {
    MUST(cnt < MODULE_PARAM_MAX && f->bits % 8 == 0 && f->bits <= 256);
    at = module_layout_place(at, f);
    if (bit + f->bits > 256) slot++, bit = 0;
    out->place[cnt] = (struct module_place){(u16)at, (u8)slot, (u8)(bit / 8)};
    at += f->size;
    MUST(at <= r->size && slot < MODULE_RECORD_SLOTS);
    bit += f->bits;
  }
  out->slots = slot + 1;
}

u32 module_record_slots(const struct module_record *r) {
  struct module_shape shape;
  module_shape_make(&shape, r);
  return shape.slots;
}

/* dst gets the bytes of src from its end. */
static void module_reverse(u8 *dst, const u8 *src, u32 len) {
  u64 v;
  for (; len >= 8; len -= 8, dst += 8) {
    memcpy(&v, src + len - 8, 8);
    store_be64(dst, v);
  }
  for (; len; len--) *dst++ = src[len - 1];
}

/* The number of a field's bytes in a slot; those of a number are its low
** ones. */
static u32 module_field_bytes(const struct module_field *f) {
  return f->bits / 8u;
}
static bool module_field_is_number(const struct module_field *f) {
  return f->kind == MODULE_UINT || f->kind == MODULE_BOOL;
}

static void module_field_load(void *dst, const struct module_field *f,
                              const u8 *slot) {
  u32 len = module_field_bytes(f);
  if (f->kind == MODULE_ARRAY) {
    struct module_array list = {NULL, 0};
    memcpy(&list.cnt, slot, sizeof list.cnt);
    memcpy(dst, &list, sizeof list);
  } else if (!module_field_is_number(f)) {
    module_reverse(dst, slot, f->size);
  } else if (len == 8 && f->size == 8) { /* most of them */
    memcpy(dst, slot, 8);
  } else {
    u32 have = len < f->size ? len : f->size;
    memcpy(dst, slot, have);
    if (f->is_signed && have < f->size && slot[have - 1] >> 7)
      memset((u8 *)dst + have, 0xff, f->size - have);
  }
}

/* What a field cannot hold is a bug of whoever wrote it. */
static void module_field_store(u8 *slot, const struct module_field *f,
                               const void *src) {
  u32 len = module_field_bytes(f);
  if (f->kind == MODULE_ARRAY) {
    memcpy(slot, &((const struct module_array *)src)->cnt, sizeof(u32));
  } else if (!module_field_is_number(f)) {
    module_reverse(slot, src, f->size);
  } else if (len == 8 && f->size == 8) {
    memcpy(slot, src, 8);
  } else {
    u32 have = len < f->size ? len : f->size;
    memcpy(slot, src, have);
    if (f->is_signed && have < len && ((const u8 *)src)[have - 1] >> 7)
      memset(slot + have, 0xff, len - have);
  }
}

static void module_shape_unpack(const struct module_shape *s, void *out,
                                const u256 *slot) {
  const struct module_place *p = s->place;
  memset(out, 0, s->record->size);
  for (const struct module_field *f = s->record->field; f->name; f++, p++)
    module_field_load((u8 *)out + p->at, f,
                      (const u8 *)slot[p->slot].w + p->byte);
}

static void module_shape_pack(const struct module_shape *s, u256 *slot,
                              const void *in) {
  const struct module_place *p = s->place;
  memset(slot, 0, sizeof *slot * s->slots);
  for (const struct module_field *f = s->record->field; f->name; f++, p++)
    module_field_store((u8 *)slot[p->slot].w + p->byte, f,
                       (const u8 *)in + p->at);
}

void module_record_unpack(const struct module_record *r, void *out,
                          const u256 *slot) {
  struct module_shape shape;
  module_shape_make(&shape, r);
  module_shape_unpack(&shape, out, slot);
}

void module_record_pack(const struct module_record *r, u256 *slot,
                        const void *in) {
  struct module_shape shape;
  module_shape_make(&shape, r);
  module_shape_pack(&shape, slot, in);
}

static u256 module_slot_next(const u256 *base, u32 i) {
  u256 at, off = u256_from(i);
  u256_add(&at, base, &off);
  return at;
}

/*----------------------------------------------------- whole records, metered */

static void module_slots_get(struct module_call *c, const u256 *base,
                             const struct module_shape *s, void *out) {
  u256 slot[MODULE_RECORD_SLOTS];
  for (u32 i = 0; i < s->slots; i++) {
    u256 at = module_slot_next(base, i);
    evm_native_slot(c->n, &slot[i], &at);
  }
  module_shape_unpack(s, out, slot);
}

static void module_slot_put(struct module_call *c, const u256 *at,
                            const u256 *v) {
  u256 old;
  evm_native_slot(c->n, &old, at);
  if (!u256_eq(&old, v)) evm_native_slot_set(c->n, at, v);
}

static void module_slots_put(struct module_call *c, const u256 *base,
                             const struct module_shape *s, const void *in,
                             u64 leave, bool fresh) {
  u256 slot[MODULE_RECORD_SLOTS];
  module_shape_pack(s, slot, in);
  for (u32 i = 0; i < s->slots; i++) {
    u256 at = module_slot_next(base, i);
    if (leave >> i & 1) continue;
    if (fresh) evm_native_slot_fresh(c->n, &at);
    module_slot_put(c, &at, &slot[i]);
  }
}

/* Elements from keccak256(slot) on, in steps of an element's slots. */
static u256 module_items_at(const u256 *slot) {
  u256 at;
  module_key_of(&at, slot, 1);
  return at;
}

/* Calls fn for each array with the slot of its length. */
struct module_array_job {
  u64 leave;  /* slots that stay as they are */
  bool fresh; /* of a record that was never put before */
  u32 first, most; /* the elements to load */
};
typedef void module_array_fn(struct module_call *c, const u256 *slot, u32 i,
                             const struct module_field *f,
                             struct module_array *list,
                             struct module_array_job *job);
static void module_arrays(struct module_call *c, const struct module_shape *s,
                          const u256 *base, void *rec, module_array_fn *fn,
                          struct module_array_job *job) {
  const struct module_place *p = s->place;
  for (const struct module_field *f = s->record->field; f->name; f++, p++) {
    if (f->kind != MODULE_ARRAY) continue;
    u256 slot = module_slot_next(base, p->slot);
    struct module_array list;
    memcpy(&list, (u8 *)rec + p->at, sizeof list);
    fn(c, &slot, p->slot, f, &list, job);
    memcpy((u8 *)rec + p->at, &list, sizeof list);
  }
}

static void module_array_load(struct module_call *c, const u256 *slot, u32 i,
                              const struct module_field *f,
                              struct module_array *list,
                              struct module_array_job *job) {
  (void)i;
  if (list->item) return;
  MUST(list->cnt <= f->max);
  const struct module_shape *s = module_shape_of(c->set, f->item);
  size_t size = f->item->size * (size_t)list->cnt;
  u8 *item = arena_alloc(c->a, size + 1);
  if (job->first || job->most < list->cnt) memset(item, 0, size);
  u256 first = module_items_at(slot);
  for (u32 k = job->first; k < list->cnt && k - job->first < job->most; k++) {
    u256 at = module_slot_next(&first, k * s->slots);
    module_slots_get(c, &at, s, item + f->item->size * (size_t)k);
  }
  list->item = item;
}

static void module_array_put(struct module_call *c, const u256 *slot, u32 i,
                             const struct module_field *f,
                             struct module_array *list,
                             struct module_array_job *job) {
  if (!list->item) {
    job->leave |= (u64)1 << i;
    return;
  }
  MUST(list->cnt <= f->max);
  const struct module_shape *s = module_shape_of(c->set, f->item);
  u256 first = module_items_at(slot);
  for (u32 k = 0; k < list->cnt; k++) {
    u256 at = module_slot_next(&first, k * s->slots);
    module_slots_put(c, &at, s,
                     (const u8 *)list->item + f->item->size * (size_t)k, 0,
                     job->fresh);
  }
}

void module_record_get(struct module_call *c, const struct module_record *r,
                       void *out, const u256 *key) {
  u256 base;
  module_slot_at(c, &base, r->type, key);
  module_slots_get(c, &base, module_shape_of(c->set, r), out);
}

void module_record_load(struct module_call *c, const struct module_record *r,
                        void *out, const u256 *key) {
  module_record_load_some(c, r, out, key, 0, UINT32_MAX);
}
void module_record_load_some(struct module_call *c,
                             const struct module_record *r, void *out,
                             const u256 *key, u32 first, u32 most) {
  u256 base;
  struct module_array_job job = {.first = first, .most = most};
  const struct module_shape *s = module_shape_of(c->set, r);
  module_slot_at(c, &base, r->type, key);
  module_slots_get(c, &base, s, out);
  module_arrays(c, s, &base, out, module_array_load, &job);
}

/* The record of an id that was given just now, in this call. */
static bool module_is_fresh(const struct module_call *c,
                            const struct module_record *r, const u256 *key) {
  u256 id = u256_from(c->fresh_id);
  return c->fresh_def == c->def && c->fresh_type == r->type && c->fresh_id &&
         u256_eq(key, &id);
}

void module_record_put(struct module_call *c, const struct module_record *r,
                       const u256 *key, const void *in) {
  u256 base;
  struct module_array_job job = {.fresh = module_is_fresh(c, r, key)};
  const struct module_shape *s = module_shape_of(c->set, r);
  module_slot_at(c, &base, r->type, key);
  module_arrays(c, s, &base, (void *)in, module_array_put, &job);
  module_slots_put(c, &base, s, in, job.leave, job.fresh);
}

/*---------------------------------------------------------- words, counters */

enum { MODULE_TYPE_LAST_ID = 240 }; /* key: type -> the last id given */

u256 module_word_get(struct module_call *c, u8 type, const u256 *key) {
  u256 at, v;
  module_slot_at(c, &at, type, key);
  evm_native_slot(c->n, &v, &at);
  return v;
}
void module_word_put(struct module_call *c, u8 type, const u256 *key,
                     const u256 *v) {
  u256 at;
  module_slot_at(c, &at, type, key);
  module_slot_put(c, &at, v);
}
u64 module_id_next(struct module_call *c, u8 type) {
  u256 key = u256_from(type);
  u256 v = module_word_get(c, MODULE_TYPE_LAST_ID, &key);
  v.w[0]++;
  module_word_put(c, MODULE_TYPE_LAST_ID, &key, &v);
  c->fresh_def = c->def;
  c->fresh_type = type;
  c->fresh_id = v.w[0];
  return v.w[0];
}

/*----------------------------------------------------------------- ABI text */

static bool module_record_has_header(const struct module_record *r) {
  return r->field[0].name && !strcmp(r->field[0].name, "state") &&
         r->field[1].name && !strcmp(r->field[1].name, "layout");
}
enum { MODULE_HEADER_FIELDS = 6 };

bool module_record_is_dynamic(const struct module_record *r) {
  for (const struct module_field *f = r->field; f->name; f++)
    if (f->kind == MODULE_ARRAY) return true;
  return false;
}

static const char *module_field_type(const struct module_field *f) {
  static const char *const by_size[] = {"uint8", "uint16", "uint32", "uint64"};
  switch (f->kind) {
    case MODULE_ADDR: return "address";
    case MODULE_B32: return "bytes32";
    case MODULE_B8: return "bytes8";
    case MODULE_BOOL: return "bool";
    default: break;
  }
  if (f->size == 16) return f->is_signed ? "int128" : "uint256";
  if (f->is_signed) return "int64";
  return by_size[f->size == 1 ? 0 : f->size == 2 ? 1 : f->size == 4 ? 2 : 3];
}

bool module_record_component(struct module_component *out,
                             const struct module_record *r, u32 i) {
  static const struct { const char *name, *type; } head[] = {
    {"state", "uint8"}, {"deadline", "uint64"}, {"createdAt", "uint64"},
    {"updatedAt", "uint64"}, {"flags", "uint16"}};
  bool has_head = module_record_has_header(r);
  const char *space = strchr(r->key, ' '), *comma = strchr(r->key, ',');
  memset(out, 0, sizeof *out);
  if (has_head && i < ARRAY_LEN(head)) {
    out->name = head[i].name;
    out->type = head[i].type;
  } else {
    if (has_head) i -= ARRAY_LEN(head);
    bool has_key = space && !comma;
    if (has_key && i == 0) {
      out->name = space + 1;
      out->type = r->key;
      out->name_len = (u32)strlen(out->name);
      out->type_len = (u32)(space - r->key);
      return true;
    }
    i += (has_head ? MODULE_HEADER_FIELDS : 0) - (has_key ? 1 : 0);
    u32 cnt = 0;
    while (r->field[cnt].name) cnt++;
    if (i >= cnt) return false;
    const struct module_field *f = &r->field[i];
    out->name = f->name;
    if (f->kind == MODULE_ARRAY) out->array = f;
    else out->type = module_field_type(f);
  }
  out->name_len = (u32)strlen(out->name);
  out->type_len = out->type ? (u32)strlen(out->type) : 0;
  return true;
}

static void module_abi_field(struct buf *b, const struct module_field *f,
                             const void *src) {
  u8 be[32] = {0};
  u256 v = U256_ZERO;
  switch (f->kind) {
    case MODULE_ADDR: memcpy(be + 12, src, 20); break;
    case MODULE_B32: memcpy(be, src, 32); break;
    case MODULE_B8: memcpy(be, src, 8); break;
    default:
      if (f->is_signed && ((const u8 *)src)[f->size - 1] >> 7)
        memset(v.w, 0xff, sizeof v.w);
      memcpy(v.w, src, f->size);
      u256_to_be(be, &v);
  }
  buf_put(b, be, 32);
}
static void module_abi_u64(struct buf *b, u64 v) {
  u8 be[32] = {0};
  store_be64(be + 24, v);
  buf_put(b, be, 32);
}

static void module_abi_tuple(struct module_set *set, struct buf *b,
                             const struct module_record *r, const u256 *key,
                             const u8 *rec);

static void module_abi_array(struct module_set *set, struct buf *b,
                             const struct module_field *f,
                             const struct module_array *list) {
  module_abi_u64(b, list->cnt);
  for (u32 i = 0; i < list->cnt; i++)
    module_abi_tuple(set, b, f->item, NULL,
                     (const u8 *)list->item + f->item->size * (size_t)i);
}

static void module_abi_head(struct buf *b, const struct module_record *r,
                            const u256 *key, const u8 *rec) {
  if (module_record_has_header(r)) {
    const struct module_header *h = (const void *)rec;
    const u64 v[] = {h->state, h->deadline, h->created, h->updated, h->flags};
    for (u32 i = 0; i < ARRAY_LEN(v); i++) module_abi_u64(b, v[i]);
  }
  if (key && strchr(r->key, ' ') && !strchr(r->key, ',')) {
    u8 be[32];
    u256_to_be(be, key);
    buf_put(b, be, 32);
  }
}

static void module_abi_tuple(struct module_set *set, struct buf *b,
                             const struct module_record *r, const u256 *key,
                             const u8 *rec) {
  const struct module_place *place = module_shape_of(set, r)->place;
  size_t start = b->len, pos[MODULE_PARAM_MAX];
  u32 skip = module_record_has_header(r) ? MODULE_HEADER_FIELDS : 0;
  module_abi_head(b, r, key, rec);
  for (u32 i = skip; r->field[i].name; i++) {
    const struct module_field *f = &r->field[i];
    pos[i] = b->len;
    if (f->kind == MODULE_ARRAY) module_abi_u64(b, 0);
    else module_abi_field(b, f, rec + place[i].at);
  }
  for (u32 i = skip; r->field[i].name; i++) {
    struct module_array list;
    if (r->field[i].kind != MODULE_ARRAY) continue;
    memcpy(&list, rec + place[i].at, sizeof list);
    store_be64(b->ptr + pos[i] + 24, b->len - start);
    module_abi_array(set, b, &r->field[i], &list);
  }
}

static slice module_record_text(struct module_call *c,
                                const struct module_record *r,
                                const u256 *key, const void *rec, bool bytes) {
  struct buf b;
  u256 base;
  struct module_array_job job = {0};
  u8 *copy = arena_copy(c->a, rec, r->size);
  if (module_record_is_dynamic(r)) {
    module_slot_at(c, &base, r->type, key);
    module_arrays(c, module_shape_of(c->set, r), &base, copy,
                  module_array_load, &job);
  }
  buf_init(&b, 0);
  if (bytes && module_record_is_dynamic(r)) module_abi_u64(&b, 32);
  module_abi_tuple(c->set, &b, r, key, copy);
  slice s = arena_copy_slice(c->a, buf_slice(&b));
  buf_fini(&b);
  return s;
}
slice module_record_abi(struct module_call *c, const struct module_record *r,
                        const u256 *key, const void *rec) {
  return module_record_text(c, r, key, rec, false);
}
slice module_record_bytes(struct module_call *c, const struct module_record *r,
                          const u256 *key, const void *rec) {
  return module_record_text(c, r, key, rec, true);
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
  u256 key = u256_from(number);
  MUST(row);
  module_slot_at(c, &at, 0, &key);
  evm_native_slot(c->n, &v, &at);
  return module_setting_value(row->setting, &v);
}
u128 module_setting_money(struct module_call *c, u32 number) {
  return (u128)module_setting_get(c, number) *
         module_row_at(c->def, MODULE_ROW_SETTING, number)->setting->scale;
}
