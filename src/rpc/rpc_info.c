/* rpc_info.c - what the node says of itself to tools: eth_config (EIP-7910),
** rpc_discover (OpenRPC, from the table of methods); and answers that wait:
** eth_sendRawTransactionSync (EIP-7966).
**
** A fork's id is that of EIP-2124: CRC-32 of the genesis hash, continued over
** each past activation that came after genesis, 8 bytes big-endian each,
** heights before times.
*/
#include "chain/chain_genesis.h"
#include "rpc/rpc_call.h"

#define INFO_FORK_MAX \
  (EVM_FORK_CNT + CHAIN_BLOB_ROW_MAX + CHAIN_FORK_KEY_CNT)
#define INFO_SYNC_MS 20000u     /* geth's default */
#define INFO_SYNC_MS_MAX 60000u
#define INFO_SYNC_STEP_MS 500u

/*------------------------------------------------------------- eth_config */

static const struct {
  const char *name;
  u8 hi, lo; /* of the address, its last bytes */
} info_precompile[] = {
  {"BLAKE2F", 0, 9}, {"BLS12_G1ADD", 0, 0xb}, {"BLS12_G1MSM", 0, 0xc},
  {"BLS12_G2ADD", 0, 0xd}, {"BLS12_G2MSM", 0, 0xe},
  {"BLS12_MAP_FP2_TO_G2", 0, 0x11}, {"BLS12_MAP_FP_TO_G1", 0, 0x10},
  {"BLS12_PAIRING_CHECK", 0, 0xf}, {"BN254_ADD", 0, 6}, {"BN254_MUL", 0, 7},
  {"BN254_PAIRING", 0, 8}, {"ECREC", 0, 1}, {"ID", 0, 4},
  {"KZG_POINT_EVALUATION", 0, 0xa}, {"MODEXP", 0, 5}, {"P256VERIFY", 1, 0},
  {"RIPEMD160", 0, 3}, {"SHA256", 0, 2},
};
static const struct {
  const char *name, *addr;
  enum evm_fork since;
  bool own; /* on a chain of our own too */
} info_contract[] = {
  {"BEACON_ROOTS_ADDRESS", "0x000f3df6d732807ef1319fb7b8bb8522d0beac02",
   EVM_CANCUN, false},
  {"CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS",
   "0x0000bbddc7ce488642fb579f8b00f3a590007251", EVM_PRAGUE, false},
  {"DEPOSIT_CONTRACT_ADDRESS", NULL, EVM_PRAGUE, false}, /* of genesis */
  {"HISTORY_STORAGE_ADDRESS", "0x0000f90827f1c53a10cb7a02335b175320002935",
   EVM_PRAGUE, true},
  {"WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS",
   "0x00000961ef480eb55e80d19ad83579a64c007002", EVM_PRAGUE, false},
};

static u32 info_crc32(u32 crc, const void *bytes, size_t len) {
  const u8 *p = bytes;
  crc = ~crc;
  for (size_t i = 0; i < len; i++) {
    crc ^= p[i];
    for (u32 k = 0; k < 8; k++) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

/* Adds v to an ascending list without doubles. */
static u32 info_list_add(u64 *list, u32 cnt, u64 v) {
  u32 at = 0;
  while (at < cnt && list[at] < v) at++;
  if (at < cnt && list[at] == v) return cnt;
  memmove(list + at + 1, list + at, (cnt - at) * sizeof *list);
  list[at] = v;
  return cnt + 1;
}

/* Activations after genesis: heights up to Paris, times from Shanghai on and
** of blob rows. */
static void info_activations(const struct chain_genesis *g, u64 *number,
                             u32 *number_cnt, u64 *time, u32 *time_cnt) {
  const struct chain_schedule *s = &g->schedule;
  *number_cnt = *time_cnt = 0;
  for (u32 i = 0; i < CHAIN_FORK_KEY_CNT; i++) {
    if (s->quiet[i] != CHAIN_FORK_NEVER && s->quiet[i] > 0)
      *number_cnt = info_list_add(number, *number_cnt, s->quiet[i]);
  }
  for (u32 f = 1; f < EVM_FORK_CNT; f++) {
    if (s->at[f] == CHAIN_FORK_NEVER) continue;
    if (f >= EVM_SHANGHAI && s->at[f] > g->header.timestamp) {
      *time_cnt = info_list_add(time, *time_cnt, s->at[f]);
    } else if (f < EVM_SHANGHAI && s->at[f] > 0) {
      *number_cnt = info_list_add(number, *number_cnt, s->at[f]);
    }
  }
  for (u32 i = 0; i < s->blob_cnt; i++) {
    if (s->blob[i].time > g->header.timestamp) {
      *time_cnt = info_list_add(time, *time_cnt, s->blob[i].time);
    }
  }
}

static u32 info_fork_id(const struct node *n, u64 until) {
  u64 number[INFO_FORK_MAX], time[INFO_FORK_MAX];
  u32 number_cnt, time_cnt;
  const hash32 *genesis = &node_info(n)->genesis_hash;
  u32 crc = info_crc32(0, genesis->b, 32);
  info_activations(node_genesis(n), number, &number_cnt, time, &time_cnt);
  for (u32 i = 0; i < number_cnt + time_cnt; i++) {
    u64 at = i < number_cnt ? number[i] : time[i - number_cnt];
    u8 be[8];
    if (i >= number_cnt && at > until) break;
    for (u32 k = 0; k < 8; k++) be[k] = (u8)(at >> (56 - 8 * k));
    crc = info_crc32(crc, be, 8);
  }
  return crc;
}

static void info_put_precompiles(struct jsonw *w, enum evm_fork fork) {
  jsonw_key(w, "precompiles");
  jsonw_obj(w);
  for (u32 i = 0; i < ARRAY_LEN(info_precompile); i++) {
    addr20 a = {.b = {[18] = info_precompile[i].hi,
                      [19] = info_precompile[i].lo}};
    if (!evm_is_precompile(fork, &a)) continue;
    jsonw_kv_hex(w, info_precompile[i].name, addr20_slice(&a));
  }
  jsonw_obj_end(w);
}

static void info_put_contracts(struct jsonw *w, enum evm_fork fork,
                               const struct chain_genesis *g) {
  jsonw_key(w, "systemContracts");
  jsonw_obj(w);
  for (u32 i = 0; i < ARRAY_LEN(info_contract); i++) {
    if (fork < info_contract[i].since || (g->own && !info_contract[i].own)) {
      continue;
    }
    if (info_contract[i].addr)
      jsonw_kv_str(w, info_contract[i].name, info_contract[i].addr);
    else
      jsonw_kv_hex(w, info_contract[i].name,
                   addr20_slice(&g->deposit_contract));
  }
  jsonw_obj_end(w);
}

/* The configuration that a time brings, on a block of that time. */
static void info_put_config(struct rpc_call *c, u64 number, u64 time) {
  const struct chain_genesis *g = node_genesis(c->node);
  struct chain_header h = {.number = number, .timestamp = time};
  struct chain_rules rules;
  struct jsonw *w = &c->w;
  node_run_rules(c->node, &rules, &h);
  u32 id = info_fork_id(c->node, time);
  u8 be[4] = {(u8)(id >> 24), (u8)(id >> 16), (u8)(id >> 8), (u8)id};
  jsonw_obj(w);
  jsonw_kv_u64(w, "activationTime", time);
  jsonw_key(w, "blobSchedule");
  jsonw_obj(w);
  jsonw_kv_u64(w, "baseFeeUpdateFraction", rules.blob_update_fraction);
  /* An own chain takes no blobs, whatever its fork would allow. */
  jsonw_kv_u64(w, "max", g->own ? 0 : rules.blob_max);
  jsonw_kv_u64(w, "target", g->own ? 0 : rules.blob_target);
  jsonw_obj_end(w);
  jsonw_kv_quantity(w, "chainId", rules.chain_id);
  jsonw_kv_hex(w, "forkId", slice_of(be, 4));
  info_put_precompiles(w, rules.fork);
  info_put_contracts(w, rules.fork, g);
  jsonw_obj_end(w);
}

err rpc_do_eth_config(struct rpc_call *c) {
  u64 number[INFO_FORK_MAX], time[INFO_FORK_MAX], now = 0;
  u32 number_cnt, time_cnt, at = 0;
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &hash, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  info_activations(node_genesis(c->node), number, &number_cnt, time,
                   &time_cnt);
  while (at < time_cnt && time[at] <= h.timestamp) now = time[at++];
  jsonw_obj(&c->w);
  jsonw_key(&c->w, "current");
  info_put_config(c, h.number, now);
  jsonw_key(&c->w, "next");
  if (at < time_cnt) info_put_config(c, h.number, time[at]);
  else jsonw_null(&c->w);
  jsonw_key(&c->w, "last");
  if (at < time_cnt) info_put_config(c, h.number, time[time_cnt - 1]);
  else jsonw_null(&c->w);
  jsonw_obj_end(&c->w);
  return ERR_OK;
}

/*-------------------------------------------------------- eth_capabilities */

/* kept UINT64_MAX: all. */
static void info_put_resource(struct jsonw *w, const char *name, u64 oldest,
                              u64 kept) {
  jsonw_key(w, name);
  jsonw_obj(w);
  jsonw_kv_bool(w, "disabled", false);
  jsonw_kv_quantity(w, "oldestBlock", oldest);
  if (kept != UINT64_MAX) {
    jsonw_key(w, "deleteStrategy");
    jsonw_obj(w);
    jsonw_kv_str(w, "type", "window");
    jsonw_kv_quantity(w, "retentionBlocks", kept);
    jsonw_obj_end(w);
  }
  jsonw_obj_end(w);
}

err rpc_do_eth_capabilities(struct rpc_call *c) {
  static const char *const whole[] = {"blocks", "tx", "receipts", "logs"};
  struct node_read *r;
  struct chain_header h;
  hash32 hash;
  struct jsonw *w = &c->w;
  TRY(rpc_read(c, &r));
  u64 head = node_read_head(r), oldest = node_read_oldest_state(r);
  u64 bodies = node_read_oldest_body(r);
  u64 proofs = head > NODE_PROOF_BLOCKS ? head - NODE_PROOF_BLOCKS : 0;
  err e = node_read_header(r, &h, &hash, head);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_obj(w);
  jsonw_key(w, "head");
  jsonw_obj(w);
  jsonw_kv_quantity(w, "number", head);
  jsonw_kv_hex(w, "hash", hash32_slice(&hash));
  jsonw_obj_end(w);
  for (u32 i = 0; i < ARRAY_LEN(whole); i++)
    info_put_resource(w, whole[i], bodies, node_history_bodies(c->node));
  info_put_resource(w, "state", oldest, node_history_blocks(c->node));
  info_put_resource(w, "stateproofs", proofs > oldest ? proofs : oldest,
                    NODE_PROOF_BLOCKS);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*----------------------------------------------------------- rpc_discover */

static const char *const info_schema[] = {
#define X(name, words, schema) schema,
  RPC_TYPE(X)
#undef X
};
static const char *const info_words[] = {
#define X(name, words, schema) words,
  RPC_TYPE(X)
#undef X
};

static void info_put_param(struct jsonw *w, const struct rpc_param *p) {
  jsonw_obj(w);
  jsonw_kv_str(w, "name", p->name);
  jsonw_kv_str(w, "description", info_words[p->type]);
  jsonw_kv_bool(w, "required", !p->optional);
  jsonw_key(w, "schema");
  jsonw_raw(w, slice_str(info_schema[p->type]));
  jsonw_obj_end(w);
}

static void info_put_method(struct jsonw *w, const struct rpc_method *m,
                            const struct rpc_method_info *info) {
  jsonw_obj(w);
  jsonw_kv_str(w, "name", m->name);
  jsonw_kv_str(w, "summary", info->summary);
  jsonw_kv_str(w, "paramStructure", "by-position");
  jsonw_key(w, "params");
  jsonw_arr(w);
  for (u32 i = 0; i < RPC_PARAM_MAX && m->param[i].name; i++) {
    info_put_param(w, &m->param[i]);
  }
  jsonw_arr_end(w);
  jsonw_key(w, "result");
  jsonw_obj(w);
  jsonw_kv_str(w, "name", "result");
  jsonw_key(w, "schema");
  jsonw_raw(w, slice_str("true"));
  jsonw_obj_end(w);
  jsonw_obj_end(w);
}

err rpc_do_rpc_discover(struct rpc_call *c) {
  const struct rpc_method_info *info;
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_kv_str(w, "openrpc", "1.3.2");
  jsonw_key(w, "info");
  jsonw_obj(w);
  jsonw_kv_str(w, "title", "CyberMiles JSON-RPC");
  jsonw_kv_str(w, "version", rpc_client_version());
  jsonw_obj_end(w);
  jsonw_key(w, "methods");
  jsonw_arr(w);
  for (u32 i = 0; (info = rpc_method_at(i)); i++) {
    if (!rpc_peer_sees(c->batch, info->name, info->access)) continue;
    info_put_method(w, rpc_method_row(i), info);
  }
  jsonw_arr_end(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

/*---------------------------------------------- eth_sendRawTransactionSync */

/* The receipt written, or *found false. */
static err info_receipt(struct rpc_call *c, bool *found, const hash32 *hash) {
  rpc_view_drop(c); /* a newer one */
  return rpc_put_receipt_of(c, found, hash);
}

static err info_sync_wait(struct rpc_call *c, const hash32 *hash, u64 ms) {
  u64 end = node_clock_ms() + ms;
  for (;;) {
    bool found;
    u64 head = rpc_height(c->batch->server);
    TRY(info_receipt(c, &found, hash));
    if (found) return ERR_OK;
    rpc_view_drop(c);
    u64 now = node_clock_ms();
    if (now >= end || !rpc_may_wait(c->batch->server)) break;
    u64 left = end - now;
    node_wait_head(c->node, head,
                   (u32)(left < INFO_SYNC_STEP_MS ? left : INFO_SYNC_STEP_MS));
  }
  c->fault.data = arena_copy_slice(c->a, hash32_slice(hash));
  err e = rpc_fail(c, RPC_ERR_SYNC_TIMEOUT,
                   "The transaction was added to the transaction pool but "
                   "wasn't processed in %llu ms", (unsigned long long)ms);
  c->fault.has_data = true;
  return e;
}

err rpc_do_eth_sendRawTransactionSync(struct rpc_call *c) {
  struct node_submit_result r = {.msg.text = ""};
  u64 ms = c->arg[1].given ? c->arg[1].num : INFO_SYNC_MS;
  if (ms == 0 || ms > INFO_SYNC_MS_MAX) ms = INFO_SYNC_MS_MAX;
  if (!rpc_wait_begin(c->batch->server)) {
    return rpc_fail(c, RPC_ERR_LIMIT,
                    "too many requests are waiting: use "
                    "eth_sendRawTransaction");
  }
  rpc_view_drop(c);
  err e = node_submit(c->node, &r, c->arg[0].bytes);
  e = e < 0 ? rpc_fail_submit(c, e, &r) : info_sync_wait(c, &r.hash, ms);
  rpc_wait_end(c->batch->server);
  return e;
}

#undef INFO_FORK_MAX
#undef INFO_SYNC_MS
#undef INFO_SYNC_MS_MAX
#undef INFO_SYNC_STEP_MS
