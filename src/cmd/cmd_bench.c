/* cmd_bench.c - the command  bench genesis | load | evm : a chain with funded
** accounts, load upon it, and the speed of the machine (cmd_bench_evm.c).
**
** The accounts' keys are public knowledge: such a chain is for measuring.
** The token below is this, compiled by solc 0.8.37 (optimizer, a million
** runs, no metadata); its balances stand in genesis as storage, the slot of
** an account being keccak256(address in 32 bytes || 0 in 32 bytes):
**
**   contract BenchToken {
**     mapping(address => uint256) public balanceOf;
**     event Transfer(address indexed from, address indexed to, uint256 value);
**     function transfer(address to, uint256 value) external returns (bool) {
**       require(to != address(0), "transfer to nobody");
**       balanceOf[msg.sender] -= value;
**       balanceOf[to] += value;
**       emit Transfer(msg.sender, to, value);
**       return true;
**     }
**   }
*/
#include "cmd/cmd_bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "node/node_workers.h"

#define BENCH_SLICE 64u /* accounts or transactions in a piece of work */
#define BENCH_ARENAS 256u

static const addr20 bench_token = {{0xe2, 0x0c, [19] = 1}};
const char cmd_bench_token_code[] =
  "0x608060405234801561000f575f5ffd5b5060043610610034575f3560e01c806370a082"
  "3114610038578063a9059cbb1461006a575b5f5ffd5b6100576100463660046101ea565b"
  "5f6020819052908152604090205481565b6040519081526020015b60405180910390f35b"
  "61007d61007836600461020a565b61008d565b6040519015158152602001610061565b5f"
  "73ffffffffffffffffffffffffffffffffffffffff831661010f576040517f08c379a000"
  "000000000000000000000000000000000000000000000000000000815260206004820152"
  "601260248201527f7472616e7366657220746f206e6f626f647900000000000000000000"
  "00000000604482015260640160405180910390fd5b335f90815260208190526040812080"
  "5484929061012d90849061025f565b909155505073ffffffffffffffffffffffffffffff"
  "ffffffffff83165f9081526020819052604081208054849290610166908490610272565b"
  "909155505060405182815273ffffffffffffffffffffffffffffffffffffffff84169033"
  "907fddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef9060"
  "200160405180910390a35060015b92915050565b803573ffffffffffffffffffffffffff"
  "ffffffffffffff811681146101e5575f5ffd5b919050565b5f602082840312156101fa57"
  "5f5ffd5b610203826101c2565b9392505050565b5f5f6040838503121561021b575f5ffd"
  "5b610224836101c2565b946020939093013593505050565b7f4e487b7100000000000000"
  "0000000000000000000000000000000000000000005f52601160045260245ffd5b818103"
  "818111156101bc576101bc610232565b808201808211156101bc576101bc61023256";

/*-------------------------------------------------------------- accounts */

static void bench_account_slice(void *arg, u32 i) {
  static const char tag[] = "cybermiles bench ";
  struct cmd_bench_accounts *a = arg;
  u8 text[sizeof tag - 1 + 8];
  memcpy(text, tag, sizeof tag - 1);
  for (u32 k = i * BENCH_SLICE; k < (i + 1) * BENCH_SLICE && k < a->cnt; k++) {
    hash32 key;
    store_be64(text + sizeof tag - 1, a->first + k);
    crypto_keccak256(&key, text, sizeof text);
    memcpy(a->key[k], key.b, 32);
    MUST(crypto_key_addr(&a->addr[k], key.b) == ERR_OK);
  }
}

static u32 bench_slices(u32 cnt) {
  return (cnt + BENCH_SLICE - 1) / BENCH_SLICE;
}

void cmd_bench_accounts_init(struct cmd_bench_accounts *a, u32 first, u32 cnt,
                             const struct par *par) {
  a->first = first;
  a->cnt = cnt;
  a->key = mem_alloc(sizeof *a->key * cnt);
  a->addr = mem_alloc(sizeof *a->addr * cnt);
  par_run(par, bench_account_slice, a, bench_slices(cnt));
}

void cmd_bench_accounts_fini(struct cmd_bench_accounts *a) {
  mem_free(a->key);
  mem_free(a->addr);
}

static void bench_hex_key(struct jsonw *w, slice bytes) {
  char key[67] = "0x";
  hex_encode(key + 2, bytes.ptr, bytes.len);
  key[2 + 2 * bytes.len] = 0;
  jsonw_key(w, key);
}

static void bench_put_token(struct jsonw *w,
                            const struct cmd_bench_accounts *a) {
  bench_hex_key(w, addr20_slice(&bench_token));
  jsonw_obj(w);
  jsonw_kv_str(w, "balance", "0x0");
  jsonw_kv_str(w, "code", cmd_bench_token_code);
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (u32 i = 0; i < a->cnt; i++) {
    u8 text[64] = {0};
    hash32 slot;
    memcpy(text + 12, a->addr[i].b, 20);
    crypto_keccak256(&slot, text, sizeof text);
    bench_hex_key(w, hash32_slice(&slot));
    jsonw_str(w, "0xd3c21bcecceda1000000"); /* 10^24 */
  }
  jsonw_obj_end(w);
  jsonw_obj_end(w);
}

/* The same stake for each of the first: so much that credits are no limit. */
static void bench_put_stakes(struct jsonw *w,
                             const struct cmd_bench_accounts *a, u32 staked) {
  jsonw_key(w, "credits");
  jsonw_obj(w);
  jsonw_key(w, "stakes");
  jsonw_obj(w);
  for (u32 i = 0; i < a->cnt && i < staked; i++) {
    bench_hex_key(w, addr20_slice(&a->addr[i]));
    jsonw_str(w, "5000000000000000000000");
  }
  jsonw_obj_end(w);
  jsonw_obj_end(w);
}

void cmd_bench_genesis(struct buf *out, const struct cmd_bench_accounts *a,
                       const struct cmd_bench_chain *c) {
  struct jsonw w;
  jsonw_init(&w, out);
  jsonw_obj(&w);
  jsonw_key(&w, "config");
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "chainId", CMD_BENCH_CHAIN_ID);
  jsonw_obj_end(&w);
  if (c->gas_limit) jsonw_kv_quantity(&w, "gasLimit", c->gas_limit);
  jsonw_key(&w, "alloc");
  jsonw_obj(&w);
  for (u32 i = 0; i < a->cnt; i++) {
    bench_hex_key(&w, addr20_slice(&a->addr[i]));
    jsonw_obj(&w);
    jsonw_kv_str(&w, "balance", "0xd3c21bcecceda1000000");
    jsonw_obj_end(&w);
  }
  if (c->token) bench_put_token(&w, a);
  jsonw_obj_end(&w);
  jsonw_key(&w, "cybermiles");
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "version", 1);
  if (c->staked) bench_put_stakes(&w, a, c->staked);
  if (c->interval_ms) {
    jsonw_key(&w, "parameters");
    jsonw_obj(&w);
    jsonw_kv_u64(&w, "block_interval_ms", c->interval_ms);
    jsonw_obj_end(&w);
  }
  jsonw_obj_end(&w);
  jsonw_obj_end(&w);
  buf_put_u8(out, '\n');
}

/*---------------------------------------------------------- transactions */

struct bench_signing {
  struct cmd_bench_txs *t;
  const struct cmd_bench_accounts *a;
  const u64 *nonce;
  u64 chain_id;
  cmd_bench_fill *fill;
  const void *arg;
};

static const addr20 *bench_receiver(const struct cmd_bench_accounts *a,
                                    u32 i) {
  return &a->addr[(i % a->cnt + 1 + i / a->cnt) % a->cnt];
}

void cmd_bench_fill_transfer(const void *arg, u32 i, struct chain_tx *tx,
                             u8 room[CMD_BENCH_DATA_MAX]) {
  (void)room;
  tx->to = *bench_receiver(arg, i);
  tx->value = u256_from(1);
  tx->gas_limit = CMD_BENCH_TRANSFER_GAS;
}

void cmd_bench_fill_flood(const void *arg, u32 i, struct chain_tx *tx,
                          u8 room[CMD_BENCH_DATA_MAX]) {
  cmd_bench_fill_transfer(arg, i, tx, room);
  tx->value = u256_from(0);
}

void cmd_bench_fill_erc20(const void *arg, u32 i, struct chain_tx *tx,
                          u8 room[CMD_BENCH_DATA_MAX]) {
  static const u8 transfer[4] = {0xa9, 0x05, 0x9c, 0xbb};
  memset(room, 0, 68);
  memcpy(room, transfer, 4);
  memcpy(room + 16, bench_receiver(arg, i)->b, 20);
  room[67] = 1;
  tx->to = bench_token;
  tx->data = slice_of(room, 68);
  tx->gas_limit = CMD_BENCH_ERC20_GAS;
}

static void bench_sign_one(const struct bench_signing *s, u32 i,
                           struct arena *arena) {
  u32 from = i % s->a->cnt, round = i / s->a->cnt;
  u8 room[CMD_BENCH_DATA_MAX];
  struct chain_tx tx = {
    .type = 2, .protected = true, .has_to = true, .chain_id = s->chain_id,
    .nonce = (s->nonce ? s->nonce[from] : 0) + round,
    .gas_price = u256_from(2000000000),
    .max_priority_fee = u256_from(1000000000),
  };
  s->fill(s->arg, i, &tx, room);
  MUST(chain_tx_sign(&tx, s->a->key[from], arena) == ERR_OK);
  s->t->raw[i] = tx.raw;
  s->t->hash[i] = tx.hash;
}

static void bench_sign_part(void *arg, u32 part) {
  const struct bench_signing *s = arg;
  u64 cnt = s->t->cnt, parts = s->t->arena_cnt;
  for (u64 i = cnt * part / parts; i < cnt * (part + 1) / parts; i++) {
    bench_sign_one(s, (u32)i, &s->t->arena[part]);
  }
}

void cmd_bench_txs_init(struct cmd_bench_txs *t, u32 cnt,
                        const struct cmd_bench_accounts *a, const u64 *nonce,
                        u64 chain_id, cmd_bench_fill *fill, const void *arg,
                        const struct par *par) {
  struct bench_signing s = {t, a, nonce, chain_id, fill, arg};
  t->cnt = cnt;
  t->raw = mem_alloc(sizeof *t->raw * cnt);
  t->hash = mem_alloc(sizeof *t->hash * cnt);
  t->arena_cnt = BENCH_ARENAS;
  t->arena = mem_alloc(sizeof *t->arena * t->arena_cnt);
  for (u32 i = 0; i < t->arena_cnt; i++) {
    arena_init(&t->arena[i], 1 << 16, 0);
  }
  par_run(par, bench_sign_part, &s, t->arena_cnt);
}

void cmd_bench_txs_fini(struct cmd_bench_txs *t) {
  for (u32 i = 0; i < t->arena_cnt; i++) arena_fini(&t->arena[i]);
  mem_free(t->arena);
  mem_free(t->raw);
  mem_free(t->hash);
}

/*----------------------------------------------------------- the command */

const char *const cmd_bench_kind_name[] = {"transfer", "erc20", "market",
                                           "flood"};

static const char bench_help[] =
  "usage: cybermiles bench genesis [--kind K] [--credits on|off] "
  "--accounts A\n"
  "                                [--staked S] [--gas-limit G] "
  "[--interval MS]\n"
  "                                [--out FILE]\n"
  "       cybermiles bench load [--url URL] [--kind K] [--txs N] "
  "[--accounts A]\n"
  "                             [--batch B] [--conns C] [--window W] "
  "[--rate R]\n"
  "                             [--first F] [--stages 1] [--pid PID]\n"
  "       cybermiles bench evm [--json] [--cold] [--fork F] FILE...\n\n"
  "genesis prints a genesis that funds A accounts whose keys follow from "
  "their\nnumber, with a token if --kind is erc20, and a stake each unless\n"
  "--credits is off.  load signs N transactions among them, sends them over "
  "C\nconnections, B in a request, waits until all are in blocks, and prints "
  "one\nJSON line.  evm runs the messages of Ethereum's state tests, and "
  "prints the\nmedian time of each: of code already seen, or with --cold anew "
  "each time.\n\n"
  "Of kind market a fourth of them each list goods, place an order, ship one "
  "and\nconfirm one.  What these rest on is made before and not counted: an "
  "identity\nand a listing for each account, three orders or shipments for "
  "every four of\nthe transactions.  All receipts must say success; the line "
  "tells the mix and\nthe mean gas of each.\n\n"
  "Of kind flood they are worth nothing, and what the node refuses is counted "
  "and\nits first reason told; no block is awaited.  Accounts from --first on "
  "that the\ngenesis does not know have no stake.\n\n"
  "  --kind K       transfer, erc20, market or flood (load transfer, genesis "
  "erc20)\n"
  "  --gas-limit G  of a block, 24000000 to 2000000000 (500000000)\n"
  "  --interval MS  between blocks, 200 to 60000 (1000)\n"
  "  --credits C    on or off (on): transactions are paid with credits\n"
  "  --staked S     of the accounts, the first S have a stake (all)\n"
  "  --url URL      where the node listens (http://127.0.0.1:8545)\n"
  "  --txs N        1 to 10000000 (20000)\n"
  "  --accounts A   2 to 2000000 (1000)\n"
  "  --first F      number of the first account, 0 to 1000000000 (0)\n"
  "  --batch B      1 to 1000; 1 sends single requests (100)\n"
  "  --conns C      1 to 1000 (4; with single requests 32)\n"
  "  --window W     most transactions on their way at once (24000)\n"
  "  --rate R       send R a second, and tell p50 and p99 of latency (from when "
  "it\n                 is due to its block) and of the time between blocks\n"
  "  --stages 1     adds what each stage of the node took, the keyed tables "
  "that\n                 come behind too; it runs with --metrics.expensive\n"
  "  --pid PID      the node's process: adds its CPU time\n";

struct bench_opt {
  struct cmd_bench_load load;
  struct cmd_bench_chain chain;
  const char *kind, *out, *credits;
};

static bool bench_number(u32 *out, const char *text, u32 min, u32 max) {
  char *end;
  errno = 0;
  unsigned long long v = strtoull(text, &end, 10);
  if (text[0] < '0' || text[0] > '9' || *end || errno || v < min || v > max) {
    return false;
  }
  *out = (u32)v;
  return true;
}

static err bench_parse(struct bench_opt *o, bool load, int argc, char **argv,
                       struct errmsg *msg) {
  const struct {
    const char *name;
    u32 *at, min, max;
    bool load, genesis;
  } number[] = {
    {"--accounts", &o->load.accounts, 2, CMD_BENCH_ACCOUNT_MAX, true, true},
    {"--first", &o->load.first, 0, 1000000000, true, false},
    {"--staked", &o->chain.staked, 1, CMD_BENCH_ACCOUNT_MAX, false, true},
    {"--gas-limit", &o->chain.gas_limit, 24000000, 2000000000, false, true},
    {"--interval", &o->chain.interval_ms, 200, 60000, false, true},
    {"--txs", &o->load.txs, 1, CMD_BENCH_TX_MAX, true, false},
    {"--batch", &o->load.batch, 1, 1000, true, false},
    {"--conns", &o->load.conns, 1, 1000, true, false},
    {"--window", &o->load.window, 1, CMD_BENCH_TX_MAX, true, false},
    {"--rate", &o->load.rate, 1, 1000000, true, false},
    {"--stages", &o->load.stages, 0, 1, true, false},
    {"--pid", &o->load.pid, 1, 1u << 30, true, false},
  };
  for (int i = 2; i < argc; i += 2) {
    const char *val = i + 1 < argc ? argv[i + 1] : NULL;
    bool known = false;
    if (!val) {
      return err_say(msg, ERR_USAGE, "bench: %s needs a value", argv[i]);
    }
    for (size_t k = 0; k < ARRAY_LEN(number); k++) {
      if (strcmp(argv[i], number[k].name) != 0) continue;
      if (load ? !number[k].load : !number[k].genesis) break;
      if (!bench_number(number[k].at, val, number[k].min, number[k].max)) {
        return err_say(msg, ERR_USAGE, "bench: %s must be %u to %u, not %.40s",
                       argv[i], number[k].min, number[k].max, val);
      }
      known = true;
    }
    const char **text = strcmp(argv[i], "--kind") == 0          ? &o->kind
                        : load && strcmp(argv[i], "--url") == 0 ? &o->load.url
                        : !load && strcmp(argv[i], "--out") == 0 ? &o->out
                        : !load && strcmp(argv[i], "--credits") == 0
                            ? &o->credits
                                                                 : NULL;
    if (text) *text = val;
    if (!known && !text) {
      return err_say(msg, ERR_USAGE, "bench %s: unknown option %.60s; "
                     "cybermiles bench --help lists all", argv[1], argv[i]);
    }
  }
  u32 kind = 0;
  while (kind < CMD_BENCH_KIND_CNT &&
         strcmp(o->kind, cmd_bench_kind_name[kind]) != 0) kind++;
  if (kind == CMD_BENCH_KIND_CNT || (!load && kind == CMD_BENCH_FLOOD)) {
    return err_say(msg, ERR_USAGE,
                   "bench: --kind must be transfer, erc20%s, not %.40s",
                   load ? ", market or flood" : " or market", o->kind);
  }
  o->load.kind = kind;
  if (strcmp(o->credits, "on") != 0 && strcmp(o->credits, "off") != 0) {
    return err_say(msg, ERR_USAGE,
                   "bench: --credits must be on or off, not %.40s", o->credits);
  }
  return ERR_OK;
}

static struct node_workers *bench_workers(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return node_workers_open(cores > 1 ? (u32)cores - 1 : 0);
}

static err bench_write_genesis(const struct bench_opt *o, struct errmsg *msg) {
  struct cmd_bench_accounts a;
  struct buf text;
  struct node_workers *w = bench_workers();
  buf_init(&text, 0);
  cmd_bench_accounts_init(&a, 0, o->load.accounts, node_workers_par(w));
  struct cmd_bench_chain chain = o->chain;
  chain.token = o->load.kind == CMD_BENCH_ERC20;
  if (strcmp(o->credits, "on") != 0) chain.staked = 0;
  cmd_bench_genesis(&text, &a, &chain);
  FILE *f = o->out ? fopen(o->out, "wb") : stdout;
  bool good = f && fwrite(text.ptr, 1, text.len, f) == text.len;
  if (f && o->out) good &= fclose(f) == 0;
  if (f == stdout) good &= fflush(f) == 0;
  int why = errno;
  cmd_bench_accounts_fini(&a);
  buf_fini(&text);
  node_workers_close(w);
  return good ? ERR_OK
              : err_say(msg, ERR_IO, "cannot write %s: %s",
                        o->out ? o->out : "the genesis", strerror(why));
}

int cmd_bench(int argc, char **argv) {
  struct errmsg msg = {""};
  u8 seed[32];
  bool load = argc > 1 && strcmp(argv[1], "load") == 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") != 0) continue;
    fputs(bench_help, stdout);
    return EXIT_DONE;
  }
  if (argc > 1 && strcmp(argv[1], "evm") == 0) {
    return cmd_bench_evm(argc - 1, argv + 1);
  }
  if (!load && (argc < 2 || strcmp(argv[1], "genesis") != 0)) {
    fputs(bench_help, stderr);
    return EXIT_USAGE;
  }
  struct bench_opt o = {
    .load = {.url = "http://127.0.0.1:8545", .txs = 20000, .accounts = 1000,
             .batch = 100, .window = 24000},
    .kind = load ? "transfer" : "erc20",
    .credits = "on", .chain.staked = CMD_BENCH_ACCOUNT_MAX,
  };
  err e = bench_parse(&o, load, argc, argv, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  node_random(seed, sizeof seed);
  crypto_init(seed);
  if (!o.load.conns) o.load.conns = o.load.batch == 1 ? 32 : 4;
  e = load ? cmd_bench_run(&o.load, &msg) : bench_write_genesis(&o, &msg);
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}

#undef BENCH_SLICE
#undef BENCH_ARENAS
