/* chain_pow.c - difficulty before the merge.
**
** Frontier: up or down by 1/2048 of the parent's, by whether 13 s passed;
** EIP-2 (Homestead): by max(1 - seconds/10, -99) times that; EIP-100
** (Byzantium): max(y - seconds/9, -99), y = 2 when the parent has ommers, else
** 1.  Never below 131072.  The bomb adds 2^(number/100000 - 2), its number
** counted from a delay that EIP-649, 1234, 2384, 3554, 4345 and 5133 moved.
*/
#include "chain/chain_genesis_int.h"
#include "chain/chain_import.h"

enum {
  CHAIN_POW_MIN = 131072,
  CHAIN_POW_DIVISOR = 2048,
  CHAIN_POW_PERIOD = 100000
};

u64 chain_bomb_delay(enum evm_fork fork) {
  return fork >= EVM_LONDON          ? 9700000
         : fork >= EVM_ISTANBUL      ? 9000000
         : fork >= EVM_CONSTANTINOPLE ? 5000000
         : fork >= EVM_BYZANTIUM     ? 3000000
                                     : 0;
}

u64 chain_bomb_delay_at(const struct chain_schedule *s, enum evm_fork fork,
                        u64 number) {
  static const struct { const char *key; enum evm_fork from; u64 delay; } at[] =
    {{"grayGlacierBlock", EVM_LONDON, 11400000},
     {"arrowGlacierBlock", EVM_LONDON, 10700000},
     {"muirGlacierBlock", EVM_ISTANBUL, 9000000}};
  bool named = false;
  for (u32 i = 0; i < ARRAY_LEN(at); i++)
    for (u32 k = 0; k < CHAIN_FORK_KEY_CNT; k++) {
      if (strcmp(CHAIN_FORK_KEYS[k].key, at[i].key) != 0) continue;
      named |= i == 2 && s->quiet[k] != CHAIN_FORK_NEVER;
      if (fork >= at[i].from && number >= s->quiet[k]) {
        u64 own = chain_bomb_delay(fork);
        return own > at[i].delay ? own : at[i].delay;
      }
    }
  /* Istanbul itself moved nothing. */
  return named && fork >= EVM_ISTANBUL && fork < EVM_LONDON
             ? chain_bomb_delay(EVM_CONSTANTINOPLE) : chain_bomb_delay(fork);
}

/* How many steps of 1/2048 up (or down, when negative). */
static i64 chain_pow_steps(enum evm_fork fork, u64 seconds, bool ommers) {
  if (fork < EVM_HOMESTEAD) return seconds < 13 ? 1 : -1;
  i64 y = fork >= EVM_BYZANTIUM && ommers ? 2 : 1;
  u64 per = fork >= EVM_BYZANTIUM ? 9 : 10;
  u64 down = seconds / per;
  return down > (u64)(y + 99) ? -99 : y - (i64)down;
}

void chain_difficulty(u256 *out, enum evm_fork fork, u64 bomb_delay,
                      u64 number, u64 time, u64 parent_time,
                      const u256 *parent_difficulty, bool parent_has_ommers) {
  u256 step, div = u256_from(CHAIN_POW_DIVISOR);
  u256 least = u256_from(CHAIN_POW_MIN), d = *parent_difficulty;
  i64 steps = chain_pow_steps(fork, time - parent_time, parent_has_ommers);
  u256 times = u256_from((u64)(steps < 0 ? -steps : steps));
  u256_divmod(&step, NULL, &d, &div);
  u256_mul(&step, &step, &times);
  if (steps < 0)
    u256_sub(&d, &d, &step);
  else
    u256_add(&d, &d, &step);
  if (u256_lt(&d, &least)) d = least;
  u64 periods =
      number > bomb_delay ? (number - bomb_delay) / CHAIN_POW_PERIOD : 0;
  if (periods > 1) {
    u256 one = u256_from(1), bomb;
    u256_shl(&bomb, &one, periods - 2);
    u256_add(&d, &d, &bomb);
  }
  *out = d;
}
