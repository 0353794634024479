/* cmd_blocktest.c - runs Ethereum blockchain tests: a genesis, then blocks as
** bytes, each valid or not, and the head and the state at the end.
**
** Blocks go through chain_import, the tries through state_commit; at the end
** the state's root is computed once more from scratch.
*/
#include <stdio.h>
#include <stdlib.h>

#include "chain/chain_genesis.h"
#include "chain/chain_import.h"
#include "cmd/cmd.h"
#include "cmd/cmd_vector.h"
#include "codec/rlp.h"

enum { CMD_BLOCK_MAX = 4096 };

/* One or two rule sets: "A", "AToBAtTime15k" (k = 1000), "AToBAt5". */
struct cmd_block_network {
  struct { char name[32]; enum evm_fork fork; } rules[2];
  bool by_time;
  u64 at;             /* of the second; CHAIN_FORK_NEVER: only one */
};

struct cmd_block_case {
  struct cmd_vector *v;
  const json_t *test;
  struct cmd_block_network net;
  struct state_mem *mem;
  hash32 *hash;       /* by number, from genesis on */
  u64 hash_cnt;
  struct chain_import_env env;
  struct cmd_vector_case report;
};

/*--------------------------------------------------------------- network */

static bool cmd_block_rules(struct cmd_block_network *n, u32 i,
                            const char *name, size_t len) {
  if (len >= sizeof(n->rules[i].name)) return false;
  memcpy(n->rules[i].name, name, len);
  n->rules[i].name[len] = 0;
  if (strncmp(n->rules[i].name, "BPO", 3) == 0) {
    n->rules[i].fork = EVM_OSAKA; /* blob parameters only */
    return true;
  }
  return evm_fork_parse(&n->rules[i].fork, n->rules[i].name) == ERR_OK;
}

static bool cmd_block_network(struct cmd_block_network *n, const char *name) {
  const char *to = strstr(name, "To"), *at = strstr(name, "At");
  char *end;
  n->at = CHAIN_FORK_NEVER;
  if (!to || !at || at < to) return cmd_block_rules(n, 0, name, strlen(name));
  n->by_time = strncmp(at, "AtTime", 6) == 0;
  const char *number = at + (n->by_time ? 6 : 2);
  n->at = strtoull(number, &end, 10);
  if (end == number) return false;
  if (*end == 'k') n->at *= 1000;
  return cmd_block_rules(n, 0, name, (size_t)(to - name)) &&
         cmd_block_rules(n, 1, to + 2, (size_t)(at - to - 2));
}

static void cmd_block_set_rules(struct cmd_block_case *c,
                                const struct chain_header *h) {
  struct chain_schedule s;
  const json_t *config = json_object_get(c->test, "config");
  u64 now = c->net.by_time ? h->timestamp : h->number;
  u32 i = c->net.at != CHAIN_FORK_NEVER && now >= c->net.at;
  u64 id = cmd_vector_has(config, "chainid")
               ? cmd_vector_get_u64(config, "chainid") : 1;
  chain_schedule_all(&s, c->net.rules[i].fork);
  chain_rules_ethereum(&c->env.rules, &s, id, h->number, h->timestamp);
  c->env.bomb_delay = chain_bomb_delay(c->env.rules.fork);
  cmd_vector_blobs(&c->env.rules, config, c->net.rules[i].name);
}

/*----------------------------------------------------------------- state */

static void cmd_block_hash(void *ctx, hash32 *out, u64 number) {
  const struct cmd_block_case *c = ctx;
  memset(out, 0, sizeof(*out));
  if (number < c->hash_cnt) *out = c->hash[number];
}

static void cmd_block_slots(struct chain_genesis_account *e,
                            const json_t *storage, struct arena *a) {
  const char *key;
  json_t *val;
  struct chain_genesis_slot *slot =
      arena_array(a, struct chain_genesis_slot, json_object_size(storage));
  json_object_foreach((json_t *)storage, key, val) {
    slot[e->slot_cnt].slot = cmd_vector_key(key);
    cmd_vector_u256(&slot[e->slot_cnt++].val, val);
  }
  e->slot = slot;
}

static void cmd_block_advance(struct cmd_block_case *c,
                              const struct chain_header *h, const hash32 *hash,
                              const struct state_diff *diff,
                              const struct state_root *root) {
  state_mem_apply(c->mem, diff);
  state_mem_apply_nodes(c->mem, root);
  c->env.src = state_mem_source(c->mem);
  c->env.parent = *h;
  c->env.parent_hash = *hash;
  c->hash[c->hash_cnt++] = *hash;
}

static const char *cmd_block_genesis(struct cmd_block_case *c) {
  struct arena *a = &c->v->arena;
  const json_t *pre = json_object_get(c->test, "pre");
  struct chain_genesis g = {.chain_id = 1};
  struct chain_import_block b;
  struct state_diff diff;
  struct state_root root;
  struct chain_header h;
  struct errmsg msg;
  hash32 hash, want;
  const char *addr;
  json_t *acc;
  slice raw = cmd_vector_bytes(a, json_object_get(c->test, "genesisRLP"));
  if (chain_import_decode(&b, raw, a, &msg) < 0)
    return arena_printf(a, "genesis: %s", msg.text);
  g.account = arena_array(a, struct chain_genesis_account,
                          json_object_size(pre));
  json_object_foreach((json_t *)pre, addr, acc) {
    struct chain_genesis_account *e = &g.account[g.account_cnt++];
    e->addr = cmd_vector_addr(addr);
    e->nonce = cmd_vector_get_u64(acc, "nonce");
    e->balance = cmd_vector_get_u256(acc, "balance");
    e->code = cmd_vector_bytes(a, json_object_get(acc, "code"));
    cmd_block_slots(e, json_object_get(acc, "storage"), a);
  }
  g.header = b.header;
  if (chain_genesis_build(&diff, &root, &h, &hash, &g, NULL, a) < 0)
    return "genesis cannot be built";
  want = cmd_vector_hash(json_object_get(
      json_object_get(c->test, "genesisBlockHeader"), "hash"));
  if (!hash32_eq(&hash, &want) || !hash32_eq(&hash, &b.hash))
    return "genesis hash differs";
  cmd_block_advance(c, &h, &hash, &diff, &root);
  return NULL;
}

/*---------------------------------------------------------------- blocks */

static const char *cmd_block_one(struct cmd_block_case *c, u32 i,
                                 const json_t *block) {
  struct arena *a = &c->v->arena;
  struct chain_import_block b;
  struct chain_import_result r;
  struct errmsg msg = {""};
  const char *expect =
      json_string_value(json_object_get(block, "expectException"));
  slice raw = cmd_vector_bytes(a, json_object_get(block, "rlp"));
  err e = chain_import_decode(&b, raw, a, &msg);
  if (e == ERR_OK) {
    cmd_block_set_rules(c, &b.header);
    e = chain_import(c->v->exec, &r, &c->env, &b, a, &msg);
  }
  if (e == ERR_OK && !expect) {
    cmd_block_advance(c, &b.header, &b.hash, &r.diff, &r.root);
    return NULL;
  }
  if (e == ERR_INVALID_BLOCK && expect) return NULL;
  return arena_printf(a, "block %u: %s", i,
                      e == ERR_OK ? expect : msg.text[0] ? msg.text
                                                         : err_text(e));
}

static const char *cmd_block_end(struct cmd_block_case *c) {
  hash32 want =
      cmd_vector_hash(json_object_get(c->test, "lastblockhash"));
  if (!hash32_eq(&want, &c->env.parent_hash)) return "another head";
  state_mem_root(c->mem, &c->report.state_root);
  c->report.has_root = true;
  if (!hash32_eq(&c->report.state_root, &c->env.parent.state_root))
    return "state root from scratch differs";
  return cmd_vector_diff(c->mem, json_object_get(c->test, "postState"),
                         &c->v->arena);
}

static const char *cmd_block_run(struct cmd_block_case *c) {
  const json_t *blocks = json_object_get(c->test, "blocks");
  size_t cnt = json_array_size(blocks);
  if (!cmd_block_network(&c->net, c->report.fork))
    return "network not supported";
  if (cnt > CMD_BLOCK_MAX) return "too many blocks";
  c->hash = arena_array(&c->v->arena, hash32, cnt + 1);
  c->env.hashes = (struct chain_hashes){c, cmd_block_hash};
  c->env.deposit_contract = CHAIN_DEPOSIT_ADDR;
  const char *fault = cmd_block_genesis(c);
  for (u32 i = 0; i < cnt && !fault; i++)
    fault = cmd_block_one(c, i, json_array_get(blocks, i));
  return fault ? fault : cmd_block_end(c);
}

static void cmd_block_file(struct cmd_vector *v, const json_t *root) {
  const char *name;
  json_t *test;
  json_object_foreach((json_t *)root, name, test) {
    struct cmd_block_case c = {.v = v, .test = test};
    const char *network = json_string_value(json_object_get(test, "network"));
    if (!network || !cmd_vector_has(test, "blocks")) continue;
    if (v->opt->fork && strcmp(v->opt->fork, network) != 0) continue;
    struct arena_mark mark = arena_mark(&v->arena);
    c.report.name = name;
    c.report.fork = network;
    c.mem = state_mem_open();
    c.report.error = cmd_block_run(&c);
    c.report.pass = c.report.error == NULL;
    state_mem_close(c.mem);
    cmd_vector_report(v, &c.report);
    arena_reset(&v->arena, mark);
  }
}

int cmd_blocktest(int argc, char **argv) {
  return cmd_vector_main(argc, argv,
                         "blocktest [--fork NETWORK] [--json] [--trace] "
                         "PATH...", cmd_block_file);
}
