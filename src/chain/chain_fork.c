/* chain_fork.c - the fork schedule; see chain_fork.h. */
#include "chain/chain_fork.h"

#include "chain/chain_block.h"

/* EIP-4844, EIP-7691; Osaka keeps Prague's until a blob row says otherwise. */
static const struct chain_blob_row chain_blob_ethereum[] = {
  {"cancun", 0, 3, 6, 3338477},
  {"prague", 0, 6, 9, 5007716},
};

static bool chain_fork_by_time(enum evm_fork f) { return f >= EVM_SHANGHAI; }

void chain_schedule_init(struct chain_schedule *s) {
  memset(s, 0, sizeof(*s));
  for (int f = EVM_FRONTIER + 1; f < EVM_FORK_CNT; f++)
    s->at[f] = CHAIN_FORK_NEVER;
  for (u32 i = 0; i < CHAIN_FORK_KEY_CNT; i++) s->quiet[i] = CHAIN_FORK_NEVER;
}

void chain_schedule_all(struct chain_schedule *s, enum evm_fork last) {
  chain_schedule_init(s);
  for (int f = 0; f <= (int)last; f++) s->at[f] = 0;
}

enum evm_fork chain_fork_at(const struct chain_schedule *s, u64 number,
                            u64 time) {
  for (int f = EVM_FORK_CNT - 1; f > 0; f--) {
    u64 now = chain_fork_by_time((enum evm_fork)f) ? time : number;
    if (s->at[f] != CHAIN_FORK_NEVER && now >= s->at[f])
      return (enum evm_fork)f;
  }
  return EVM_FRONTIER;
}

/* Zeros before Cancun. */
static struct chain_blob_row chain_blob_default(enum evm_fork f) {
  if (f < EVM_CANCUN) return (struct chain_blob_row){.time = 0};
  return chain_blob_ethereum[f >= EVM_PRAGUE];
}

static struct chain_blob_row chain_blob_at(const struct chain_schedule *s,
                                           enum evm_fork f, u64 time) {
  struct chain_blob_row row = chain_blob_default(f);
  for (u32 i = 0; i < s->blob_cnt && f >= EVM_CANCUN; i++)
    if (s->blob[i].time <= time) row = s->blob[i];
  return row;
}

void chain_rules_ethereum(struct chain_rules *out,
                          const struct chain_schedule *s, u64 chain_id,
                          u64 number, u64 time) {
  memset(out, 0, sizeof(*out));
  out->fork = chain_fork_at(s, number, time);
  out->chain_id = chain_id;
  out->fees = out->system_calls = out->history_call = true;
  out->allow_unprotected = true;
  struct chain_blob_row row = chain_blob_at(s, out->fork, time);
  out->blob_target = row.target;
  out->blob_max = row.max;
  out->blob_update_fraction = row.update_fraction;
}

void chain_rules_of_header(struct chain_rules *out,
                           const struct chain_schedule *s, u64 chain_id,
                           const struct chain_header *h) {
  chain_rules_ethereum(out, s, chain_id, h->number, h->timestamp);
  if (s->merges && out->fork < EVM_PARIS && u256_is_zero(&h->difficulty) &&
      h->number > 0)
    out->fork = EVM_PARIS;
}

void chain_blob_base_fee(u256 *out, u64 excess, u64 update_fraction) {
  u256 sum = U256_ZERO, term = u256_from(update_fraction), div;
  u256 num = u256_from(excess), den = u256_from(update_fraction);
  static const u256 most = {{~0ull, ~0ull, ~0ull, ~0ull}};
  *out = u256_from(1);
  if (update_fraction == 0) return;
  for (u64 i = 1; !u256_is_zero(&term); i++) {
    u256 step = u256_from(i);
    *out = most;
    if (u256_add(&sum, &sum, &term)) return;
    if (u256_mul_over(&term, &term, &num)) return;
    if (u256_mul_over(&div, &den, &step)) return;
    u256_divmod(&term, NULL, &term, &div);
  }
  u256_divmod(out, NULL, &sum, &den);
}
