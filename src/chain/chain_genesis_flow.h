/* chain_genesis_flow.h - the genesis state in portions, for millions of
** accounts, stakes and slots.
**
** chain_genesis_build gives one difference, which takes kilobytes an account
** until it is stored.  Here the same difference comes in 256 portions by the
** first byte of the hashed key: first the slots of each account that has very
** many (the credits' module, a token), whose storage root its account needs,
** then the accounts.  Of each key only twelve bytes are kept, in one arena of
** the caller's, whose home may let it rest (arena.h) as may that of the genesis;
** what a portion gives lives in another.
*/
#ifndef CHAIN_GENESIS_FLOW_H
#define CHAIN_GENESIS_FLOW_H
#include "chain/chain_genesis.h"

#define CHAIN_FLOW_PORTIONS 256u

/* A key on its way: where it is in the genesis, ordered by its hash; once its
** portion was given, whatever the caller puts there. */
struct chain_flow_entry {
  u64 key;
  u32 at;
} __attribute__((packed));

#define CHAIN_FLOW_SLOTS 65536u /* from here on an account is large */
#define CHAIN_FLOW_LARGE_MAX 64u /* more are not: they need their memory */
struct chain_flow_large {
  const struct chain_genesis_account *account;
  bool credits;
  hash32 key;                      /* hashed address */
  hash32 root;                     /* to be set before chain_flow_accounts */
  struct chain_flow_entry *slot;
  size_t cnt, at;                  /* all, given */
};
struct chain_flow {
  const struct chain_genesis *g;
  struct dpos_credit_rules rules;
  struct dpos_credit_slot fixed[DPOS_CREDIT_GENESIS_FIXED];
  u32 fixed_cnt;
  u8 *holds;                       /* of each stake */
  struct chain_flow_entry *account;
  size_t account_cnt, account_at;  /* all, given */
  struct chain_flow_large large[CHAIN_FLOW_LARGE_MAX];
  u32 large_cnt;
};

/* g must stay as it is while f is used, chain_id not 0; f's memory is a's,
** which rests now and then. */
void chain_flow_open(struct chain_flow *f, const struct chain_genesis *g,
                     struct arena *a);
/* The large account's slots with this first byte, ascending, after those
** before it; from the first byte again when at is set to 0.  entry: as many, in
** no order. */
void chain_flow_slots(struct chain_flow *f, struct chain_flow_large *l,
                      u32 first_byte, struct state_diff_slot **slot, u32 *cnt,
                      struct chain_flow_entry **entry, struct arena *a);
/* The accounts likewise.  A large one has its root and no slots. */
void chain_flow_accounts(struct chain_flow *f, u32 first_byte,
                         struct state_diff *part,
                         struct chain_flow_entry **entry, struct arena *a);
/* The large account with this hashed address, or NULL. */
struct chain_flow_large *chain_flow_large_of(struct chain_flow *f,
                                             const hash32 *key);
/* Ascending by (key, at), in place. */
void chain_flow_sort(struct chain_flow_entry *e, size_t cnt);
#endif
