/* chain_genesis.c - the genesis of a chain: default, canonical text, state and
** header; the rules that follow from it.  The parser is chain_genesis_parse.c.
*/
#include "chain/chain_genesis.h"

#include <stdlib.h>

#include "chain/chain_credit.h"
#include "chain/chain_genesis_int.h"
#include "chain/chain_module.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rlp.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "shop/shop_court.h"

/* The runtime code of EIP-2935's contract, from the EIP. */
static const u8 chain_history_code[] = {
  0x33, 0x73, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0x14, 0x60,
  0x46, 0x57, 0x60, 0x20, 0x36, 0x03, 0x60, 0x42, 0x57, 0x5f, 0x35, 0x60,
  0x01, 0x43, 0x03, 0x81, 0x11, 0x60, 0x42, 0x57, 0x61, 0x1f, 0xff, 0x81,
  0x43, 0x03, 0x11, 0x60, 0x42, 0x57, 0x61, 0x1f, 0xff, 0x90, 0x06, 0x54,
  0x5f, 0x52, 0x60, 0x20, 0x5f, 0xf3, 0x5b, 0x5f, 0x5f, 0xfd, 0x5b, 0x5f,
  0x35, 0x61, 0x1f, 0xff, 0x60, 0x01, 0x43, 0x03, 0x06, 0x55, 0x00};
static const u8 chain_module_code[] = {0xfe};

#define CHAIN_GENESIS_PIECE 65536u

const struct chain_param_row CHAIN_PARAM_ROWS[CHAIN_PARAM_CNT] = {
#define PARAM(name, dflt, min, max) {#name, dflt, min, max},
#include "chain/chain_param.def"
#undef PARAM
};
const struct chain_fork_key CHAIN_FORK_KEYS[CHAIN_FORK_KEY_CNT] = {
#define FORK_KEY(key, fork) {key, fork},
#include "chain/chain_fork.def"
};

/*--------------------------------------------------------------- modules */

static u32 chain_genesis_module_number(const addr20 *a) {
  static const u8 zeros[18];
  return memcmp(a->b, zeros, 18) == 0 ? (u32)a->b[18] << 8 | a->b[19] : 0;
}

bool chain_is_module(const addr20 *a) {
  u32 n = chain_genesis_module_number(a);
  return (n >= 0x1001 && n <= 0x1006) || (n >= 0x1010 && n <= 0x101f);
}

bool chain_genesis_fixed_code(slice *out, const addr20 *a) {
  if (addr20_eq(a, &CHAIN_HISTORY_ADDR))
    *out = slice_of(chain_history_code, sizeof(chain_history_code));
  else if (chain_is_module(a))
    *out = slice_of(chain_module_code, sizeof(chain_module_code));
  else
    return false;
  return true;
}

static size_t chain_genesis_flag_put(u8 *base, size_t size, size_t a,
                                     size_t b) {
  u8 tmp[256];
  MUST(size <= sizeof(tmp));
  memcpy(tmp, base + a * size, size);
  memcpy(base + a * size, base + b * size, size);
  memcpy(base + b * size, tmp, size);
  return b + 1;
}

void chain_genesis_flag(void *list, size_t cnt, size_t size, size_t byte_at,
                        int (*cmp)(const void *x, const void *y)) {
  size_t at[257] = {0}, end[256];
  u8 *p = list, *first = p + byte_at;
  for (size_t i = 0; i < cnt; i++) at[first[i * size] + 1u]++;
  for (u32 b = 0; b < 256; b++) {
    at[b + 1] += at[b];
    end[b] = at[b + 1];
  }
  for (u32 b = 0; b < 256; b++) {
    size_t from = b ? end[b - 1] : 0;
    while (at[b] < end[b]) {
      u32 to = first[at[b] * size];
      if (to == b)
        at[b]++;
      else
        at[to] = chain_genesis_flag_put(p, size, at[b], at[to]);
    }
    if (cmp && end[b] > from)
      qsort(p + from * size, end[b] - from, size, cmp);
  }
}

static int chain_genesis_account_cmp(const void *x, const void *y) {
  const struct chain_genesis_account *a = x, *b = y;
  return memcmp(a->addr.b, b->addr.b, 20);
}

void chain_genesis_sort(struct chain_genesis *g) {
  chain_genesis_flag(g->account, g->account_cnt, sizeof(*g->account),
                     offsetof(struct chain_genesis_account, addr),
                     chain_genesis_account_cmp);
}

/* The account of addr, or NULL; binary search. */
static struct chain_genesis_account *chain_genesis_find(
    const struct chain_genesis_account *list, u32 cnt, const addr20 *addr) {
  struct chain_genesis_account key = {.addr = *addr};
  return cnt ? bsearch(&key, list, cnt, sizeof(*list),
                       chain_genesis_account_cmp)
             : NULL;
}

void chain_genesis_complete(struct chain_genesis *g) {
  u32 old_cnt = g->account_cnt;
  struct chain_genesis_account *list = g->account;
  for (u32 i = 0; i < CHAIN_GENESIS_FIXED; i++) {
    addr20 addr = {{0}};
    if (i == 0) {
      addr = CHAIN_HISTORY_ADDR;
    } else {
      u32 n = i <= 6 ? 0x1000 + i : 0x1010 + (i - 7);
      addr.b[18] = (u8)(n >> 8);
      addr.b[19] = (u8)n;
    }
    struct chain_genesis_account *e = chain_genesis_find(list, old_cnt, &addr);
    if (!e) e = &list[g->account_cnt++];
    e->addr = addr;
    e->nonce = 1;
    bool fixed = chain_genesis_fixed_code(&e->code, &addr);
    MUST(fixed);
  }
  chain_genesis_sort(g);
}

/*--------------------------------------------------------------- default */

void chain_genesis_own_defaults(struct chain_genesis *g) {
  g->own = true;
  g->unprotected_txs = g->commerce = true;
  chain_schedule_all(&g->schedule, EVM_OSAKA);
  for (u32 i = 0; i < CHAIN_PARAM_CNT; i++)
    g->param[i] = CHAIN_PARAM_ROWS[i].dflt;
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    g->credit_param[i] = dpos_credit_default(i);
}

void chain_genesis_default(struct chain_genesis *out, u64 chain_id,
                           const addr20 *operator_addr,
                           const u8 consensus_key[33], u64 time_s,
                           const addr20 *accounts, u32 account_cnt,
                           const u256 *balance, struct arena *a) {
  struct chain_genesis *g = out;
  memset(g, 0, sizeof(*g));
  chain_genesis_own_defaults(g);
  g->chain_id = chain_id;
  g->header.timestamp = time_s;
  g->header.gas_limit = chain_genesis_gas_limit(g);
  g->account = arena_array(a, struct chain_genesis_account,
                           account_cnt + CHAIN_GENESIS_FIXED);
  g->account_cnt = account_cnt;
  for (u32 i = 0; i < account_cnt; i++) {
    g->account[i].addr = accounts[i];
    g->account[i].balance = *balance;
  }
  chain_genesis_sort(g);
  chain_genesis_complete(g);
  g->validator = arena_new(a, struct chain_genesis_validator);
  g->validator_cnt = 1;
  g->validator->operator_addr = *operator_addr;
  g->validator->power = 1;
  g->validator->has_key = consensus_key != NULL;
  if (consensus_key) memcpy(g->validator->key, consensus_key, 33);
}

void chain_genesis_set_credits(struct chain_genesis *g, const addr20 *staked,
                               u64 gwei, struct arena *a) {
  g->credits = true;
  g->credit_param[dpos_credit_param_base_after_s] = 0;
  g->credit_given[dpos_credit_param_base_after_s] = true;
  g->stake = arena_new(a, struct chain_genesis_stake);
  *g->stake = (struct chain_genesis_stake){*staked, gwei};
  g->stake_cnt = 1;
}

static int chain_genesis_stake_cmp(const void *x, const void *y) {
  const struct chain_genesis_stake *a = x, *b = y;
  return memcmp(a->account.b, b->account.b, 20);
}
void chain_genesis_sort_stakes(struct chain_genesis *g) {
  chain_genesis_flag(g->stake, g->stake_cnt, sizeof(*g->stake),
                     offsetof(struct chain_genesis_stake, account),
                     chain_genesis_stake_cmp);
}

u64 chain_genesis_gas_limit(const struct chain_genesis *g) {
  const struct chain_param_row *row =
      &CHAIN_PARAM_ROWS[CHAIN_PARAM_block_gas_limit];
  u64 limit = g->param[CHAIN_PARAM_block_gas_limit];
  if (limit != 0) return limit;
  limit = CHAIN_GAS_PER_SECOND / 1000 *
          g->param[CHAIN_PARAM_block_interval_ms];
  return limit < row->min ? row->min : limit > row->max ? row->max : limit;
}

/*----------------------------------------------------------------- rules */

static void chain_genesis_own_rules(struct chain_rules *out,
                                    const struct chain_genesis *g) {
  out->fees = out->system_calls = false;
  out->allow_unprotected = g->unprotected_txs;
  out->dev_edits = g->dev_edits;
  out->credits = g->credits;
  if (g->credits) out->modules |= (u64)1 << CHAIN_MODULE_CREDITS;
  if (g->commerce) out->modules |= CHAIN_MODULES_COMMERCE;
}

void chain_rules_at(struct chain_rules *out, const struct chain_genesis *g,
                    u64 number, u64 time_s) {
  chain_rules_ethereum(out, &g->schedule, g->chain_id, number, time_s);
  if (g->own) chain_genesis_own_rules(out, g);
}

void chain_rules_for(struct chain_rules *out, const struct chain_genesis *g,
                     const struct chain_header *h) {
  chain_rules_of_header(out, &g->schedule, g->chain_id, h);
  if (g->own) chain_genesis_own_rules(out, g);
}

void chain_validators_hash(hash32 *out,
                           const struct chain_genesis_validator *v, u32 cnt) {
  struct buf b;
  buf_init(&b, 0);
  size_t list = rlp_list_open(&b);
  for (u32 i = 0; i < cnt; i++) {
    size_t entry = rlp_list_open(&b);
    rlp_put_str(&b, v[i].operator_addr.b, 20);
    rlp_put_str(&b, v[i].key, v[i].has_key ? 33 : 0);
    rlp_put_u64(&b, v[i].power);
    rlp_list_close(&b, entry);
  }
  rlp_list_close(&b, list);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

/*--------------------------------------------------------- state, header */

static int chain_genesis_diff_cmp(const void *x, const void *y) {
  const struct state_diff_account *a = x, *b = y;
  return hash32_cmp(&a->key, &b->key);
}
int chain_genesis_slot_cmp(const void *x, const void *y) {
  const struct state_diff_slot *a = x, *b = y;
  return hash32_cmp(&a->key, &b->key);
}
static int chain_genesis_code_cmp(const void *x, const void *y) {
  const struct state_diff_code *a = x, *b = y;
  return hash32_cmp(&a->hash, &b->hash);
}

void chain_genesis_diff_slots(struct state_diff_account *d,
                              const struct chain_genesis_account *acc,
                              struct arena *a) {
  d->slot = arena_array(a, struct state_diff_slot, acc->slot_cnt);
  for (u32 i = 0; i < acc->slot_cnt; i++) {
    if (u256_is_zero(&acc->slot[i].val)) continue;
    struct state_diff_slot *s = &d->slot[d->slot_cnt++];
    hash32 word = u256_hash32(&acc->slot[i].slot);
    crypto_keccak256(&s->key, word.b, 32);
    s->slot = acc->slot[i].slot;
    s->new_val = acc->slot[i].val;
  }
  if (d->slot_cnt)
    qsort(d->slot, d->slot_cnt, sizeof(*d->slot), chain_genesis_slot_cmp);
}

static u64 chain_genesis_gwei(const u256 *wei) {
  u256 v, unit = u256_from(1000000000);
  u256_divmod(&v, NULL, wei, &unit);
  return u256_fits64(&v) ? v.w[0] : UINT64_MAX;
}

void chain_genesis_credit_param(u64 *param, bool *given,
                                const struct chain_genesis *g) {
  memcpy(param, g->credit_param, sizeof(g->credit_param));
  memcpy(given, g->credit_given, sizeof(g->credit_given));
  param[dpos_credit_param_block_ms] = g->param[CHAIN_PARAM_block_interval_ms];
  param[dpos_credit_param_gas_per_second] =
      chain_genesis_gas_limit(g) * 1000 / param[dpos_credit_param_block_ms];
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++)
    given[i] = given[i] || param[i] != dpos_credit_default(i);
}

u64 chain_genesis_supply(const struct chain_genesis *g) {
  u256 supply = U256_ZERO;
  for (u32 i = 0; i < g->account_cnt; i++)
    u256_add(&supply, &supply, &g->account[i].balance);
  return chain_genesis_gwei(&supply);
}

bool chain_genesis_holds(const struct chain_genesis *g, const addr20 *addr,
                         u64 gwei) {
  const struct chain_genesis_account *acc =
      chain_genesis_find(g->account, g->account_cnt, addr);
  return acc && chain_genesis_gwei(&acc->balance) >= gwei;
}

/* The module's storage: what the stakes, parameters and supply make it. */
static struct chain_genesis_account chain_genesis_credits(
    const struct chain_genesis *g, const struct chain_genesis_account *module,
    struct arena *a) {
  struct chain_genesis_account out = *module;
  u64 param[DPOS_CREDIT_PARAM_CNT];
  bool given[DPOS_CREDIT_PARAM_CNT];
  struct dpos_credit_stake *stake =
      arena_array(a, struct dpos_credit_stake, g->stake_cnt);
  struct dpos_credit_slot *slot = arena_array(
      a, struct dpos_credit_slot, dpos_credit_genesis_max(g->stake_cnt));
  chain_genesis_credit_param(param, given, g);
  u64 least = param[dpos_credit_param_base_min_gwei];
  for (u32 i = 0; i < g->stake_cnt; i++)
    stake[i] = (struct dpos_credit_stake){
      g->stake[i].account, g->stake[i].gwei,
      chain_genesis_holds(g, &g->stake[i].account, least)};
  out.slot_cnt = dpos_credit_genesis(slot, param, given, stake, g->stake_cnt,
                                     chain_genesis_supply(g),
                                     g->header.timestamp);
  struct chain_genesis_slot *list =
      arena_array(a, struct chain_genesis_slot, out.slot_cnt);
  for (u32 i = 0; i < out.slot_cnt; i++)
    list[i] = (struct chain_genesis_slot){slot[i].slot, slot[i].val};
  out.slot = list;
  return out;
}

void chain_genesis_court(const struct chain_genesis *g,
                         struct chain_genesis_account *acc, struct arena *a) {
  struct shop_court_slot slot[SHOP_COURT_SLOTS];
  if (!g->own || !g->commerce ||
      chain_genesis_module_number(&acc->addr) != shop_court.number)
    return;
  acc->slot_cnt = shop_court_genesis(slot, g->header.timestamp);
  struct chain_genesis_slot *list =
      arena_array(a, struct chain_genesis_slot, acc->slot_cnt);
  for (u32 i = 0; i < acc->slot_cnt; i++)
    list[i] = (struct chain_genesis_slot){slot[i].slot, slot[i].val};
  acc->slot = list;
}

static struct state_account chain_genesis_no_account(void) {
  return (struct state_account){.code_hash = CRYPTO_KECCAK_EMPTY,
                                .storage_root = CRYPTO_KECCAK_RLP_NIL};
}

void chain_genesis_diff_account(struct state_diff *diff,
                                const struct chain_genesis_account *acc,
                                struct arena *a) {
  struct state_diff_account *d = &diff->account[diff->account_cnt++];
  crypto_keccak256(&d->key, acc->addr.b, 20);
  d->addr = acc->addr;
  d->exists = true;
  d->old_val = d->new_val = chain_genesis_no_account();
  d->new_val.nonce = acc->nonce;
  d->new_val.balance = acc->balance;
  if (acc->code.len) {
    crypto_keccak256(&d->new_val.code_hash, acc->code.ptr, acc->code.len);
    diff->code[diff->code_cnt].hash = d->new_val.code_hash;
    diff->code[diff->code_cnt++].code = acc->code;
  }
  chain_genesis_diff_slots(d, acc, a);
}

void chain_genesis_diff_sort(struct state_diff *diff) {
  u32 code_cnt = diff->code_cnt;
  if (diff->account_cnt)
    qsort(diff->account, diff->account_cnt, sizeof(*diff->account),
          chain_genesis_diff_cmp);
  if (code_cnt)
    qsort(diff->code, code_cnt, sizeof(*diff->code), chain_genesis_code_cmp);
  diff->code_cnt = 0;
  for (u32 i = 0; i < code_cnt; i++)
    if (i == 0 || !hash32_eq(&diff->code[i].hash,
                             &diff->code[diff->code_cnt - 1].hash))
      diff->code[diff->code_cnt++] = diff->code[i];
}

static void chain_genesis_diff(struct state_diff *diff,
                               const struct chain_genesis *g,
                               struct arena *a) {
  memset(diff, 0, sizeof(*diff));
  diff->account = arena_array(a, struct state_diff_account, g->account_cnt);
  diff->code = arena_array(a, struct state_diff_code, g->account_cnt);
  for (u32 i = 0; i < g->account_cnt; i++) {
    struct chain_genesis_account acc = g->account[i];
    if (g->credits && addr20_eq(&acc.addr, &CHAIN_CREDIT_ADDR))
      acc = chain_genesis_credits(g, &acc, a);
    chain_genesis_court(g, &acc, a);
    chain_genesis_diff_account(diff, &acc, a);
  }
  chain_genesis_diff_sort(diff);
}

/* The source of a chain that has nothing yet. */
static err chain_nothing_account(void *ctx, struct state_account *out,
                                 bool *found, const addr20 *addr,
                                 const hash32 *addr_hash) {
  (void)ctx, (void)addr, (void)addr_hash;
  *out = chain_genesis_no_account();
  *found = false;
  return ERR_OK;
}
static err chain_nothing_slot(void *ctx, u256 *out, const addr20 *addr,
                              const hash32 *addr_hash, const u256 *slot,
                              const hash32 *slot_hash) {
  (void)ctx, (void)addr, (void)addr_hash, (void)slot, (void)slot_hash;
  *out = U256_ZERO;
  return ERR_OK;
}
static err chain_nothing_code(void *ctx, slice *out, const hash32 *hash) {
  (void)ctx, (void)hash;
  *out = slice_of(NULL, 0);
  return ERR_NOT_FOUND;
}
static err chain_nothing_node(void *ctx, slice *out, const hash32 *owner,
                              const u8 *path, u32 path_len) {
  (void)ctx, (void)owner, (void)path, (void)path_len;
  *out = slice_of(NULL, 0);
  return ERR_OK;
}
static err chain_nothing_account_by_hash(void *ctx, struct state_account *out,
                                         bool *found,
                                         const hash32 *addr_hash) {
  return chain_nothing_account(ctx, out, found, NULL, addr_hash);
}
static err chain_nothing_slot_by_hash(void *ctx, u256 *out,
                                      const hash32 *addr_hash,
                                      const hash32 *slot_hash) {
  return chain_nothing_slot(ctx, out, NULL, addr_hash, NULL, slot_hash);
}
static const struct state_source chain_nothing = {
  .account = chain_nothing_account,
  .slot = chain_nothing_slot,
  .code = chain_nothing_code,
  .node = chain_nothing_node,
  .account_by_hash = chain_nothing_account_by_hash,
  .slot_by_hash = chain_nothing_slot_by_hash,
};

static void chain_genesis_put_own(struct jsonw *w,
                                  const struct chain_genesis *g,
                                  bool stakes, struct keccak *k);

static void chain_genesis_header(struct chain_header *h,
                                 const struct chain_genesis *g) {
  *h = g->header;
  h->ommers_hash = CRYPTO_KECCAK_RLP_LIST;
  h->txs_root = h->receipts_root = CRYPTO_KECCAK_RLP_NIL;
  if (g->own) h->opt_cnt = CHAIN_HEADER_OPT_MAX;
  if (h->opt_cnt >= 2) h->withdrawals_root = CRYPTO_KECCAK_RLP_NIL;
  if (h->opt_cnt >= 6) crypto_sha256(h->requests_hash.b, NULL, 0);
  if (!g->own) return;
  struct buf b;
  struct jsonw w;
  struct keccak k;
  u8 id[8];
  buf_init(&b, 0);
  store_be64(id, g->chain_id);
  keccak_init(&k);
  keccak_update(&k, id, 8);
  jsonw_init(&w, &b);
  chain_genesis_put_own(&w, g, true, &k);
  keccak_update(&k, b.ptr, b.len);
  keccak_final(&k, &h->mix_hash);
  buf_fini(&b);
  chain_extra_put(h, 0, 0);
}

err chain_genesis_build(struct state_diff *diff, struct state_root *root,
                        struct chain_header *header, hash32 *hash,
                        const struct chain_genesis *g, const struct par *par,
                        struct arena *a) {
  MUST(g->chain_id != 0);
  chain_genesis_diff(diff, g, a);
  TRY(state_commit(root, diff, &chain_nothing, par, a));
  chain_genesis_head(header, hash, g, &root->root);
  return ERR_OK;
}

void chain_genesis_head(struct chain_header *header, hash32 *hash,
                        const struct chain_genesis *g, const hash32 *root) {
  chain_genesis_header(header, g);
  header->state_root = *root;
  chain_header_hash(hash, header);
}

/*-------------------------------------------------------- canonical text */

/* Key "0x.." of up to 32 bytes. */
static void chain_genesis_put_hex_key(struct jsonw *w, slice bytes) {
  char key[67] = "0x";
  hex_encode(key + 2, bytes.ptr, bytes.len);
  key[2 + 2 * bytes.len] = 0;
  jsonw_key(w, key);
}

/* With k, the text goes there piece by piece: it may be of millions. */
static void chain_genesis_put_credits(struct jsonw *w,
                                      const struct chain_genesis *g,
                                      bool stakes, struct keccak *k) {
  u256 unit = u256_from(1000000000);
  jsonw_key(w, "credits");
  jsonw_obj(w);
  jsonw_key(w, "stakes");
  jsonw_obj(w);
  for (u32 i = 0; stakes && i < g->stake_cnt; i++) {
    u256 wei = u256_from(g->stake[i].gwei);
    u256_mul(&wei, &wei, &unit);
    chain_genesis_put_hex_key(w, addr20_slice(&g->stake[i].account));
    jsonw_dec_u256(w, &wei);
    if (k && w->out->len >= CHAIN_GENESIS_PIECE) {
      keccak_update(k, w->out->ptr, w->out->len);
      buf_clear(w->out);
    }
  }
  jsonw_obj_end(w);
  jsonw_key(w, "parameters");
  jsonw_obj(w);
  for (u32 i = 0; i < DPOS_CREDIT_PARAM_CNT; i++) {
    if (!g->credit_given[i]) continue;
    const struct module_row *row =
        module_row_at(&dpos_credits, MODULE_ROW_SETTING, i);
    jsonw_kv_u64(w, row->setting->name, g->credit_param[i]);
  }
  jsonw_obj_end(w);
  jsonw_obj_end(w);
}

static void chain_genesis_put_own(struct jsonw *w,
                                  const struct chain_genesis *g,
                                  bool stakes, struct keccak *k) {
  jsonw_obj(w);
  jsonw_kv_u64(w, "version", CHAIN_GENESIS_VERSION);
  jsonw_key(w, "validators");
  jsonw_arr(w);
  for (u32 i = 0; i < g->validator_cnt; i++) {
    const struct chain_genesis_validator *v = &g->validator[i];
    jsonw_obj(w);
    jsonw_kv_hex(w, "address", addr20_slice(&v->operator_addr));
    if (v->has_key) jsonw_kv_hex(w, "consensusKey", slice_of(v->key, 33));
    jsonw_kv_u64(w, "power", v->power);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_key(w, "parameters");
  jsonw_obj(w);
  for (u32 i = 0; i < CHAIN_PARAM_CNT; i++)
    if (g->param_given[i])
      jsonw_kv_u64(w, CHAIN_PARAM_ROWS[i].name, g->param[i]);
  jsonw_obj_end(w);
  jsonw_key(w, "switches");
  jsonw_obj(w);
  if (!g->unprotected_txs) jsonw_kv_bool(w, "unprotected_txs", false);
  if (g->dev_edits) jsonw_kv_bool(w, "dev_edits", true);
  if (!g->commerce) jsonw_kv_bool(w, "commerce", false);
  jsonw_obj_end(w);
  if (g->credits) chain_genesis_put_credits(w, g, stakes, k);
  jsonw_obj_end(w);
}

static void chain_genesis_put_blobs(struct jsonw *w,
                                    const struct chain_genesis *g) {
  jsonw_key(w, "blobSchedule");
  jsonw_obj(w);
  for (u32 i = 0; i < g->schedule.blob_cnt; i++) {
    const struct chain_blob_row *r = &g->schedule.blob[i];
    jsonw_key(w, r->name);
    jsonw_obj(w);
    jsonw_kv_u64(w, "target", r->target);
    jsonw_kv_u64(w, "max", r->max);
    jsonw_kv_u64(w, "baseFeeUpdateFraction", r->update_fraction);
    jsonw_obj_end(w);
  }
  jsonw_obj_end(w);
}

static void chain_genesis_put_config(struct jsonw *w,
                                     const struct chain_genesis *g) {
  jsonw_key(w, "config");
  jsonw_obj(w);
  jsonw_kv_u64(w, "chainId", g->chain_id);
  for (u32 i = 0; i < CHAIN_FORK_KEY_CNT; i++) {
    const struct chain_fork_key *k = &CHAIN_FORK_KEYS[i];
    u64 at = k->fork == EVM_FRONTIER ? g->schedule.quiet[i]
                                     : g->schedule.at[k->fork];
    if (at != CHAIN_FORK_NEVER) jsonw_kv_u64(w, k->key, at);
  }
  if (g->schedule.at[EVM_PARIS] == 0)
    jsonw_kv_u64(w, "terminalTotalDifficulty", 0);
  else if (g->schedule.merges)
    jsonw_kv_u64(w, "terminalTotalDifficulty", 1);
  if (!g->own)
    jsonw_kv_hex(w, "depositContractAddress",
                 addr20_slice(&g->deposit_contract));
  for (u32 i = 0; i < g->schedule.blob_cnt; i++) {
    const struct chain_blob_row *r = &g->schedule.blob[i];
    if (memcmp(r->name, "bpo", 3) != 0) continue;
    char key[16];
    size_t len = strlen(r->name);
    memcpy(key, r->name, len);
    memcpy(key + len, "Time", 5);
    jsonw_kv_u64(w, key, r->time);
  }
  if (g->schedule.blob_cnt) chain_genesis_put_blobs(w, g);
  jsonw_obj_end(w);
}

static void chain_genesis_put_header(struct jsonw *w,
                                     const struct chain_genesis *g) {
  const struct chain_header *h = &g->header;
  jsonw_kv_quantity(w, "timestamp", h->timestamp);
  jsonw_kv_quantity(w, "gasLimit", h->gas_limit);
  if (g->own) return;
  jsonw_kv_hex(w, "nonce", slice_of(h->nonce, 8));
  jsonw_kv_hex(w, "extraData", slice_of(h->extra, h->extra_len));
  jsonw_key(w, "difficulty");
  jsonw_quantity_u256(w, &h->difficulty);
  jsonw_kv_hex(w, "mixHash", hash32_slice(&h->mix_hash));
  jsonw_kv_hex(w, "coinbase", addr20_slice(&h->coinbase));
  jsonw_kv_quantity(w, "number", h->number);
  jsonw_kv_quantity(w, "gasUsed", h->gas_used);
  jsonw_kv_hex(w, "parentHash", hash32_slice(&h->parent_hash));
  if (h->opt_cnt >= 1) {
    jsonw_key(w, "baseFeePerGas");
    jsonw_quantity_u256(w, &h->base_fee);
  }
  if (h->opt_cnt >= 4) {
    jsonw_kv_quantity(w, "excessBlobGas", h->excess_blob_gas);
    jsonw_kv_quantity(w, "blobGasUsed", h->blob_gas_used);
  }
}

static void chain_genesis_put_account(struct jsonw *w,
                                      const struct chain_genesis_account *e) {
  chain_genesis_put_hex_key(w, addr20_slice(&e->addr));
  jsonw_obj(w);
  jsonw_key(w, "balance");
  jsonw_quantity_u256(w, &e->balance);
  if (e->nonce) jsonw_kv_quantity(w, "nonce", e->nonce);
  if (e->code.len) jsonw_kv_hex(w, "code", e->code);
  if (e->slot_cnt) {
    jsonw_key(w, "storage");
    jsonw_obj(w);
    for (u32 i = 0; i < e->slot_cnt; i++) {
      hash32 slot = u256_hash32(&e->slot[i].slot);
      hash32 val = u256_hash32(&e->slot[i].val);
      chain_genesis_put_hex_key(w, hash32_slice(&slot));
      jsonw_hex(w, hash32_slice(&val));
    }
    jsonw_obj_end(w);
  }
  jsonw_obj_end(w);
}

static void chain_genesis_put(struct buf *out, const struct chain_genesis *g,
                              bool alloc) {
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  chain_genesis_put_config(&w, g);
  chain_genesis_put_header(&w, g);
  if (alloc) {
    jsonw_key(&w, "alloc");
    jsonw_obj(&w);
    for (u32 i = 0; i < g->account_cnt; i++)
      chain_genesis_put_account(&w, &g->account[i]);
    jsonw_obj_end(&w);
  }
  if (g->own) {
    jsonw_key(&w, "cybermiles");
    chain_genesis_put_own(&w, g, alloc, NULL);
  }
  jsonw_obj_end(&w);
}

void chain_genesis_write(struct buf *out, const struct chain_genesis *g) {
  chain_genesis_put(out, g, true);
}

void chain_genesis_write_settings(struct buf *out,
                                  const struct chain_genesis *g) {
  chain_genesis_put(out, g, false);
}
