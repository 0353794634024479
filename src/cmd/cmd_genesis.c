/* cmd_genesis.c - genesis: writes the genesis file of a new chain, and shows a
** chain's settings.
**
** make OPERATOR [ACCOUNT...]: the chain that `run` makes by itself, with the
** operator's address given: 1,000,000,000 CMT for each account (for the operator
** when none is named), credits on, 100,000,000 CMT of stake for the operator.
** The validator has no key: that of the file which `init` makes is filled in.
*/
#include <stdio.h>

#include "chain/chain_genesis.h"
#include "cmd/cmd.h"
#include "codec/hex.h"
#include "node/node.h"
#include "store/store.h"

#define GENESIS_ACCOUNTS 198u
#define GENESIS_CMT 1000000000ull
#define GENESIS_STAKE 100000000000000000ull /* gwei */

static err genesis_make(struct buf *out, const struct cmd *c,
                        struct errmsg *msg) {
  struct chain_genesis g;
  struct arena a;
  addr20 who[GENESIS_ACCOUNTS + 1];
  u256 balance, unit = u256_from(1000000000000000000ull);
  u256 cmt = u256_from(GENESIS_CMT);
  u64 id = c->cfg.networkid;
  u32 cnt = c->arg_cnt - 1, r;
  for (u32 i = 0; i < cnt; i++) {
    const char *text = c->arg[1 + i];
    if (strlen(text) != 42 || text[0] != '0' || text[1] != 'x' ||
        hex_decode(who[i].b, text + 2, 40) < 0)
      return err_say(msg, ERR_USAGE, "%s is no address: 0x and 40 hex digits",
                     text);
  }
  node_random(&r, sizeof r);
  if (!id) id = (1u << 20) + r % ((1u << 31) - (1u << 20));
  u256_mul(&balance, &unit, &cmt);
  arena_init(&a, 1 << 16, 0);
  chain_genesis_default(&g, id, &who[0], NULL, node_clock_ms() / 1000,
                        cnt > 1 ? who + 1 : who, cnt > 1 ? cnt - 1 : 1,
                        &balance, &a);
  chain_genesis_set_credits(&g, &who[0], GENESIS_STAKE, &a);
  chain_genesis_write(out, &g);
  arena_fini(&a);
  return ERR_OK;
}

static err genesis_show(struct buf *out, const struct cmd *c,
                        struct errmsg *msg) {
  struct errmsg closing;
  struct store *s;
  TRY(store_open(&s, c->db_path, STORE_READ_ONLY, msg));
  err e = store_meta_get(s, out, "genesis");
  if (e == ERR_NOT_FOUND) err_say(msg, e, "%s has no chain yet", c->db_path);
  else if (e < 0) err_say(msg, e, "%s", store_error(s));
  err end = store_close(s, &closing);
  if (e == ERR_OK && end < 0) *msg = closing;
  return e < 0 ? e : end;
}

int cmd_genesis(struct cmd *c) {
  struct errmsg msg = {""};
  struct buf out;
  bool make = strcmp(c->arg[0], "make") == 0;
  if (!(make ? c->arg_cnt > 1
             : strcmp(c->arg[0], "show") == 0 && c->arg_cnt == 1)) {
    err_say(&msg, ERR_USAGE, "genesis make OPERATOR [ACCOUNT...], genesis show");
    return cmd_fail(ERR_USAGE, &msg);
  }
  buf_init(&out, 0);
  err e = make ? genesis_make(&out, c, &msg) : genesis_show(&out, c, &msg);
  if (e == ERR_OK) printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}

#undef GENESIS_ACCOUNTS
#undef GENESIS_CMT
#undef GENESIS_STAKE
