/* node_boot.c - making a chain in an empty file and loading a made one.
**
** The file's small tables hold, besides the chain:
**   meta genesis        canonical JSON text without alloc, which is the state of
**                       block 0 and may be of millions of accounts
**   meta unfinished     an init with a genesis file began and did not end
**   meta consensus_key  32 bytes; signs unattended, so it is not encrypted:
**                       the file is as secret as the key (mode 0600)
**   meta dev            "1" on a development chain
**   keystore            Web3 JSON keys; the first is the operator's
** The keys are written first; genesis and dev with block 0, in its transaction:
** a file without block 0 has no chain, and one is made at the next opening.
*/
#include "codec/hex.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"
#include "node/node_genesis.h"
#include "node/node_scratch.h"
#include "node/node_keystore.h"
#include "node/node_int.h"
#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

#define BOOT_CHAIN_ID_MIN (1u << 20)
#define BOOT_CHAIN_ID_MAX (1u << 31)
#define BOOT_DEFAULT_CMT 1000000000ull
/* What the operator has staked where nothing says else, in gwei. */
#define BOOT_STAKE 100000000000000000ull
#define BOOT_DEV_STAKE 1000000000000ull

void node_random(void *out, size_t len) {
  u8 *p = out;
  while (len > 0) {
    ssize_t n = getrandom(p, len < 256 ? len : 256, 0);
    MUST(n > 0 || errno == EINTR);
    if (n > 0) p += n, len -= (size_t)n;
  }
}

static u256 boot_cmt(u64 amount) {
  u256 out, unit = u256_from(1000000000000000000ull), n = u256_from(amount);
  u256_mul(&out, &unit, &n);
  return out;
}

/* 20 letters and digits without look-alikes: 100 bits. */
static void boot_password(char out[24]) {
  static const char letters[33] = "abcdefghijkmnpqrstuvwxyz23456789";
  u8 r[20];
  node_random(r, sizeof r);
  u32 at = 0;
  for (u32 i = 0; i < 20; i++) {
    if (i > 0 && i % 5 == 0) out[at++] = '-';
    out[at++] = letters[r[i] & 31];
  }
  out[at] = 0;
  mem_wipe(r, sizeof r);
}

static err boot_dev_key(u8 key[32], const char *path) {
  u8 seed[64];
  TRY(crypto_mnemonic_seed(seed, NODE_DEV_MNEMONIC, ""));
  return crypto_hd_derive(key, seed, sizeof seed, path);
}

static err boot_consensus_key(struct store *s, u8 key[32], bool dev,
                              struct errmsg *msg) {
  struct buf b;
  buf_init(&b, 64);
  err e = store_meta_get(s, &b, "consensus_key");
  if (e == ERR_OK && b.len == 32) {
    memcpy(key, b.ptr, 32);
  } else if (e == ERR_OK) {
    e = err_say(msg, ERR_CORRUPT, "the file's consensus key is damaged");
  } else if (e == ERR_NOT_FOUND) {
    if (dev) {
      e = boot_dev_key(key, "m/44'/60'/1'/0/0");
    } else {
      do node_random(key, 32); while (!crypto_seckey_valid(key));
      e = ERR_OK;
    }
    if (e == ERR_OK) e = store_meta_put(s, "consensus_key", slice_of(key, 32));
  }
  if (b.ptr) mem_wipe(b.ptr, b.cap);
  buf_fini(&b);
  if (e < 0 && msg && !msg->text[0]) err_say(msg, e, "%s", store_error(s));
  return e;
}

/* The first key of the keystore, or a new one under the password. */
static err boot_operator(struct store *s, addr20 *out,
                         const struct node_create *what,
                         char first_password[24], struct errmsg *msg) {
  const char *password = what->password;
  u32 cnt = 0;
  TRY(store_key_list(s, out, 1, &cnt));
  if (cnt > 0) return ERR_OK;
  u8 key[32];
  struct keystore_random random;
  struct buf json;
  do node_random(key, 32); while (!crypto_seckey_valid(key));
  node_random(&random, sizeof random);
  if (!password) {
    boot_password(first_password);
    password = first_password;
  }
  buf_init(&json, 0);
  err e = crypto_key_addr(out, key);
  if (e == ERR_OK) {
    e = keystore_encrypt(&json, key, slice_str(password),
                         keystore_n(what->light_kdf), &random);
  }
  if (e == ERR_OK) e = store_key_put(s, out, buf_slice(&json));
  if (e < 0) err_say(msg, e, "cannot store the operator's key: %s",
                     store_error(s));
  buf_fini(&json);
  mem_wipe(key, sizeof key);
  return e;
}

/* A chain of ours with one validator is run by this file's key. */
static err boot_fill_validator(struct chain_genesis *g, const addr20 *operator,
                               const u8 consensus_pub[33], struct arena *a,
                               struct errmsg *msg) {
  if (g->validator_cnt == 0) {
    g->validator = arena_array(a, struct chain_genesis_validator, 1);
    g->validator[0].operator_addr = *operator;
    g->validator[0].power = 1;
    g->validator_cnt = 1;
  }
  if (g->validator_cnt == 1 && !g->validator[0].has_key) {
    g->validator[0].has_key = true;
    memcpy(g->validator[0].key, consensus_pub, 33);
  }
  for (u32 i = 0; i < g->validator_cnt; i++) {
    if (g->validator[i].has_key &&
        memcmp(g->validator[i].key, consensus_pub, 33) == 0) {
      return ERR_OK;
    }
  }
  return err_say(msg, ERR_REFUSED,
                 "the genesis names validators, but none with this file's "
                 "consensus key; leave out consensusKey of a single validator "
                 "to have it filled in");
}

err node_boot_create(struct node *n, const struct node_create *what,
                     char first_password[24], struct errmsg *msg) {
  struct store *s = n->store;
  struct chain_genesis *g = &n->genesis;
  addr20 operator, dev[NODE_DEV_CNT];
  u8 key[32], pub[64], consensus_pub[33], dev_key[32];
  u64 now_s = node_clock_ms() / 1000 - n->cfg.dev_age_s;
  err e = ERR_OK;
  if (what->genesis.len)
    e = chain_genesis_parse_watched(g, what->genesis, what->watch, &n->boot, msg);
  /* Nothing is signed on a chain that is only served. */
  if (e == ERR_OK && what->genesis.len && !g->own) goto begun;
  if (e == ERR_OK) e = boot_consensus_key(s, key, what->dev, msg);
  if (e == ERR_OK) e = crypto_pubkey(pub, key);
  for (u32 i = 0; what->dev && e == ERR_OK && i < NODE_DEV_CNT; i++) {
    char path[32];
    snprintf(path, sizeof path, "m/44'/60'/0'/0/%u", i);
    e = boot_dev_key(dev_key, path);
    if (e == ERR_OK) e = crypto_key_addr(&dev[i], dev_key);
  }
  if (e == ERR_OK && what->dev) operator = dev[0];
  if (e == ERR_OK && !what->dev) {
    e = boot_operator(s, &operator, what, first_password, msg);
  }
  if (e < 0) goto out;
  MUST(crypto_pub_compress(consensus_pub, pub) == ERR_OK);
  if (!what->genesis.len) {
    u32 r;
    node_random(&r, sizeof r);
    u64 id = what->dev ? CHAIN_DEV_ID
                       : BOOT_CHAIN_ID_MIN +
                             r % (BOOT_CHAIN_ID_MAX - BOOT_CHAIN_ID_MIN);
    u256 balance = boot_cmt(what->dev ? CHAIN_DEV_BALANCE_CMT
                                      : BOOT_DEFAULT_CMT);
    chain_genesis_default(g, id, &operator, consensus_pub, now_s,
                          what->dev ? dev : &operator,
                          what->dev ? NODE_DEV_CNT : 1, &balance, &n->boot);
    g->dev_edits = what->dev;
    if (!what->dev || what->dev_credits)
      chain_genesis_set_credits(g, &operator,
                                what->dev ? BOOT_DEV_STAKE : BOOT_STAKE,
                                &n->boot);
  } else if (g->own) {
    if (g->chain_id == 0) {
      u32 r;
      node_random(&r, sizeof r);
      g->chain_id = BOOT_CHAIN_ID_MIN +
                    r % (BOOT_CHAIN_ID_MAX - BOOT_CHAIN_ID_MIN);
    }
    e = boot_fill_validator(g, &operator, consensus_pub, &n->boot, msg);
  }
begun:
  if (e == ERR_OK && what->genesis.len) {
    e = store_meta_put(s, "unfinished", slice_str("1"));
    if (e < 0) err_say(msg, e, "cannot write: %s", store_error(s));
  }
out:
  mem_wipe(key, sizeof key);
  return e;
}

static err boot_load_dev(struct node *n) {
  for (u32 i = 0; i < NODE_DEV_CNT; i++) {
    char path[32];
    snprintf(path, sizeof path, "m/44'/60'/0'/0/%u", i);
    TRY(boot_dev_key(n->dev_key[i], path));
    TRY(crypto_key_addr(&n->dev_addr[i], n->dev_key[i]));
  }
  n->dev_cnt = NODE_DEV_CNT;
  return ERR_OK;
}

/* The settings of the file's chain, and of which kind it is. */
static err boot_load_genesis(struct node *n, struct errmsg *msg) {
  struct buf b;
  buf_init(&b, 0);
  bool dev = store_meta_get(n->store, &b, "dev") == ERR_OK;
  err e = ERR_OK;
  if (dev != n->cfg.dev) {
    e = err_say(msg, ERR_USAGE,
                dev ? "%s holds a development chain: start it with "
                      "\"cybermiles dev --db %s\""
                    : "%s holds no development chain: start it with "
                      "\"cybermiles run --db %s\"",
                n->db_path, n->db_path);
  }
  buf_clear(&b);
  if (e == ERR_OK) e = store_meta_get(n->store, &b, "genesis");
  if (e == ERR_OK) {
    e = chain_genesis_parse_settings(&n->genesis, buf_slice(&b), &n->boot, msg);
    if (e < 0) e = ERR_CORRUPT;
  }
  buf_fini(&b);
  return e;
}

err node_boot_load(struct node *n, struct errmsg *msg) {
  struct store_standing standing;
  bool dev = n->cfg.dev;
  err e = ERR_OK;
  store_standing(n->store, &standing);
  if (standing.head >= 0) e = boot_load_genesis(n, msg);
  if (e == ERR_OK && n->genesis.own) {
    e = boot_consensus_key(n->store, n->consensus_key, dev, msg);
  }
  if (e == ERR_OK && dev) e = boot_load_dev(n);
  if (e < 0) return e;
  n->info.dev = dev;
  n->info.chain_id = n->genesis.chain_id;
  n->info.network_id =
      n->cfg.network_id ? n->cfg.network_id : n->genesis.chain_id;
  if (n->genesis.validator_cnt > 0) {
    n->info.operator_addr = n->genesis.validator[0].operator_addr;
  }
  n->info.interval_ms = n->genesis.param[CHAIN_PARAM_block_interval_ms];
  n->info.block_gas_limit = n->genesis.own
                                ? chain_genesis_gas_limit(&n->genesis)
                                : n->genesis.header.gas_limit;
  return ERR_OK;
}

/* The block of a chain that is only made, and not run at once. */
static err boot_write_genesis(struct node *n, const struct node_create *what,
                              hash32 *hash, struct errmsg *msg) {
  struct buf text;
  buf_init(&text, 0);
  chain_genesis_write_settings(&text, &n->genesis);
  const struct store_meta meta[] = {
    {"genesis", buf_slice(&text)},
    {"unfinished", slice_of(NULL, 0)},
    {"dev", slice_str(n->cfg.dev ? "1" : "")},
  };
  err e = node_genesis_write(n->store, &n->genesis, &n->boot, meta,
                             ARRAY_LEN(meta),
                             what->progress, what->progress_ctx, hash);
  buf_fini(&text);
  if (e < 0) err_say(msg, e, "cannot write the first block: %s",
                     store_error(n->store));
  return e;
}

err node_boot_genesis(struct node *n, struct errmsg *msg) {
  struct store_standing standing;
  store_standing(n->store, &standing);
  if (standing.head >= 0) return ERR_OK;
  struct chain_header header;
  hash32 hash;
  struct store_block *block = NULL;
  struct buf text;
  buf_init(&text, 0);
  chain_genesis_write_settings(&text, &n->genesis);
  const struct store_meta meta[] = {
    {"genesis", buf_slice(&text)},
    {"unfinished", slice_of(NULL, 0)},
    {"dev", slice_str(n->cfg.dev ? "1" : "")},
  };
  err e = app_init_chain(&n->genesis, &hash, &header, n->state, &block,
                         n->workers ? node_workers_par(n->workers) : NULL);
  if (e == ERR_OK) {
    block->meta = meta;
    block->meta_cnt = ARRAY_LEN(meta);
    e = store_append(n->store, &block, 1);
  }
  if (e == ERR_OK) node_state_durable(n->state, 0);
  store_block_free(block);
  buf_fini(&text);
  if (e < 0) err_say(msg, e, "cannot write the first block: %s",
                     store_error(n->store));
  return e;
}

/* What was read of the genesis may leave memory with the text passed. */
struct boot_watch {
  const struct json_watch *text;
  const struct arena *arena;
};
static void boot_passed(void *ctx, slice text) {
  const struct boot_watch *w = ctx;
  if (w->text) w->text->passed(w->text->ctx, text);
  arena_rest(w->arena);
}

err node_create(struct node_created *out, const char *db_path,
                const struct node_create *asked, struct errmsg *msg) {
  struct node n = {.db_path = (char *)db_path, .cfg.dev = asked->dev};
  struct boot_watch both = {asked->watch, &n.boot};
  const struct json_watch watch = {boot_passed, &both};
  struct node_create with = *asked;
  const struct node_create *what = &with;
  struct node_scratch scratch;
  struct store_standing standing;
  struct errmsg ignored;
  memset(out, 0, sizeof *out);
  TRY(store_open(&n.store, db_path, STORE_CREATE, msg));
  node_scratch_open(&scratch, db_path);
  arena_init(&n.boot, 1 << 16, 0);
  n.boot.home = &scratch.home;
  with.watch = &watch;
  store_standing(n.store, &standing);
  err e = ERR_OK;
  if (standing.head >= 0) {
    e = err_say(msg, ERR_EXISTS,
                "%s holds a chain already; start it with \"cybermiles run "
                "--db %s\", or give another --db", db_path, db_path);
  }
  if (e == ERR_OK) {
    e = node_boot_create(&n, what, out->first_password, msg);
  }
  if (e == ERR_OK) e = node_boot_load(&n, msg);
  if (e == ERR_OK) {
    e = boot_write_genesis(&n, what, &out->genesis_hash, msg);
  }
  out->chain_id = n.info.chain_id;
  out->operator_addr = n.info.operator_addr;
  out->plain = node_is_plain(&n);
  err closed = store_close(n.store, e < 0 ? &ignored : msg);
  if (e == ERR_OK) e = closed;
  mem_wipe(n.consensus_key, sizeof n.consensus_key);
  arena_fini(&n.boot);
  node_scratch_close(&scratch);
  return e;
}
