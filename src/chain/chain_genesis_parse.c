/* chain_genesis_parse.c - reading a genesis file.
**
** Every value is checked where it is read; a message names the key by its path
** ("genesis: alloc.0xab...cd.balance: is negative").  Unknown keys are refused
** where a misspelt one would silently change the chain; of config only those
** that look like a fork (...Block, ...Time).
**
** The objects that may have millions of members, alloc, the stakes and an
** account's storage, are cut out of their text before it becomes a tree, and
** walked: one member at a time is one.
*/
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "chain/chain_genesis_int.h"
#include "chain/chain_import.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"

enum {
  CHAIN_GP_GAS_LIMIT = 4712388,       /* geth's, where none is given */
  CHAIN_GP_DIFFICULTY = 131072,
  CHAIN_GP_BASE_FEE = 1000000000,     /* EIP-1559 */
  CHAIN_GP_CODE_MAX = 24576,          /* EIP-170 */
  CHAIN_GP_POWER_MAX = 1000000000
};

struct chain_gp {
  struct chain_genesis *g;
  struct arena *a;
  struct errmsg *msg;
  slice alloc, stakes; /* texts of the objects, cut out of the file's */
  const struct json_watch *watch;
  bool alloc_is_cut, settings_only;
  struct buf rest;   /* an account without its storage */
};

/* "genesis: WHERE: what" */
PRINTF_LIKE(3, 4)
static err chain_gp_bad(struct chain_gp *p, const char *where, const char *fmt,
                        ...) {
  char what[256];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(what, sizeof(what), fmt, ap);
  va_end(ap);
  return err_say(p->msg, ERR_INPUT, "genesis: %s: %s", where, what);
}

/*----------------------------------------------------------- JSON values */

struct chain_gp_path { char text[160]; };
static struct chain_gp_path chain_gp_join(const char *where, const char *key) {
  struct chain_gp_path r;
  if (*where)
    snprintf(r.text, sizeof(r.text), "%.90s.%.68s", where, key);
  else
    snprintf(r.text, sizeof(r.text), "%.100s", key);
  return r;
}

static slice chain_gp_text(const json_t *v) {
  return slice_of(json_string_value(v), json_string_length(v));
}

static err chain_gp_u256(struct chain_gp *p, const json_t *v,
                         const char *where, u256 *out) {
  if (json_is_integer(v)) {
    if (json_integer_value(v) < 0) return chain_gp_bad(p, where, "is negative");
    *out = u256_from((u64)json_integer_value(v));
    return ERR_OK;
  }
  if (json_is_real(v))
    return chain_gp_bad(p, where, "is not a whole number; write large ones "
                        "as a string");
  if (!json_is_string(v))
    return chain_gp_bad(p, where, "must be a number, or one as a string");
  slice s = chain_gp_text(v);
  if (s.len && s.ptr[0] == '-') return chain_gp_bad(p, where, "is negative");
  if (slice_eq(s, slice_str("0x"))) {
    *out = U256_ZERO;
    return ERR_OK;
  }
  err e = u256_parse(out, (const char *)s.ptr, s.len);
  if (e == ERR_RANGE) return chain_gp_bad(p, where, "is over 2^256 - 1");
  if (e < 0)
    return chain_gp_bad(p, where, "\"%.40s\" is neither a decimal nor a "
                        "0x-hex number", json_string_value(v));
  return ERR_OK;
}

static err chain_gp_u64(struct chain_gp *p, const json_t *v, const char *where,
                        u64 min, u64 max, u64 *out) {
  u256 n;
  TRY(chain_gp_u256(p, v, where, &n));
  if (!u256_fits64(&n) || n.w[0] < min || n.w[0] > max)
    return chain_gp_bad(p, where, "is out of range (%llu to %llu)",
                        (unsigned long long)min, (unsigned long long)max);
  *out = n.w[0];
  return ERR_OK;
}

/* "0x" and an even number of digits; len_max bounds the bytes. */
static err chain_gp_bytes(struct chain_gp *p, const json_t *v,
                          const char *where, size_t len_max, slice *out) {
  slice s = chain_gp_text(v);
  if (!json_is_string(v) || s.len < 2 || s.ptr[0] != '0' ||
      (s.ptr[1] | 0x20) != 'x')
    return chain_gp_bad(p, where, "must be a 0x-hex string");
  if (s.len % 2) return chain_gp_bad(p, where, "has an odd number of digits");
  size_t len = s.len / 2 - 1;
  if (len > len_max)
    return chain_gp_bad(p, where, "has %zu bytes, at most %zu are allowed",
                        len, len_max);
  u8 *bytes = arena_alloc_raw(p->a, len + 1);
  if (!bytes) return ERR_LIMIT;
  if (hex_decode(bytes, (const char *)s.ptr + 2, 2 * len) < 0)
    return chain_gp_bad(p, where, "is not hexadecimal");
  *out = slice_of(bytes, len);
  return ERR_OK;
}

static err chain_gp_fixed(struct chain_gp *p, const json_t *v,
                          const char *where, void *out, size_t len) {
  slice s;
  TRY(chain_gp_bytes(p, v, where, len, &s));
  if (s.len != len)
    return chain_gp_bad(p, where, "has %zu bytes, must have %zu", s.len, len);
  memcpy(out, s.ptr, len);
  return ERR_OK;
}

/* With or without 0x, as alloc's keys may be. */
static err chain_gp_addr(struct chain_gp *p, slice text, const char *where,
                         addr20 *out) {
  char full[42] = "0x";
  if (text.len == 40) {
    memcpy(full + 2, text.ptr, 40);
    text = slice_of(full, 42);
  }
  if (hex_parse_addr(out, text) == ERR_OK) return ERR_OK;
  if (text.len == 42 && hex_decode(out->b, (const char *)text.ptr + 2, 40) == 0)
    return chain_gp_bad(p, where, "has a wrong checksum (EIP-55): a letter's "
                        "case or a digit is mistyped");
  return chain_gp_bad(p, where, "is not an address (0x and 40 hex digits)");
}

static err chain_gp_object(struct chain_gp *p, const json_t *v,
                           const char *where) {
  return json_is_object(v) ? ERR_OK
                           : chain_gp_bad(p, where, "must be an object");
}

/* names: space-separated. */
static bool chain_gp_listed(const char *names, const char *key) {
  size_t len = strlen(key);
  if (len == 0 || strchr(key, ' ')) return false;
  for (const char *at = names; (at = strstr(at, key)) != NULL; at += len)
    if ((at == names || at[-1] == ' ') && (at[len] == ' ' || at[len] == 0))
      return true;
  return false;
}
static err chain_gp_known(struct chain_gp *p, json_t *obj, const char *where,
                          const char *names) {
  const char *key;
  json_t *v;
  json_object_foreach(obj, key, v) {
    if (!chain_gp_listed(names, key))
      return chain_gp_bad(p, chain_gp_join(where, key).text,
                          "is not known to this version");
  }
  return ERR_OK;
}

/* The member, NULL when absent or null. */
static json_t *chain_gp_get(const json_t *obj, const char *key) {
  json_t *v = json_object_get(obj, key);
  return json_is_null(v) ? NULL : v;
}

/*---------------------------------------------------------------- config */

static bool chain_gp_ends(const char *key, const char *end) {
  size_t n = strlen(key), m = strlen(end);
  return n > m && strcmp(key + n - m, end) == 0;
}

static err chain_gp_fork_keys(struct chain_gp *p, json_t *config) {
  static const char *const blob[] = {
#define BLOB_KEY(name) name,
#include "chain/chain_fork.def"
  };
  const char *key;
  json_t *v;
  json_object_foreach(config, key, v) {
    bool known = !chain_gp_ends(key, "Block") && !chain_gp_ends(key, "Time");
    for (u32 i = 0; i < CHAIN_FORK_KEY_CNT; i++)
      known = known || strcmp(key, CHAIN_FORK_KEYS[i].key) == 0;
    for (u32 i = 0; i < ARRAY_LEN(blob); i++) {
      size_t len = strlen(blob[i]);
      known = known || (strncmp(key, blob[i], len) == 0 &&
                        strcmp(key + len, "Time") == 0);
    }
    if (!known && !json_is_null(v))
      return chain_gp_bad(p, chain_gp_join("config", key).text,
                          "is not a fork that this version knows");
  }
  return ERR_OK;
}

static err chain_gp_forks(struct chain_gp *p, json_t *config) {
  struct chain_schedule *s = &p->g->schedule;
  chain_schedule_init(s);
  for (u32 i = 0; i < CHAIN_FORK_KEY_CNT; i++) {
    const struct chain_fork_key *k = &CHAIN_FORK_KEYS[i];
    const json_t *v = chain_gp_get(config, k->key);
    struct chain_gp_path where = chain_gp_join("config", k->key);
    u64 at;
    if (!v) continue;
    TRY(chain_gp_u64(p, v, where.text, 0, CHAIN_FORK_NEVER - 1, &at));
    if (p->g->own && at != 0)
      return chain_gp_bad(p, where.text, "must be 0 or absent: on this chain "
                          "every rule set through Osaka holds from genesis");
    if (k->fork == EVM_FRONTIER) {
      s->quiet[i] = at;
      continue;
    }
    if (s->at[k->fork] != CHAIN_FORK_NEVER && s->at[k->fork] != at)
      return chain_gp_bad(p, where.text, "must equal eip155Block");
    s->at[k->fork] = at;
  }
  if (s->at[EVM_PETERSBURG] == CHAIN_FORK_NEVER)
    s->at[EVM_PETERSBURG] = s->at[EVM_CONSTANTINOPLE];
  const json_t *ttd = chain_gp_get(config, "terminalTotalDifficulty");
  u256 total;
  if (ttd) {
    TRY(chain_gp_u256(p, ttd, "config.terminalTotalDifficulty", &total));
    if (u256_is_zero(&total)) s->at[EVM_PARIS] = 0;
    s->merges = true;
    if (p->g->own && !u256_is_zero(&total))
      return chain_gp_bad(p, "config.terminalTotalDifficulty",
                          "must be 0 or absent on this chain");
  }
  return ERR_OK;
}

/* A fork must not come before the one it builds on.  The merge may have no
** block of its own: it is seen by a header without difficulty. */
static err chain_gp_fork_order(struct chain_gp *p) {
  const struct chain_schedule *s = &p->g->schedule;
  for (u32 i = 1; i < CHAIN_FORK_KEY_CNT; i++) {
    enum evm_fork f = CHAIN_FORK_KEYS[i].fork, before = (enum evm_fork)(f - 1);
    if (f == EVM_FRONTIER || s->at[f] == CHAIN_FORK_NEVER ||
        f == EVM_HOMESTEAD || before == EVM_PARIS || f == EVM_PARIS)
      continue;
    if (s->at[before] == CHAIN_FORK_NEVER || s->at[before] > s->at[f])
      return chain_gp_bad(p, chain_gp_join("config", CHAIN_FORK_KEYS[i].key)
                          .text, "comes before the fork that precedes it");
  }
  return ERR_OK;
}

static err chain_gp_blob_row(struct chain_gp *p, const char *name,
                             const json_t *row, u64 time) {
  struct chain_schedule *s = &p->g->schedule;
  struct chain_gp_path where = chain_gp_join("config.blobSchedule", name);
  struct chain_blob_row *r = &s->blob[s->blob_cnt];
  static const char *const keys[] = {"target", "max", "baseFeeUpdateFraction"};
  u64 *out[] = {&r->target, &r->max, &r->update_fraction};
  TRY(chain_gp_object(p, row, where.text));
  if (s->blob_cnt && s->blob[s->blob_cnt - 1].time > time)
    return chain_gp_bad(p, where.text, "begins before the row that precedes "
                        "it");
  for (u32 i = 0; i < 3; i++) {
    const json_t *v = chain_gp_get(row, keys[i]);
    struct chain_gp_path at = chain_gp_join(where.text, keys[i]);
    if (!v) return chain_gp_bad(p, at.text, "is missing");
    TRY(chain_gp_u64(p, v, at.text, i == 2, i == 2 ? UINT64_MAX >> 1 : 4096,
                     out[i]));
  }
  if (r->target > r->max)
    return chain_gp_bad(p, where.text, "has a target above its max");
  memset(r->name, 0, sizeof(r->name));
  memcpy(r->name, name, strlen(name));
  r->time = time;
  s->blob_cnt++;
  return ERR_OK;
}

static err chain_gp_blobs(struct chain_gp *p, json_t *config) {
  static const struct { const char *name; enum evm_fork fork; } keys[] = {
#define BLOB_KEY(name) {name, EVM_FRONTIER},
#include "chain/chain_fork.def"
  };
  const json_t *list = chain_gp_get(config, "blobSchedule");
  if (!list) return ERR_OK;
  TRY(chain_gp_object(p, list, "config.blobSchedule"));
  for (u32 i = 0; i < ARRAY_LEN(keys); i++) {
    char key[16];
    u64 time;
    snprintf(key, sizeof(key), "%sTime", keys[i].name);
    const json_t *row = chain_gp_get(list, keys[i].name);
    const json_t *at = chain_gp_get(config, key);
    if (!row || !at) continue;
    TRY(chain_gp_u64(p, at, chain_gp_join("config", key).text, 0,
                     CHAIN_FORK_NEVER - 1, &time));
    TRY(chain_gp_blob_row(p, keys[i].name, row, time));
  }
  return ERR_OK;
}

static err chain_gp_config(struct chain_gp *p, json_t *config) {
  if (!config) {
    /* Before there was a config: Ethereum's first rules. */
    if (!p->g->own) p->g->chain_id = 1;
    if (!p->g->own) chain_schedule_init(&p->g->schedule);
    return ERR_OK;
  }
  TRY(chain_gp_object(p, config, "config"));
  const json_t *id = chain_gp_get(config, "chainId");
  if (id)
    TRY(chain_gp_u64(p, id, "config.chainId", 1, CHAIN_ID_MAX,
                     &p->g->chain_id));
  else if (!p->g->own)
    return chain_gp_bad(p, "config.chainId", "is missing");
  TRY(chain_gp_fork_keys(p, config));
  TRY(chain_gp_forks(p, config));
  if (p->g->own) {
    chain_schedule_all(&p->g->schedule, EVM_OSAKA);
    return ERR_OK;
  }
  TRY(chain_gp_fork_order(p));
  const json_t *deposit = chain_gp_get(config, "depositContractAddress");
  if (deposit)
    TRY(chain_gp_fixed(p, deposit, "config.depositContractAddress",
                       p->g->deposit_contract.b, 20));
  return chain_gp_blobs(p, config);
}

/*---------------------------------------------------------------- header */

/* Header fields that an own chain does not let a file set, unless to zero. */
static err chain_gp_zero_fields(struct chain_gp *p, json_t *root) {
  static const char *const keys[] = {
    "nonce", "difficulty", "mixHash", "coinbase", "number", "gasUsed",
    "parentHash", "baseFeePerGas", "excessBlobGas", "blobGasUsed",
    "extraData"};
  for (u32 i = 0; i < ARRAY_LEN(keys); i++) {
    const json_t *v = chain_gp_get(root, keys[i]);
    u256 n;
    if (!v) continue;
    TRY(chain_gp_u256(p, v, keys[i], &n));
    if (!u256_is_zero(&n))
      return chain_gp_bad(p, keys[i], "must be zero or absent on this chain");
  }
  return ERR_OK;
}

static err chain_gp_plain_header(struct chain_gp *p, json_t *root) {
  struct chain_header *h = &p->g->header;
  u64 nonce = 0;
  u256 n = u256_from(CHAIN_GP_DIFFICULTY);
  slice extra = {NULL, 0};
  struct { const char *key; u64 *out; } num[] = {
    {"number", &h->number}, {"gasUsed", &h->gas_used}, {"nonce", &nonce},
    {"excessBlobGas", &h->excess_blob_gas},
    {"blobGasUsed", &h->blob_gas_used}};
  struct { const char *key; void *out; size_t len; } fixed[] = {
    {"mixHash", h->mix_hash.b, 32}, {"coinbase", h->coinbase.b, 20},
    {"parentHash", h->parent_hash.b, 32}};
  const json_t *v;
  for (u32 i = 0; i < ARRAY_LEN(num); i++)
    if ((v = chain_gp_get(root, num[i].key)))
      TRY(chain_gp_u64(p, v, num[i].key, 0, UINT64_MAX, num[i].out));
  for (u32 i = 0; i < ARRAY_LEN(fixed); i++)
    if ((v = chain_gp_get(root, fixed[i].key)))
      TRY(chain_gp_fixed(p, v, fixed[i].key, fixed[i].out, fixed[i].len));
  store_be64(h->nonce, nonce);
  if ((v = chain_gp_get(root, "extraData")))
    TRY(chain_gp_bytes(p, v, "extraData", sizeof(h->extra), &extra));
  if (extra.len) memcpy(h->extra, extra.ptr, extra.len);
  h->extra_len = (u32)extra.len;
  if (p->g->schedule.at[EVM_PARIS] == 0) n = U256_ZERO;
  if ((v = chain_gp_get(root, "difficulty")))
    TRY(chain_gp_u256(p, v, "difficulty", &n));
  h->difficulty = n;
  enum evm_fork f = chain_fork_at(&p->g->schedule, h->number, h->timestamp);
  h->opt_cnt = f >= EVM_PRAGUE ? 6 : f >= EVM_CANCUN ? 5
             : f >= EVM_SHANGHAI ? 2 : f >= EVM_LONDON ? 1 : 0;
  h->base_fee = u256_from(CHAIN_GP_BASE_FEE);
  if ((v = chain_gp_get(root, "baseFeePerGas")))
    TRY(chain_gp_u256(p, v, "baseFeePerGas", &h->base_fee));
  return ERR_OK;
}

static err chain_gp_header(struct chain_gp *p, json_t *root) {
  struct chain_header *h = &p->g->header;
  const json_t *v;
  if ((v = chain_gp_get(root, "timestamp")))
    TRY(chain_gp_u64(p, v, "timestamp", 0,
                     p->g->own ? 253402300799ull : UINT64_MAX, &h->timestamp));
  h->gas_limit = CHAIN_GP_GAS_LIMIT;
  if ((v = chain_gp_get(root, "gasLimit")))
    TRY(chain_gp_u64(p, v, "gasLimit", 1, UINT64_MAX >> 1, &h->gas_limit));
  if (!p->g->own) return chain_gp_plain_header(p, root);
  TRY(chain_gp_zero_fields(p, root));
  /* The file's gas limit is the chain's, unless parameters name one. */
  u32 i = CHAIN_PARAM_block_gas_limit;
  const struct chain_param_row *row = &CHAIN_PARAM_ROWS[i];
  if (v && !p->g->param_given[i]) {
    if (h->gas_limit < row->min || h->gas_limit > row->max)
      return chain_gp_bad(p, "gasLimit", "is out of range (%llu to %llu)",
                          (unsigned long long)row->min,
                          (unsigned long long)row->max);
    if (h->gas_limit != chain_genesis_gas_limit(p->g)) {
      p->g->param[i] = h->gas_limit;
      p->g->param_given[i] = true;
    }
  }
  h->gas_limit = chain_genesis_gas_limit(p->g);
  return ERR_OK;
}

/*----------------------------------------------------------------- alloc */

/* The slot's first byte: its number's highest. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CHAIN_GP_TOP_BYTE (offsetof(struct chain_genesis_slot, slot) + 31)
#else
#define CHAIN_GP_TOP_BYTE (offsetof(struct chain_genesis_slot, slot) + 24)
#endif
static int chain_gp_slot_cmp(const void *x, const void *y) {
  const struct chain_genesis_slot *a = x, *b = y;
  return u256_cmp(&a->slot, &b->slot);
}

/* How many members the object has; -1: it is not one. */
static i64 chain_gp_count(slice obj, const struct json_watch *watch) {
  struct json_walk w;
  slice key, val;
  i64 cnt = 0;
  int got;
  json_walk_init(&w, obj);
  w.watch = watch;
  while ((got = json_walk_next(&w, &key, &val)) == 1) cnt++;
  return got < 0 ? -1 : cnt;
}

/* The value of the object's member name, if it is a whole object. */
static bool chain_gp_member(slice *out, slice text, const char *name,
                            const struct json_watch *watch) {
  struct json_walk w;
  slice key, val;
  json_walk_init(&w, text);
  w.watch = watch;
  while (json_walk_next(&w, &key, &val) == 1) {
    if (!slice_eq(key, slice_str(name)) || val.ptr[0] != '{') continue;
    *out = val;
    return chain_gp_count(val, watch) >= 0;
  }
  return false;
}

/* Appends text from *at up to piece, {} in its place, and the lines it had, so
** that messages name the right line; *at: behind it. */
static void chain_gp_skip(struct buf *rest, const u8 **at, slice piece,
                          const struct json_watch *watch) {
  buf_put(rest, *at, (size_t)(piece.ptr - *at));
  buf_put_u8(rest, '{');
  for (size_t from = 0, n; from < piece.len; from += n) {
    n = piece.len - from;
    if (n > JSON_WATCH_BYTES) n = JSON_WATCH_BYTES;
    for (size_t i = from; i < from + n; i++)
      if (piece.ptr[i] == '\n') buf_put_u8(rest, '\n');
    if (watch) watch->passed(watch->ctx, slice_of(piece.ptr + from, n));
  }
  buf_put_u8(rest, '}');
  *at = piece.ptr + piece.len;
}

/* The text without the pieces that are there (len not 0), in rest. */
static void chain_gp_rest(struct buf *rest, slice text, slice one, slice two,
                          const struct json_watch *watch) {
  const u8 *at = text.ptr;
  if (one.len && two.len && two.ptr < one.ptr) {
    slice first = two;
    two = one;
    one = first;
  }
  buf_clear(rest);
  if (one.len) chain_gp_skip(rest, &at, one, watch);
  if (two.len) chain_gp_skip(rest, &at, two, watch);
  buf_put(rest, at, (size_t)(text.ptr + text.len - at));
}

/* One value for itself. */
static err chain_gp_read(struct chain_gp *p, slice text, const char *where,
                         json_t **out) {
  struct errmsg at;
  *out = json_read(text, &at);
  return *out ? ERR_OK : chain_gp_bad(p, where, "%.200s", at.text);
}

/* A member's name as a string; what is too long to be a name of ours is cut,
** which makes it none. */
struct chain_gp_key { char text[80]; };
static struct chain_gp_key chain_gp_key(slice key) {
  struct chain_gp_key k;
  size_t len = key.len < sizeof k.text ? key.len : sizeof k.text - 1;
  memcpy(k.text, key.ptr, len);
  k.text[len] = 0;
  return k;
}

static err chain_gp_storage(struct chain_gp *p, slice obj, const char *where,
                            struct chain_genesis_account *e) {
  struct json_walk w;
  slice key, val;
  json_t *v;
  u32 cnt = 0;
  i64 max = chain_gp_count(obj, p->watch);
  MUST(max >= 0);
  if (max > CHAIN_GENESIS_SLOT_MAX)
    return chain_gp_bad(p, where, "has over %u slots", CHAIN_GENESIS_SLOT_MAX);
  struct chain_genesis_slot *slot =
      arena_array(p->a, struct chain_genesis_slot, max);
  if (!slot) return ERR_LIMIT;
  json_walk_init(&w, obj);
  w.watch = p->watch;
  while (json_walk_next(&w, &key, &val) == 1) {
    struct chain_gp_path at = chain_gp_join(where, chain_gp_key(key).text);
    if (u256_parse(&slot[cnt].slot, (const char *)key.ptr, key.len) < 0)
      return chain_gp_bad(p, at.text, "is not a slot (0x-hex, 32 bytes)");
    TRY(chain_gp_read(p, val, at.text, &v));
    err bad = chain_gp_u256(p, v, at.text, &slot[cnt].val);
    json_decref(v);
    TRY(bad);
    cnt++;
  }
  arena_rest(p->a); /* but for what is sorted, here and below */
  chain_genesis_flag(slot, cnt, sizeof(*slot), CHAIN_GP_TOP_BYTE,
                     chain_gp_slot_cmp);
  for (u32 i = 1; i < cnt; i++)
    if (u256_eq(&slot[i].slot, &slot[i - 1].slot)) {
      char text[67];
      u256_to_hex(text, &slot[i].slot);
      return chain_gp_bad(p, chain_gp_join(where, text).text,
                          "is given twice");
    }
  e->slot_cnt = 0;
  for (u32 i = 0; i < cnt; i++)
    if (!u256_is_zero(&slot[i].val)) slot[e->slot_cnt++] = slot[i];
  e->slot = slot;
  return ERR_OK;
}

/* What an own chain has at its modules' addresses is not the file's choice. */
static err chain_gp_fixed_account(struct chain_gp *p, const char *where,
                                  const struct chain_genesis_account *e) {
  slice code;
  if (!p->g->own || !chain_genesis_fixed_code(&code, &e->addr)) return ERR_OK;
  if ((e->code.len && !slice_eq(e->code, code)) || e->slot_cnt ||
      e->nonce > 1)
    return chain_gp_bad(p, where, "is a contract of the chain itself: only a "
                        "balance can be given");
  return ERR_OK;
}

static err chain_gp_members(struct chain_gp *p, const char *where, json_t *obj,
                            slice storage, struct chain_genesis_account *e) {
  struct chain_gp_path slots = chain_gp_join(where, "storage");
  json_t *v;
  TRY(chain_gp_object(p, obj, where));
  TRY(chain_gp_known(p, obj, where, "balance nonce code storage secretKey"));
  if ((v = chain_gp_get(obj, "balance")))
    TRY(chain_gp_u256(p, v, chain_gp_join(where, "balance").text,
                      &e->balance));
  if ((v = chain_gp_get(obj, "nonce")))
    TRY(chain_gp_u64(p, v, chain_gp_join(where, "nonce").text, 0,
                     UINT64_MAX - 1, &e->nonce));
  /* Plain Ethereum's own genesis files may hold longer code. */
  if ((v = chain_gp_get(obj, "code")))
    TRY(chain_gp_bytes(p, v, chain_gp_join(where, "code").text,
                       p->g->own ? CHAIN_GP_CODE_MAX : 1 << 24, &e->code));
  if ((v = chain_gp_get(obj, "storage"))) TRY(chain_gp_object(p, v, slots.text));
  if (storage.len) TRY(chain_gp_storage(p, storage, slots.text, e));
  return chain_gp_fixed_account(p, where, e);
}

static err chain_gp_account(struct chain_gp *p, slice key, slice text,
                            struct chain_genesis_account *e) {
  struct chain_gp_path where = chain_gp_join("alloc", chain_gp_key(key).text);
  slice storage = {0};
  json_t *obj;
  TRY(chain_gp_addr(p, key, where.text, &e->addr));
  if (chain_gp_member(&storage, text, "storage", p->watch)) {
    chain_gp_rest(&p->rest, text, storage, slice_of(NULL, 0), p->watch);
    text = buf_slice(&p->rest);
  } else {
    storage.len = 0;
  }
  TRY(chain_gp_read(p, text, where.text, &obj));
  err bad = chain_gp_members(p, where.text, obj, storage, e);
  json_decref(obj);
  return bad;
}

static err chain_gp_alloc(struct chain_gp *p, const json_t *alloc) {
  struct chain_genesis *g = p->g;
  struct json_walk w;
  slice key, val;
  u256 sum = U256_ZERO;
  if (!alloc) return chain_gp_bad(p, "alloc", "is missing");
  TRY(chain_gp_object(p, alloc, "alloc"));
  if (!p->alloc_is_cut)
    return chain_gp_bad(p, "alloc", "its name must be written plainly");
  i64 max = chain_gp_count(p->alloc, p->watch);
  MUST(max >= 0);
  if (max > CHAIN_GENESIS_ACCOUNT_MAX)
    return chain_gp_bad(p, "alloc", "has over %u accounts",
                        CHAIN_GENESIS_ACCOUNT_MAX);
  g->account = arena_array(p->a, struct chain_genesis_account,
                           max + CHAIN_GENESIS_FIXED);
  if (!g->account) return ERR_LIMIT;
  json_walk_init(&w, p->alloc);
  w.watch = p->watch;
  while (json_walk_next(&w, &key, &val) == 1) {
    struct chain_genesis_account *e = &g->account[g->account_cnt++];
    TRY(chain_gp_account(p, key, val, e));
    if (u256_add(&sum, &sum, &e->balance))
      return chain_gp_bad(p, "alloc", "balances add up to over 2^256 - 1");
  }
  arena_rest(p->a);
  chain_genesis_sort(g);
  for (u32 i = 1; i < g->account_cnt; i++)
    if (addr20_eq(&g->account[i].addr, &g->account[i - 1].addr)) {
      char text[43];
      hex_addr(text, &g->account[i].addr);
      return chain_gp_bad(p, chain_gp_join("alloc", text).text,
                          "is given twice");
    }
  if (g->own) chain_genesis_complete(g);
  return ERR_OK;
}

/*------------------------------------------------------------ cybermiles */

static err chain_gp_validator(struct chain_gp *p, u32 i, json_t *obj) {
  struct chain_genesis_validator *v = &p->g->validator[i];
  char at[32];
  u8 pub[64];
  const json_t *m;
  snprintf(at, sizeof(at), "cybermiles.validators[%u]", i);
  TRY(chain_gp_object(p, obj, at));
  TRY(chain_gp_known(p, obj, at, "address consensusKey power"));
  struct chain_gp_path where = chain_gp_join(at, "address");
  m = chain_gp_get(obj, "address");
  if (!json_is_string(m)) return chain_gp_bad(p, where.text, "is missing");
  TRY(chain_gp_addr(p, chain_gp_text(m), where.text, &v->operator_addr));
  v->power = 1;
  if ((m = chain_gp_get(obj, "power")))
    TRY(chain_gp_u64(p, m, chain_gp_join(at, "power").text, 1,
                     CHAIN_GP_POWER_MAX, &v->power));
  if ((m = chain_gp_get(obj, "consensusKey"))) {
    where = chain_gp_join(at, "consensusKey");
    TRY(chain_gp_fixed(p, m, where.text, v->key, 33));
    if (crypto_pub_parse(pub, slice_of(v->key, 33)) < 0)
      return chain_gp_bad(p, where.text, "is not a point of secp256k1");
    v->has_key = true;
  }
  for (u32 k = 0; k < i; k++) {
    const struct chain_genesis_validator *o = &p->g->validator[k];
    if (addr20_eq(&o->operator_addr, &v->operator_addr))
      return chain_gp_bad(p, at, "has the address of another validator");
    if (o->has_key && v->has_key && memcmp(o->key, v->key, 33) == 0)
      return chain_gp_bad(p, at, "has the consensusKey of another validator");
  }
  return ERR_OK;
}

static err chain_gp_validators(struct chain_gp *p, json_t *list) {
  const char *where = "cybermiles.validators";
  if (!list) return ERR_OK;
  if (!json_is_array(list)) return chain_gp_bad(p, where, "must be an array");
  size_t cnt = json_array_size(list);
  if (cnt == 0)
    return chain_gp_bad(p, where, "is empty; leave it out and the node that "
                        "sets up the chain becomes its validator");
  if (cnt > CHAIN_VALIDATOR_MAX)
    return chain_gp_bad(p, where, "has over %u entries", CHAIN_VALIDATOR_MAX);
  p->g->validator = arena_array(p->a, struct chain_genesis_validator, cnt);
  if (!p->g->validator) return ERR_LIMIT;
  p->g->validator_cnt = (u32)cnt;
  for (u32 i = 0; i < cnt; i++)
    TRY(chain_gp_validator(p, i, json_array_get(list, i)));
  return ERR_OK;
}

static err chain_gp_params(struct chain_gp *p, json_t *obj) {
  const char *where = "cybermiles.parameters", *key;
  json_t *v;
  if (!obj) return ERR_OK;
  TRY(chain_gp_object(p, obj, where));
  json_object_foreach(obj, key, v) {
    struct chain_gp_path at = chain_gp_join(where, key);
    u32 i = 0;
    while (i < CHAIN_PARAM_CNT && strcmp(CHAIN_PARAM_ROWS[i].name, key) != 0)
      i++;
    if (i == CHAIN_PARAM_CNT)
      return chain_gp_bad(p, at.text, "is not known to this version");
    TRY(chain_gp_u64(p, v, at.text, CHAIN_PARAM_ROWS[i].min,
                     CHAIN_PARAM_ROWS[i].max, &p->g->param[i]));
    p->g->param_given[i] = true;
  }
  if (p->g->param[CHAIN_PARAM_empty_block_ms] <
      p->g->param[CHAIN_PARAM_block_interval_ms])
    return chain_gp_bad(p, where, "empty_block_ms is below block_interval_ms");
  return ERR_OK;
}

static err chain_gp_switch(struct chain_gp *p, json_t *obj, const char *name,
                           bool *out) {
  struct chain_gp_path where = chain_gp_join("cybermiles.switches", name);
  const json_t *v = chain_gp_get(obj, name);
  if (v && !json_is_boolean(v))
    return chain_gp_bad(p, where.text, "must be true or false");
  if (v) *out = json_is_true(v);
  return ERR_OK;
}

static err chain_gp_switches(struct chain_gp *p, json_t *obj) {
  const char *where = "cybermiles.switches";
  if (!obj) return ERR_OK;
  TRY(chain_gp_object(p, obj, where));
  TRY(chain_gp_known(p, obj, where, "unprotected_txs dev_edits commerce"));
  TRY(chain_gp_switch(p, obj, "unprotected_txs", &p->g->unprotected_txs));
  TRY(chain_gp_switch(p, obj, "commerce", &p->g->commerce));
  return chain_gp_switch(p, obj, "dev_edits", &p->g->dev_edits);
}

static err chain_gp_stake(struct chain_gp *p, slice key, const json_t *v,
                          struct chain_genesis_stake *out) {
  struct chain_gp_path where =
      chain_gp_join("cybermiles.credits.stakes", chain_gp_key(key).text);
  u256 wei, unit = u256_from(1000000000), rest;
  TRY(chain_gp_addr(p, key, where.text, &out->account));
  TRY(chain_gp_u256(p, v, where.text, &wei));
  u256_divmod(&wei, &rest, &wei, &unit);
  if (!u256_is_zero(&rest) || u256_is_zero(&wei))
    return chain_gp_bad(p, where.text, "must be whole gwei (10^9 wei), above 0");
  if (!u256_fits64(&wei)) return chain_gp_bad(p, where.text, "is too large");
  out->gwei = wei.w[0];
  return ERR_OK;
}

static err chain_gp_stakes(struct chain_gp *p, json_t *obj) {
  const char *where = "cybermiles.credits.stakes";
  struct chain_genesis *g = p->g;
  struct json_walk w;
  slice key, val;
  json_t *v;
  u64 sum = 0;
  if (!obj) return ERR_OK;
  TRY(chain_gp_object(p, obj, where));
  if (!p->stakes.len)
    return chain_gp_bad(p, where, "its name must be written plainly");
  i64 max = chain_gp_count(p->stakes, p->watch);
  MUST(max >= 0);
  if (max > CHAIN_STAKE_MAX)
    return chain_gp_bad(p, where, "has over %u entries", CHAIN_STAKE_MAX);
  g->stake = arena_array(p->a, struct chain_genesis_stake, max);
  if (!g->stake) return ERR_LIMIT;
  json_walk_init(&w, p->stakes);
  w.watch = p->watch;
  while (json_walk_next(&w, &key, &val) == 1) {
    TRY(chain_gp_read(p, val, where, &v));
    err bad = chain_gp_stake(p, key, v, &g->stake[g->stake_cnt]);
    json_decref(v);
    TRY(bad);
    if (__builtin_add_overflow(sum, g->stake[g->stake_cnt++].gwei, &sum))
      return chain_gp_bad(p, where, "add up to too much");
  }
  arena_rest(p->a);
  chain_genesis_sort_stakes(g);
  for (u32 i = 1; i < g->stake_cnt; i++)
    if (addr20_eq(&g->stake[i].account, &g->stake[i - 1].account))
      return chain_gp_bad(p, where, "names an account twice");
  return ERR_OK;
}

static err chain_gp_credit_params(struct chain_gp *p, json_t *obj) {
  const char *where = "cybermiles.credits.parameters", *key;
  json_t *v;
  if (!obj) return ERR_OK;
  TRY(chain_gp_object(p, obj, where));
  json_object_foreach(obj, key, v) {
    struct chain_gp_path at = chain_gp_join(where, key);
    const struct module_row *row = NULL;
    u32 i = 0;
    for (; i < DPOS_CREDIT_PARAM_CNT; i++) {
      row = module_row_at(&dpos_credits, MODULE_ROW_SETTING, i);
      if (strcmp(row->setting->name, key) == 0) break;
    }
    if (i == DPOS_CREDIT_PARAM_CNT)
      return chain_gp_bad(p, at.text, "is not known to this version");
    if (i == dpos_credit_param_gas_per_second || i == dpos_credit_param_block_ms)
      return chain_gp_bad(p, at.text, "follows from cybermiles.parameters");
    TRY(chain_gp_u64(p, v, at.text, row->setting->min, row->setting->max,
                     &p->g->credit_param[i]));
    p->g->credit_given[i] = true;
  }
  return ERR_OK;
}

static err chain_gp_credits(struct chain_gp *p, json_t *obj) {
  const char *where = "cybermiles.credits";
  if (!obj || json_is_false(obj)) return ERR_OK;
  p->g->credits = true;
  if (json_is_true(obj)) return ERR_OK;
  if (!json_is_object(obj))
    return chain_gp_bad(p, where, "must be true, false or an object");
  TRY(chain_gp_known(p, obj, where, "stakes parameters"));
  TRY(chain_gp_stakes(p, chain_gp_get(obj, "stakes")));
  return chain_gp_credit_params(p, chain_gp_get(obj, "parameters"));
}

static err chain_gp_own(struct chain_gp *p, json_t *obj) {
  u64 version;
  TRY(chain_gp_object(p, obj, "cybermiles"));
  TRY(chain_gp_known(p, obj, "cybermiles",
                     "version validators parameters switches credits"));
  const json_t *v = chain_gp_get(obj, "version");
  if (v)
    TRY(chain_gp_u64(p, v, "cybermiles.version", CHAIN_GENESIS_VERSION,
                     CHAIN_GENESIS_VERSION, &version));
  chain_genesis_own_defaults(p->g);
  TRY(chain_gp_validators(p, chain_gp_get(obj, "validators")));
  TRY(chain_gp_params(p, chain_gp_get(obj, "parameters")));
  TRY(chain_gp_credits(p, chain_gp_get(obj, "credits")));
  return chain_gp_switches(p, chain_gp_get(obj, "switches"));
}

static err chain_gp_root(struct chain_gp *p, json_t *root) {
  if (!json_is_object(root))
    return err_say(p->msg, ERR_INPUT, "genesis: must be a JSON object");
  TRY(chain_gp_known(p, root, "",
                     "config nonce timestamp extraData gasLimit difficulty "
                     "mixHash coinbase alloc number gasUsed parentHash "
                     "baseFeePerGas excessBlobGas blobGasUsed cybermiles"));
  json_t *own = chain_gp_get(root, "cybermiles");
  if (own) TRY(chain_gp_own(p, own));
  TRY(chain_gp_config(p, chain_gp_get(root, "config")));
  TRY(chain_gp_header(p, root));
  return p->settings_only ? ERR_OK
                          : chain_gp_alloc(p, chain_gp_get(root, "alloc"));
}

/* What is cut out of a file: nothing where it is not a whole object. */
static void chain_gp_pieces(struct chain_gp *p, slice json) {
  slice own, credits;
  if (!chain_gp_member(&p->alloc, json, "alloc", p->watch)) p->alloc.len = 0;
  if (!chain_gp_member(&own, json, "cybermiles", p->watch) ||
      !chain_gp_member(&credits, own, "credits", p->watch) ||
      !chain_gp_member(&p->stakes, credits, "stakes", p->watch))
    p->stakes.len = 0;
  p->alloc_is_cut = p->alloc.len > 0;
}

static err chain_gp_file(struct chain_genesis *out, slice json,
                         const struct json_watch *watch, struct arena *a,
                         bool settings_only, struct errmsg *msg) {
  struct errmsg at;
  struct chain_gp p = {.g = out, .a = a, .msg = msg, .watch = watch,
                       .settings_only = settings_only};
  struct buf rest;
  memset(out, 0, sizeof(*out));
  out->deposit_contract = CHAIN_DEPOSIT_ADDR;
  buf_init(&rest, 0);
  buf_init(&p.rest, 0);
  chain_gp_pieces(&p, json);
  chain_gp_rest(&rest, json, p.alloc, p.stakes, watch);
  json_t *root = json_read(buf_slice(&rest), &at);
  buf_fini(&rest);
  err e = root ? chain_gp_root(&p, root)
               : err_say(msg, ERR_INPUT, "genesis: %.480s", at.text);
  json_decref(root);
  buf_fini(&p.rest);
  if (watch) watch->passed(watch->ctx, json);
  if (e == ERR_LIMIT) return err_say(msg, e, "genesis: too large");
  return e;
}

err chain_genesis_parse(struct chain_genesis *out, slice json,
                        struct arena *a, struct errmsg *msg) {
  return chain_gp_file(out, json, NULL, a, false, msg);
}

err chain_genesis_parse_watched(struct chain_genesis *out, slice json,
                                const struct json_watch *watch,
                                struct arena *a, struct errmsg *msg) {
  return chain_gp_file(out, json, watch, a, false, msg);
}

err chain_genesis_parse_settings(struct chain_genesis *out, slice json,
                                 struct arena *a, struct errmsg *msg) {
  return chain_gp_file(out, json, NULL, a, true, msg);
}
