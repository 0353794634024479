/* diff_gen.c - writes random state tests:
**
**   diff_gen SEED FIRST COUNT [RESULTS] >tests.json
**
** Cases FIRST to FIRST + COUNT - 1 of the seed, each a test of its own with one
** transaction on one fork; the same arguments give the same bytes.  RESULTS
** holds the lines of "cybermiles statetest --json" for these cases: their
** roots and logs become what is expected, and a refusal an expectException, so
** that any runner of state tests compares itself with us (tests/diff.sh).
** Without RESULTS the expected hashes are zero.
**
** A case: a handful of contracts with random code, an account that delegates
** to one of them (from Prague), accounts whose code is the input of a
** precompile or init code, an account that is empty, a sender; a transaction of
** a type the fork has, now and then one that cannot be valid. */
#include "diff/diff_code.h"

#include "chain/chain_tx.h"
#include "codec/json.h"
#include "codec/rlp.h"

/* The key that the public suites use. */
static const u8 DIFF_KEY[32] = {
  0x45, 0xa9, 0x15, 0xe4, 0xd0, 0x60, 0x14, 0x9e, 0xb4, 0x36, 0x59,
  0x60, 0xe6, 0xa7, 0xa4, 0x5f, 0x33, 0x43, 0x93, 0x09, 0x30, 0x61,
  0x11, 0x6b, 0x19, 0x7e, 0x32, 0x40, 0x06, 0x5f, 0xf2, 0xd8};
enum { DIFF_AUTHORITIES = 3 };

struct diff_case {
  struct diff_gen d;
  struct jsonw *w;
  addr20 sender, authority[DIFF_AUTHORITIES];
  u64 nonce;
  const json_t *result;   /* NULL: none */
};

static void diff_kv_addr(struct jsonw *w, const char *key, const addr20 *a) {
  jsonw_kv_hex(w, key, slice_of(a->b, 20));
}
static void diff_key_addr(struct jsonw *w, const addr20 *a) {
  char text[43] = "0x";
  hex_encode(text + 2, a->b, 20);
  text[42] = 0;
  jsonw_key(w, text);
}
static void diff_slot(struct jsonw *w, u64 slot, u64 v) {
  char text[67];
  u256 word = u256_from(v);
  hash32 val = u256_hash32(&word);
  snprintf(text, sizeof text, "0x%064llx", (unsigned long long)slot);
  jsonw_kv_hex(w, text, hash32_slice(&val));
}

/*----------------------------------------------------------------- accounts */

/* slots: how many of the first have a value. */
static void diff_account(struct diff_case *c, addr20 a, u64 nonce,
                         u64 balance, slice code, u32 slots) {
  struct jsonw *w = c->w;
  diff_key_addr(w, &a);
  jsonw_obj(w);
  jsonw_kv_quantity(w, "nonce", nonce);
  jsonw_kv_quantity(w, "balance", balance);
  jsonw_kv_hex(w, "code", code);
  jsonw_key(w, "storage");
  jsonw_obj(w);
  for (u32 i = 0; i < slots; i++)
    diff_slot(w, i, 1 + diff_pick(&c->d, 300));
  jsonw_obj_end(w);
  jsonw_obj_end(w);
}
static void diff_delegation(u8 out[EVM_DELEGATION_LEN], u64 target) {
  addr20 a = gen_addr(target);
  memcpy(out, (u8[]){0xef, 0x01, 0x00}, 3);
  memcpy(out + 3, a.b, 20);
}

static void diff_contracts(struct diff_case *c) {
  static const u32 addr[] = {0xc0de, 0xaa, 0xab, 0xad};
  struct diff_gen *d = &c->d;
  u8 code[EVM_DELEGATION_LEN];
  for (u32 i = 0; i < ARRAY_LEN(addr); i++) {
    u64 balance = diff_once(d, 4) ? 0 : diff_pick(d, 100000);
    diff_account(c, gen_addr(addr[i]), diff_once(d, 4) ? 0 : 1, balance,
                 diff_code(d, i ? 40 : 90), diff_pick(d, 4));
  }
  diff_delegation(code, diff_world_addr(d));
  diff_account(c, gen_addr(0xac), 1, diff_pick(d, 5),
               d->fork >= EVM_PRAGUE ? slice_of(code, sizeof code)
                                     : diff_code(d, 20), 1);
}

static void diff_authorities(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  u8 code[EVM_DELEGATION_LEN];
  for (u32 i = 0; i < DIFF_AUTHORITIES; i++) {
    if (diff_once(d, 3)) continue;
    diff_delegation(code, diff_world_addr(d));
    u32 kind = diff_pick(d, 8);
    slice s = kind < 3 ? slice_of(code, sizeof code)
              : kind == 3 ? diff_code(d, 5) : slice_of(NULL, 0);
    diff_account(c, c->authority[i], diff_pick(d, 3), diff_pick(d, 1000), s,
                 diff_pick(d, 2));
  }
}

static void diff_pre(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  u8 code[EVM_DELEGATION_LEN];
  jsonw_key(c->w, "pre");
  jsonw_obj(c->w);
  diff_contracts(c);
  for (u32 i = 0; i < DIFF_DATA_CNT; i++)
    diff_account(c, gen_addr(DIFF_DATA + i), 1, 0,
                 slice_of(d->input[i].bytes, d->input[i].len), 0);
  for (u32 i = 0; i < DIFF_INIT_CNT; i++)
    diff_account(c, gen_addr(DIFF_INIT + i), 1, 0,
                 slice_of(d->init[i], d->init_len[i]), 0);
  diff_account(c, gen_addr(0xca11), 0, 1000, slice_of(NULL, 0), 0);
  if (diff_once(d, 2))
    diff_account(c, gen_addr(0xe000), 0, 0, slice_of(NULL, 0), 0);
  if (diff_once(d, 8))
    diff_account(c, gen_addr(1 + diff_pick(d, 4)), 0, diff_pick(d, 2),
                 slice_of(NULL, 0), 0);
  if (d->fork >= EVM_PRAGUE) diff_authorities(c);
  diff_delegation(code, diff_world_addr(d));
  bool delegates = d->fork >= EVM_PRAGUE && diff_once(d, 4);
  diff_account(c, c->sender, c->nonce,
               diff_once(d, 30) ? diff_pick(d, 1000000) : (u64)1 << 62,
               slice_of(code, delegates ? sizeof code : 0), 0);
  jsonw_obj_end(c->w);
}

/*--------------------------------------------------------------- transaction */

static void diff_auth(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  struct jsonw *w = c->w;
  struct sig65 sig;
  struct buf b;
  hash32 digest;
  u8 key[32] = {[0] = 7, [31] = (u8)(1 + diff_pick(d, DIFF_AUTHORITIES))};
  u64 chain_id = diff_once(d, 10) ? 2 : diff_pick(d, 2);
  u64 nonce = diff_once(d, 30) ? UINT64_MAX : diff_pick(d, 3);
  addr20 target = gen_addr(diff_once(d, 6) ? diff_pick(d, 6)
                                           : diff_world_addr(d));
  if (diff_once(d, 6)) {
    memcpy(key, DIFF_KEY, 32);
    nonce = c->nonce + diff_pick(d, 3);
  }
  buf_init(&b, 0);
  buf_put_u8(&b, 5);
  size_t list = rlp_list_open(&b);
  rlp_put_u64(&b, chain_id);
  rlp_put_str(&b, target.b, 20);
  rlp_put_u64(&b, nonce);
  rlp_list_close(&b, list);
  crypto_keccak256(&digest, b.ptr, b.len);
  buf_fini(&b);
  MUST(crypto_sign(&sig, key, &digest) == ERR_OK);
  u32 parity = sig.v;
  if (diff_once(d, 20)) parity = diff_pick(d, 4);
  if (diff_once(d, 20)) {
    diff_negate(sig.s, DIFF_SECP_N);
    parity ^= 1;
  }
  if (diff_once(d, 20)) memset(diff_once(d, 2) ? sig.r : sig.s, 0, 32);
  u256 r, s;
  u256_from_be(&r, sig.r);
  u256_from_be(&s, sig.s);
  jsonw_obj(w);
  jsonw_kv_quantity(w, "chainId", chain_id);
  diff_kv_addr(w, "address", &target);
  jsonw_kv_quantity(w, "nonce", nonce);
  jsonw_kv_quantity(w, "v", parity);
  jsonw_kv_quantity(w, "yParity", parity);
  jsonw_kv_quantity_u256(w, "r", &r);
  jsonw_kv_quantity_u256(w, "s", &s);
  jsonw_obj_end(w);
}

static void diff_access_list(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  struct jsonw *w = c->w;
  jsonw_key(w, "accessLists");
  jsonw_arr(w);
  jsonw_arr(w);
  for (u32 i = diff_pick(d, 4); i--;) {
    addr20 a = gen_addr(diff_world_addr(d));
    jsonw_obj(w);
    diff_kv_addr(w, "address", &a);
    jsonw_key(w, "storageKeys");
    jsonw_arr(w);
    for (u32 k = diff_pick(d, 4); k--;) {
      u256 slot = u256_from(diff_pick(d, 20));
      hash32 word = u256_hash32(&slot);
      jsonw_hex(w, hash32_slice(&word));
    }
    jsonw_arr_end(w);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  jsonw_arr_end(w);
}

static void diff_blobs(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  struct jsonw *w = c->w;
  jsonw_kv_quantity(w, "maxFeePerBlobGas", diff_once(d, 20) ? 0 : 1000);
  jsonw_key(w, "blobVersionedHashes");
  jsonw_arr(w);
  for (u32 i = 1 + diff_pick(d, diff_once(d, 10) ? 10 : 4); i--;) {
    hash32 h;
    diff_random(d, h.b, 32);
    h.b[0] = diff_once(d, 60) ? 2 : 1;
    jsonw_hex(w, hash32_slice(&h));
  }
  jsonw_arr_end(w);
}

static u32 diff_tx_type(struct diff_gen *d) {
  enum evm_fork f = d->fork;
  u32 max = f >= EVM_PRAGUE ? 4 : f >= EVM_CANCUN ? 3 : f >= EVM_LONDON ? 2
            : f >= EVM_BERLIN ? 1 : 0;
  if (max == 4 && diff_once(d, 3)) return 4;
  u32 type = diff_pick(d, max + 1);
  return type == 3 && !diff_once(d, 3) ? 2 : type;
}
static u64 diff_gas_limit(struct diff_gen *d) {
  switch (diff_pick(d, 12)) {
    case 0: return 21000 + diff_pick(d, 60000);
    case 1: return 53000 + diff_pick(d, 2000);
    case 2: return 100000 + diff_pick(d, 65000);
    case 3: return diff_once(d, 8) ? 20000000 : 5000000;
    default: return 300000 + diff_pick(d, 2000) * 1000ull;
  }
}
/* Empty: a creation. */
static void diff_to(struct diff_case *c, bool may_create) {
  struct diff_gen *d = &c->d;
  u32 kind = diff_pick(d, 16);
  addr20 to = gen_addr(0xc0de);
  if (may_create && kind < 2) {
    jsonw_kv_str(c->w, "to", "");
    return;
  }
  if (kind == 2) to = gen_addr(diff_world_addr(d));
  if (kind == 3) to = gen_addr(d->input[0].addr);
  if (kind == 4) to = c->authority[diff_pick(d, DIFF_AUTHORITIES)];
  if (kind == 5 && diff_once(d, 4)) to = c->sender;
  diff_kv_addr(c->w, "to", &to);
}
static void diff_one_of(struct jsonw *w, const char *key, u64 v) {
  jsonw_key(w, key);
  jsonw_arr(w);
  jsonw_quantity(w, v);
  jsonw_arr_end(w);
}
static void diff_data(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  u8 bytes[200];
  u32 len = diff_pick(d, sizeof bytes);
  slice s = slice_of(bytes, len);
  diff_random(d, bytes, len);
  if (diff_once(d, 3)) memset(bytes, 0, len / 2);
  if (diff_once(d, 4)) s = slice_of(d->init[0], d->init_len[0]);
  if (diff_once(d, 8)) s = slice_of(d->input[0].bytes, d->input[0].len);
  jsonw_key(c->w, "data");
  jsonw_arr(c->w);
  jsonw_hex(c->w, s);
  jsonw_arr_end(c->w);
}
static void diff_transaction(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  struct jsonw *w = c->w;
  u32 type = diff_tx_type(d);
  jsonw_key(w, "transaction");
  jsonw_obj(w);
  diff_data(c);
  diff_one_of(w, "gasLimit", diff_gas_limit(d));
  diff_one_of(w, "value", diff_once(d, 2) ? 0 : diff_pick(d, 10000));
  jsonw_kv_quantity(w, "nonce", diff_once(d, 60) ? c->nonce + 1 : c->nonce);
  diff_to(c, type < 3 || diff_once(d, 40));
  if (type >= 2) {
    u64 tip = diff_pick(d, 5);
    jsonw_kv_quantity(w, "maxPriorityFeePerGas", tip);
    jsonw_kv_quantity(w, "maxFeePerGas",
                      diff_once(d, 40) ? 1 : 10 + diff_pick(d, 9));
  } else {
    jsonw_kv_quantity(w, "gasPrice",
                      diff_once(d, 40) ? 1 : 10 + diff_pick(d, 9));
  }
  if (type == 3) diff_blobs(c);
  if (type == 4) {
    jsonw_key(w, "authorizationList");
    jsonw_arr(w);
    for (u32 i = diff_once(d, 30) ? 0 : 1 + diff_pick(d, 4); i--;) diff_auth(c);
    jsonw_arr_end(w);
  }
  if (type == 1 || (type > 1 && diff_once(d, 3))) diff_access_list(c);
  jsonw_kv_hex(w, "secretKey", slice_of(DIFF_KEY, 32));
  diff_kv_addr(w, "sender", &c->sender);
  jsonw_obj_end(w);
}

/*---------------------------------------------------------------------- test */

static void diff_env(struct diff_case *c) {
  struct diff_gen *d = &c->d;
  struct jsonw *w = c->w;
  addr20 coinbase = gen_addr(diff_once(d, 6) ? diff_world_addr(d) : 0xcb);
  hash32 word;
  diff_random(d, word.b, 32);
  jsonw_key(w, "env");
  jsonw_obj(w);
  diff_kv_addr(w, "currentCoinbase", &coinbase);
  jsonw_kv_quantity(w, "currentGasLimit", 0x7fffffff);
  jsonw_kv_quantity(w, "currentNumber", 1 + diff_pick(d, 400));
  jsonw_kv_quantity(w, "currentTimestamp", 1000 + diff_pick(d, 1000));
  jsonw_kv_quantity(w, "currentDifficulty",
                    d->fork < EVM_PARIS ? 0x20000 + diff_pick(d, 1000) : 0);
  if (d->fork >= EVM_PARIS)
    jsonw_kv_hex(w, "currentRandom", hash32_slice(&word));
  if (d->fork >= EVM_LONDON) jsonw_kv_quantity(w, "currentBaseFee", 7);
  if (d->fork >= EVM_CANCUN)
    jsonw_kv_quantity(w, "currentExcessBlobGas",
                      diff_once(d, 3) ? 0 : diff_pick(d, 200) * 0x20000ull);
  jsonw_obj_end(w);
}

static const char *diff_fork_name(enum evm_fork f) {
  static const char *const name[] = {
#define FORK(id, name, alias) alias,
#include "evm/fork.def"
#undef FORK
  };
  return name[f];
}

static void diff_post(struct diff_case *c) {
  static const char zero[] =
      "0x0000000000000000000000000000000000000000000000000000000000000000";
  struct jsonw *w = c->w;
  const json_t *r = c->result;
  const char *fault = json_string_value(json_object_get(r, "error"));
  jsonw_key(w, "post");
  jsonw_obj(w);
  jsonw_key(w, diff_fork_name(c->d.fork));
  jsonw_arr(w);
  jsonw_obj(w);
  jsonw_kv_str(w, "hash",
               r ? json_string_value(json_object_get(r, "stateRoot")) : zero);
  jsonw_kv_str(w, "logs",
               r ? json_string_value(json_object_get(r, "logsHash")) : zero);
  jsonw_key(w, "indexes");
  jsonw_obj(w);
  jsonw_kv_u64(w, "data", 0);
  jsonw_kv_u64(w, "gas", 0);
  jsonw_kv_u64(w, "value", 0);
  jsonw_obj_end(w);
  if (fault && strncmp(fault, "refused", 7) == 0)
    jsonw_kv_str(w, "expectException", fault);
  jsonw_obj_end(w);
  jsonw_arr_end(w);
  jsonw_obj_end(w);
}

/* Half of the cases on the newest three. */
static enum evm_fork diff_fork(struct diff_gen *d) {
  return diff_once(d, 2) ? EVM_CANCUN + diff_pick(d, 3)
                         : diff_pick(d, EVM_FORK_CNT);
}

static u64 diff_seed(u64 seed, u64 index) { /* splitmix64 */
  u64 z = seed * 0xd1342543de82ef95u + (index + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return (z ^ z >> 31) | 1;
}

static void diff_test(struct diff_case *c, u64 seed, u64 index,
                      const json_t *results) {
  char name[64];
  struct diff_gen *d = &c->d;
  snprintf(name, sizeof name, "diff_%llu_%llu", (unsigned long long)seed,
           (unsigned long long)index);
  c->result = json_object_get(results, name);
  if (results && !c->result) {
    fprintf(stderr, "diff_gen: no result of %s\n", name);
    exit(1);
  }
  d->g = (struct gen){.seed = diff_seed(seed, index)};
  d->fork = diff_fork(d);
  evm_rules_make(&d->rules, d->fork);
  c->nonce = diff_pick(d, 3);
  for (u32 i = 0; i < DIFF_DATA_CNT; i++) diff_make_input(d, &d->input[i]);
  for (u32 i = 0; i < DIFF_INIT_CNT; i++) diff_make_init(d, i);
  jsonw_key(c->w, name);
  jsonw_obj(c->w);
  jsonw_key(c->w, "config"); /* with it, a refusal touches nothing */
  jsonw_obj(c->w);
  jsonw_kv_str(c->w, "chainid", "0x01");
  jsonw_obj_end(c->w);
  diff_env(c);
  diff_pre(c);
  diff_transaction(c);
  diff_post(c);
  jsonw_obj_end(c->w);
}

/* Lines of JSON, by the name in them; NULL: a line that is none. */
static json_t *diff_results(const char *path) {
  static char line[8192];
  struct errmsg msg;
  FILE *f = fopen(path, "r");
  json_t *all = json_object();
  while (f && fgets(line, sizeof line, f)) {
    json_t *j = json_read(slice_of((const u8 *)line, strlen(line)), &msg);
    const char *name = json_string_value(json_object_get(j, "name"));
    if (!name || json_object_set_new(all, name, j) < 0) {
      fprintf(stderr, "diff_gen: %s: not a result: %s\n", path, line);
      exit(1);
    }
  }
  if (!f) {
    perror(path);
    exit(1);
  }
  fclose(f);
  return all;
}

int main(int argc, char **argv) {
  static struct diff_case c;
  struct jsonw w;
  struct buf out;
  if (argc < 4 || argc > 5) {
    fprintf(stderr, "usage: diff_gen SEED FIRST COUNT [RESULTS]\n");
    return 2;
  }
  u64 seed = strtoull(argv[1], NULL, 0), first = strtoull(argv[2], NULL, 0);
  u64 cnt = strtoull(argv[3], NULL, 0);
  json_t *results = argc == 5 ? diff_results(argv[4]) : NULL;
  crypto_init(NULL);
  MUST(crypto_key_addr(&c.sender, DIFF_KEY) == ERR_OK);
  for (u32 i = 0; i < DIFF_AUTHORITIES; i++) {
    const u8 key[32] = {[0] = 7, [31] = (u8)(1 + i)};
    MUST(crypto_key_addr(&c.authority[i], key) == ERR_OK);
  }
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  c.w = &w;
  jsonw_obj(&w);
  for (u64 i = first; i < first + cnt; i++) {
    diff_test(&c, seed, i, results);
    fwrite(out.ptr, 1, out.len, stdout);
    buf_clear(&out);
  }
  jsonw_obj_end(&w);
  buf_put_u8(&out, '\n');
  fwrite(out.ptr, 1, out.len, stdout);
  buf_fini(&out);
  json_decref(results);
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
