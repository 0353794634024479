/* module_abi.c - a module's ABI as JSON and as a Solidity interface, from the
** table that dispatches it.  Tuples have their components numbered (a1, a2),
** and structs in the Solidity text named after the parameter. */
#include "codec/json.h"
#include "module/module.h"

static const char *const module_mut_text[] = {"view", "nonpayable", "payable"};

/*------------------------------------------------------------------ JSON */

static void module_json_type(struct jsonw *w, const struct abi_type *t);

/* "tuple[]" and the like: a tuple's text is the word. */
static void module_json_type_text(struct buf *b, const struct abi_type *t) {
  if (t->kind == ABI_TUPLE) {
    buf_put_str(b, "tuple");
  } else if (t->kind == ABI_ARRAY) {
    module_json_type_text(b, t->sub);
    if (t->len == ABI_DYNAMIC) buf_put_str(b, "[]");
    else buf_printf(b, "[%u]", t->len);
  } else {
    abi_put_type(b, t);
  }
}

static void module_json_type(struct jsonw *w, const struct abi_type *t) {
  struct buf b;
  buf_init(&b, 0);
  module_json_type_text(&b, t);
  jsonw_kv_str(w, "type", buf_cstr(&b));
  buf_fini(&b);
  while (t->kind == ABI_ARRAY) t = t->sub;
  if (t->kind != ABI_TUPLE) return;
  jsonw_key(w, "components");
  jsonw_arr(w);
  for (u32 i = 0; i < t->len; i++) {
    char name[16];
    snprintf(name, sizeof name, "a%u", i + 1);
    jsonw_obj(w);
    jsonw_kv_str(w, "name", name);
    module_json_type(w, &t->sub[i]);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
}

static void module_json_params(struct jsonw *w, const char *key,
                               const struct module_param *p, bool event) {
  struct arena a;
  arena_init(&a, 4096, 0);
  jsonw_key(w, key);
  jsonw_arr(w);
  for (; p->name; p++) {
    struct abi_type t;
    struct errmsg msg;
    jsonw_obj(w);
    jsonw_kv_str(w, "name", p->name);
    MUST(abi_parse_types(&t, &a, p->type, &msg) == ERR_OK);
    module_json_type(w, &t.sub[0]);
    if (event) jsonw_kv_bool(w, "indexed", p->indexed);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  arena_fini(&a);
}

static void module_json_message(struct jsonw *w, const char *type,
                                const struct module_message *m, bool event) {
  jsonw_obj(w);
  jsonw_kv_str(w, "type", type);
  jsonw_kv_str(w, "name", m->name);
  module_json_params(w, "inputs", m->param, event);
  if (event) jsonw_kv_bool(w, "anonymous", false);
  jsonw_obj_end(w);
}

static void module_json_method(struct jsonw *w,
                               const struct module_method *m) {
  jsonw_obj(w);
  jsonw_kv_str(w, "type", "function");
  jsonw_kv_str(w, "name", m->name);
  module_json_params(w, "inputs", m->in, false);
  module_json_params(w, "outputs", m->out, false);
  jsonw_kv_str(w, "stateMutability", module_mut_text[m->mut]);
  jsonw_obj_end(w);
}

void module_abi_json(struct buf *out, const struct module_def *def) {
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_arr(&w);
  for (u32 i = 0; i < def->row_cnt; i++) {
    const struct module_row *r = &def->row[i];
    if (r->kind == MODULE_ROW_METHOD) module_json_method(&w, r->method);
    if (r->kind == MODULE_ROW_EVENT)
      module_json_message(&w, "event", r->message, true);
    if (r->kind == MODULE_ROW_ERROR)
      module_json_message(&w, "error", r->message, false);
  }
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++)
    module_json_message(&w, "error", &MODULE_COMMON_ERROR[i], false);
  jsonw_arr_end(&w);
}

/*-------------------------------------------------------------- Solidity */

static void module_sol_type(struct buf *b, const struct abi_type *t,
                            const char *method, const char *name) {
  if (t->kind == ABI_ARRAY) {
    module_sol_type(b, t->sub, method, name);
    if (t->len == ABI_DYNAMIC) buf_put_str(b, "[]");
    else buf_printf(b, "[%u]", t->len);
  } else if (t->kind == ABI_TUPLE) {
    buf_printf(b, "S_%s_%s", method, name);
  } else {
    abi_put_type(b, t);
  }
}

/* The structs that a method's tuples need, innermost first. */
static void module_sol_struct(struct buf *b, const struct abi_type *t,
                              const char *method, const char *name) {
  while (t->kind == ABI_ARRAY) t = t->sub;
  if (t->kind != ABI_TUPLE) return;
  char inner[160];
  for (u32 i = 0; i < t->len; i++) {
    snprintf(inner, sizeof inner, "%s_a%u", name, i + 1);
    module_sol_struct(b, &t->sub[i], method, inner);
  }
  buf_printf(b, "    struct S_%s_%s {", method, name);
  for (u32 i = 0; i < t->len; i++) {
    snprintf(inner, sizeof inner, "%s_a%u", name, i + 1);
    buf_put_str(b, " ");
    module_sol_type(b, &t->sub[i], method, inner);
    buf_printf(b, " a%u;", i + 1);
  }
  buf_put_str(b, " }\n");
}

static void module_sol_params(struct buf *b, const struct module_param *list,
                              const char *method, const char *place,
                              bool structs) {
  struct arena a;
  arena_init(&a, 4096, 0);
  for (const struct module_param *p = list; p->name; p++) {
    struct abi_type all;
    struct errmsg msg;
    MUST(abi_parse_types(&all, &a, p->type, &msg) == ERR_OK);
    const struct abi_type *t = &all.sub[0];
    if (structs) {
      module_sol_struct(b, t, method, p->name);
      continue;
    }
    if (p != list) buf_put_str(b, ", ");
    module_sol_type(b, t, method, p->name);
    bool in_memory = t->dynamic || t->kind == ABI_TUPLE || t->kind == ABI_ARRAY;
    if (place && in_memory) buf_printf(b, " %s", place);
    buf_printf(b, "%s %s", p->indexed ? " indexed" : "", p->name);
  }
  arena_fini(&a);
}

static void module_sol_method(struct buf *b, const struct module_method *m) {
  module_sol_params(b, m->in, m->name, NULL, true);
  module_sol_params(b, m->out, m->name, NULL, true);
  buf_printf(b, "    function %s(", m->name);
  module_sol_params(b, m->in, m->name, "calldata", false);
  buf_put_str(b, ") external");
  if (m->mut != MODULE_WRITE) buf_printf(b, " %s", module_mut_text[m->mut]);
  if (m->out->name) {
    buf_put_str(b, " returns (");
    module_sol_params(b, m->out, m->name, "memory", false);
    buf_put_str(b, ")");
  }
  buf_put_str(b, ";\n");
}

static void module_sol_message(struct buf *b, const char *word,
                               const struct module_message *m) {
  buf_printf(b, "    %s %s(", word, m->name);
  module_sol_params(b, m->param, m->name, NULL, false);
  buf_put_str(b, ");\n");
}

void module_solidity(struct buf *out, const struct module_def *def) {
  buf_printf(out,
             "// SPDX-License-Identifier: Apache-2.0\n"
             "// %s: native module at 0x%040x of a CyberMiles chain.\n"
             "pragma solidity >=0.8.4;\n\ninterface I%s {\n",
             def->text, def->number, def->name);
  for (u32 i = 0; i < def->row_cnt; i++) {
    const struct module_row *r = &def->row[i];
    if (r->kind == MODULE_ROW_METHOD) module_sol_method(out, r->method);
    if (r->kind == MODULE_ROW_EVENT)
      module_sol_message(out, "event", r->message);
    if (r->kind == MODULE_ROW_ERROR)
      module_sol_message(out, "error", r->message);
  }
  for (u32 i = 0; i < MODULE_ERROR_CNT; i++)
    module_sol_message(out, "error", &MODULE_COMMON_ERROR[i]);
  buf_put_str(out, "}\n");
}
