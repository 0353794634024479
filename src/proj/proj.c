/* proj.c - the engine of projections: compiles proj_table.def and
** proj_event.def against the modules' own tables, and applies logs.
**
** Compiling finds, for each column, where in an event its value is: a topic, a
** word of the data, or a word of the record that the event carries.  Names are
** equal when their letters and digits are, case and underscores aside
** (free_from, freeFrom).  So a log becomes rows by copying words; nothing of it
** is decoded that no column wants.  A log that is shorter than its event is
** passed over: it is not one of ours.
*/
#include "proj/proj_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/keccak.h"
#include "shop/shop_court.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_mediation.h"
#include "shop/shop_orders.h"
#include "shop/shop_platform.h"

/*----------------------------------------------------------------- tables */
#define KNUM(n) COLUMN(n, STORE_INT, true)
#define KADR(n) COLUMN(n, STORE_ADDR, true)
#define KHSH(n) COLUMN(n, STORE_HASH, true)
#define NUM(n) COLUMN(n, STORE_INT, false)
#define BIT(n) COLUMN(n, STORE_BOOL, false)
#define ADR(n) COLUMN(n, STORE_ADDR, false)
#define HSH(n) COLUMN(n, STORE_HASH, false)
#define MON(n) COLUMN(n, STORE_MONEY, false)
#define TXT(n) COLUMN(n, STORE_TEXT, false)
#define DOC(n) COLUMN_DOC(n)
#define COLUMN(n, kind, key) {#n, kind, key},
#define COLUMN_DOC(n) COLUMN(n, STORE_HASH, false)
#define FTS(name, module, table, columns)
#define TABLE(name, module, index, columns) \
  static const struct store_column proj_columns_##name[] = {columns {0}};
#include "proj/proj_table.def"
#undef TABLE
static const struct store_table_def proj_tables[] = {
#define TABLE(name, module, index, columns) \
  {#name, proj_columns_##name, index},
#include "proj/proj_table.def"
#undef TABLE
};
static const u8 proj_table_modules[] = {
#define TABLE(name, module, index, columns) PROJ_##module,
#include "proj/proj_table.def"
#undef TABLE
};
#undef FTS
#undef COLUMN
#undef COLUMN_DOC
/* Names of the columns that are documents, in one text each: " doc policy ". */
static const char *const proj_table_docs[] = {
#define COLUMN(n, kind, key)
#define COLUMN_DOC(n) #n " "
#define FTS(name, module, table, columns)
#define TABLE(name, module, index, columns) " " columns,
#include "proj/proj_table.def"
#undef TABLE
#undef FTS
};
static const struct proj_fts_def {
  struct store_fts_def def;
  u8 module;
  u16 table;
} proj_fts_defs[] = {
#define TABLE(name, module, index, columns)
#define FTS(name, module, table, columns) \
  {{#name, columns}, PROJ_##module, PROJ_T_##table},
#include "proj/proj_table.def"
#undef TABLE
#undef FTS
};
#undef KNUM
#undef KADR
#undef KHSH
#undef NUM
#undef BIT
#undef ADR
#undef HSH
#undef MON
#undef TXT
#undef DOC
#undef COLUMN
#undef COLUMN_DOC

const struct store_table_def *proj_table(u32 t) {
  MUST(t < PROJ_TABLE_CNT);
  return &proj_tables[t];
}

/*---------------------------------------------------------------- modules */
static const struct {
  const char *name;
  const struct module_def *def;
} proj_modules[PROJ_MODULE_CNT] = {
  [PROJ_IDENTITY] = {"identity", &shop_identity},
  [PROJ_PLATFORMS] = {"platforms", &shop_platform},
  [PROJ_MARKET] = {"market", &shop_market},
  [PROJ_ORDERS] = {"orders", &shop_orders},
  [PROJ_MEDIATION] = {"mediation", &shop_mediation},
  [PROJ_COURT] = {"court", &shop_court},
};
const struct module_def *proj_module(u32 m) {
  return m < PROJ_MODULE_CNT ? proj_modules[m].def : NULL;
}
const char *proj_module_name(u32 m) {
  return m < PROJ_MODULE_CNT ? proj_modules[m].name : "*";
}
u32 proj_module_find(const char *name) {
  u32 m = 0;
  while (m < PROJ_MODULE_CNT && strcmp(proj_modules[m].name, name) != 0) m++;
  return m;
}
u32 proj_module_of(const addr20 *a) {
  addr20 is;
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    module_address(&is, proj_modules[m].def->number);
    if (addr20_eq(&is, a)) return m;
  }
  return PROJ_MODULE_CNT;
}

static const struct module_message *proj_message(u32 m, const char *name) {
  for (u32 i = 0; i < proj_modules[m].def->row_cnt; i++) {
    const struct module_row *r = &proj_modules[m].def->row[i];
    if (r->kind == MODULE_ROW_EVENT && !strcmp(r->message->name, name))
      return r->message;
  }
  return NULL;
}

/*-------------------------------------------------------------- compiling */
static bool proj_same_name(const char *a, const char *b, u32 b_len) {
  u32 k = 0;
  for (;;) {
    while (*a == '_') a++;
    while (k < b_len && b[k] == '_') k++;
    char x = *a, y = k < b_len ? b[k] : 0;
    if (x >= 'A' && x <= 'Z') x += 'a' - 'A';
    if (y >= 'A' && y <= 'Z') y += 'a' - 'A';
    if (x != y) return false;
    if (!x) return true;
    a++, k++;
  }
}
static bool proj_name_is(const char *a, const char *b) {
  return proj_same_name(a, b, (u32)strlen(b));
}

static u32 proj_words(const struct module_param *p) {
  u32 cnt = 0;
  if (p->kind != MODULE_STRUCT || module_is_dynamic(p)) return 1;
  for (const struct module_param *m = p->sub->param; m->name; m++)
    cnt += proj_words(m);
  return cnt;
}
static bool proj_find_param(struct proj_src *out, const struct module_message *e,
                            const char *name) {
  u16 topic = 1, word = 0;
  for (const struct module_param *p = e->param; p->name; p++) {
    if (proj_name_is(name, p->name)) {
      *out = p->indexed ? (struct proj_src){PROJ_TOPIC, topic}
                        : (struct proj_src){PROJ_DATA, word};
      return true;
    }
    if (p->indexed) topic++;
    else word += (u16)proj_words(p);
  }
  return false;
}
static bool proj_find_component(struct proj_src *out,
                                const struct module_record *r,
                                const char *name) {
  struct module_component c;
  for (u32 i = 0; r && module_record_component(&c, r, i); i++) {
    if (!proj_same_name(name, c.name, c.name_len)) continue;
    *out = (struct proj_src){PROJ_REC, (u16)i};
    return true;
  }
  return false;
}

/* What a step's names are looked up in. */
struct proj_scope {
  const struct module_message *msg;
  const struct module_record *rec;
  const struct module_struct *elem;       /* of an array of structs */
  const struct module_record *elem_rec;   /* of a record's array */
};
static bool proj_find(struct proj_src *out, const struct proj_scope *in,
                      const char *name) {
  u16 word = 0;
  if (*name == '#') {
    *out = (struct proj_src){PROJ_CONST, (u16)strtoul(name + 1, NULL, 10)};
    return true;
  }
  if (!strcmp(name, "$time")) return *out = (struct proj_src){PROJ_TIME, 0}, 1;
  if (!strcmp(name, "$i")) return *out = (struct proj_src){PROJ_INDEX, 0}, 1;
  if (!strcmp(name, "$item")) return *out = (struct proj_src){PROJ_ELEM, 0}, 1;
  if (in->elem)
    for (const struct module_param *p = in->elem->param; p->name; p++) {
      if (proj_name_is(name, p->name))
        return *out = (struct proj_src){PROJ_ELEM, word}, true;
      word += (u16)proj_words(p);
    }
  if (in->elem_rec)
    for (const struct module_field *f = in->elem_rec->field; f->name; f++) {
      if (proj_name_is(name, f->name))
        return *out = (struct proj_src){PROJ_ELEM, word}, true;
      word++;
    }
  return proj_find_param(out, in->msg, name) ||
         proj_find_component(out, in->rec, name);
}

/* The words of a spec, one after the other. */
struct proj_term_text {
  char col[48], src[48], op;
};
static bool proj_spec_next(const char **at, struct proj_term_text *out) {
  char word[96];
  u32 len = 0;
  while (**at == ' ') (*at)++;
  if (!**at) return false;
  while (**at && **at != ' ') {
    MUST(len + 1 < sizeof word);
    word[len++] = *(*at)++;
  }
  word[len] = 0;
  if (word[0] == '!' || word[0] == '@') {
    out->op = word[0];
    snprintf(out->col, sizeof out->col, "%.47s", word + 1);
    return true;
  }
  size_t n = strcspn(word, "=+-?");
  MUST(word[n] && n < sizeof out->col && strlen(word + n) < sizeof out->src);
  memcpy(out->col, word, n);
  out->col[n] = 0;
  out->op = word[n];
  snprintf(out->src, sizeof out->src, "%.47s", word + n + 1);
  return true;
}

static u8 proj_doc_kind(u32 table, const char *col) {
  char word[64];
  snprintf(word, sizeof word, " %s ", col);
  if (!strstr(proj_table_docs[table], word)) return 0;
  for (u32 f = 0; f < PROJ_FTS_CNT; f++)
    if (proj_fts_defs[f].table == table && !strcmp(col, "doc"))
      return (u8)(2 + f);
  /* Of a row whose first key is the case. */
  if (table == PROJ_T_court_seat && !strcmp(col, "reasons"))
    return 2 + PROJ_F_court_fts;
  return 1;
}

/* Terms of a statement and where their values come from. */
struct proj_build {
  struct proj_scope in;
  struct proj_step *step;
  struct store_term term[PROJ_STEP_ARGS];
  u32 table;
};
static void proj_build_add(struct proj_build *b, const struct store_column *c,
                           char op, struct proj_src src) {
  struct proj_step *s = b->step;
  MUST(s->arg_cnt < PROJ_STEP_ARGS);
  b->term[s->arg_cnt] = (struct store_term){c->name, op};
  s->arg[s->arg_cnt++] = (struct proj_arg){
      src, c->kind, op == '=' ? proj_doc_kind(b->table, c->name) : 0};
}
static bool proj_build_has(const struct proj_build *b, const char *col) {
  for (u32 i = 0; i < b->step->arg_cnt; i++)
    if (!strcmp(b->term[i].col, col)) return true;
  return false;
}

static void proj_build_spec(struct proj_build *b, bool set, const char *spec,
                            bool *only) {
  const struct store_table_def *t = &proj_tables[b->table];
  struct proj_term_text w;
  struct proj_src src;
  *only = false;
  while (proj_spec_next(&spec, &w)) {
    if (w.op == '!') {
      *only = true;
    } else if (w.op == '@') {
      b->step->cond_not = w.col[0] == '!';
      MUST(proj_find(&b->step->cond, &b->in, w.col + b->step->cond_not));
    } else {
      const struct store_column *c = t->col;
      while (c->name && strcmp(c->name, w.col) != 0) c++;
      MUST(c->name && proj_find(&src, &b->in, w.src));
      proj_build_add(b, c, set && c->key ? '?' : w.op, src);
    }
  }
}

/* The columns that find their values by their names; keys always. */
static void proj_build_names(struct proj_build *b, bool set, bool only) {
  const struct store_table_def *t = &proj_tables[b->table];
  struct proj_src src;
  for (const struct store_column *c = t->col; c->name; c++) {
    if (proj_build_has(b, c->name) || (only && !c->key)) continue;
    bool found = proj_find(&src, &b->in, c->name);
    MUST(found || !c->key);
    if (found) proj_build_add(b, c, set && c->key ? '?' : '=', src);
  }
  static const struct store_column last[] = {{"height", STORE_INT, false},
                                             {"tx", STORE_HASH, false},
                                             {"log", STORE_INT, false}};
  for (u32 i = 0; i < 3; i++)
    proj_build_add(b, &last[i], '=',
                   (struct proj_src){(u8)(PROJ_HEIGHT + i), 0});
}

/* Keys first, as the table's statement wants its conflict's columns anywhere,
** but the first key's argument is needed for clearing. */
static err proj_build_end(struct proj *p, struct proj_build *b, bool set,
                          const char *spec) {
  const struct store_table_def *t = &proj_tables[b->table];
  bool only;
  proj_build_spec(b, set, spec, &only);
  proj_build_names(b, set, only);
  for (u32 i = 0; i < b->step->arg_cnt; i++)
    if (!strcmp(b->term[i].col, t->col[0].name)) b->step->key = b->step->arg[i];
  return store_table_prepare(p->s, &b->step->st, t, set ? STORE_SET : STORE_PUT,
                             b->term, b->step->arg_cnt);
}

static err proj_compile_on(struct proj *p, struct proj_step *s,
                           const struct module_message *msg,
                           const struct module_record *rec, u32 table,
                           bool set, const char *spec) {
  struct proj_build b = {.in = {msg, rec, NULL, NULL}, .step = s,
                         .table = table};
  s->what = PROJ_DO_ROW;
  s->table = (u16)table;
  return proj_build_end(p, &b, set, spec);
}

static err proj_compile_each(struct proj *p, struct proj_step *s,
                             const struct module_message *msg,
                             const struct module_record *rec, u32 table,
                             const char *array, bool clear,
                             const char *spec) {
  struct proj_build b = {.in = {msg, rec, NULL, NULL}, .step = s,
                         .table = table};
  struct module_component c;
  s->what = PROJ_DO_EACH;
  s->table = (u16)table;
  s->elem_words = 1;
  for (u32 i = 0; rec && module_record_component(&c, rec, i); i++) {
    if (!c.array || strcmp(c.name, array) != 0) continue;
    s->array = (struct proj_src){PROJ_REC, (u16)i};
    b.in.elem_rec = c.array->item;
    s->elem_words = 0;
    for (const struct module_field *f = c.array->item->field; f->name; f++)
      s->elem_words++;
  }
  if (!s->array.from) {
    MUST(proj_find_param(&s->array, msg, array));
    for (const struct module_param *q = msg->param; q->name; q++) {
      if (strcmp(q->name, array) != 0 || q->kind != MODULE_STRUCTS) continue;
      b.in.elem = q->sub;
      s->elem_words = 0;
      for (const struct module_param *m = q->sub->param; m->name; m++)
        s->elem_words += (u8)proj_words(m);
    }
  }
  TRY(proj_build_end(p, &b, false, spec));
  if (!clear) return ERR_OK;
  struct store_term first = {proj_tables[table].col[0].name, '?'};
  return store_table_prepare(p->s, &s->clear_st, &proj_tables[table], STORE_DEL,
                             &first, 1);
}

static void proj_compile_subject(struct proj_step *s,
                                 const struct module_message *msg, u32 of,
                                 u8 type, const char *key) {
  s->what = PROJ_DO_SUBJECT;
  s->module = (u8)of;
  s->type = type;
  MUST(proj_find_param(&s->key.src, msg, key));
  for (const struct module_param *q = msg->param; q->name; q++)
    if (!strcmp(q->name, key)) s->key_address = q->kind == MODULE_ADDR;
}

/* One row of proj_event.def. */
struct proj_row {
  u8 module, what;
  bool set, clear;
  u8 of, type;
  u16 table;
  const char *event, *spec, *array;
  const struct module_record *rec;
  err (*fn)(struct proj *p, const struct proj_event_data *d);
};
static const struct proj_row proj_rows_all[] = {
#define NONE NULL
#define R(record) &record
#define PUT false
#define SET true
#define ON(module, event, table, how, record, spec) \
  {PROJ_##module, PROJ_DO_ROW, how, false, 0, 0, PROJ_T_##table, event, spec, \
   NULL, record, NULL},
#define EACH(module, event, table, record, array, clear, spec) \
  {PROJ_##module, PROJ_DO_EACH, false, clear, 0, 0, PROJ_T_##table, event, \
   spec, array, record, NULL},
#define SUBJECT(module, event, of, type, key) \
  {PROJ_##module, PROJ_DO_SUBJECT, false, false, PROJ_##of, type, 0, event, \
   key, NULL, NULL, NULL},
#define FN(module, event, name) \
  {PROJ_##module, PROJ_DO_FN, false, false, 0, 0, 0, event, NULL, NULL, NULL, \
   proj_fn_##name},
#define FN_AFTER(module, event, name) FN(module, event, name)
#include "proj/proj_event.def"
};
#undef NONE
#undef R
#undef PUT
#undef SET
#undef ON
#undef EACH
#undef SUBJECT
#undef FN
#undef FN_AFTER

static void proj_event_topic(hash32 *out, const struct module_message *msg) {
  struct buf b;
  buf_init(&b, 0);
  module_signature(&b, msg->name, msg->param);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

static struct proj_event *proj_event_make(struct proj *p, u32 m,
                                          const struct module_message *msg) {
  struct proj_event *e = &p->event[p->event_cnt++];
  struct proj_src src;
  *e = (struct proj_event){.module = (u8)m, .first = (u16)p->step_cnt};
  proj_event_topic(&e->topic, msg);
  if (proj_find_param(&src, msg, "record") && src.from == PROJ_DATA) {
    e->has_record = true;
    e->record_at = src.at;
  }
  return e;
}

static err proj_compile_row(struct proj *p, struct proj_event *e,
                            const struct proj_row *r,
                            const struct module_message *msg) {
  struct proj_step *s = &p->step[p->step_cnt++];
  *s = (struct proj_step){.clear_st = UINT32_MAX, .fn = r->fn,
                          .what = r->what};
  e->cnt++;
  if (r->rec) e->record_dynamic = module_record_is_dynamic(r->rec);
  switch (r->what) {
    case PROJ_DO_ROW:
      return proj_compile_on(p, s, msg, r->rec, r->table, r->set, r->spec);
    case PROJ_DO_EACH:
      return proj_compile_each(p, s, msg, r->rec, r->table, r->array, r->clear,
                               r->spec);
    case PROJ_DO_SUBJECT:
      proj_compile_subject(s, msg, r->of, r->type, r->spec);
      return ERR_OK;
    default: return ERR_OK;
  }
}

static err proj_compile(struct proj *p) {
  p->event = mem_alloc(ARRAY_LEN(proj_rows_all) * sizeof *p->event);
  p->step = mem_alloc(ARRAY_LEN(proj_rows_all) * sizeof *p->step);
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    const struct module_def *def = proj_modules[m].def;
    for (u32 i = 0; i < def->row_cnt; i++) {
      if (def->row[i].kind != MODULE_ROW_EVENT) continue;
      const struct module_message *msg = def->row[i].message;
      struct proj_event *e = NULL;
      for (u32 k = 0; k < ARRAY_LEN(proj_rows_all); k++) {
        const struct proj_row *r = &proj_rows_all[k];
        if (r->module != m || strcmp(r->event, msg->name) != 0) continue;
        if (!e) e = proj_event_make(p, m, msg);
        TRY(proj_compile_row(p, e, r, msg));
      }
    }
  }
  for (u32 k = 0; k < ARRAY_LEN(proj_rows_all); k++)
    MUST(proj_message(proj_rows_all[k].module, proj_rows_all[k].event));
  return ERR_OK;
}

/*------------------------------------------------------------ open, close */
static err proj_make_all(struct store *s, u32 modules, bool drop) {
  for (u32 t = 0; t < PROJ_TABLE_CNT; t++) {
    if (!(modules >> proj_table_modules[t] & 1)) continue;
    TRY(store_table_make(s, &proj_tables[t], drop));
    /* The sums of reviews are read while reviews are written. */
    if (t == PROJ_T_market_review) TRY(store_table_index(s, &proj_tables[t]));
  }
  for (u32 f = 0; f < PROJ_FTS_CNT; f++)
    if (modules >> proj_fts_defs[f].module & 1)
      TRY(store_fts_make(s, &proj_fts_defs[f].def, drop));
  /* Went with their tables. */
#define X(name) TRY(store_table_once(s, #name));
  PROJ_TRIGGERS(X)
#undef X
  return ERR_OK;
}

err proj_filled(struct proj *p) {
  for (u32 t = 0; t < PROJ_TABLE_CNT; t++)
    TRY(store_table_index(p->s, &proj_tables[t]));
  return ERR_OK;
}

static err proj_prepare(struct proj *p) {
  static const char *const name[] = {
#define X(name) #name,
      PROJ_PREPARED(X)
#undef X
  };
  for (u32 i = 0; i < PROJ_ST_CNT; i++)
    TRY(store_table_named(p->s, &p->st[i], name[i]));
  for (u32 f = 0; f < PROJ_FTS_CNT; f++) {
    char text[64];
    const char *of = PROJ_FTS_TEXT[f].name;
    snprintf(text, sizeof text, "fts_%s_put", of);
    TRY(store_table_named(p->s, &p->fts[f].put, text));
    snprintf(text, sizeof text, "fts_%s_title", of);
    TRY(store_table_named(p->s, &p->fts[f].title, text));
    snprintf(text, sizeof text, "fts_%s_clear", of);
    TRY(store_table_named(p->s, &p->fts[f].clear, text));
    TRY(store_fts_prepare(p->s, &p->fts[f].changed, proj_fts_defs[f].def.name));
    p->fts[f].row = UINT32_MAX;
    if (proj_tables[proj_fts_defs[f].table].col[0].kind == STORE_INT) continue;
    snprintf(text, sizeof text, "row_of_%s", of);
    TRY(store_table_named(p->s, &p->fts[f].row, text));
  }
  return proj_fn_open(p);
}

/* Tables of another schema go, with their rows. */
static err proj_open_tables(struct proj *p) {
#define X(name) TRY(store_table_once(p->s, #name));
  PROJ_NAMED(X)
#undef X
  u32 st;
  u32 old = 0;
  TRY(store_table_named(p->s, &st, "proj_head_get"));
  p->st[PROJ_ST_proj_head_get] = st;
  TRY(store_table_named(p->s, &p->st[PROJ_ST_proj_head_put], "proj_head_put"));
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    i64 height;
    hash32 hash;
    TRY(proj_stands(p, &height, &hash, m));
    if (height < 0) old |= 1u << m;
  }
  if (old) TRY(proj_make_all(p->s, old, true));
  TRY(proj_make_all(p->s, PROJ_ALL, false));
  i64 at;
  u32 making;
  TRY(proj_making(p, &at, &making));
  return making ? ERR_OK : proj_filled(p);
}

err proj_open(struct proj **out, struct store *s, struct errmsg *msg) {
  struct proj *p = mem_alloc(sizeof *p);
  *out = NULL;
  p->s = s;
  arena_init(&p->a, 64u << 10, 4u << 20);
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    addr20 a;
    module_address(&a, proj_modules[m].def->number);
    chain_bloom_add(&p->bloom[m], addr20_slice(&a));
  }
  err e = store_table_begin(s);
  if (!e) e = store_table_end(s, proj_open_tables(p));
  if (!e) e = proj_prepare(p);
  if (!e) e = proj_compile(p);
  if (e) {
    err_say(msg, e, "the tables of commerce cannot be opened: %s (%s)",
            err_text(e), store_error(s));
    proj_close(p);
    return e;
  }
  *out = p;
  return ERR_OK;
}

void proj_close(struct proj *p) {
  if (!p) return;
  arena_fini(&p->a);
  mem_free(p->event);
  mem_free(p->step);
  mem_free(p);
}

u32 proj_wants(const struct proj *p, const struct bloom256 *bloom) {
  u32 modules = 0;
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    bool all = true;
    for (u32 i = 0; i < sizeof bloom->b && all; i++)
      all = (bloom->b[i] & p->bloom[m].b[i]) == p->bloom[m].b[i];
    if (all) modules |= 1u << m;
  }
  return modules;
}

err proj_run(struct proj *p, enum proj_prepared st, const struct store_val *v,
             u32 cnt) {
  return store_table_run(p->s, p->st[st], v, cnt);
}
err proj_rows(struct proj *p, enum proj_prepared st, const struct store_val *v,
              u32 cnt, store_row_fn *row, void *ctx) {
  return store_table_rows(p->s, p->st[st], v, cnt, row, ctx);
}

err proj_fts_run(struct proj *p, u32 fts, u32 st, const struct store_val *v,
                 u32 cnt, i64 row) {
  TRY(store_table_run(p->s, st, v, cnt));
  return store_fts_changed(p->s, p->fts[fts].changed, row);
}

/*-------------------------------------------------------------- heads */
struct proj_head {
  i64 height;
  hash32 hash;
};
static err proj_head_row(void *ctx, const struct store_val *v, u32 cnt) {
  struct proj_head *h = ctx;
  if (cnt < 3 || v[2].num != PROJ_SCHEMA || v[1].bytes.len != 32) return ERR_OK;
  h->height = v[0].num;
  memcpy(h->hash.b, v[1].bytes.ptr, 32);
  return ERR_OK;
}
static err proj_head_of(struct proj *p, const char *name, i64 *height,
                        hash32 *hash) {
  struct proj_head h = {.height = -1};
  struct store_val v = store_text(slice_str(name));
  TRY(proj_rows(p, PROJ_ST_proj_head_get, &v, 1, proj_head_row, &h));
  *height = h.height;
  *hash = h.hash;
  return ERR_OK;
}
err proj_stands(struct proj *p, i64 *height, hash32 *hash, u32 module) {
  return proj_head_of(p, proj_modules[module].name, height, hash);
}
err proj_stands_all(struct proj *p, i64 *height, hash32 *hash) {
  return proj_head_of(p, "*", height, hash);
}
static err proj_head_set(struct proj *p, const char *name, i64 height,
                         const hash32 *hash) {
  struct store_val v[] = {store_text(slice_str(name)), store_num((u64)height),
                          store_blob(hash32_slice(hash)),
                          store_num(PROJ_SCHEMA)};
  return proj_run(p, PROJ_ST_proj_head_put, v, 4);
}

err proj_block_end(struct proj *p, const struct proj_block *b, bool whole) {
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++)
    if (b->modules >> m & 1)
      TRY(proj_head_set(p, proj_modules[m].name, (i64)b->height, &b->hash));
  return whole ? proj_head_set(p, "*", (i64)b->height, &b->hash) : ERR_OK;
}

err proj_making(struct proj *p, i64 *height, u32 *modules) {
  hash32 mask = {{0}};
  TRY(proj_head_of(p, "making", height, &mask));
  *modules = load_be32(mask.b);
  return ERR_OK;
}
err proj_making_set(struct proj *p, i64 height, u32 modules) {
  hash32 mask = {{0}};
  store_be32(mask.b, modules);
  return proj_head_set(p, "making", height, &mask);
}

err proj_clear(struct proj *p, u32 modules) {
  static const hash32 none;
  for (u32 m = 0; m < PROJ_MODULE_CNT; m++) {
    if (!(modules >> m & 1)) continue;
    struct store_val v = store_num(m);
    TRY(proj_run(p, PROJ_ST_proj_ref_clear, &v, 1));
    TRY(proj_run(p, PROJ_ST_proj_event_clear, &v, 1));
    TRY(proj_head_set(p, proj_modules[m].name, -1, &none));
  }
  return proj_make_all(p->s, modules, true);
}

/*--------------------------------------------------------------- applying */
static const u8 *proj_slice_word(slice s, u32 at) {
  return s.len / 32 > at ? s.ptr + 32 * (size_t)at : NULL;
}
const u8 *proj_word(const struct proj_event_data *d, struct proj_src src,
                    u8 out[32]) {
  u64 v = 0;
  switch (src.from) {
    case PROJ_TOPIC:
      return src.at < d->log->topic_cnt ? d->log->topic[src.at].b : NULL;
    case PROJ_DATA: return proj_slice_word(d->data, src.at);
    case PROJ_REC: return proj_slice_word(d->rec, src.at);
    case PROJ_ELEM: return proj_slice_word(d->elem, src.at);
    case PROJ_TX: return d->tx->b;
    case PROJ_INDEX: v = d->index; break;
    case PROJ_TIME: v = d->b->time_s; break;
    case PROJ_HEIGHT: v = d->b->height; break;
    case PROJ_LOG: v = d->log_idx; break;
    default: v = src.at;
  }
  memset(out, 0, 32);
  store_be64(out + 24, v);
  return out;
}

/* Text of a word: what comes before its first zero, printable ASCII only. */
static slice proj_text_of(u8 out[32], const u8 *word) {
  u32 len = 0;
  for (; len < 32 && word[len]; len++)
    out[len] = word[len] >= 0x20 && word[len] < 0x7f ? word[len] : '?';
  return slice_of(out, len);
}
static bool proj_value(struct store_val *out, const struct proj_event_data *d,
                       const struct proj_arg *a, u8 scratch[32]) {
  const u8 *w = proj_word(d, a->src, scratch);
  if (!w) return false;
  switch (a->kind) {
    case STORE_INT: case STORE_BOOL:
      *out = store_num(load_be64(w + 24));
      return true;
    case STORE_ADDR: *out = store_blob(slice_of(w + 12, 20)); return true;
    case STORE_MONEY: *out = store_blob(slice_of(w + 16, 16)); return true;
    case STORE_HASH: *out = store_blob(slice_of(w, 32)); return true;
    default: {
      u8 word[32];
      memcpy(word, w, 32);
      *out = store_text(proj_text_of(scratch, word));
      return true;
    }
  }
}

struct proj_row_id {
  i64 id;
};
static err proj_row_id_row(void *ctx, const struct store_val *v, u32 cnt) {
  if (cnt) ((struct proj_row_id *)ctx)->id = v[0].num;
  return ERR_OK;
}

/* Content that the row just written names. */
static err proj_apply_docs(struct proj *p, const struct proj_step *s,
                           const struct proj_event_data *d,
                           const struct store_val *v) {
  static const u8 none[32];
  for (u32 i = 0; i < s->arg_cnt; i++) {
    hash32 hash;
    struct proj_row_id row = {0};
    if (!s->arg[i].doc || v[i].bytes.len != 32) continue;
    memcpy(hash.b, v[i].bytes.ptr, 32);
    bool empty = !memcmp(hash.b, none, 32);
    u32 fts = s->arg[i].doc >= 2 ? s->arg[i].doc - 2u : PROJ_FTS_CNT;
    if (fts < PROJ_FTS_CNT) {
      struct store_val key;
      u8 scratch[32];
      if (!proj_value(&key, d, &s->key, scratch)) continue;
      row.id = key.num;
      if (p->fts[fts].row != UINT32_MAX)
        TRY(store_table_rows(p->s, p->fts[fts].row, &key, 1, proj_row_id_row,
                             &row));
    } else if (empty) {
      continue;
    }
    TRY(proj_ref(p, d, proj_table_modules[s->table], &hash, fts, row.id));
  }
  return ERR_OK;
}

static err proj_apply_row(struct proj *p, const struct proj_step *s,
                          const struct proj_event_data *d) {
  struct store_val v[PROJ_STEP_ARGS] = {{0}};
  u8 scratch[PROJ_STEP_ARGS][32];
  bool docs = false;
  for (u32 i = 0; i < s->arg_cnt; i++) {
    if (!proj_value(&v[i], d, &s->arg[i], scratch[i])) return ERR_OK;
    docs |= s->arg[i].doc;
  }
  TRY(store_table_run(p->s, s->st, v, s->arg_cnt));
  return docs ? proj_apply_docs(p, s, d, v) : ERR_OK;
}

/* The elements: behind an offset from the start of what holds it. */
static bool proj_array(slice *out, u64 *cnt, const struct proj_step *s,
                       const struct proj_event_data *d) {
  slice in = s->array.from == PROJ_REC ? d->rec : d->data;
  const u8 *w = proj_slice_word(in, s->array.at);
  if (!w) return false;
  u64 off = load_be64(w + 24);
  if (off > in.len || in.len - off < 32) return false;
  *cnt = load_be64(in.ptr + off + 24);
  *out = slice_of(in.ptr + off + 32, in.len - (size_t)off - 32);
  return *cnt <= out->len / (32u * s->elem_words);
}

static err proj_apply_each(struct proj *p, const struct proj_step *s,
                           struct proj_event_data *d) {
  slice all;
  u64 cnt;
  if (s->clear_st != UINT32_MAX) {
    struct store_val key;
    u8 scratch[32];
    if (!proj_value(&key, d, &s->key, scratch)) return ERR_OK;
    TRY(store_table_run(p->s, s->clear_st, &key, 1));
  }
  if (!proj_array(&all, &cnt, s, d)) return ERR_OK;
  for (u32 i = 0; i < cnt; i++) {
    size_t len = 32u * (size_t)s->elem_words;
    d->index = i;
    d->elem = slice_of(all.ptr + len * i, len);
    TRY(proj_apply_row(p, s, d));
  }
  return ERR_OK;
}

static err proj_apply_subject(struct proj *p, const struct proj_step *s,
                              const struct proj_event_data *d) {
  u8 scratch[32];
  const u8 *w = proj_word(d, s->key.src, scratch);
  if (!w) return ERR_OK;
  slice key = s->key_address ? slice_of(w + 12, 20) : slice_of(w + 24, 8);
  u32 source = proj_module_of(&d->log->addr);
  struct store_val v[] = {
      store_num(s->module), store_num(s->type), store_blob(key),
      store_num(d->b->height), store_num(d->log_idx), store_num(source),
      store_num(d->place)};
  return proj_run(p, PROJ_ST_proj_event_put, v, 7);
}

static bool proj_record(struct proj_event_data *d, const struct proj_event *e) {
  if (!e->has_record) return true;
  const u8 *w = proj_slice_word(d->data, e->record_at);
  if (!w) return false;
  u64 off = load_be64(w + 24);
  if (off > d->data.len || d->data.len - off < 32) return false;
  u64 len = load_be64(d->data.ptr + off + 24);
  if (len > d->data.len - off - 32) return false;
  d->rec = slice_of(d->data.ptr + off + 32, (size_t)len);
  if (!e->record_dynamic) return true;
  if (d->rec.len < 32) return false;
  d->rec = slice_of(d->rec.ptr + 32, d->rec.len - 32);
  return true;
}

static err proj_apply(struct proj *p, const struct proj_step *s,
                      struct proj_event_data *d) {
  if (s->cond.from) {
    u8 scratch[32];
    const u8 *w = proj_word(d, s->cond, scratch);
    if (!w || (load_be64(w + 24) != 0) == s->cond_not) return ERR_OK;
  }
  switch (s->what) {
    case PROJ_DO_ROW: return proj_apply_row(p, s, d);
    case PROJ_DO_EACH: return proj_apply_each(p, s, d);
    case PROJ_DO_SUBJECT: return proj_apply_subject(p, s, d);
    default: return s->fn(p, d);
  }
}

err proj_log(struct proj *p, const struct proj_block *b, const hash32 *tx,
             u32 place, u64 log_idx, const struct state_log *log) {
  u32 m = log->topic_cnt ? proj_module_of(&log->addr) : PROJ_MODULE_CNT;
  if (m == PROJ_MODULE_CNT || !(b->modules >> m & 1)) return ERR_OK;
  for (u32 i = 0; i < p->event_cnt; i++) {
    const struct proj_event *e = &p->event[i];
    if (e->module != m || !hash32_eq(&e->topic, &log->topic[0])) continue;
    struct proj_event_data d = {.b = b, .log = log, .tx = tx, .place = place,
                                .log_idx = log_idx, .data = log->data};
    if (!proj_record(&d, e)) return ERR_OK;
    for (u32 k = 0; k < e->cnt; k++)
      TRY(proj_apply(p, &p->step[e->first + k], &d));
    return ERR_OK;
  }
  return ERR_OK;
}

/*---------------------------------------------------------------- reading */
err proj_query(struct store_reader *r, const struct store_query *q,
               store_row_fn *row, void *ctx) {
  return store_query_run(r, q, row, ctx);
}
err proj_named(struct store_reader *r, const char *name,
               const struct store_val *val, u32 cnt, store_row_fn *row,
               void *ctx) {
  return store_named_run(r, name, val, cnt, row, ctx);
}

static const struct proj_state {
  u8 module, type, state;
  const char *word, *exit;
} proj_states[] = {
#define STATE(module, type, state, word, exit) \
  {PROJ_##module, type, state, word, exit},
#include "proj/proj_state.def"
#undef STATE
};
static const struct proj_state *proj_state_row(u32 module, u8 type, u8 state) {
  for (u32 i = 0; i < ARRAY_LEN(proj_states); i++)
    if (proj_states[i].module == module && proj_states[i].type == type &&
        proj_states[i].state == state)
      return &proj_states[i];
  return NULL;
}
const char *proj_state_word(u32 module, u8 type, u8 state) {
  const struct proj_state *s = proj_state_row(module, type, state);
  return s ? s->word : NULL;
}
const char *proj_state_exit(u32 module, u8 type, u8 state) {
  const struct proj_state *s = proj_state_row(module, type, state);
  return s ? s->exit : NULL;
}
bool proj_state_number(u32 module, u8 type, const char *word, u8 *out) {
  for (u32 i = 0; i < ARRAY_LEN(proj_states); i++) {
    const struct proj_state *s = &proj_states[i];
    if (s->module != module || s->type != type || strcmp(s->word, word) != 0)
      continue;
    *out = s->state;
    return true;
  }
  return false;
}
const char *proj_owner_word(u32 module, u8 type,
                            const struct module_header *h) {
  static const char *const word[] = {
    "none", "buyer", "seller", "mediator", "juror", "owner", "anyone",
    "governance", "timer", "module"};
  u8 role = proj_modules[module].def->owner_of(type, h);
  return role < ARRAY_LEN(word) ? word[role] : "none";
}
