/* rpc_commerce.c - what the methods of commerce are made of (rpc_commerce.h):
** records from state, rows from the tables of projections, documents from
** content, events from receipts, all of one moment.
**
** A list is one query over one table, whose conditions and order come from the
** list's description; a page ends with a cursor: the value that its last item
** was ordered by, and that row's number.  Rows are copied before anything else
** is read, since that uses the same connection. */
#include "rpc/rpc_commerce.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/rpc_param.h"
#include "shop/shop_market.h"
#include "shop/shop_platform.h"

#define SHOP_LIMIT 50u
#define SHOP_LIMIT_MAX 200u
#define SHOP_TIMELINE 200u

err rpc_shop_begin(struct rpc_call *c, struct rpc_shop *q) {
  memset(q, 0, sizeof *q);
  q->c = c;
  if (node_is_plain(c->node))
    return rpc_fail(c, RPC_ERR_SERVER, "this chain has no modules of trade");
  TRY(rpc_read(c, &q->r));
  q->s = node_read_store(q->r);
  q->head = node_read_head(q->r);
  err e = node_read_state(q->r, &q->src, q->head);
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}
err rpc_shop_begin_party(struct rpc_call *c, struct rpc_shop *q,
                         const addr20 **party) {
  TRY(rpc_shop_begin(c, q));
  *party = arena_copy(c->a, &c->arg[0].addr, sizeof **party);
  return *party ? ERR_OK : rpc_shop_fail(q, ERR_LIMIT);
}
err rpc_shop_fail(struct rpc_shop *q, err e) {
  return q->c->fault.code ? ERR_INPUT : rpc_fail_err(q->c, e);
}

/*------------------------------------------------------------------- names */
const char *rpc_shop_camel(char out[64], const char *name, size_t len) {
  size_t n = 0;
  bool up = false;
  for (size_t i = 0; i < len && n + 1 < 64; i++) {
    if (name[i] == '_') {
      up = n > 0;
      continue;
    }
    bool low = name[i] >= 'a' && name[i] <= 'z';
    out[n++] = up && low ? (char)(name[i] - 'a' + 'A') : name[i];
    up = false;
  }
  out[n] = 0;
  return out;
}

/*-------------------------------------------------------------------- rows */
err rpc_rows_add(void *ctx, const struct store_val *v, u32 cnt) {
  struct rpc_rows *l = ctx;
  if (l->cnt == l->cap) {
    u32 cap = l->cap ? l->cap * 2 : 16;
    struct rpc_row *row = arena_array(l->a, struct rpc_row, cap);
    if (!row) return ERR_LIMIT;
    if (l->cnt) memcpy(row, l->row, l->cnt * sizeof *row);
    l->row = row;
    l->cap = cap;
  }
  struct rpc_row *row = &l->row[l->cnt++];
  row->cnt = cnt;
  row->v = arena_array(l->a, struct store_val, cnt);
  if (!row->v) return ERR_LIMIT;
  for (u32 i = 0; i < cnt; i++) {
    row->v[i] = v[i];
    if (!v[i].bytes.len) continue;
    row->v[i].bytes = arena_copy_slice(l->a, v[i].bytes);
    if (!row->v[i].bytes.ptr) return ERR_LIMIT;
  }
  return ERR_OK;
}

static u32 shop_cols(u32 table) {
  u32 cnt = 0;
  while (proj_table(table)->col[cnt].name) cnt++;
  return cnt;
}
const struct store_val *rpc_row_col(const struct rpc_row *row, u32 table,
                                    const char *col) {
  const struct store_column *c = proj_table(table)->col;
  for (u32 i = 0; c[i].name; i++)
    if (!strcmp(c[i].name, col)) return &row->v[i];
  MUST(!"a column of the table");
  return NULL;
}

static void shop_number(struct jsonw *w, u64 v) {
  if (v >> 53) jsonw_quantity(w, v);
  else jsonw_u64(w, v);
}
static void shop_money(struct jsonw *w, slice be) {
  u8 word[32] = {0};
  u256 v;
  if (be.len <= 32) memcpy(word + 32 - be.len, be.ptr, be.len);
  u256_from_be(&v, word);
  jsonw_quantity_u256(w, &v);
}
void rpc_shop_val(struct jsonw *w, const struct store_val *v, u8 kind) {
  if (v->kind == STORE_NULL) jsonw_null(w);
  else if (v->kind == STORE_NUM && kind == STORE_BOOL)
    jsonw_bool(w, v->num != 0);
  else if (v->kind == STORE_NUM) shop_number(w, (u64)v->num);
  else if (v->kind == STORE_STR) jsonw_str_len(w, v->bytes);
  else if (kind == STORE_MONEY) shop_money(w, v->bytes);
  else jsonw_hex(w, v->bytes);
}

/*------------------------------------------------------------------ records */
/* Where a record's field is: bytes of the C struct, and its slot. */
struct shop_layout {
  u32 at, bit;
};
static void shop_next(struct shop_layout *l, const struct module_field *f,
                      u32 *place, u32 *slot) {
  *place = (l->at + f->align - 1u) / f->align * f->align;
  l->at = *place + f->size;
  if (l->bit % 256 + f->bits > 256) l->bit = (l->bit + 255) / 256 * 256;
  *slot = l->bit / 256;
  l->bit += f->bits;
}

struct shop_record {
  struct rpc_shop *q;
  addr20 addr;
  hash32 addr_hash;
  u32 module;
  err e;
};
static void shop_slots(struct shop_record *s, u256 *out, const u256 *base,
                       u32 cnt) {
  for (u32 j = 0; j < cnt && s->e >= 0; j++) {
    u256 slot, add = u256_from(j);
    u8 be[32];
    hash32 hash;
    u256_add(&slot, base, &add);
    u256_to_be(be, &slot);
    crypto_keccak256(&hash, be, 32);
    s->e = s->q->src.slot(s->q->src.ctx, &out[j], &s->addr, &s->addr_hash,
                          &slot, &hash);
  }
}

/* A zone's code or a handle: text when it is printable. */
static void shop_text(struct jsonw *w, const u8 *b, u32 len) {
  u32 n = 0;
  while (n < len && b[n] >= 0x20 && b[n] < 0x7f) n++;
  bool text = true;
  for (u32 i = n; i < len; i++) text &= b[i] == 0;
  if (text) jsonw_str_len(w, slice_of(b, n));
  else jsonw_hex(w, slice_of(b, len));
}
static u64 shop_field_u64(const struct module_field *f, const u8 *at) {
  u64 v = 0;
  memcpy(&v, at, f->size);
  return v;
}
static void shop_field(struct jsonw *w, const struct module_field *f,
                       const u8 *at) {
  u256 v = U256_ZERO;
  switch (f->kind) {
    case MODULE_ADDR: jsonw_hex(w, slice_of(at, 20)); return;
    case MODULE_B8: shop_text(w, at, 8); return;
    case MODULE_BOOL: jsonw_bool(w, *at != 0); return;
    case MODULE_B32:
      if (!strcmp(f->name, "handle")) shop_text(w, at, 32);
      else jsonw_hex(w, slice_of(at, 32));
      return;
    default: break;
  }
  if (f->size == 16) {
    memcpy(v.w, at, 16);
    jsonw_quantity_u256(w, &v);
  } else {
    shop_number(w, shop_field_u64(f, at));
  }
}

/* An answer whose s->e is an error is left as it is, with what is open. */
static void shop_members(struct shop_record *s, const struct module_record *r,
                         const u8 *rec, const u256 *base, u32 skip);
static void shop_array(struct shop_record *s, const struct module_field *f,
                       u32 cnt, const u256 *slot) {
  struct jsonw *w = &s->q->c->w;
  u256 base;
  u8 be[32];
  hash32 hash;
  u32 words = module_record_slots(f->item);
  bool plain = f->item->field[0].name && !f->item->field[1].name;
  u256_to_be(be, slot);
  crypto_keccak256(&hash, be, 32);
  u256_from_be(&base, hash.b);
  jsonw_arr(w);
  for (u32 i = 0; i < cnt && i < f->max && s->e >= 0; i++) {
    u256 word[MODULE_RECORD_SLOTS], add = u256_from(words);
    u8 *rec = arena_alloc(s->q->c->a, f->item->size);
    MUST(words <= ARRAY_LEN(word));
    shop_slots(s, word, &base, words);
    if (!rec) s->e = ERR_LIMIT;
    if (s->e < 0) return;
    module_record_unpack(f->item, rec, word);
    if (plain) {
      shop_field(w, &f->item->field[0], rec);
    } else {
      jsonw_obj(w);
      shop_members(s, f->item, rec, &base, 0);
      if (s->e < 0) return;
      jsonw_obj_end(w);
    }
    u256_add(&base, &base, &add);
  }
  jsonw_arr_end(w);
}

static void shop_members(struct shop_record *s, const struct module_record *r,
                         const u8 *rec, const u256 *base, u32 skip) {
  struct shop_layout l = {0, 0};
  struct jsonw *w = &s->q->c->w;
  char name[64];
  u32 place, slot, i = 0;
  for (const struct module_field *f = r->field; f->name && s->e >= 0;
       f++, i++) {
    shop_next(&l, f, &place, &slot);
    if (i < skip) continue;
    bool doc = f->kind == MODULE_B32 && !strcmp(f->name, "doc");
    jsonw_key(w, doc ? "docHash" : rpc_shop_camel(name, f->name,
                                                  strlen(f->name)));
    if (f->kind == MODULE_ARRAY) {
      struct module_array list;
      u256 at, add = u256_from(slot);
      memcpy(&list, rec + place, sizeof list);
      u256_add(&at, base, &add);
      shop_array(s, f, list.cnt, &at);
    } else {
      shop_field(w, f, rec + place);
    }
    if (!doc || s->q->no_documents) continue;
    hash32 hash;
    memcpy(hash.b, rec + place, 32);
    if (s->e < 0) return;
    jsonw_key(w, "document");
    s->e = rpc_shop_document(s->q, &hash);
  }
}

static bool shop_has_header(const struct module_record *r) {
  return r->field[0].name && !strcmp(r->field[0].name, "state") &&
         r->field[1].name && !strcmp(r->field[1].name, "layout");
}
static void shop_deadline(struct jsonw *w, u32 module, u8 type,
                          const struct module_header *h) {
  const char *leaves = proj_state_exit(module, type, h->state);
  jsonw_key(w, "deadline");
  jsonw_obj(w);
  if (h->deadline) jsonw_kv_u64(w, "at", h->deadline);
  else jsonw_kv_null(w, "at");
  jsonw_kv_str(w, "owner", proj_owner_word(module, type, h));
  if (leaves && h->deadline) jsonw_kv_str(w, "exit", leaves);
  else jsonw_kv_null(w, "exit");
  jsonw_obj_end(w);
}
static void shop_state(struct jsonw *w, u32 module, u8 type, u8 state) {
  const char *word = proj_state_word(module, type, state);
  if (word) jsonw_kv_str(w, "state", word);
  else jsonw_kv_null(w, "state");
  jsonw_kv_u64(w, "stateNumber", state);
}
static void shop_header(struct jsonw *w, u32 module, u8 type,
                        const struct module_header *h) {
  shop_state(w, module, type, h->state);
  shop_deadline(w, module, type, h);
  jsonw_kv_u64(w, "createdAt", h->created);
  jsonw_kv_u64(w, "updatedAt", h->updated);
  jsonw_kv_u64(w, "flags", h->flags);
}

static void shop_key(struct jsonw *w, const struct module_record *r,
                     const u256 *key) {
  const char *space = strchr(r->key, ' ');
  char name[64];
  u8 be[32];
  if (!space || strchr(r->key, ',')) return;
  u256_to_be(be, key);
  jsonw_key(w, rpc_shop_camel(name, space + 1, strlen(space + 1)));
  if (!strncmp(r->key, "address", 7)) jsonw_hex(w, slice_of(be + 12, 20));
  else if (!strncmp(r->key, "bytes32", 7)) jsonw_hex(w, slice_of(be, 32));
  else shop_number(w, key->w[0]);
}

/* A closed listing's post is removed, though the module writes that only when it
** next looks at it; the tables have it so too (listing_closed). */
static err shop_settle_post(struct rpc_shop *q,
                            struct shop_platform_record_cross_post *post) {
  struct rpc_rows rows = {.a = q->c->a};
  struct store_val id = store_num(post->listing);
  u8 removed = 0;
  bool known = proj_state_number(PROJ_PLATFORMS, 2, "removed", &removed);
  MUST(known);
  if (!post->state) return ERR_OK;
  TRY(proj_named(q->s, "post_listing", &id, 1, rpc_rows_add, &rows));
  if (!rows.cnt || rows.row[0].v[0].num != SHOP_LISTING_CLOSED) return ERR_OK;
  post->state = removed;
  post->deadline = 0;
  return ERR_OK;
}

err rpc_shop_record(struct rpc_shop *q, bool *found, u32 module, u8 type,
                    const u256 *key) {
  const struct module_def *def = proj_module(module);
  const struct module_record *r = module_record_of(def, type);
  struct shop_record s = {.q = q, .module = module, .e = ERR_OK};
  u256 word[MODULE_RECORD_SLOTS], base;
  *found = false;
  MUST(r && module_record_slots(r) <= ARRAY_LEN(word));
  module_address(&s.addr, def->number);
  crypto_keccak256(&s.addr_hash, s.addr.b, 20);
  module_slot_of(&base, type, key);
  shop_slots(&s, word, &base, module_record_slots(r));
  u8 *rec = arena_alloc(q->c->a, r->size);
  if (!rec) return ERR_LIMIT;
  if (s.e < 0) return s.e;
  module_record_unpack(r, rec, word);
  if (r == &shop_platform_table_cross_post)
    TRY(shop_settle_post(q, (void *)rec));
  bool header = shop_has_header(r);
  *found = !header || ((const struct module_header *)rec)->state != 0;
  if (!*found) return ERR_OK;
  shop_key(&q->c->w, r, key);
  if (header) shop_header(&q->c->w, module, type, (const void *)rec);
  shop_members(&s, r, rec, &base, header ? 6 : 0);
  return s.e < 0 ? s.e : ERR_OK;
}

err rpc_shop_slot(struct rpc_shop *q, u256 *out, u32 module,
                  const u256 *slot) {
  struct shop_record s = {.q = q, .module = module, .e = ERR_OK};
  module_address(&s.addr, proj_module(module)->number);
  crypto_keccak256(&s.addr_hash, s.addr.b, 20);
  shop_slots(&s, out, slot, 1);
  return s.e < 0 ? s.e : ERR_OK;
}
err rpc_shop_exists(struct rpc_shop *q, bool *found, u32 module, u8 type,
                    const u256 *key) {
  u256 base, word;
  module_slot_of(&base, type, key);
  TRY(rpc_shop_slot(q, &word, module, &base));
  *found = !u256_is_zero(&word);
  return ERR_OK;
}

err rpc_shop_document(struct rpc_shop *q, const hash32 *hash) {
  static const hash32 none;
  struct proj_content doc;
  struct arena_mark mark = arena_mark(q->c->a);
  err e = hash32_eq(hash, &none)
              ? ERR_NOT_FOUND
              : proj_content_get(q->s, &doc, hash, q->c->a);
  /* Only canonical JSON gets this type. */
  if (!e && !strcmp(doc.type, "application/json"))
    jsonw_raw(&q->c->w, doc.bytes);
  else
    jsonw_null(&q->c->w);
  arena_reset(q->c->a, mark);
  return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/*------------------------------------------------------------------ events */
static void shop_word(struct jsonw *w, u8 kind, u16 bits, const u8 *be) {
  u256 v;
  u256_from_be(&v, be);
  switch (kind) {
    case MODULE_ADDR: jsonw_hex(w, slice_of(be + 12, 20)); return;
    case MODULE_B32: jsonw_hex(w, slice_of(be, 32)); return;
    case MODULE_B8: shop_text(w, be, 8); return;
    case MODULE_B4: jsonw_hex(w, slice_of(be, 4)); return;
    case MODULE_BOOL: jsonw_bool(w, be[31] != 0); return;
    case MODULE_INT:
      if (bits <= 64) jsonw_i64(w, (i64)v.w[0]);
      else if (be[0] >> 7) {
        u256 zero = U256_ZERO, minus;
        struct buf b;
        char text[80];
        u256_sub(&minus, &zero, &v);
        buf_init(&b, 0);
        struct jsonw t;
        jsonw_init(&t, &b);
        jsonw_quantity_u256(&t, &minus);
        snprintf(text, sizeof text, "-%.*s", (int)b.len - 2,
                 (const char *)b.ptr + 1);
        buf_fini(&b);
        jsonw_str(w, text);
      } else jsonw_quantity_u256(w, &v);
      return;
    default:
      if (bits <= 64) shop_number(w, v.w[0]);
      else jsonw_quantity_u256(w, &v);
  }
}
static const u8 *shop_data_word(slice data, u64 at) {
  return at < data.len / 32 ? data.ptr + 32 * at : NULL;
}
static void shop_param_tail(struct jsonw *w, const struct module_param *p,
                            slice data, u64 off) {
  if (off > data.len || data.len - off < 32) {
    jsonw_null(w);
    return;
  }
  u64 cnt = load_be64(data.ptr + off + 24);
  slice tail = slice_of(data.ptr + off + 32, data.len - (size_t)off - 32);
  if (p->kind == MODULE_BYTES || p->kind == MODULE_STR) {
    slice s = slice_of(tail.ptr, cnt <= tail.len ? (size_t)cnt : 0);
    if (p->kind == MODULE_STR) jsonw_str_len(w, s);
    else jsonw_hex(w, s);
    return;
  }
  jsonw_arr(w);
  if (p->kind == MODULE_LIST)
    for (u64 i = 0; i < cnt && i < tail.len / 32; i++)
      shop_word(w, p->item, p->bits, tail.ptr + 32 * i);
  if (p->kind == MODULE_STRUCTS) {
    u64 at = 0;
    for (u64 i = 0; i < cnt; i++) {
      if (!shop_data_word(tail, at)) break;
      jsonw_obj(w);
      for (const struct module_param *m = p->sub->param; m->name; m++) {
        const u8 *word = shop_data_word(tail, at++);
        jsonw_key(w, m->name);
        if (word) shop_word(w, m->kind, m->bits, word);
        else jsonw_null(w);
      }
      jsonw_obj_end(w);
    }
  }
  jsonw_arr_end(w);
}

static const struct module_message *shop_message(u32 module,
                                                 const struct state_log *l) {
  const struct module_def *def = proj_module(module);
  struct buf b;
  const struct module_message *found = NULL;
  if (!l->topic_cnt) return NULL;
  buf_init(&b, 0);
  for (const struct module_def *d = def; d && !found; d = d->base)
    for (u32 i = 0; i < d->row_cnt && !found; i++) {
      hash32 topic;
      if (d->row[i].kind != MODULE_ROW_EVENT) continue;
      buf_clear(&b);
      module_signature(&b, d->row[i].message->name, d->row[i].message->param);
      crypto_keccak256(&topic, b.ptr, b.len);
      if (hash32_eq(&topic, &l->topic[0])) found = d->row[i].message;
    }
  buf_fini(&b);
  return found;
}

const char *rpc_shop_event_name(u32 module, const struct state_log *l) {
  const struct module_message *msg =
      module < PROJ_MODULE_CNT ? shop_message(module, l) : NULL;
  return msg ? msg->name : NULL;
}

void rpc_shop_event(struct jsonw *w, u32 module, const struct state_log *l) {
  const struct module_message *msg = shop_message(module, l);
  u32 topic = 1, at = 0;
  jsonw_kv_str(w, "module", proj_module_name(module));
  if (!msg) {
    jsonw_kv_null(w, "event");
    return;
  }
  jsonw_kv_str(w, "event", msg->name);
  for (const struct module_param *p = msg->param; p->name; p++) {
    const u8 *word = p->indexed
                         ? topic < l->topic_cnt ? l->topic[topic].b : NULL
                         : shop_data_word(l->data, at);
    if (p->indexed) topic++;
    else at++;
    if (!strcmp(p->name, "record")) continue; /* the record tells it itself */
    jsonw_key(w, p->name);
    if (!word) jsonw_null(w);
    else if (module_is_dynamic(p))
      shop_param_tail(w, p, l->data, load_be64(word + 24));
    else shop_word(w, p->kind, p->bits, word);
  }
}

void rpc_shop_tokens(struct jsonw *w, const char *key, const char *const *name,
                     u32 cnt, const struct rpc_rows *rows) {
  jsonw_key(w, key);
  jsonw_arr(w);
  for (u32 i = 0; i < rows->cnt; i++) {
    jsonw_obj(w);
    for (u32 k = 0; k < cnt; k++) {
      jsonw_key(w, name[k]);
      rpc_shop_val(w, &rows->row[i].v[k], k ? STORE_MONEY : STORE_ADDR);
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

/* Whose record an event is about: the key is its first topic. */
static const char *shop_parties(u32 module, const char *event) {
  static const struct {
    u32 module;
    const char *event;
    u32 of;
    u8 type;
  } row[] = {
#define ON(module, event, table, how, record, more)
#define EACH(module, event, table, record, array, clear, more)
#define FN(module, event, fn)
#define FN_AFTER(module, event, fn)
#define SUBJECT(module, event, of, type, key) \
  {PROJ_##module, event, PROJ_##of, type},
#include "proj/proj_event.def"
#undef ON
#undef EACH
#undef FN
#undef FN_AFTER
#undef SUBJECT
  };
  for (u32 i = 0; event && i < ARRAY_LEN(row); i++) {
    if (row[i].module != module || row[i].type != 1 ||
        strcmp(row[i].event, event) != 0)
      continue;
    if (row[i].of == PROJ_ORDERS) return "order_parties";
    if (row[i].of == PROJ_MARKET) return "market_parties";
  }
  return NULL;
}

struct shop_party {
  const addr20 *who;
  bool found;
};
static err shop_on_party(void *ctx, const struct store_val *v, u32 cnt) {
  struct shop_party *p = ctx;
  for (u32 i = 0; i < cnt; i++)
    if (v[i].bytes.len == 20 && !memcmp(v[i].bytes.ptr, p->who->b, 20))
      p->found = true;
  return ERR_OK;
}

bool rpc_shop_concerns(struct node_read *r, const struct state_log *log,
                       const addr20 *party) {
  struct shop_party p = {.who = party};
  u32 module = proj_module_of(&log->addr);
  u8 word[32] = {0};
  memcpy(word + 12, party->b, 20);
  for (u32 i = 1; i < log->topic_cnt; i++)
    if (!memcmp(log->topic[i].b, word, 32)) return true;
  for (size_t at = 0; at + 32 <= log->data.len; at += 32)
    if (!memcmp(log->data.ptr + at, word, 32)) return true;
  const char *parties = shop_parties(module, rpc_shop_event_name(module, log));
  if (!parties || log->topic_cnt < 2) return false;
  struct store_val id = store_num(load_be64(log->topic[1].b + 24));
  return proj_named(node_read_store(r), parties, &id, 1, shop_on_party,
                    &p) == ERR_OK && p.found;
}

void rpc_shop_event_place(struct jsonw *w, u64 height, u64 time_s,
                          const hash32 *tx, u64 log_idx) {
  jsonw_kv_u64(w, "height", height);
  jsonw_kv_u64(w, "time", time_s);
  jsonw_kv_hex(w, "tx", hash32_slice(tx));
  jsonw_kv_u64(w, "logIndex", log_idx);
}

struct shop_tx {
  struct node_tx_place place;
  struct chain_tx tx;
  struct chain_receipt receipt;
  u64 base, time_s;
  hash32 hash;
};
static err shop_tx_read(struct rpc_shop *q, struct shop_tx *t, u64 height,
                        u32 idx) {
  struct chain_header h;
  hash32 hash;
  if (t->place.number == height && t->place.idx == idx) return ERR_OK;
  bool same_block = t->place.number == height;
  t->place = (struct node_tx_place){height, idx};
  TRY(node_read_tx(q->r, &t->tx, &t->receipt, &t->base, &t->place, q->c->a));
  crypto_keccak256(&t->hash, t->tx.raw.ptr, t->tx.raw.len);
  if (same_block) return ERR_OK;
  TRY(node_read_header(q->r, &h, &hash, height));
  t->time_s = h.timestamp;
  return ERR_OK;
}

/* The record's own state, when an event tells it. */
static void shop_event_state(struct jsonw *w, u32 module, u8 type,
                             const struct state_log *l, const char *name) {
  if (strcmp(name, "OrderState") != 0 || module != PROJ_ORDERS) return;
  const char *word = proj_state_word(module, type, l->topic[2].b[31]);
  if (word) jsonw_kv_str(w, "stateWord", word);
}

err rpc_shop_timeline(struct rpc_shop *q, u32 module, u8 type, slice key,
                      u32 limit) {
  struct rpc_rows rows = {.a = q->c->a};
  struct shop_tx t = {.place = {UINT64_MAX, 0}};
  struct store_val v[] = {store_num(module), store_num(type), store_blob(key),
                          store_num(limit)};
  struct jsonw *w = &q->c->w;
  TRY(proj_named(q->s, "proj_event_list", v, 4, rpc_rows_add, &rows));
  jsonw_arr(w);
  for (u32 i = rows.cnt; i-- > 0;) {
    u64 height = (u64)rows.row[i].v[0].num, log = (u64)rows.row[i].v[1].num;
    err e = shop_tx_read(q, &t, height, (u32)rows.row[i].v[2].num);
    if (e == ERR_PRUNED) continue;
    TRY(e);
    if (log < t.base || log - t.base >= t.receipt.log_cnt) return ERR_CORRUPT;
    const struct state_log *l = &t.receipt.log[log - t.base];
    u32 of = proj_module_of(&l->addr);
    if (of == PROJ_MODULE_CNT) return ERR_CORRUPT;
    jsonw_obj(w);
    rpc_shop_event(w, of, l);
    const struct module_message *msg = shop_message(of, l);
    if (msg) shop_event_state(w, of, type, l, msg->name);
    rpc_shop_event_place(w, height, t.time_s, &t.hash, log);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  return ERR_OK;
}

/*------------------------------------------------------------------- items */
static void shop_row_key(u256 *out, u32 table, const struct module_record *r,
                         const struct rpc_row *row) {
  const struct store_column *c = proj_table(table)->col;
  u256 part[4];
  u32 cnt = 0;
  for (; c[cnt].name && c[cnt].key && cnt < ARRAY_LEN(part); cnt++) {
    u8 be[32] = {0};
    slice b = row->v[cnt].bytes;
    if (row->v[cnt].kind == STORE_NUM)
      store_be64(be + 24, (u64)row->v[cnt].num);
    else if (b.len <= 32) memcpy(be + 32 - b.len, b.ptr, b.len);
    u256_from_be(&part[cnt], be);
  }
  if (strchr(r->key, ',')) module_key_of(out, part, cnt);
  else *out = part[0];
}
/* The record tells the column already. */
static bool shop_is_told(const struct module_record *r, const char *col) {
  struct module_component c;
  if (!r) return false;
  for (u32 i = 0; module_record_component(&c, r, i); i++)
    if (c.name_len == strlen(col) && !memcmp(c.name, col, c.name_len))
      return true;
  return !strcmp(col, "created_at") || !strcmp(col, "updated_at") ||
         !strcmp(col, "deadline") || !strcmp(col, "doc");
}

static err shop_columns(struct rpc_shop *q, const struct rpc_list *l,
                        const struct module_record *r,
                        const struct rpc_row *row) {
  const struct store_column *c = proj_table(l->table)->col;
  struct jsonw *w = &q->c->w;
  char name[64];
  for (u32 i = 0; c[i].name; i++) {
    if (shop_is_told(r, c[i].name)) continue;
    bool doc = !strcmp(c[i].name, "doc");
    if (l->table == PROJ_T_market_review && c[i].kind == STORE_HASH) {
      snprintf(name, sizeof name, "%sHash", c[i].name);
      jsonw_key(w, name);
      rpc_shop_val(w, &row->v[i], c[i].kind);
      continue;
    }
    if (!strcmp(c[i].name, "state") && !r && row->v[i].kind == STORE_NUM) {
      u8 type = l->table == PROJ_T_order_milestone ? 3
                : l->table == PROJ_T_court_seat   ? 5 : l->type;
      shop_state(w, l->module, type, (u8)row->v[i].num);
      continue;
    }
    jsonw_key(w, doc ? "docHash" : rpc_shop_camel(name, c[i].name,
                                                  strlen(c[i].name)));
    rpc_shop_val(w, &row->v[i], c[i].kind);
    if (!doc || q->no_documents || row->v[i].bytes.len != 32) continue;
    hash32 hash;
    memcpy(hash.b, row->v[i].bytes.ptr, 32);
    jsonw_key(w, "document");
    TRY(rpc_shop_document(q, &hash));
  }
  return ERR_OK;
}

err rpc_shop_item(struct rpc_shop *q, const struct rpc_list *l,
                  const struct rpc_row *row) {
  const struct module_record *r =
      l->type ? module_record_of(proj_module(l->module), l->type) : NULL;
  struct jsonw *w = &q->c->w;
  u32 cols = shop_cols(l->table);
  bool found = false;
  u256 key;
  if (r) {
    shop_row_key(&key, l->table, r, row);
    TRY(rpc_shop_record(q, &found, l->module, l->type, &key));
  }
  TRY(shop_columns(q, l, found ? r : NULL, row));
  if (l->more) TRY(l->more(q, row));
  jsonw_kv_u64(w, "height", (u64)row->v[cols].num);
  jsonw_key(w, "tx");
  rpc_shop_val(w, &row->v[cols + 1], STORE_HASH);
  return ERR_OK;
}

err rpc_shop_items(struct rpc_shop *q, const char *key,
                   const struct rpc_list *l, const struct rpc_rows *rows) {
  struct jsonw *w = &q->c->w;
  jsonw_key(w, key);
  jsonw_arr(w);
  for (u32 i = 0; i < rows->cnt; i++) {
    struct arena_mark mark = arena_mark(q->c->a);
    jsonw_obj(w);
    TRY(rpc_shop_item(q, l, &rows->row[i]));
    jsonw_obj_end(w);
    arena_reset(q->c->a, mark);
  }
  jsonw_arr_end(w);
  return ERR_OK;
}

err rpc_shop_rows(struct rpc_shop *q, struct rpc_rows *out, u32 table,
                  const char *col, struct store_val v, u32 limit) {
  struct store_query sq = {.table = proj_table(table), .limit = limit,
                           .up = true};
  *out = (struct rpc_rows){.a = q->c->a};
  rpc_shop_where(&sq, col, STORE_EQ, v);
  return proj_query(q->s, &sq, rpc_rows_add, out);
}

/*----------------------------------------------------------------- queries */
void rpc_shop_where(struct store_query *sq, const char *col, enum store_op op,
                    struct store_val v) {
  MUST(sq->where_cnt < STORE_WHERE_MAX);
  sq->where[sq->where_cnt++] = (struct store_where){col, op, v};
}

/* One description of a list's filters or sorts, taken off *at. */
struct shop_word {
  char name[32], col[40];
  char kind, op;
  u32 times;
};
static bool shop_filter_next(const char **at, struct shop_word *out) {
  while (**at == ' ') (*at)++;
  if (!**at) return false;
  size_t n = strcspn(*at, ":");
  snprintf(out->name, sizeof out->name, "%.*s", (int)n, *at);
  *at += n + 1;
  out->kind = *(*at)++;
  out->op = '=';
  out->times = 1;
  snprintf(out->col, sizeof out->col, "%s", out->name);
  if (!**at || **at == ' ') return true;
  out->op = *(*at)++;
  n = strcspn(*at, " *");
  snprintf(out->col, sizeof out->col, "%.*s", (int)n, *at);
  *at += n;
  if (**at == '*') out->times = (u32)strtoul(*at + 1, (char **)at, 10);
  return true;
}
static bool shop_sort_next(const char **at, struct shop_word *out) {
  while (**at == ' ') (*at)++;
  if (!**at) return false;
  size_t n = strcspn(*at, ":");
  snprintf(out->name, sizeof out->name, "%.*s", (int)n, *at);
  *at += n + 1;
  out->op = *(*at)++;
  n = strcspn(*at, " ");
  snprintf(out->col, sizeof out->col, "%.*s", (int)n, *at);
  *at += n;
  return true;
}

/* An address ('a') or a hash. */
static err shop_filter_bytes(struct store_val *out, u8 *keep, char kind,
                             const struct rpc_value *v, struct errmsg *msg) {
  size_t len = kind == 'a' ? 20 : 32;
  TRY(rpc_param_fixed(keep, len, v, kind == 'a' ? "0x and 40 hex digits"
                                                : "0x and 64 hex digits", msg));
  *out = store_blob(slice_of(keep, len));
  return ERR_OK;
}
/* An amount: 16 bytes, the greatest for any that is greater. */
static err shop_filter_money(struct store_val *out, u8 *keep,
                             const struct rpc_value *v, struct errmsg *msg) {
  u256 money;
  bool large = false;
  if (v->kind == RPC_INTEGER && v->num >= 0) money = u256_from((u64)v->num);
  else TRY(rpc_param_u256(&money, v, msg));
  u256_to_be(keep, &money);
  for (u32 i = 0; i < 16; i++) large |= keep[i] != 0;
  if (large) memset(keep, 0xff, 32);
  *out = store_blob(slice_of(keep + 16, 16));
  return ERR_OK;
}
/* A state by its word. */
static err shop_filter_state(struct store_val *out, const struct rpc_list *l,
                             const struct rpc_value *v, struct errmsg *msg) {
  char word[32];
  slice text;
  u8 state = 0, type = l->table == PROJ_T_order_milestone ? 3 : l->type;
  TRY(rpc_param_string(&text, v, "a state's word", msg));
  snprintf(word, sizeof word, "%.*s", (int)text.len, text.ptr);
  if (!proj_state_number(l->module, type, word, &state))
    return err_say(msg, ERR_INPUT, "\"%s\" is no state of it", word);
  *out = store_num(state);
  return ERR_OK;
}
static err shop_filter_value(struct rpc_shop *q, const struct rpc_list *l,
                             const struct shop_word *f,
                             const struct rpc_value *v,
                             struct store_val *out) {
  struct errmsg msg = {""};
  u8 *keep = arena_alloc(q->c->a, 32);
  err e;
  u64 number = 0;
  slice text = {NULL, 0};
  bool flag = false;
  if (!keep) return rpc_fail(q->c, RPC_ERR_PARAMS, "%s: too much", f->name);
  switch (f->kind) {
    case 'a': case 'h':
      e = shop_filter_bytes(out, keep, f->kind, v, &msg);
      break;
    case 'm': e = shop_filter_money(out, keep, v, &msg); break;
    case 's': e = shop_filter_state(out, l, v, &msg); break;
    case 'b':
      e = rpc_param_bool(&flag, v, &msg);
      *out = store_num(flag);
      break;
    case 't':
      e = rpc_param_string(&text, v, "text", &msg);
      *out = store_text(text);
      break;
    default:
      e = rpc_param_count(&number, v, &msg);
      *out = store_num(number);
  }
  return e < 0 ? rpc_fail(q->c, RPC_ERR_PARAMS, "%s: %s", f->name, msg.text)
               : ERR_OK;
}

static err shop_filter_apply(struct rpc_shop *q, struct store_query *sq,
                             const struct rpc_list *l,
                             const struct shop_word *f,
                             const struct rpc_value *v) {
  struct store_val val = {0};
  char *col = arena_alloc(q->c->a, sizeof f->col);
  if (!col) return ERR_LIMIT;
  memcpy(col, f->col, sizeof f->col);
  if (f->kind == '*') return l->where(q, sq, f->name, v);
  TRY(shop_filter_value(q, l, f, v, &val));
  if (sq->where_cnt + f->times > STORE_WHERE_MAX) return ERR_LIMIT;
  if (l->where && !strcmp(f->name, "q")) return l->where(q, sq, f->name, v);
  if (f->op == '/') {
    char *second = strchr(col, '/');
    *second = 0;
    sq->either[0] = col;
    sq->either[1] = second + 1;
    sq->either_val = val;
    return ERR_OK;
  }
  rpc_shop_where(sq, col, f->op == '>'   ? STORE_GE
                          : f->op == '<' ? STORE_LE
                          : f->op == '|' ? STORE_PART
                          : f->op == '&' ? STORE_AMONG : STORE_EQ, val);
  for (u32 i = 1; i < f->times; i++) rpc_shop_where(sq, col, STORE_MORE, val);
  return ERR_OK;
}

static void shop_append(char *text, size_t room, const char *word,
                        const char *behind) {
  size_t len = strlen(text);
  snprintf(text + len, room - len, "%s%s", word, behind);
}
/* The names that there are, for who gave another one. */
static err shop_unknown(struct rpc_shop *q, const struct rpc_list *l,
                        const char *key) {
  char names[300] = "";
  const char *at = l->filters;
  struct shop_word f;
  while (shop_filter_next(&at, &f)) {
    shop_append(names, sizeof names, f.name, ", ");
  }
  return rpc_fail(q->c, RPC_ERR_PARAMS, "unknown filter \"%.40s\": there are "
                  "%ssort, limit, cursor, documents", key, names);
}

static err shop_sort(struct rpc_shop *q, struct store_query *sq,
                     const struct rpc_list *l, const struct rpc_value *v) {
  const char *at = l->sorts;
  struct shop_word s;
  struct errmsg msg;
  char names[200] = "";
  slice want = {0};
  if (v->kind != RPC_NONE && rpc_param_string(&want, v, "text", &msg) < 0)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "sort: %s", msg.text);
  while (shop_sort_next(&at, &s)) {
    shop_append(names, sizeof names, s.name, " ");
    if (want.len && !slice_eq(want, slice_str(s.name))) continue;
    sq->up = s.op == '+';
    if (s.op == '?') return l->where(q, sq, "sort", v);
    if (s.col[0]) {
      char *col = arena_alloc(q->c->a, sizeof s.col);
      if (!col) return ERR_LIMIT;
      memcpy(col, s.col, sizeof s.col);
      sq->order = col;
    }
    if (!strcmp(s.col, "deadline"))
      rpc_shop_where(sq, "deadline", STORE_GE, store_num(1));
    return ERR_OK;
  }
  return rpc_fail(q->c, RPC_ERR_PARAMS, "sort: one of %s", names);
}

/*----------------------------------------------------------------- cursors
** "n5.17", "b00ff.17", "z.17": the value (number, bytes in hex, none) and the
** row's number. */
static err shop_cursor_read(struct rpc_shop *q, struct store_query *sq,
                            const struct rpc_value *v) {
  struct errmsg msg;
  slice text;
  char word[300], *end;
  if (rpc_param_string(&text, v, "text", &msg) < 0 || text.len < 3 ||
      text.len >= sizeof word)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "cursor: \"next\" of a page before");
  memcpy(word, text.ptr, text.len);
  word[text.len] = 0;
  char *dot = strrchr(word, '.');
  err e = dot ? ERR_OK : ERR_INPUT;
  if (!e) {
    *dot = 0;
    sq->after_id = strtoll(dot + 1, &end, 10);
    if (*end || end == dot + 1) e = ERR_INPUT;
  }
  sq->has_after = true;
  if (!e && word[0] == 'n') {
    sq->after = store_num((u64)strtoll(word + 1, &end, 10));
    if (*end || end == word + 1) e = ERR_INPUT;
  } else if (!e && (word[0] == 'b' || word[0] == 't')) {
    size_t len = strlen(word + 1);
    u8 *b = arena_alloc(q->c->a, len / 2 + 1);
    e = b ? hex_decode(b, word + 1, len) : ERR_LIMIT;
    if (len % 2) e = ERR_INPUT;
    sq->after = word[0] == 'b' ? store_blob(slice_of(b, len / 2))
                               : store_text(slice_of(b, len / 2));
  } else if (!e && word[0] != 'z') {
    e = ERR_INPUT;
  }
  return e < 0 ? rpc_fail(q->c, RPC_ERR_PARAMS,
                          "cursor: \"next\" of a page before")
               : ERR_OK;
}
static void shop_cursor_write(struct jsonw *w, const struct rpc_row *row) {
  const struct store_val *id = &row->v[row->cnt - 2], *v = id + 1;
  char text[300], hex[260] = "";
  switch (v->kind) {
    case STORE_NUM:
      snprintf(text, sizeof text, "n%lld.%lld", (long long)v->num,
               (long long)id->num);
      break;
    case STORE_BLOB: case STORE_STR: {
      size_t n = v->bytes.len < 128 ? v->bytes.len : 128;
      for (size_t i = 0; i < n; i++)
        snprintf(hex + 2 * i, 3, "%02x", v->bytes.ptr[i]);
      snprintf(text, sizeof text, "%c%s.%lld", v->kind == STORE_STR ? 't' : 'b',
               hex, (long long)id->num);
      break;
    }
    default: snprintf(text, sizeof text, "z.%lld", (long long)id->num);
  }
  jsonw_kv_str(w, "next", text);
}

static err shop_limit(struct rpc_shop *q, u32 *out, const struct rpc_value *v) {
  struct errmsg msg;
  u64 n;
  if (rpc_param_count(&n, v, &msg) < 0 || n < 1 || n > SHOP_LIMIT_MAX)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "limit: 1 to %u", SHOP_LIMIT_MAX);
  *out = (u32)n;
  return ERR_OK;
}

static err shop_member(struct rpc_shop *q, struct store_query *sq,
                       const struct rpc_list *l, const char *key,
                       const struct rpc_value *v) {
  const char *at = l->filters;
  struct shop_word f;
  if (!strcmp(key, "sort") || v->kind == RPC_NULL) return ERR_OK;
  if (!strcmp(key, "limit")) return shop_limit(q, &sq->limit, v);
  if (!strcmp(key, "cursor")) return shop_cursor_read(q, sq, v);
  if (!strcmp(key, "documents")) {
    q->no_documents = v->kind == RPC_FALSE;
    return ERR_OK;
  }
  while (shop_filter_next(&at, &f))
    if (!strcmp(f.name, key)) return shop_filter_apply(q, sq, l, &f, v);
  return shop_unknown(q, l, key);
}

err rpc_shop_query(struct rpc_shop *q, struct store_query *sq,
                   const struct rpc_list *l, const struct rpc_value *arg) {
  struct rpc_value sort = {.kind = RPC_NONE};
  const char *key;
  json_t *member;
  sq->table = proj_table(l->table);
  sq->limit = SHOP_LIMIT;
  if (arg->kind != RPC_NONE && arg->kind != RPC_NULL &&
      arg->kind != RPC_OBJECT)
    return rpc_fail(q->c, RPC_ERR_PARAMS, "one object of filters");
  if (arg->kind == RPC_OBJECT) {
    json_object_foreach((json_t *)arg->tree, key, member) {
      struct rpc_value v = rpc_value_of(member);
      TRY(shop_member(q, sq, l, key, &v));
    }
    sort = rpc_member(arg, "sort");
  }
  return shop_sort(q, sq, l, &sort);
}

err rpc_shop_page(struct rpc_shop *q, const struct rpc_list *l,
                     struct store_query *sq) {
  struct rpc_rows rows = {.a = q->c->a};
  struct jsonw *w = &q->c->w;
  u32 limit = sq->limit++;
  TRY(proj_query(q->s, sq, rpc_rows_add, &rows));
  bool more = rows.cnt > limit;
  if (more) rows.cnt = limit;
  jsonw_obj(w);
  TRY(rpc_shop_items(q, "items", l, &rows));
  if (more) shop_cursor_write(w, &rows.row[rows.cnt - 1]);
  else jsonw_kv_null(w, "next");
  jsonw_kv_u64(w, "height", q->head);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_shop_list(struct rpc_call *c, const struct rpc_list *l,
                  const struct store_where *fixed, u32 fixed_cnt) {
  struct rpc_shop q;
  struct store_query sq = {0};
  TRY(rpc_shop_begin(c, &q));
  struct rpc_value none = {.kind = RPC_NONE};
  err e = rpc_shop_query(&q, &sq, l, c->arg[0].given ? &c->arg[0].any : &none);
  for (u32 i = 0; i < fixed_cnt && !e; i++)
    rpc_shop_where(&sq, fixed[i].col, fixed[i].op, fixed[i].val);
  if (!e) e = rpc_shop_page(&q, l, &sq);
  return e < 0 ? rpc_shop_fail(&q, e) : ERR_OK;
}

err rpc_shop_get(struct rpc_call *c, const struct rpc_list *l,
                 const struct store_val *key,
                 err (*more)(struct rpc_shop *q, const struct rpc_row *row)) {
  struct rpc_shop q;
  struct store_query sq = {.table = proj_table(l->table), .limit = 1};
  TRY(rpc_shop_begin(c, &q));
  struct rpc_rows rows = {.a = c->a};
  struct jsonw *w = &c->w;
  u8 be[8];
  rpc_shop_where(&sq, sq.table->col[0].name, STORE_EQ, *key);
  err e = proj_query(q.s, &sq, rpc_rows_add, &rows);
  if (e < 0) return rpc_shop_fail(&q, e);
  bool there = rows.cnt != 0;
  if (there && l->type) {
    u256 record;
    shop_row_key(&record, l->table, module_record_of(proj_module(l->module),
                                                     l->type), &rows.row[0]);
    e = rpc_shop_exists(&q, &there, l->module, l->type, &record);
    if (e < 0) return rpc_shop_fail(&q, e);
  }
  if (!there) {
    jsonw_null(w);
    return ERR_OK;
  }
  store_be64(be, (u64)key->num);
  slice event_key = key->kind == STORE_NUM ? slice_of(be, 8) : key->bytes;
  jsonw_obj(w);
  e = rpc_shop_item(&q, l, &rows.row[0]);
  if (!e && more) e = more(&q, &rows.row[0]);
  if (!e) {
    jsonw_key(w, "timeline");
    e = rpc_shop_timeline(&q, l->module, l->type, event_key, SHOP_TIMELINE);
  }
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_obj_end(w);
  return ERR_OK;
}
err rpc_shop_get_num(struct rpc_call *c, u32 list,
                     err (*more)(struct rpc_shop *q,
                                 const struct rpc_row *row)) {
  struct store_val key = store_num(c->arg[0].num);
  return rpc_shop_get(c, &RPC_LISTS[list], &key, more);
}

err rpc_shop_params(struct rpc_call *c, u32 module) {
  const struct module_def *def = proj_module(module);
  struct rpc_shop q;
  TRY(rpc_shop_begin(c, &q));
  struct shop_record s = {.q = &q, .e = ERR_OK};
  struct jsonw *w = &c->w;
  const struct module_row *row;
  module_address(&s.addr, def->number);
  crypto_keccak256(&s.addr_hash, s.addr.b, 20);
  jsonw_arr(w);
  for (u32 i = 0; (row = module_row_at(def, MODULE_ROW_SETTING, i)); i++) {
    const struct module_setting *m = row->setting;
    const u64 plain[] = {0, m->min, m->max, m->dflt};
    static const char *const name[] = {"value", "min", "max", "default"};
    u256 at, word;
    module_setting_slot(&at, i);
    shop_slots(&s, &word, &at, 1);
    if (s.e < 0) return rpc_shop_fail(&q, s.e);
    jsonw_obj(w);
    jsonw_kv_str(w, "name", m->name);
    jsonw_kv_str(w, "text", m->text);
    for (u32 k = 0; k < ARRAY_LEN(name); k++) {
      u64 n = k ? plain[k] : module_setting_value(m, &word);
      u256 v = u256_from(n), scale = u256_from(m->scale);
      jsonw_key(w, name[k]);
      if (m->scale == 1) {
        shop_number(w, n);
      } else {
        u256_mul(&v, &v, &scale);
        jsonw_quantity_u256(w, &v);
      }
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  return ERR_OK;
}
#undef SHOP_LIMIT
#undef SHOP_LIMIT_MAX
#undef SHOP_TIMELINE
