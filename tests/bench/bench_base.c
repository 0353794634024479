/* bench_base.c - speed of 256-bit arithmetic, maps, RLP, hexadecimal and JSON
** text on one core, as JSON lines.  Each figure is the best of several runs of
** about 40 ms; operands are random and differ from call to call. */
#include <stdio.h>

#include "base/map.h"
#include "base/u256.h"
#include "bench/bench_time.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rlp.h"

enum { BENCH_CNT = 1024, BENCH_KEYS = 1 << 18, BENCH_BYTES = 1 << 16 };

static u64 bench_state = 1;
static u64 bench_rand(void) { return bench_random(&bench_state); }

static u256 bench_a[BENCH_CNT], bench_b[BENCH_CNT], bench_m[BENCH_CNT];
static u256 bench_r;

static void bench_fill(u256 *v, int limbs) {
  for (int i = 0; i < BENCH_CNT; i++) {
    v[i] = U256_ZERO;
    for (int k = 0; k < limbs; k++) v[i].w[k] = bench_rand();
    v[i].w[limbs - 1] |= 1;
  }
}

#define BENCH_EACH(name, call) \
  static void bench_##name(void) { \
    for (int i = 0; i < BENCH_CNT; i++) { \
      const u256 *a = &bench_a[i], *b = &bench_b[i], *m = &bench_m[i]; \
      u256 *r = &bench_r; \
      (void)a, (void)b, (void)m; \
      call; \
      __asm__ volatile("" : : "r"(r) : "memory"); \
    } \
  }
BENCH_EACH(add, (void)u256_add(r, a, b))
BENCH_EACH(mul, u256_mul(r, a, b))
BENCH_EACH(divmod, u256_divmod(r, NULL, a, b))
BENCH_EACH(sdiv, u256_sdiv(r, a, b))
BENCH_EACH(addmod, u256_addmod(r, a, b, m))
BENCH_EACH(mulmod, u256_mulmod(r, a, b, m))
BENCH_EACH(exp, u256_exp(r, a, b))
BENCH_EACH(shl, u256_shl(r, a, b->w[0] & 255))
#undef BENCH_EACH

static void bench_u256(const char *name, void (*fn)(void), int a, int b) {
  bench_fill(bench_a, a);
  bench_fill(bench_b, b);
  bench_fill(bench_m, b);
  printf("{\"name\":\"u256_%s_%dby%d\",\"value\":%.1f,\"unit\":\"ns\"}\n", name,
         64 * a, 64 * b, bench_best(fn) / BENCH_CNT * 1e9);
}

static u8 (*bench_keys)[32];
static struct map bench_map;

static void bench_map_fill(void) {
  map_clear(&bench_map);
  for (u32 i = 0; i < BENCH_KEYS; i++)
    *(u64 *)map_put(&bench_map, bench_keys[i], NULL) = i;
}
static void bench_map_read(void) {
  u64 sum = 0;
  for (u32 i = 0; i < BENCH_KEYS; i++)
    sum += *(u64 *)map_get(&bench_map, bench_keys[i]);
  __asm__ volatile("" : : "r"(sum));
}
static void bench_map_read_few(void) { /* in the cache */
  u64 sum = 0;
  for (u32 i = 0; i < BENCH_KEYS; i++)
    sum += *(u64 *)map_get(&bench_map, bench_keys[i & 1023]);
  __asm__ volatile("" : : "r"(sum));
}
static void bench_map_miss(void) {
  u8 key[32] = {0};
  u64 sum = 0;
  for (u32 i = 0; i < BENCH_KEYS; i++) {
    store_be32(key, i * 2654435761u);
    sum += map_get(&bench_map, key) != NULL;
  }
  __asm__ volatile("" : : "r"(sum));
}

static void bench_maps(void) {
  bench_keys = mem_alloc(32 * (size_t)BENCH_KEYS);
  for (u32 i = 0; i < BENCH_KEYS; i++)
    for (u32 k = 0; k < 4; k++) store_be64(bench_keys[i] + 8 * k, bench_rand());
  map_init(&bench_map, 32, 8, 0, 12345);
  static const struct {
    const char *name;
    void (*fn)(void);
  } rows[] = {{"put", bench_map_fill},
              {"get", bench_map_read},
              {"get_cached", bench_map_read_few},
              {"get_absent", bench_map_miss}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++)
    printf("{\"name\":\"map_%s_32\",\"value\":%.1f,\"unit\":\"ns\"}\n",
           rows[i].name, bench_best(rows[i].fn) / BENCH_KEYS * 1e9);
  map_fini(&bench_map);
  mem_free(bench_keys);
}

static u8 bench_data[BENCH_BYTES], bench_back[BENCH_BYTES];
static struct buf bench_text;

static void bench_hex_encode(void) {
  hex_encode((char *)bench_text.ptr, bench_data, BENCH_BYTES);
}
static void bench_hex_decode(void) {
  MUST(hex_decode(bench_back, (char *)bench_text.ptr, 2 * BENCH_BYTES) == 0);
}

/* A list of transfers: nine fields each, about 110 bytes. */
static void bench_rlp_write(void) {
  buf_clear(&bench_text);
  size_t list = rlp_list_open(&bench_text);
  for (int i = 0; i < BENCH_CNT; i++) {
    size_t at = rlp_list_open(&bench_text);
    rlp_put_u64(&bench_text, (u64)i);
    rlp_put_u64(&bench_text, 1000000000);
    rlp_put_u64(&bench_text, 21000);
    rlp_put_str(&bench_text, bench_data + i, 20);
    rlp_put_u256(&bench_text, &bench_a[i]);
    rlp_put_str(&bench_text, NULL, 0);
    rlp_put_u64(&bench_text, 37);
    rlp_put_u256(&bench_text, &bench_b[i]);
    rlp_put_u256(&bench_text, &bench_m[i]);
    rlp_list_close(&bench_text, at);
  }
  rlp_list_close(&bench_text, list);
}
static void bench_rlp_read(void) {
  slice in = buf_slice(&bench_text), list, tx, s;
  MUST(rlp_read_list(&in, &list) == 0);
  while (list.len) {
    addr20 to;
    u64 n[4];
    u256 v[3];
    MUST(rlp_read_list(&list, &tx) == 0);
    MUST(rlp_read_u64(&tx, &n[0]) == 0 && rlp_read_u64(&tx, &n[1]) == 0 &&
         rlp_read_u64(&tx, &n[2]) == 0 && rlp_read_fixed(&tx, &to, 20) == 0 &&
         rlp_read_u256(&tx, &v[0]) == 0 && rlp_read_str(&tx, &s) == 0 &&
         rlp_read_u64(&tx, &n[3]) == 0 && rlp_read_u256(&tx, &v[1]) == 0 &&
         rlp_read_u256(&tx, &v[2]) == 0 && rlp_end(tx) == 0);
  }
}

/* Receipts as a node answers them. */
static void bench_json_write(void) {
  struct jsonw w;
  buf_clear(&bench_text);
  jsonw_init(&w, &bench_text);
  jsonw_arr(&w);
  for (int i = 0; i < BENCH_CNT; i++) {
    jsonw_obj(&w);
    jsonw_kv_hex(&w, "transactionHash", slice_of(bench_data + i, 32));
    jsonw_kv_hex(&w, "blockHash", slice_of(bench_data + i, 32));
    jsonw_kv_quantity(&w, "blockNumber", (u64)i);
    jsonw_kv_quantity(&w, "gasUsed", 21000);
    jsonw_kv_hex(&w, "from", slice_of(bench_data + i, 20));
    jsonw_kv_hex(&w, "to", slice_of(bench_data + i, 20));
    jsonw_kv_str(&w, "status", "0x1");
    jsonw_kv_null(&w, "contractAddress");
    jsonw_obj_end(&w);
  }
  jsonw_arr_end(&w);
}
static void bench_json_read(void) {
  json_t *j = json_read(buf_slice(&bench_text), NULL);
  MUST(j);
  json_decref(j);
}

static void bench_rate(const char *name, void (*fn)(void), size_t bytes) {
  printf("{\"name\":\"%s\",\"value\":%.0f,\"unit\":\"MB/s\"}\n", name,
         (double)bytes / bench_best(fn) * 1e-6);
}

int main(void) {
  static const struct {
    const char *name;
    void (*fn)(void);
    int a, b;
  } rows[] = {
      {"add", bench_add, 4, 4},       {"mul", bench_mul, 4, 4},
      {"div", bench_divmod, 1, 1},    {"div", bench_divmod, 2, 1},
      {"div", bench_divmod, 4, 1},    {"div", bench_divmod, 4, 2},
      {"div", bench_divmod, 4, 3},    {"div", bench_divmod, 4, 4},
      {"sdiv", bench_sdiv, 4, 2},     {"addmod", bench_addmod, 4, 4},
      {"mulmod", bench_mulmod, 4, 4}, {"mulmod", bench_mulmod, 4, 1},
      {"exp", bench_exp, 4, 1},       {"exp", bench_exp, 4, 4},
      {"shl", bench_shl, 4, 4}};
  for (size_t i = 0; i < ARRAY_LEN(rows); i++)
    bench_u256(rows[i].name, rows[i].fn, rows[i].a, rows[i].b);
  bench_maps();
  for (size_t i = 0; i < BENCH_BYTES; i++) bench_data[i] = (u8)bench_rand();
  buf_init(&bench_text, 0);
  bench_text.len += buf_room(&bench_text, 2 * BENCH_BYTES) ? 2 * BENCH_BYTES : 0;
  bench_rate("hex_encode", bench_hex_encode, BENCH_BYTES);
  bench_rate("hex_decode", bench_hex_decode, BENCH_BYTES);
  bench_rlp_write();
  bench_rate("rlp_write", bench_rlp_write, bench_text.len);
  bench_rate("rlp_read", bench_rlp_read, bench_text.len);
  bench_json_write();
  bench_rate("json_write", bench_json_write, bench_text.len);
  bench_rate("json_read", bench_json_read, bench_text.len);
  buf_fini(&bench_text);
  return 0;
}
