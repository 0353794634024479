/* rpc_range.c - debug_accountRange and debug_storageRangeAt: state in the order
** of its hashed keys, a page at a time, in geth's shapes.
**
** debug_storageRangeAt tells of the state that transaction number
** transactionIndex of the block would find: those before it are executed again
** on the state of the block's parent, what they changed lies over it.  Names of
** slots are found in the differences that are kept; else key is null.
**
** Limits: RANGE_MAX accounts or slots at once; RANGE_SLOT_MAX slots of all
** accounts of a debug_accountRange; the time of a call.
*/
#include <stdlib.h>

#include "codec/hex.h"
#include "crypto/keccak.h"
#include "rpc/rpc_param.h"
#include "rpc/rpc_tracer.h"

#define RANGE_MAX 1024u
#define RANGE_ACCOUNT_MAX 256u /* geth's */
#define RANGE_SLOT_MAX 20000u

struct range_page {
  struct node_range *item;
  u32 cnt, max;        /* max: one more than is told */
  const struct state_diff_account *over; /* its slots are told by the machine */
};

static bool range_is_over(const struct range_page *p, const hash32 *key) {
  u32 lo = 0, hi = p->over ? p->over->slot_cnt : 0;
  while (lo < hi) {
    u32 mid = (lo + hi) / 2;
    int c = hash32_cmp(&p->over->slot[mid].key, key);
    if (c == 0) return true;
    if (c < 0) lo = mid + 1;
    else hi = mid;
  }
  return false;
}

static bool range_take(void *ctx, const struct node_range *item) {
  struct range_page *p = ctx;
  if (range_is_over(p, &item->key)) return true;
  p->item[p->cnt++] = *item;
  return p->cnt < p->max;
}

static err range_start(struct rpc_call *c, hash32 *out, u32 arg) {
  slice s = c->arg[arg].bytes;
  memset(out, 0, sizeof *out);
  if (s.len > 32)
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument %u: over 32 bytes",
                    arg);
  memcpy(out->b, s.ptr, s.len);
  return ERR_OK;
}

static err range_failed(struct rpc_call *c, struct node_read *r, u64 number,
                        err e) {
  if (e == ERR_NOT_FOUND) return rpc_fail_pruned(c, r, number);
  return rpc_fail_err(c, e);
}

/*-------------------------------------------------------------- accountRange */

static void range_put_base64(struct jsonw *w, const hash32 *h) {
  static const char set[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  char out[45];
  u32 n = 0;
  for (u32 i = 0; i < 33; i += 3) {
    u32 v = (u32)h->b[i] << 16 | (u32)h->b[i + 1] << 8 |
            (i + 2 < 32 ? h->b[i + 2] : 0);
    for (u32 k = 0; k < 4; k++) out[n++] = set[v >> (18 - 6 * k) & 63];
  }
  out[43] = '=';
  out[44] = 0;
  jsonw_str(w, out);
}

static err range_put_storage(struct rpc_call *c, struct node_read *r,
                             u64 number, const struct node_range *a,
                             u32 *left) {
  static const hash32 zero;
  struct jsonw *w = &c->w;
  struct range_page p = {.max = *left + 1};
  p.item = arena_array(c->a, struct node_range, p.max);
  err e = node_read_range(r, number, &a->key, &zero, range_take, &p);
  if (e < 0) return range_failed(c, r, number, e);
  if (p.cnt == p.max)
    return rpc_fail(c, RPC_ERR_LIMIT, "over %u slots: ask without storage, or "
                    "by debug_storageRangeAt", RANGE_SLOT_MAX);
  *left -= p.cnt;
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (u32 i = 0; i < p.cnt; i++) {
    u256 slot;
    char key[67], val[65];
    e = node_read_slot_name(r, &slot, &a->key, &p.item[i].key);
    if (e == ERR_NOT_FOUND) continue;
    if (e < 0) return rpc_fail_err(c, e);
    hash32 name = u256_hash32(&slot), v = u256_hash32(&p.item[i].val);
    u32 len = u256_bytes(&p.item[i].val);
    memcpy(key, "0x", 2);
    hex_encode(key + 2, name.b, 32);
    key[66] = 0;
    hex_encode(val, v.b + 32 - len, len);
    val[2 * len] = 0;
    jsonw_kv_str(w, key, val);
  }
  jsonw_obj_end(w);
  return ERR_OK;
}

static err range_put_account(struct rpc_call *c, struct node_read *r,
                             u64 number, struct node_range *a,
                             const struct state_source *src, u32 *left) {
  struct jsonw *w = &c->w;
  char name[80] = "pre(0x", balance[80];
  err e = ERR_OK;
  if (!a->has_addr) {
    e = node_read_address(r, &a->addr, &a->key);
    if (e < 0 && e != ERR_NOT_FOUND) return rpc_fail_err(c, e);
    a->has_addr = e == ERR_OK;
  }
  if (a->has_addr) {
    hex_addr(name, &a->addr);
  } else {
    hex_encode(name + 6, a->key.b, 32);
    memcpy(name + 70, ")", 2);
  }
  u256_to_dec(balance, &a->account.balance);
  jsonw_key(w, name);
  jsonw_obj(w);
  jsonw_kv_str(w, "balance", balance);
  jsonw_kv_u64(w, "nonce", a->account.nonce);
  jsonw_kv_hex(w, "root", hash32_slice(&a->account.storage_root));
  jsonw_kv_hex(w, "codeHash", hash32_slice(&a->account.code_hash));
  if (!c->arg[3].flag &&
      !hash32_eq(&a->account.code_hash, &CRYPTO_KECCAK_EMPTY)) {
    slice code;
    e = src->code(src->ctx, &code, &a->account.code_hash);
    if (e < 0) return rpc_fail_err(c, e);
    jsonw_kv_hex(w, "code", code);
  }
  if (!c->arg[4].flag &&
      !hash32_eq(&a->account.storage_root, &CRYPTO_KECCAK_RLP_NIL))
    TRY(range_put_storage(c, r, number, a, left));
  if (a->has_addr) jsonw_kv_hex(w, "address", addr20_slice(&a->addr));
  jsonw_kv_hex(w, "key", hash32_slice(&a->key));
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_debug_accountRange(struct rpc_call *c) {
  struct node_read *r;
  struct state_source src;
  struct chain_header h;
  hash32 start, hash;
  char root[65];
  u64 number, max = c->arg[2].num;
  u32 left = RANGE_SLOT_MAX;
  TRY(rpc_at(c, &r, &number, &c->arg[0]));
  TRY(range_start(c, &start, 1));
  if (max == 0 || max > RANGE_ACCOUNT_MAX) max = RANGE_ACCOUNT_MAX;
  struct range_page p = {.max = (u32)max + 1};
  p.item = arena_array(c->a, struct node_range, p.max);
  err e = node_read_header(r, &h, &hash, number);
  if (e >= 0) e = node_read_state(r, &src, number);
  if (e >= 0) e = node_read_range(r, number, NULL, &start, range_take, &p);
  if (e < 0) return range_failed(c, r, number, e);
  hex_encode(root, h.state_root.b, 32);
  root[64] = 0;
  jsonw_obj(&c->w);
  jsonw_kv_str(&c->w, "root", root);
  jsonw_key(&c->w, "accounts");
  jsonw_obj(&c->w);
  for (u32 i = 0; i < p.cnt && i < max; i++)
    TRY(range_put_account(c, r, number, &p.item[i], &src, &left));
  jsonw_obj_end(&c->w);
  if (p.cnt > max) {
    jsonw_key(&c->w, "next");
    range_put_base64(&c->w, &p.item[max].key);
  }
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*------------------------------------------------------------ storageRangeAt */

/* What the transactions before number idx changed of the account; *exists: it
** is there then. */
static err range_run(struct rpc_world *w, const struct node_block *b, u64 idx,
                     const addr20 *addr, struct state_diff_account *out,
                     bool *exists) {
  struct chain_exec *x;
  struct state_diff diff;
  err e = ERR_OK;
  TRY(rpc_world_enter(w, &x));
  for (u32 i = 0; i < idx && e >= 0; i++) {
    struct chain_outcome o;
    chain_exec_tx(x, &o, &b->tx[i]);
    e = rpc_world_check(w);
  }
  if (e >= 0) {
    *exists = state_exists(chain_exec_state(x), addr);
    state_block_diff(chain_exec_state(x), &diff, w->c->a);
    for (u32 i = 0; i < diff.account_cnt; i++)
      if (addr20_eq(&diff.account[i].addr, addr)) *out = diff.account[i];
  }
  return rpc_world_leave(w, e);
}

static int range_cmp(const void *a, const void *b) {
  const struct node_range *x = a, *y = b;
  return hash32_cmp(&x->key, &y->key);
}

static err range_put_slots(struct rpc_call *c, struct node_read *r,
                           const struct range_page *p, const hash32 *owner) {
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (u32 i = 0; i < p->cnt && i + 1 < p->max; i++) {
    char key[67] = "0x";
    hash32 name, val = u256_hash32(&p->item[i].val);
    u256 slot;
    err e = ERR_NOT_FOUND;
    for (u32 k = 0; p->over && k < p->over->slot_cnt && e < 0; k++) {
      if (!hash32_eq(&p->over->slot[k].key, &p->item[i].key)) continue;
      slot = p->over->slot[k].slot;
      e = ERR_OK;
    }
    if (e < 0) e = node_read_slot_name(r, &slot, owner, &p->item[i].key);
    if (e < 0 && e != ERR_NOT_FOUND) return rpc_fail_err(c, e);
    hex_encode(key + 2, p->item[i].key.b, 32);
    key[66] = 0;
    jsonw_key(w, key);
    jsonw_obj(w);
    if (e < 0) {
      jsonw_kv_null(w, "key");
    } else {
      name = u256_hash32(&slot);
      jsonw_kv_hex(w, "key", hash32_slice(&name));
    }
    jsonw_kv_hex(w, "value", hash32_slice(&val));
    jsonw_obj_end(w);
  }
  jsonw_obj_end(w);
  if (p->cnt < p->max) jsonw_kv_null(w, "nextKey");
  else jsonw_kv_hex(w, "nextKey", hash32_slice(&p->item[p->max - 1].key));
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_debug_storageRangeAt(struct rpc_call *c) {
  struct rpc_world w;
  struct node_block b;
  struct state_diff_account over = {.slot_cnt = 0};
  hash32 start, owner;
  u64 number, idx = c->arg[1].num, max = c->arg[4].num;
  bool exists = false;
  TRY(range_start(c, &start, 3));
  TRY(rpc_block_place(c, &number, &c->arg[0].block));
  if (number == 0)
    return rpc_fail(c, RPC_ERR_SERVER, "no transaction in genesis");
  TRY(rpc_world_open(&w, c));
  err e = node_read_block(w.r, &b, number, NODE_WITH_TXS, c->a);
  if (e < 0) return rpc_fail_err(c, e);
  if (idx >= b.tx_cnt && !(idx == 0 && b.tx_cnt == 0))
    return rpc_fail(c, RPC_ERR_SERVER, "transaction index %llu out of range "
                    "for block %llu", (unsigned long long)idx,
                    (unsigned long long)number);
  rpc_authorities(&b, (u32)idx);
  w.number = number - 1;
  w.header = b.header;
  node_run_rules(c->node, &w.rules, &b.header);
  TRY(range_run(&w, &b, idx, &c->arg[2].addr, &over, &exists));
  if (!exists) {
    char addr[43];
    hex_addr(addr, &c->arg[2].addr);
    return rpc_fail(c, RPC_ERR_SERVER, "account %s doesn't exist", addr);
  }
  if (max > RANGE_MAX) max = RANGE_MAX;
  struct range_page p = {.max = (u32)max + 1, .over = &over};
  p.item = arena_array(c->a, struct node_range, p.max + over.slot_cnt);
  crypto_keccak256(&owner, c->arg[2].addr.b, 20);
  if (!over.wiped)
    e = node_read_range(w.r, w.number, &owner, &start, range_take, &p);
  if (e < 0) return range_failed(c, w.r, w.number, e);
  for (u32 i = 0; i < over.slot_cnt; i++) {
    const struct state_diff_slot *s = &over.slot[i];
    if (u256_is_zero(&s->new_val) || hash32_cmp(&s->key, &start) < 0) continue;
    p.item[p.cnt++] = (struct node_range){.key = s->key, .val = s->new_val};
  }
  if (p.cnt) qsort(p.item, p.cnt, sizeof *p.item, range_cmp);
  if (p.cnt > p.max) p.cnt = p.max;
  return range_put_slots(c, w.r, &p, &owner);
}
#undef RANGE_MAX
#undef RANGE_ACCOUNT_MAX
#undef RANGE_SLOT_MAX
