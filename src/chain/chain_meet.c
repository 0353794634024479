/* chain_meet.c - see chain_meet.h.
**
** Repetitions are found by a small table of the places where addresses with
** the same low bits were put last: most loops call the same few contracts.
** What slips through costs room, nothing else; the index drops it.
*/
#include "chain/chain_meet.h"

#define CHAIN_MEET_SEEN 256u

struct chain_meet {
  struct chain_met *list;
  u32 cnt, cap;
  bool has_to;
  addr20 sender, to;
  struct {
    u32 run, at;
  } seen[CHAIN_MEET_SEEN];
  u32 run; /* of this transaction */
};

struct chain_meet *chain_meet_open(void) {
  struct chain_meet *m = mem_alloc(sizeof *m);
  m->run = 1; /* messages may come before the first begin: benchmarks */
  return m;
}
void chain_meet_close(struct chain_meet *m) {
  if (!m) return;
  mem_free(m->list);
  mem_free(m);
}

void chain_meet_begin(struct chain_meet *m, const struct chain_tx *tx) {
  m->cnt = 0;
  m->sender = tx->sender;
  m->to = tx->to;
  m->has_to = tx->has_to;
  if (++m->run == 0) {
    memset(m->seen, 0, sizeof m->seen);
    m->run = 1;
  }
}

/* Precompiles of every fork are below 0x200. */
static bool chain_meet_is_low(const addr20 *a) {
  static const u8 zero[18];
  return memcmp(a->b, zero, sizeof zero) == 0 && a->b[18] < 2;
}

void chain_meet_add(struct chain_meet *m, enum evm_kind kind, const addr20 *by,
                    const addr20 *a) {
  bool created = kind >= EVM_CREATE;
  if (m->cnt == CHAIN_MEET_MAX || chain_meet_is_low(a)) return;
  if (!created) {
    if (addr20_eq(a, &m->sender) || (m->has_to && addr20_eq(a, &m->to)))
      return;
    u32 slot = (a->b[19] ^ a->b[0]) % CHAIN_MEET_SEEN;
    if (m->seen[slot].run == m->run &&
        addr20_eq(&m->list[m->seen[slot].at].addr, a))
      return;
    m->seen[slot].run = m->run;
    m->seen[slot].at = m->cnt;
  }
  if (m->cnt == m->cap) {
    m->cap = m->cap ? m->cap * 2 : 64;
    m->list = mem_realloc(m->list, m->cap * sizeof *m->list);
  }
  m->list[m->cnt++] = (struct chain_met){*a, created, *by};
}

const struct chain_met *chain_meet_end(struct chain_meet *m, struct state *s,
                                       u32 *cnt) {
  for (u32 i = 0; i < m->cnt; i++)
    if (m->list[i].created && !state_created_in_tx(s, &m->list[i].addr))
      m->list[i].created = false;
  *cnt = m->cnt;
  return m->list;
}
