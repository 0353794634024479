/* module_doc.c - a module's rows told to readers: as a page of HTML and as
** JSON, from the table that dispatches it.  Rows of the base come after the
** module's own; the errors of every module last.
**
** The JSON: {name, text, address, function, callGas, wordGas, byteGas,
** methods: [{signature, text, selector, mutability, access, gas, inputs,
** outputs, measured: {gasLeast, gasMost, ns}}], events: [{signature, text,
** topic, inputs}], errors: [{signature, text, selector}],
** records: [{type, name, key, slots, fields}],
** parameters: [{name, default, min, max, scale, text}]}; a method's whole
** price is that of the call (400, 3 a word; a function's: byteGas a byte), its
** gas, and what it reads, writes and logs at the EVM's prices, measured is what
** that came to.  The costs alone: [{module, address, methods: [{signature,
** selector, gasLeast, gasMost, ns}]}].  Parameters are
** numbers times scale (10^15 where the unit is a thousandth of a CMT). */
#include "codec/json.h"
#include "crypto/keccak.h"
#include "module/module.h"

static const struct module_row *module_doc_row(const struct module_def *def,
                                               u32 i) {
  if (i < def->row_cnt) return &def->row[i];
  i -= def->row_cnt;
  return def->base && i < def->base->row_cnt ? &def->base->row[i] : NULL;
}
/* The i-th error: the module's, its base's, those of every module. */
static const struct module_message *module_doc_error(
    const struct module_def *def, u32 i) {
  const struct module_row *r;
  for (u32 k = 0; (r = module_doc_row(def, k)) != NULL; k++)
    if (r->kind == MODULE_ROW_ERROR && i-- == 0) return r->message;
  return i < MODULE_ERROR_CNT ? &MODULE_COMMON_ERROR[i] : NULL;
}
const char *module_text_of(const struct module_notes *n,
                           const struct module_def *def, const char *name) {
  for (const struct module_text *t = n->text; t->module; t++)
    if (strcmp(t->name, name) == 0 &&
        (strcmp(t->module, def->name) == 0 || strcmp(t->module, "*") == 0 ||
         (def->base && strcmp(t->module, def->base->name) == 0)))
      return t->text;
  return NULL;
}
const struct module_cost *module_cost_of(const struct module_notes *n,
                                         const char *module,
                                         const char *method) {
  for (const struct module_cost *c = n->cost; c->module; c++)
    if (strcmp(c->module, module) == 0 && strcmp(c->method, method) == 0)
      return c;
  return NULL;
}
/* Who may call, and what a pause leaves of it. */
static const char *const module_doc_access[] = {
  [MODULE_VIEW] = "anyone", [MODULE_WRITE] = "not at pause 2",
  [MODULE_PAYABLE] = "not at pause 2", [MODULE_NEW] = "not at pause 1",
  [MODULE_NEW_PAYABLE] = "not at pause 1", [MODULE_EXIT] = "always",
  [MODULE_EXIT_PAYABLE] = "always", [MODULE_GOVERN] = "governance"};
static const char *module_doc_mutability(enum module_mutability m) {
  return m == MODULE_VIEW ? "view" : module_takes_value(m) ? "payable"
                                                           : "nonpayable";
}

/*-------------------------------------------------------------------- JSON */

static void module_doc_signature(struct jsonw *w, struct buf *b, hash32 *hash,
                                 const char *name,
                                 const struct module_param *p,
                                 const char *text) {
  buf_clear(b);
  module_signature(b, name, p);
  crypto_keccak256(hash, b->ptr, b->len);
  jsonw_kv_str(w, "signature", buf_cstr(b));
  if (text) jsonw_kv_str(w, "text", text);
}
static void module_doc_names(struct jsonw *w, const char *key,
                             const struct module_param *p) {
  jsonw_key(w, key);
  jsonw_arr(w);
  for (; p->name; p++) jsonw_str(w, p->name);
  jsonw_arr_end(w);
}
/* NULL: it was not measured. */
static const struct module_cost *module_doc_cost(const struct module_def *def,
                                                 u32 row,
                                                 const struct module_notes *n) {
  const char *of = row < def->row_cnt ? def->name : def->base->name;
  return module_cost_of(n, of, module_doc_row(def, row)->method->name);
}
static void module_doc_took(struct jsonw *w, const struct module_cost *c) {
  if (c->none) {
    jsonw_kv_str(w, "none", c->none);
    return;
  }
  jsonw_kv_u64(w, "gasLeast", c->least);
  jsonw_kv_u64(w, "gasMost", c->most);
  jsonw_kv_u64(w, "ns", c->ns);
}
static void module_doc_methods(struct jsonw *w, struct buf *b,
                               const struct module_def *def,
                               const struct module_notes *n) {
  const struct module_cost *cost;
  const struct module_row *r;
  hash32 h;
  jsonw_key(w, "methods");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++) {
    if (r->kind != MODULE_ROW_METHOD) continue;
    jsonw_obj(w);
    module_doc_signature(w, b, &h, r->method->name, r->method->in,
                         module_text_of(n, def, r->method->name));
    jsonw_kv_hex(w, "selector", slice_of(h.b, 4));
    jsonw_kv_str(w, "mutability", module_doc_mutability(r->method->mut));
    jsonw_kv_str(w, "access", module_doc_access[r->method->mut]);
    jsonw_kv_u64(w, "gas", r->method->gas);
    module_doc_names(w, "inputs", r->method->in);
    module_doc_names(w, "outputs", r->method->out);
    if ((cost = module_doc_cost(def, i, n)) != NULL) {
      jsonw_key(w, "measured");
      jsonw_obj(w);
      module_doc_took(w, cost);
      jsonw_obj_end(w);
    }
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}
static void module_doc_messages(struct jsonw *w, struct buf *b,
                                const struct module_def *def,
                                const struct module_notes *n) {
  const struct module_row *r;
  const struct module_message *m;
  hash32 h;
  jsonw_key(w, "events");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++) {
    if (r->kind != MODULE_ROW_EVENT) continue;
    jsonw_obj(w);
    module_doc_signature(w, b, &h, r->message->name, r->message->param,
                         module_text_of(n, def, r->message->name));
    jsonw_kv_hex(w, "topic", slice_of(h.b, 32));
    module_doc_names(w, "inputs", r->message->param);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_key(w, "errors");
  jsonw_arr(w);
  for (u32 i = 0; (m = module_doc_error(def, i)) != NULL; i++) {
    jsonw_obj(w);
    module_doc_signature(w, b, &h, m->name, m->param,
                         module_text_of(n, def, m->name));
    jsonw_kv_hex(w, "selector", slice_of(h.b, 4));
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}
static void module_doc_record(struct jsonw *w, const struct module_record *r) {
  jsonw_obj(w);
  jsonw_kv_u64(w, "type", r->type);
  jsonw_kv_str(w, "name", r->name);
  jsonw_kv_str(w, "key", r->key);
  jsonw_kv_u64(w, "slots", module_record_slots(r));
  jsonw_key(w, "fields");
  jsonw_arr(w);
  for (const struct module_field *f = r->field; f->name; f++)
    jsonw_str(w, f->name);
  jsonw_arr_end(w);
  jsonw_obj_end(w);
}
static void module_doc_setting(struct jsonw *w,
                               const struct module_setting *s) {
  jsonw_obj(w);
  jsonw_kv_str(w, "name", s->name);
  jsonw_kv_u64(w, "default", s->dflt);
  jsonw_kv_u64(w, "min", s->min);
  jsonw_kv_u64(w, "max", s->max);
  jsonw_kv_u64(w, "scale", s->scale);
  jsonw_kv_str(w, "text", s->text);
  jsonw_obj_end(w);
}
static void module_doc_state(struct jsonw *w, const struct module_def *def) {
  const struct module_row *r;
  jsonw_key(w, "records");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++)
    if (r->kind == MODULE_ROW_RECORD && r->record->type)
      module_doc_record(w, r->record);
  jsonw_arr_end(w);
  jsonw_key(w, "parameters");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++)
    if (r->kind == MODULE_ROW_SETTING) module_doc_setting(w, r->setting);
  jsonw_arr_end(w);
}
void module_doc_json(struct buf *out, const struct module_def *def,
                     const struct module_notes *n) {
  struct jsonw w;
  struct buf b;
  addr20 a;
  buf_init(&b, 0);
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "name", def->name);
  jsonw_kv_str(&w, "text", def->text);
  module_address(&a, def->number);
  jsonw_kv_hex(&w, "address", slice_of(a.b, 20));
  jsonw_kv_bool(&w, "function", def->is_function);
  jsonw_kv_u64(&w, "callGas", def->is_function ? 0 : MODULE_GAS_CALL);
  jsonw_kv_u64(&w, "wordGas", def->is_function ? 0 : MODULE_GAS_WORD);
  jsonw_kv_u64(&w, "byteGas", def->byte_gas);
  module_doc_methods(&w, &b, def, n);
  module_doc_messages(&w, &b, def, n);
  module_doc_state(&w, def);
  jsonw_obj_end(&w);
  buf_fini(&b);
}

void module_doc_costs_json(struct buf *out,
                           const struct module_def *const *defs, u32 cnt,
                           const struct module_notes *n) {
  const struct module_row *r;
  const struct module_cost *cost;
  struct jsonw w;
  struct buf b;
  addr20 a;
  hash32 h;
  buf_init(&b, 0);
  jsonw_init(&w, out);
  jsonw_arr(&w);
  for (u32 k = 0; k < cnt; k++) {
    jsonw_obj(&w);
    jsonw_kv_str(&w, "module", defs[k]->name);
    module_address(&a, defs[k]->number);
    jsonw_kv_hex(&w, "address", slice_of(a.b, 20));
    jsonw_key(&w, "methods");
    jsonw_arr(&w);
    for (u32 i = 0; (r = module_doc_row(defs[k], i)) != NULL; i++) {
      if (r->kind != MODULE_ROW_METHOD ||
          !(cost = module_doc_cost(defs[k], i, n)))
        continue;
      jsonw_obj(&w);
      module_doc_signature(&w, &b, &h, r->method->name, r->method->in, NULL);
      jsonw_kv_hex(&w, "selector", slice_of(h.b, 4));
      module_doc_took(&w, cost);
      jsonw_obj_end(&w);
    }
    jsonw_arr_end(&w);
    jsonw_obj_end(&w);
  }
  jsonw_arr_end(&w);
  buf_fini(&b);
}

/*-------------------------------------------------------------------- HTML */

/* name(type name, ..) */
static void module_doc_params(struct buf *b, const char *name,
                              const struct module_param *list) {
  buf_printf(b, "%s(", name);
  for (const struct module_param *p = list; p->name; p++) {
    if (p != list) buf_put_str(b, ", ");
    if (p->sub)
      buf_printf(b, "<a href=\"#%s\">%s</a>%s", p->sub->name, p->sub->name,
                 p->kind == MODULE_STRUCTS ? "[]" : "");
    else
      buf_put_str(b, p->type);
    buf_printf(b, "%s %s", p->indexed ? " indexed" : "", p->name);
  }
  buf_put_str(b, ")");
}
/* 1234567 as 1,234,567. */
static void module_doc_count(struct buf *b, u64 v) {
  if (v >= 1000) {
    module_doc_count(b, v / 1000);
    buf_printf(b, ",%03u", (u32)(v % 1000));
  } else {
    buf_printf(b, "%u", (u32)v);
  }
}

/* A page: as the dashboard looks, with a way back to it. */
static void module_doc_open(struct buf *b, const char *title) {
  buf_printf(b,
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
    "<meta name=\"color-scheme\" content=\"light dark\"><title>%s</title>"
    "<link rel=\"icon\" href=\"/icon.svg\" type=\"image/svg+xml\">"
    "<script src=\"/theme.js\"></script>"
    "<link rel=\"stylesheet\" href=\"/app.css\"></head>\n<body class=\"doc\">"
    "<header><a class=\"brand\" href=\"/\">CyberMiles</a>"
    "<a href=\"/abi/\">Native modules</a><a href=\"/abi/gas.html\">What calls "
    "cost</a></header>\n<main>\n<h1>%s</h1>\n", title, title);
}
static void module_doc_close(struct buf *b) {
  buf_put_str(b, "</main></body></html>\n");
}
/* A table whose columns are named; a cell knows its column's name, since at 320
** px it stands alone. */
struct module_table {
  struct buf *b;
  const char *const *column; /* ended by NULL */
  u32 at;
};
static void module_table_open(struct module_table *t, struct buf *b,
                              const char *caption,
                              const char *const *column) {
  *t = (struct module_table){b, column, 0};
  buf_printf(b, "<table class=\"list\"><caption>%s</caption><thead><tr>",
             caption);
  for (; *column; column++)
    buf_printf(b, "<th scope=\"col\">%s</th>", *column);
  buf_put_str(b, "</tr></thead><tbody>\n");
}
static void module_table_row(struct module_table *t, const char *id) {
  t->at = 0;
  if (id)
    buf_printf(t->b, "<tr id=\"%s\">", id);
  else
    buf_put_str(t->b, "<tr>");
}
static void module_table_cell(struct module_table *t) {
  if (t->at) buf_put_str(t->b, "</td>");
  buf_printf(t->b, "<td data-label=\"%s\">", t->column[t->at++]);
}
static void module_table_end(struct module_table *t) {
  buf_put_str(t->b, "</td></tr>\n");
}
static void module_table_close(struct module_table *t) {
  buf_put_str(t->b, "</tbody></table>\n");
}

/* Two cells: gas, time. */
static void module_doc_took_cells(struct module_table *t,
                                  const struct module_cost *c) {
  module_table_cell(t);
  if (c && c->none) buf_put_str(t->b, c->none);
  if (c && !c->none) {
    module_doc_count(t->b, c->least);
    if (c->most != c->least) {
      buf_put_str(t->b, " to ");
      module_doc_count(t->b, c->most);
    }
  }
  module_table_cell(t);
  if (c && !c->none)
    buf_printf(t->b, "%llu.%llu&nbsp;us", (unsigned long long)(c->ns / 1000),
               (unsigned long long)(c->ns % 1000 / 100));
}
static const char module_doc_measured[] =
  "<p>Measured: gas of a whole call, the least and the most seen (slots that "
  "are new, lists that are long), without the transaction's own 21,000 and its "
  "data; time on one core of the machine that measured, the mean, with nothing "
  "in memory yet. They tell the order, not a bound: ask eth_estimateGas for the "
  "call at hand. Made by <code>make bench-methods</code>.</p>\n";

static void module_doc_named(struct module_table *t, const char *name,
                             const struct module_param *param,
                             const char *text) {
  module_table_cell(t);
  buf_put_str(t->b, "<code>");
  module_doc_params(t->b, name, param);
  buf_put_str(t->b, "</code>");
  if (text) buf_printf(t->b, "<p>%s</p>", text);
}
static void module_doc_method(struct module_table *t, const char *text,
                              const struct module_method *m,
                              const struct module_cost *cost) {
  module_doc_named(t, m->name, m->in, text);
  if (m->out->name) {
    buf_put_str(t->b, "<p>gives <code>");
    module_doc_params(t->b, "", m->out);
    buf_put_str(t->b, "</code></p>");
  }
  module_table_cell(t);
  buf_printf(t->b, "%s", module_doc_mutability(m->mut));
  module_table_cell(t);
  buf_printf(t->b, "%s", module_doc_access[m->mut]);
  module_table_cell(t);
  module_doc_count(t->b, m->gas);
  module_doc_took_cells(t, cost);
}
static void module_doc_setting_cells(struct module_table *t,
                                     const struct module_setting *s) {
  const char *unit = s->scale == 1 ? "" : " mCMT";
  const u64 value[] = {s->dflt, s->min, s->max};
  module_table_cell(t);
  buf_printf(t->b, "<code>%s</code><p>%s</p>", s->name, s->text);
  for (u32 i = 0; i < ARRAY_LEN(value); i++) {
    module_table_cell(t);
    module_doc_count(t->b, value[i]);
    buf_put_str(t->b, unit);
  }
}
static void module_doc_record_cells(struct module_table *t,
                                    const struct module_record *d) {
  module_table_cell(t);
  buf_printf(t->b, "%u", d->type);
  module_table_cell(t);
  buf_printf(t->b, "<code>%s</code>", d->name);
  module_table_cell(t);
  buf_printf(t->b, "<code>%s</code>", d->key);
  module_table_cell(t);
  buf_printf(t->b, "%u", module_record_slots(d));
  module_table_cell(t);
  for (const struct module_field *f = d->field; f->name; f++)
    buf_printf(t->b, "%s%s", f == d->field ? "" : ", ", f->name);
}

static const struct {
  enum module_row_kind kind;
  const char *title;
  const char *column[7];
} module_doc_tables[] = {
  {MODULE_ROW_METHOD, "Methods",
   {"method", "mutability", "when", "gas", "measured gas", "time"}},
  {MODULE_ROW_STRUCT, "Structs", {"struct"}},
  {MODULE_ROW_SETTING, "Parameters", {"parameter", "default", "least", "most"}},
  {MODULE_ROW_RECORD, "Records", {"type", "record", "key", "slots", "fields"}},
  {MODULE_ROW_EVENT, "Events", {"event"}},
};
static bool module_doc_shown(const struct module_row *r,
                             enum module_row_kind kind) {
  return r->kind == kind && (kind != MODULE_ROW_RECORD || r->record->type);
}
static void module_doc_html_row(struct module_table *t,
                                const struct module_def *def, u32 i,
                                const struct module_notes *n) {
  const struct module_row *r = module_doc_row(def, i);
  module_table_row(t, r->kind == MODULE_ROW_STRUCT ? r->type->name : NULL);
  switch (r->kind) {
    case MODULE_ROW_METHOD:
      module_doc_method(t, module_text_of(n, def, r->method->name), r->method,
                        module_doc_cost(def, i, n));
      break;
    case MODULE_ROW_RECORD: module_doc_record_cells(t, r->record); break;
    case MODULE_ROW_SETTING: module_doc_setting_cells(t, r->setting); break;
    case MODULE_ROW_STRUCT:
      module_doc_named(t, r->type->name, r->type->param, NULL);
      break;
    default:
      module_doc_named(t, r->message->name, r->message->param,
                       module_text_of(n, def, r->message->name));
  }
  module_table_end(t);
}
/* The rows of a kind from first to before last, when there are any. */
static void module_doc_table(struct buf *b, const struct module_def *def,
                             u32 which, u32 first, u32 last,
                             const struct module_notes *n) {
  enum module_row_kind kind = module_doc_tables[which].kind;
  struct module_table t = {0};
  for (u32 i = first; i < last; i++) {
    if (!module_doc_shown(module_doc_row(def, i), kind)) continue;
    if (!t.b) {
      const char *title = module_doc_tables[which].title;
      if (first) buf_put_str(b, "<h3>As every module of commerce</h3>\n");
      else buf_printf(b, "<h2 id=\"%s\">%s</h2>\n", title, title);
      module_table_open(&t, b, title, module_doc_tables[which].column);
    }
    module_doc_html_row(&t, def, i, n);
  }
  if (t.b) module_table_close(&t);
}
void module_doc_index(struct buf *b, const struct module_def *const *defs,
                      u32 cnt) {
  module_doc_open(b, "Native modules");
  buf_put_str(b, "<p>Contracts of the chain itself, for wallets and Solidity "
                 "alike.</p>\n<dl class=\"facts\">\n");
  for (u32 i = 0; i < cnt; i++)
    buf_printf(b, "<div><dt><a href=\"/abi/%s.html\">%s</a></dt><dd>%s<br>"
                  "<code class=\"hash\">0x%040x</code><br>"
                  "<a href=\"/abi/%s.json\">ABI</a> <a href=\"/abi/%s.sol\">"
                  "Solidity interface</a></dd></div>\n",
               defs[i]->name, defs[i]->name, defs[i]->text, defs[i]->number,
               defs[i]->name, defs[i]->name);
  buf_put_str(b, "</dl>\n");
  module_doc_close(b);
}
void module_doc_costs_html(struct buf *b, const struct module_def *const *defs,
                           u32 cnt, const struct module_notes *n) {
  static const char *const column[] = {"method", "measured gas", "time", NULL};
  const struct module_row *r;
  struct module_table t;
  module_doc_open(b, "What calls cost");
  buf_put_str(b, module_doc_measured);
  buf_put_str(b, "<p><a href=\"/abi/gas.json\">This page as JSON</a></p>\n");
  for (u32 k = 0; k < cnt; k++) {
    buf_printf(b, "<h2><a href=\"/abi/%s.html\">%s</a></h2>\n", defs[k]->name,
               defs[k]->name);
    module_table_open(&t, b, defs[k]->name, column);
    for (u32 i = 0; (r = module_doc_row(defs[k], i)) != NULL; i++) {
      if (r->kind != MODULE_ROW_METHOD) continue;
      module_table_row(&t, NULL);
      module_table_cell(&t);
      buf_printf(b, "<code>%s</code>", r->method->name);
      module_doc_took_cells(&t, module_doc_cost(defs[k], i, n));
      module_table_end(&t);
    }
    module_table_close(&t);
  }
  module_doc_close(b);
}
void module_doc_html(struct buf *b, const struct module_def *def,
                     const struct module_notes *n) {
  static const char *const column[] = {"error", NULL};
  u32 all = def->row_cnt + (def->base ? def->base->row_cnt : 0);
  const struct module_message *m;
  struct module_table t;
  module_doc_open(b, def->name);
  buf_printf(b, "<p>%s, <code class=\"hash\">0x%040x</code></p>\n<p class=\""
                "bar\"><a href=\"/abi/%s.json\">ABI</a><a href=\"/abi/%s.sol\">"
                "Solidity interface</a><a href=\"/abi/%s.info.json\">This page "
                "as JSON</a></p>\n",
             def->text, def->number, def->name, def->name, def->name);
  if (def->is_function)
    buf_printf(b, "<p>A call costs its method's gas and %u a byte of call "
                  "data; what more depends on the input the source "
                  "tells.</p>\n", def->byte_gas);
  else
    buf_printf(b, "<p>A call costs %d, %d a word of call data, its method's "
                  "gas, and the EVM's prices for each slot that it reads or "
                  "writes and each log.</p>\n", MODULE_GAS_CALL,
               MODULE_GAS_WORD);
  buf_put_str(b, module_doc_measured);
  for (u32 i = 0; i < ARRAY_LEN(module_doc_tables); i++) {
    module_doc_table(b, def, i, 0, def->row_cnt, n);
    module_doc_table(b, def, i, def->row_cnt, all, n);
  }
  buf_put_str(b, "<h2 id=\"Errors\">Errors</h2>\n");
  module_table_open(&t, b, "Errors", column);
  for (u32 i = 0; (m = module_doc_error(def, i)) != NULL; i++) {
    module_table_row(&t, NULL);
    module_doc_named(&t, m->name, m->param, module_text_of(n, def, m->name));
    module_table_end(&t);
  }
  module_table_close(&t);
  module_doc_close(b);
}
