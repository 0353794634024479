/* cmd_demo.h - dev --demo-shop: a chain of six weeks' trade, by ordinary signed
** transactions of the development accounts.
**
** All of it follows from the tables of cmd_demo_goods.c and a fixed seed; only
** the day on which it ends is today.  Whoever is logged in nowhere sees in
** account 0 a merchant's shop and in account 3 a buyer's purchases.
*/
#ifndef CMD_CMD_DEMO_H
#define CMD_CMD_DEMO_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "node/node.h"
#include "rpc/rpc.h"

#define CMD_DEMO_DAYS 42u /* the chain's age when it is ready */

struct cmd_demo_progress {
  _Atomic u32 day;   /* told while it goes on: up to CMD_DEMO_DAYS */
  _Atomic bool stop; /* asked for: soon ERR_CLOSED */
};
/* Whether the demo shop can be loaded: on a development chain whose accounts
** have no identity yet; else ERR_UNSUPPORTED, ERR_EXISTS and the reason. */
err cmd_demo_check(struct node *n, struct errmsg *msg) MUST_USE;
/* Checks and loads it.  The six weeks end now on a chain that is as old (opened
** with dev_age_s), else they begin with its last block and its clock runs ahead
** from then on.  progress: NULL or told. */
err cmd_demo_fill(struct node *n, struct rpc_server *rpc,
                  struct cmd_demo_progress *progress, struct errmsg *msg)
    MUST_USE;

/*------------------------------------------------------------- the tables */

enum { CMD_DEMO_SHOPS = 3, CMD_DEMO_BUYERS = 6 };
enum cmd_demo_kind { CMD_DEMO_GOODS = 1, CMD_DEMO_FILE, CMD_DEMO_SERVICE };
#define CMD_DEMO_MOTIFS(X) \
  X(BAG) X(CUP) X(POT) X(SHEET) X(LAMP) X(CLOTH) X(VASE) X(BOOK) X(CANDLE) \
  X(TOTE) X(BISCUIT) X(PLATE) X(TICKET) X(MUG) X(BULB) X(PEN) X(INK)
enum cmd_demo_motif {
#define X(name) CMD_DEMO_##name,
  CMD_DEMO_MOTIFS(X)
#undef X
  CMD_DEMO_MOTIF_CNT
};
struct cmd_demo_shop {
  const char *handle, *name, *about;
  enum cmd_demo_motif logo;
};
extern const struct cmd_demo_shop cmd_demo_shop[CMD_DEMO_SHOPS];
extern const char *const cmd_demo_buyer[CMD_DEMO_BUYERS][2]; /* handle, name */

struct cmd_demo_item {
  u8 shop, kind, motif;
  u32 category, price; /* of 1/1000 CMT */
  u32 stock;
  const char *title, *body;
  const char *tags;     /* by commas, as variants are; the first is the
                        ** listing's own price, each further one 10 % more */
  const char *variants;
};
extern const struct cmd_demo_item cmd_demo_item[];
extern const u32 cmd_demo_item_cnt;
/* What buyers write with so many stars (3 to 5), and sellers in reply. */
extern const char *const cmd_demo_praise[3][6];
extern const char *const cmd_demo_thanks[4];

/* A drawing in a colour by seed, as a PNG file. */
void cmd_demo_picture(struct buf *out, enum cmd_demo_motif motif, u32 seed);

/*-------------------------------------------------------------- the calls */

/* value in the words of its type: 12, 0xab, (1,[2,3],"text"); appended is the
** calldata of a method such as "ship(uint64,bytes32)". */
err cmd_demo_encode(struct buf *out, struct arena *a, const char *method,
                    const char *value, struct errmsg *msg) MUST_USE;
#endif
