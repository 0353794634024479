/* shop_meter.h - what each method's calls cost: when SHOP_METER names a file,
** the programs that call modules add a line to it for each method that they
** called with success, and one of zeros for each that they did not:
**   MODULE METHOD CALLS GAS_LEAST GAS_MOST GAS_SUM NS_SUM SLOWEST
** Gas is that of the call, without the transaction's own (21,000 and its
** data); time is the thread's own, the best of METER_RUNS of the same call, each
** on a state that has nothing in memory; SLOWEST is the gas a microsecond
** (Mgas/s) of the slowest of the calls alike (of equal gas, the fastest run
** counts).  What modules have of their base is that base's; functions have
** bench_native.c, which writes such lines too.  tests/bench/methods.sh adds the
** files up.
**
** Without SHOP_METER each call is held against what was measured then
** (chain_cost.def, which /abi/gas.html tells): one that takes a quarter more than
** the most, or less than the least, fails its test. */
#ifndef TESTS_SHOP_METER_H
#define TESTS_SHOP_METER_H
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "chain/chain_module.h"
#include "codec/abi.h"

enum { METER_ROWS = 2048, METER_ALIKE = 64, METER_RUNS = 5 };
struct meter_alike { /* calls of equal gas: the fastest tells their time */
  u64 gas;
  double ns;
};
struct meter_row {
  u16 module;
  u8 sel[4];
  u64 calls, least, most, sum;
  double ns;
  struct meter_alike alike[METER_ALIKE];
  u32 alike_cnt;
};
static struct meter_row meter_rows[METER_ROWS];
static u32 meter_cnt;

static inline bool meter_on(void) { return getenv("SHOP_METER") != NULL; }
static inline double meter_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
/* What EIP-2028 takes for the data; 0: the floor of EIP-7623 was paid. */
static inline u64 meter_own(slice data, u64 gas) {
  u64 zeros = 0;
  for (size_t i = 0; i < data.len; i++) zeros += data.ptr[i] == 0;
  u64 tokens = zeros + 4 * (data.len - zeros), own = 21000 + 4 * tokens;
  return gas == 21000 + 10 * tokens || gas < own ? 0 : own;
}

static inline void meter_note(u16 module, slice data, u64 gas, double ns) {
  struct meter_row *r = meter_rows;
  u64 own = meter_own(data, gas);
  u32 i = 0;
  if (data.len < 4 || !own) return;
  gas -= own;
  while (r < meter_rows + meter_cnt &&
         (r->module != module || memcmp(r->sel, data.ptr, 4) != 0)) r++;
  if (r == meter_rows + meter_cnt) {
    MUST(++meter_cnt <= METER_ROWS);
    r->module = module;
    memcpy(r->sel, data.ptr, 4);
    r->least = ~(u64)0;
  }
  r->calls++;
  r->sum += gas;
  r->ns += ns;
  if (gas < r->least) r->least = gas;
  if (gas > r->most) r->most = gas;
  while (i < r->alike_cnt && r->alike[i].gas != gas) i++;
  if (i == METER_ALIKE) return;
  if (i == r->alike_cnt) r->alike[r->alike_cnt++] = (struct meter_alike){gas, ns};
  else if (ns < r->alike[i].ns) r->alike[i].ns = ns;
}

/* NULL: there is none. */
static inline const struct module_cost *meter_cost(const char *module,
                                                   const char *method) {
  return module_cost_of(chain_module_notes(), module, method);
}
static inline void meter_selector(u8 sel[4], const struct module_method *m) {
  struct buf b;
  buf_init(&b, 0);
  module_signature(&b, m->name, m->in);
  abi_selector(sel, buf_cstr(&b));
  buf_fini(&b);
}
/* Each method of each module, by what a call begins with. */
static struct meter_known {
  u16 module;
  u8 sel[4];
  const struct module_cost *cost;
} meter_known[METER_ROWS];
static u32 meter_known_cnt;
static inline void meter_know(void) {
  for (u32 k = 0; k < CHAIN_MODULE_CNT; k++)
    for (const struct module_def *of = CHAIN_MODULES[k]; of; of = of->base)
      for (u32 i = 0; i < of->row_cnt; i++) {
        struct meter_known *n = &meter_known[meter_known_cnt];
        if (of->row[i].kind != MODULE_ROW_METHOD) continue;
        MUST(++meter_known_cnt <= METER_ROWS);
        n->module = CHAIN_MODULES[k]->number;
        n->cost = meter_cost(of->name, of->row[i].method->name);
        meter_selector(n->sel, of->row[i].method);
      }
}
static bool meter_loose; /* random calls: they go further than what was measured */
static inline void meter_check(u16 module, slice data, u64 gas) {
  u64 own = meter_loose ? 0 : meter_own(data, gas);
  if (meter_known_cnt == 0) meter_know();
  for (u32 i = 0; i < meter_known_cnt && own && data.len >= 4; i++) {
    const struct meter_known *n = &meter_known[i];
    if (n->module != module || memcmp(n->sel, data.ptr, 4) != 0 || !n->cost ||
        n->cost->none)
      continue;
    if (gas - own > n->cost->most * 5 / 4 || gas - own < n->cost->least * 3 / 4)
      fail_msg("%s.%s took %llu gas, chain_cost.def says %llu to %llu: make "
               "bench-methods COSTS=src/chain/chain_cost.def", n->cost->module,
               n->cost->method, (unsigned long long)(gas - own),
               (unsigned long long)n->cost->least,
               (unsigned long long)n->cost->most);
  }
}

static inline void meter_line(FILE *f, const char *of,
                              const struct module_method *m,
                              const struct meter_row *r) {
  double slowest = r->calls ? 1e18 : 0;
  for (u32 i = 0; i < r->alike_cnt; i++) {
    double speed = (double)r->alike[i].gas * 1e3 / r->alike[i].ns;
    if (speed < slowest) slowest = speed;
  }
  fprintf(f, "%s %s %llu %llu %llu %llu %.0f %.1f\n", of, m->name,
          (unsigned long long)r->calls, (unsigned long long)r->least,
          (unsigned long long)r->most, (unsigned long long)r->sum, r->ns,
          slowest);
}
/* A method that nobody called has a line of zeros. */
static inline void meter_method(FILE *f, const struct module_def *def,
                                const char *of,
                                const struct module_method *m) {
  struct meter_row none = {.calls = 0}, *r = &none;
  u8 sel[4];
  meter_selector(sel, m);
  for (u32 i = 0; i < meter_cnt; i++)
    if (meter_rows[i].module == def->number &&
        memcmp(meter_rows[i].sel, sel, 4) == 0)
      r = &meter_rows[i];
  meter_line(f, of, m, r);
}
static inline void meter_end(void) {
  FILE *f = meter_on() ? fopen(getenv("SHOP_METER"), "a") : NULL;
  if (!f) return;
  for (u32 k = 0; k < CHAIN_MODULE_CNT; k++) {
    const struct module_def *def = CHAIN_MODULES[k], *of = def;
    bool here = !def->is_function || def == &module_beacon_fn;
    for (; of && here; of = of->base)
      for (u32 i = 0; i < of->row_cnt; i++)
        if (of->row[i].kind == MODULE_ROW_METHOD)
          meter_method(f, def, of->name, of->row[i].method);
  }
  fclose(f);
  memset(meter_rows, 0, sizeof meter_rows);
  meter_cnt = 0;
}
#endif
