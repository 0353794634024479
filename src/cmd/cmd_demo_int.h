/* cmd_demo_int.h - what the demo shop's files share: cmd_demo.c (trade),
** cmd_demo_court.c (jurors and cases), cmd_demo_coin.c (an ERC-20),
** cmd_demo_send.c (transactions). */
#ifndef CMD_CMD_DEMO_INT_H
#define CMD_CMD_DEMO_INT_H
#include "cmd/cmd_demo.h"
#include "module/module.h"

enum { DEMO_IDENTITY = 0x1010, DEMO_PLATFORM, DEMO_MARKET, DEMO_ORDERS,
       DEMO_MEDIATION, DEMO_COURT };
enum {
  DEMO_ACCOUNTS = 10, /* of the development chain */
  DEMO_OPERATOR = 9,
  DEMO_OTHERS = 7,    /* whose keys are the demo's own: court's people */
  DEMO_PEOPLE = DEMO_ACCOUNTS + DEMO_OTHERS,
  DEMO_CASES = 2, DEMO_SENT_MAX = 512
};
#define DEMO_MILLI "000000000000000" /* after an amount in 1/1000 CMT */
#define DEMO_MICRO "000"             /* and in 1/1000 DEUR */

struct demo_order;
struct demo_sent {
  hash32 hash, event;
  u64 *id;           /* NULL: not wanted */
  const char *method;
};
struct demo {
  struct node *n;
  struct rpc_server *rpc;
  struct cmd_demo_progress *progress;
  struct errmsg *msg;
  struct arena mem;  /* of what waits for a block */
  u8 key[DEMO_PEOPLE][32];
  addr20 addr[DEMO_PEOPLE];
  char hex[DEMO_PEOPLE][43];
  u64 nonce[DEMO_PEOPLE];
  u64 governed;      /* transactions of governance */
  u64 begin_ms, seed;
  struct demo_sent sent[DEMO_SENT_MAX];
  u32 sent_cnt;
  u64 *listing, table[CMD_DEMO_SHOPS], platform[2], plan[2];
  struct demo_order *order;
  u32 order_cnt;
  u64 job[4], job_order[4], invoice[16], invoice_order[16];
  u64 court_case[DEMO_CASES];
  addr20 coin;       /* DEUR */
  char coin_hex[43];
};

/* The hash of a document as text, until the next block; the node keeps the
** bytes.  text: {"key":"text"}. */
const char *cmd_demo_keep(struct demo *d, slice bytes);
const char *cmd_demo_text(struct demo *d, const char *key, const char *text);

/* Signs a call of a module and gives it to the pool; value of 1/1000 CMT.  id
** is set from the event's first topic when the block is made. */
err cmd_demo_send(struct demo *d, u32 who, u32 module, u64 value_m, u64 *id,
                  const char *event, const char *method, const char *fmt, ...)
    MUST_USE __attribute__((format(printf, 8, 9)));
/* The same of any contract; a contract made. */
err cmd_demo_call(struct demo *d, u32 who, const addr20 *to, const char *method,
                  const char *fmt, ...)
    MUST_USE __attribute__((format(printf, 5, 6)));
err cmd_demo_create(struct demo *d, u32 who, slice code) MUST_USE;
/* So many 1/1000 CMT to another. */
err cmd_demo_give(struct demo *d, u32 who, u32 to, u64 value_m) MUST_USE;
/* A call in the name of governance, which has no key: as a development chain
** lets any account act. */
err cmd_demo_govern(struct demo *d, u32 module, const char *method,
                    const char *args) MUST_USE;
/* A block of what was sent, at ms after the beginning. */
err cmd_demo_block(struct demo *d, u64 ms) MUST_USE;
/* A record of a module as the last block left it. */
err cmd_demo_record(struct demo *d, u32 module, const struct module_record *t,
                    const u256 *key, void *out) MUST_USE;

/* The money of its own: made on the first day; orders paid in it. */
err cmd_demo_coin_open(struct demo *d) MUST_USE;
err cmd_demo_coin_orders(struct demo *d) MUST_USE;

/* The court: its people on the first day, in blocks until ms; what they do by
** day, in the morning ('S') and later ('B'), before its block. */
err cmd_demo_court_open(struct demo *d, u64 ms) MUST_USE;
err cmd_demo_court_day(struct demo *d, u32 day, char by) MUST_USE;
#endif
