/* node_right.c - see node_right.h. */
#include "node/node_right.h"

#include <stdio.h>

#include "chain/chain_module.h"
#include "codec/abi.h"
#include "node/node_user.h"

#define O (1u << STORE_OWNER) |
#define M (1u << STORE_MANAGER) |
#define C (1u << STORE_CASHIER) |
#define A (1u << STORE_ACCOUNTANT) |
#define R (1u << STORE_MEDIATOR) |
#define AGAIN true
#define ONCE false

static const struct {
  const char *name, *text;
  u32 roles;
  bool again;
} right_rows[NODE_RIGHT_CNT] = {
#define RIGHT(id, name, roles, again, text) \
  [NODE_MAY_##id] = {#name, text, roles 0, again},
#define RIGHT_OF_METHOD(prefix, id)
#define RIGHT_OF_CALL(module, method, id)
#include "node/right.def"
#undef RIGHT
#undef RIGHT_OF_METHOD
#undef RIGHT_OF_CALL
};
#undef O
#undef M
#undef C
#undef A
#undef R
#undef AGAIN
#undef ONCE

static const struct {
  const char *prefix;
  u32 right;
} right_methods[] = {
#define RIGHT(id, name, roles, again, text)
#define RIGHT_OF_METHOD(prefix, id) {prefix, NODE_RIGHT(id)},
#define RIGHT_OF_CALL(module, method, id)
#include "node/right.def"
#undef RIGHT_OF_METHOD
#undef RIGHT_OF_CALL
};

static const struct {
  const char *module, *method;
  enum node_right right;
} right_calls[] = {
#define RIGHT_OF_METHOD(prefix, id)
#define RIGHT_OF_CALL(module, method, id) {module, method, NODE_MAY_##id},
#include "node/right.def"
#undef RIGHT
#undef RIGHT_OF_METHOD
#undef RIGHT_OF_CALL
};

/*----------------------------------------------------------------- in words */

const char *node_right_name(enum node_right r) { return right_rows[r].name; }
const char *node_right_text(enum node_right r) { return right_rows[r].text; }

bool node_right_call(u32 i, enum node_right *right, const char **module,
                     const char **method) {
  if (i >= ARRAY_LEN(right_calls)) return false;
  *right = right_calls[i].right;
  *module = right_calls[i].module;
  *method = right_calls[i].method;
  return true;
}

u32 node_rights_of_role(enum store_role role) {
  u32 set = 0;
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++)
    if (right_rows[i].roles >> role & 1) set |= 1u << i;
  return set;
}

u32 node_rights_again(u32 rights) {
  u32 set = 0;
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++)
    if (right_rows[i].again) set |= 1u << i;
  return rights & set;
}

static u32 right_find(const char *name, size_t n) {
  if (n == 3 && memcmp(name, "all", 3) == 0) return NODE_RIGHTS_ALL;
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++)
    if (strlen(right_rows[i].name) == n &&
        memcmp(right_rows[i].name, name, n) == 0)
      return 1u << i;
  return 0;
}

bool node_rights_parse(u32 *out, const char *text, const char **bad,
                       size_t *n) {
  *out = 0;
  for (; *text; text += *n) {
    text += strspn(text, ", ");
    *n = strcspn(text, ", ");
    *bad = text;
    u32 set = right_find(text, *n);
    if (*n && !set) return false;
    *out |= set;
  }
  return true;
}

void node_rights_put(struct buf *out, u32 rights) {
  const char *before = "";
  for (u32 i = 0; i < NODE_RIGHT_CNT; i++) {
    if (!(rights >> i & 1)) continue;
    buf_printf(out, "%s%s", before, right_rows[i].name);
    before = ", ";
  }
}

void node_rights_put_roles(struct buf *out, u32 rights) {
  const char *before = "";
  for (u32 i = 0; i < STORE_ROLE_CNT; i++) {
    if (rights & ~node_rights_of_role((enum store_role)i)) continue;
    buf_printf(out, "%s%s", before, store_role_name((enum store_role)i));
    before = " or ";
  }
}

void node_rights_refusal(char out[NODE_RIGHT_REFUSAL], u32 missing) {
  struct buf b;
  buf_init(&b, 0);
  buf_put_str(&b, "this needs the right ");
  node_rights_put(&b, missing);
  buf_put_str(&b, ", which ");
  node_rights_put_roles(&b, missing);
  buf_put_str(&b, missing & ~node_rights_of_role(STORE_MANAGER) ? " has"
                                                                : " have");
  snprintf(out, NODE_RIGHT_REFUSAL, "%s", buf_cstr(&b));
  buf_fini(&b);
}

/*------------------------------------------------------------ what is needed */

u32 node_rights_of_method(const char *name) {
  size_t longest = 0;
  u32 right = 0;
  for (u32 i = 0; i < ARRAY_LEN(right_methods); i++) {
    size_t n = strlen(right_methods[i].prefix);
    if (n <= longest || strncmp(name, right_methods[i].prefix, n) != 0)
      continue;
    longest = n;
    right = right_methods[i].right;
  }
  return right;
}

/* The commerce module at an address, or NULL. */
static const struct module_def *right_module(const addr20 *to) {
  static const u8 zero[18];
  if (memcmp(to->b, zero, sizeof zero) != 0) return NULL;
  for (u32 i = CHAIN_MODULE_IDENTITY; i <= CHAIN_MODULE_COURT; i++)
    if (chain_module_number(i) == (u32)(to->b[18] << 8 | to->b[19]))
      return CHAIN_MODULES[i];
  return NULL;
}

/* The name of the method that data calls; NULL: none of the module's own. */
static const char *right_method(const struct module_def *def, slice data) {
  const char *name = NULL;
  struct buf b;
  buf_init(&b, 0);
  for (u32 i = 0; i < def->row_cnt && !name && data.len >= 4; i++) {
    if (def->row[i].kind != MODULE_ROW_METHOD) continue;
    const struct module_method *m = def->row[i].method;
    u8 sel[4];
    buf_clear(&b);
    module_signature(&b, m->name, m->in);
    abi_selector(sel, buf_cstr(&b));
    if (memcmp(sel, data.ptr, 4) == 0) name = m->name;
  }
  buf_fini(&b);
  return name;
}

/* method NULL: whatever the module's methods may need. */
static u32 right_of_call(const char *module, const char *method) {
  u32 all = 0, others = 0, right = 0;
  for (u32 i = 0; i < ARRAY_LEN(right_calls); i++) {
    if (strcmp(right_calls[i].module, module) != 0) continue;
    u32 needed = 1u << right_calls[i].right;
    all |= needed;
    if (!right_calls[i].method[0]) others = needed;
    else if (method && strcmp(right_calls[i].method, method) == 0)
      right = needed;
  }
  return !method ? all : right ? right : others;
}

/* approve(address,uint256) of a token, for a module. */
static bool right_is_allowance(const struct chain_tx *tx) {
  static const u8 head[16] = {0x09, 0x5e, 0xa7, 0xb3};
  addr20 spender;
  if (tx->data.len != 68 || memcmp(tx->data.ptr, head, sizeof head) != 0 ||
      !u256_is_zero(&tx->value))
    return false;
  memcpy(spender.b, tx->data.ptr + 16, 20);
  return right_module(&spender) != NULL;
}

bool node_rights_govern(const addr20 *to) { return right_module(to) != NULL; }

u32 node_rights_of_tx(const struct chain_tx *tx) {
  if (!tx->has_to || tx->auth_cnt) return NODE_RIGHT(MONEY);
  const struct module_def *def = right_module(&tx->to);
  if (def) return right_of_call(def->name, right_method(def, tx->data));
  return right_is_allowance(tx) ? NODE_RIGHT(BUY) : NODE_RIGHT(MONEY);
}
