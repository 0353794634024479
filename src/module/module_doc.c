/* module_doc.c - a module's rows told to readers: as a page of HTML and as
** JSON, from the table that dispatches it.  Rows of the base come after the
** module's own; the errors of every module last.
**
** The JSON: {name, text, address, function, callGas, wordGas, byteGas,
** methods: [{signature, selector, mutability, access, gas, inputs, outputs,
** measured: {gasLeast, gasMost, ns}}],
** events: [{signature, topic, inputs}], errors: [{signature, selector}],
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
                                 const struct module_param *p) {
  buf_clear(b);
  module_signature(b, name, p);
  crypto_keccak256(hash, b->ptr, b->len);
  jsonw_kv_str(w, "signature", buf_cstr(b));
}
static void module_doc_names(struct jsonw *w, const char *key,
                             const struct module_param *p) {
  jsonw_key(w, key);
  jsonw_arr(w);
  for (; p->name; p++) jsonw_str(w, p->name);
  jsonw_arr_end(w);
}
/* NULL: it was not measured. */
static const struct module_cost *module_doc_cost(
    const struct module_def *def, u32 row, const struct module_cost *costs) {
  const char *of = row < def->row_cnt ? def->name : def->base->name;
  const char *method = module_doc_row(def, row)->method->name;
  for (; costs->module; costs++)
    if (strcmp(costs->module, of) == 0 && strcmp(costs->method, method) == 0)
      return costs;
  return NULL;
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
                               const struct module_cost *costs) {
  const struct module_cost *cost;
  const struct module_row *r;
  hash32 h;
  jsonw_key(w, "methods");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++) {
    if (r->kind != MODULE_ROW_METHOD) continue;
    jsonw_obj(w);
    module_doc_signature(w, b, &h, r->method->name, r->method->in);
    jsonw_kv_hex(w, "selector", slice_of(h.b, 4));
    jsonw_kv_str(w, "mutability", module_doc_mutability(r->method->mut));
    jsonw_kv_str(w, "access", module_doc_access[r->method->mut]);
    jsonw_kv_u64(w, "gas", r->method->gas);
    module_doc_names(w, "inputs", r->method->in);
    module_doc_names(w, "outputs", r->method->out);
    if ((cost = module_doc_cost(def, i, costs)) != NULL) {
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
                                const struct module_def *def) {
  const struct module_row *r;
  const struct module_message *m;
  hash32 h;
  jsonw_key(w, "events");
  jsonw_arr(w);
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++) {
    if (r->kind != MODULE_ROW_EVENT) continue;
    jsonw_obj(w);
    module_doc_signature(w, b, &h, r->message->name, r->message->param);
    jsonw_kv_hex(w, "topic", slice_of(h.b, 32));
    module_doc_names(w, "inputs", r->message->param);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_key(w, "errors");
  jsonw_arr(w);
  for (u32 i = 0; (m = module_doc_error(def, i)) != NULL; i++) {
    jsonw_obj(w);
    module_doc_signature(w, b, &h, m->name, m->param);
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
                     const struct module_cost *costs) {
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
  module_doc_methods(&w, &b, def, costs);
  module_doc_messages(&w, &b, def);
  module_doc_state(&w, def);
  jsonw_obj_end(&w);
  buf_fini(&b);
}

void module_doc_costs_json(struct buf *out,
                           const struct module_def *const *defs, u32 cnt,
                           const struct module_cost *costs) {
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
          !(cost = module_doc_cost(defs[k], i, costs)))
        continue;
      jsonw_obj(&w);
      module_doc_signature(&w, &b, &h, r->method->name, r->method->in);
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
      buf_printf(b, "%s%s", p->sub->name,
                 p->kind == MODULE_STRUCTS ? "[]" : "");
    else
      buf_put_str(b, p->type);
    buf_printf(b, "%s %s", p->indexed ? " indexed" : "", p->name);
  }
  buf_put_str(b, ")");
}
/* A table of the rows of a kind, when there are any. */
static bool module_doc_head(struct buf *b, const struct module_def *def,
                            enum module_row_kind kind, const char *title,
                            const char *columns) {
  const struct module_row *r;
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++)
    if (r->kind == kind) {
      buf_printf(b, "<h2>%s</h2>\n<table><thead><tr>%s</tr></thead><tbody>\n",
                 title, columns);
      return true;
    }
  return false;
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
/* Two cells: gas, time. */
static void module_doc_cells(struct buf *b, const struct module_cost *c) {
  if (!c || c->none) {
    buf_printf(b, "<td>%s</td><td></td>", c ? c->none : "");
    return;
  }
  buf_put_str(b, "<td>");
  module_doc_count(b, c->least);
  if (c->most != c->least) {
    buf_put_str(b, " to ");
    module_doc_count(b, c->most);
  }
  buf_printf(b, "</td><td>%llu.%llu us</td>",
             (unsigned long long)(c->ns / 1000),
             (unsigned long long)(c->ns % 1000 / 100));
}
static const char module_doc_measured[] =
  "<p>Measured: gas of a whole call, the least and the most seen (slots that "
  "are new, lists that are long), without the transaction's own 21,000 and its "
  "data; time on one core of the machine that measured, the mean, with nothing "
  "in memory yet. They tell the order, not a bound: ask eth_estimateGas for the "
  "call at hand. Made by <code>make bench-methods</code>.</p>\n";

static void module_doc_html_row(struct buf *b, const struct module_row *r,
                                const struct module_cost *cost) {
  const struct module_record *d = r->record;
  const struct module_setting *s = r->setting;
  buf_put_str(b, "<tr><td><code>");
  switch (r->kind) {
    case MODULE_ROW_METHOD:
      module_doc_params(b, r->method->name, r->method->in);
      if (r->method->out->name)
        module_doc_params(b, "</code><br>gives <code>", r->method->out);
      buf_printf(b, "</code></td><td>%s</td><td>%s</td><td>%u</td>",
                 module_doc_mutability(r->method->mut),
                 module_doc_access[r->method->mut], r->method->gas);
      module_doc_cells(b, cost);
      break;
    case MODULE_ROW_RECORD:
      buf_printf(b, "%s</code></td><td>%u</td><td>%s</td><td>%u</td><td>",
                 d->name, d->type, d->key, module_record_slots(d));
      for (const struct module_field *f = d->field; f->name; f++)
        buf_printf(b, "%s%s", f == d->field ? "" : ", ", f->name);
      buf_put_str(b, "</td>");
      break;
    case MODULE_ROW_SETTING: {
      const char *unit = s->scale == 1 ? "" : " mCMT";
      buf_printf(b, "%s</code></td><td>%s</td><td>%llu%s</td><td>%llu to "
                    "%llu%s</td>", s->name, s->text,
                 (unsigned long long)s->dflt, unit, (unsigned long long)s->min,
                 (unsigned long long)s->max, unit);
      break;
    }
    default:
      module_doc_params(b, r->message->name, r->message->param);
      buf_put_str(b, "</code></td>");
  }
  buf_put_str(b, "</tr>\n");
}
static void module_doc_table(struct buf *b, const struct module_def *def,
                             enum module_row_kind kind, const char *title,
                             const char *columns,
                             const struct module_cost *costs) {
  const struct module_row *r;
  if (!module_doc_head(b, def, kind, title, columns)) return;
  for (u32 i = 0; (r = module_doc_row(def, i)) != NULL; i++)
    if (r->kind == kind && (kind != MODULE_ROW_RECORD || r->record->type))
      module_doc_html_row(b, r, kind == MODULE_ROW_METHOD
                                    ? module_doc_cost(def, i, costs) : NULL);
  buf_put_str(b, "</tbody></table>\n");
}
static void module_doc_open(struct buf *b, const char *title) {
  buf_printf(b, "<!doctype html>\n<html lang=\"en\"><head><meta "
                "charset=\"utf-8\"><meta name=\"viewport\" content=\"width="
                "device-width\"><title>%s</title></head><body>\n<h1>%s</h1>\n",
             title, title);
}
void module_doc_costs_html(struct buf *b, const struct module_def *const *defs,
                           u32 cnt, const struct module_cost *costs) {
  const struct module_row *r;
  module_doc_open(b, "What calls cost");
  buf_put_str(b, module_doc_measured);
  buf_put_str(b, "<p><a href=\"/abi/\">All modules</a>, "
                 "<a href=\"/abi/gas.json\">this page as JSON</a>.</p>\n");
  for (u32 k = 0; k < cnt; k++) {
    buf_printf(b, "<h2><a href=\"/abi/%s.html\">%s</a></h2>\n<table><thead>"
                  "<tr><th>method</th><th>gas</th><th>time</th></tr></thead>"
                  "<tbody>\n", defs[k]->name, defs[k]->name);
    for (u32 i = 0; (r = module_doc_row(defs[k], i)) != NULL; i++) {
      if (r->kind != MODULE_ROW_METHOD) continue;
      buf_put_str(b, "<tr><td><code>");
      module_doc_params(b, r->method->name, r->method->in);
      buf_put_str(b, "</code></td>");
      module_doc_cells(b, module_doc_cost(defs[k], i, costs));
      buf_put_str(b, "</tr>\n");
    }
    buf_put_str(b, "</tbody></table>\n");
  }
  buf_put_str(b, "</body></html>\n");
}
void module_doc_html(struct buf *b, const struct module_def *def,
                     const struct module_cost *costs) {
  module_doc_open(b, def->name);
  buf_printf(b, "<p>%s, <code>0x%040x</code>. <a href=\"/abi/%s.json\">ABI</a>"
                ", <a href=\"/abi/%s.sol\">Solidity interface</a>, "
                "<a href=\"/abi/%s.info.json\">this page as JSON</a>, "
                "<a href=\"/abi/gas.html\">what calls cost</a>, "
                "<a href=\"/abi/\">all modules</a>.</p>\n",
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
  module_doc_table(b, def, MODULE_ROW_METHOD, "Methods",
                   "<th>method</th><th>mutability</th><th>when</th>"
                   "<th>gas</th><th>measured gas</th><th>time</th>", costs);
  module_doc_table(b, def, MODULE_ROW_SETTING, "Parameters",
                   "<th>name</th><th>what</th><th>default</th><th>range</th>",
                   costs);
  module_doc_table(b, def, MODULE_ROW_RECORD, "Records",
                   "<th>name</th><th>type</th><th>key</th><th>slots</th>"
                   "<th>fields</th>", costs);
  module_doc_table(b, def, MODULE_ROW_EVENT, "Events", "<th>event</th>",
                   costs);
  buf_put_str(b, "<h2>Errors</h2>\n<ul>\n");
  const struct module_message *m;
  for (u32 i = 0; (m = module_doc_error(def, i)) != NULL; i++) {
    buf_put_str(b, "<li><code>");
    module_doc_params(b, m->name, m->param);
    buf_put_str(b, "</code></li>\n");
  }
  buf_put_str(b, "</ul>\n</body></html>\n");
}
