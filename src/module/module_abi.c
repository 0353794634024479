/* module_abi.c - a module's ABI as JSON and as a Solidity interface, from the
** table that dispatches it.  Rows of the base come after the module's own. */
#include "codec/json.h"
#include "module/module.h"

static const char *const module_mut_text[] = {
  "view", "nonpayable", "payable", "nonpayable", "payable", "nonpayable",
  "payable", "nonpayable"};

/* Rows of the module and of its base, errors of the framework excepted. */
static const struct module_row *module_abi_row(const struct module_def *def,
                                               u32 i) {
  if (i < def->row_cnt) return &def->row[i];
  i -= def->row_cnt;
  return def->base && i < def->base->row_cnt ? &def->base->row[i] : NULL;
}
static const struct module_record *module_abi_record(
    const struct module_def *def, const char *name) {
  const struct module_row *r;
  for (u32 i = 0; (r = module_abi_row(def, i)) != NULL; i++)
    if (r->kind == MODULE_ROW_RECORD && !strcmp(r->record->name, name))
      return r->record;
  MUST(!"a record that a result names");
  return NULL;
}

/*------------------------------------------------------------------ JSON */

static void module_json_params(struct jsonw *w, const struct module_def *def,
                               const char *key, const struct module_param *p,
                               bool event);

static void module_json_record(struct jsonw *w, const char *key,
                               const struct module_record *r);

static void module_json_component(struct jsonw *w,
                                  const struct module_component *m) {
  char text[64];
  struct module_component one, two;
  jsonw_obj(w);
  snprintf(text, sizeof text, "%.*s", (int)m->name_len, m->name);
  jsonw_kv_str(w, "name", text);
  if (!m->array) {
    snprintf(text, sizeof text, "%.*s", (int)m->type_len, m->type);
    jsonw_kv_str(w, "type", text);
  } else if (module_record_component(&one, m->array->item, 0) &&
             !module_record_component(&two, m->array->item, 1)) {
    /* An array of one-word elements is an array of words. */
    snprintf(text, sizeof text, "%.*s[]", (int)one.type_len, one.type);
    jsonw_kv_str(w, "type", text);
  } else {
    jsonw_kv_str(w, "type", "tuple[]");
    module_json_record(w, "components", m->array->item);
  }
  jsonw_obj_end(w);
}

static void module_json_record(struct jsonw *w, const char *key,
                               const struct module_record *r) {
  struct module_component m;
  jsonw_key(w, key);
  jsonw_arr(w);
  for (u32 i = 0; module_record_component(&m, r, i); i++)
    module_json_component(w, &m);
  jsonw_arr_end(w);
}

static void module_json_param(struct jsonw *w, const struct module_def *def,
                              const struct module_param *p, bool event) {
  jsonw_obj(w);
  jsonw_kv_str(w, "name", p->name);
  if (p->sub) {
    jsonw_kv_str(w, "type", p->kind == MODULE_STRUCT ? "tuple" : "tuple[]");
    module_json_params(w, def, "components", p->sub->param, false);
  } else if (p->kind == MODULE_REC || p->kind == MODULE_RECD) {
    jsonw_kv_str(w, "type", "tuple");
    module_json_record(w, "components", module_abi_record(def, p->type));
  } else {
    jsonw_kv_str(w, "type", p->type);
  }
  if (event) jsonw_kv_bool(w, "indexed", p->indexed);
  jsonw_obj_end(w);
}

static void module_json_params(struct jsonw *w, const struct module_def *def,
                               const char *key, const struct module_param *p,
                               bool event) {
  jsonw_key(w, key);
  jsonw_arr(w);
  for (; p->name; p++) module_json_param(w, def, p, event);
  jsonw_arr_end(w);
}

static void module_json_message(struct jsonw *w, const struct module_def *def,
                                const char *type,
                                const struct module_message *m, bool event) {
  jsonw_obj(w);
  jsonw_kv_str(w, "type", type);
  jsonw_kv_str(w, "name", m->name);
  module_json_params(w, def, "inputs", m->param, event);
  if (event) jsonw_kv_bool(w, "anonymous", false);
  jsonw_obj_end(w);
}

static void module_json_method(struct jsonw *w, const struct module_def *def,
                               const struct module_method *m) {
  jsonw_obj(w);
  jsonw_kv_str(w, "type", "function");
  jsonw_kv_str(w, "name", m->name);
  module_json_params(w, def, "inputs", m->in, false);
  module_json_params(w, def, "outputs", m->out, false);
  jsonw_kv_str(w, "stateMutability", module_mut_text[m->mut]);
  jsonw_obj_end(w);
}

void module_abi_json(struct buf *out, const struct module_def *def) {
  struct jsonw w;
  const struct module_row *r;
  jsonw_init(&w, out);
  jsonw_arr(&w);
  for (u32 i = 0; (r = module_abi_row(def, i)) != NULL; i++) {
    if (r->kind == MODULE_ROW_METHOD) module_json_method(&w, def, r->method);
    if (r->kind == MODULE_ROW_EVENT)
      module_json_message(&w, def, "event", r->message, true);
    if (r->kind == MODULE_ROW_ERROR)
      module_json_message(&w, def, "error", r->message, false);
  }
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++)
    module_json_message(&w, def, "error", &MODULE_COMMON_ERROR[i], false);
  jsonw_arr_end(&w);
}

/*-------------------------------------------------------------- Solidity */

/* A record's name begins with a capital in Solidity. */
static void module_sol_name(struct buf *b, const char *name) {
  buf_put_u8(b, (u8)(name[0] >= 'a' && name[0] <= 'z' ? name[0] - 32
                                                       : name[0]));
  buf_put_str(b, name + 1);
}

static void module_sol_type(struct buf *b, const struct module_param *p) {
  if (p->sub) {
    buf_put_str(b, p->sub->name);
    if (p->kind == MODULE_STRUCTS) buf_put_str(b, "[]");
  } else if (p->kind == MODULE_REC || p->kind == MODULE_RECD) {
    module_sol_name(b, p->type);
  } else {
    buf_put_str(b, p->type);
  }
}

static void module_sol_struct(struct buf *b, const struct module_struct *t) {
  buf_printf(b, "    struct %s {", t->name);
  for (const struct module_param *p = t->param; p->name; p++) {
    buf_put_u8(b, ' ');
    module_sol_type(b, p);
    buf_printf(b, " %s;", p->name);
  }
  buf_put_str(b, " }\n");
}

static void module_sol_record(struct buf *b, const struct module_record *r,
                              const char *prefix) {
  struct module_component m, one, two;
  for (u32 i = 0; module_record_component(&m, r, i); i++)
    if (m.array && module_record_component(&two, m.array->item, 1))
      module_sol_record(b, m.array->item, r->name);
  buf_put_str(b, "    struct ");
  if (prefix) module_sol_name(b, prefix);
  module_sol_name(b, r->name);
  buf_put_str(b, " {");
  for (u32 i = 0; module_record_component(&m, r, i); i++) {
    buf_put_u8(b, ' ');
    if (!m.array) {
      buf_put(b, m.type, m.type_len);
    } else if (module_record_component(&two, m.array->item, 1)) {
      module_sol_name(b, r->name);
      module_sol_name(b, m.array->item->name);
      buf_put_str(b, "[]");
    } else if (module_record_component(&one, m.array->item, 0)) {
      buf_put(b, one.type, one.type_len);
      buf_put_str(b, "[]");
    }
    buf_printf(b, " %.*s;", (int)m.name_len, m.name);
  }
  buf_put_str(b, " }\n");
}

/* Some argument or result is this record; others are only storage. */
static bool module_sol_wanted(const struct module_def *def,
                              const struct module_record *record) {
  const struct module_row *r;
  for (u32 i = 0; (r = module_abi_row(def, i)) != NULL; i++) {
    if (r->kind != MODULE_ROW_METHOD) continue;
    for (int out = 0; out < 2; out++) {
      const struct module_param *p = out ? r->method->out : r->method->in;
      for (; p->name; p++)
        if ((p->kind == MODULE_REC || p->kind == MODULE_RECD) &&
            module_abi_record(def, p->type) == record)
          return true;
    }
  }
  return false;
}

static bool module_sol_in_memory(const struct module_param *p) {
  return p->kind >= MODULE_BYTES || p->kind == MODULE_STRUCT ||
         p->kind == MODULE_REC;
}

static void module_sol_params(struct buf *b, const struct module_param *list,
                              const char *place) {
  for (const struct module_param *p = list; p->name; p++) {
    if (p != list) buf_put_str(b, ", ");
    module_sol_type(b, p);
    if (place && module_sol_in_memory(p)) buf_printf(b, " %s", place);
    buf_printf(b, "%s %s", p->indexed ? " indexed" : "", p->name);
  }
}

static void module_sol_method(struct buf *b, const struct module_method *m) {
  buf_printf(b, "    function %s(", m->name);
  module_sol_params(b, m->in, "calldata");
  buf_put_str(b, ") external");
  if (m->mut == MODULE_VIEW || module_takes_value(m->mut))
    buf_printf(b, " %s", module_mut_text[m->mut]);
  if (m->out->name) {
    buf_put_str(b, " returns (");
    module_sol_params(b, m->out, "memory");
    buf_put_str(b, ")");
  }
  buf_put_str(b, ";\n");
}

static void module_sol_message(struct buf *b, const char *word,
                               const struct module_message *m) {
  buf_printf(b, "    %s %s(", word, m->name);
  module_sol_params(b, m->param, NULL);
  buf_put_str(b, ");\n");
}

static void module_sol_notice(struct buf *out, const struct module_notes *n,
                              const struct module_def *def, const char *name) {
  const char *text = module_text_of(n, def, name);
  if (text) buf_printf(out, "    /// @notice %s\n", text);
}
static void module_sol_row(struct buf *out, const struct module_notes *n,
                           const struct module_def *def,
                           const struct module_row *r) {
  switch (r->kind) {
    case MODULE_ROW_STRUCT: module_sol_struct(out, r->type); break;
    case MODULE_ROW_RECORD:
      if (module_sol_wanted(def, r->record))
        module_sol_record(out, r->record, NULL);
      break;
    case MODULE_ROW_METHOD:
      module_sol_notice(out, n, def, r->method->name);
      module_sol_method(out, r->method);
      break;
    case MODULE_ROW_EVENT: case MODULE_ROW_ERROR:
      module_sol_notice(out, n, def, r->message->name);
      module_sol_message(out, r->kind == MODULE_ROW_EVENT ? "event" : "error",
                         r->message);
      break;
    default: break;
  }
}

void module_solidity(struct buf *out, const struct module_def *def,
                     const struct module_notes *n) {
  buf_printf(out,
             "// SPDX-License-Identifier: Apache-2.0\n"
             "// %s: native module at 0x%040x of a CyberMiles chain.\n"
             "pragma solidity >=0.8.4;\n\ninterface I%s {\n",
             def->text, def->number, def->name);
  const struct module_row *r;
  for (u32 i = 0; (r = module_abi_row(def, i)) != NULL; i++)
    module_sol_row(out, n, def, r);
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++) {
    module_sol_notice(out, n, def, MODULE_COMMON_ERROR[i].name);
    module_sol_message(out, "error", &MODULE_COMMON_ERROR[i]);
  }
  buf_put_str(out, "}\n");
}
