/* cmd_schedule.h - backups every so many hours while the node runs. */
#ifndef CMD_CMD_SCHEDULE_H
#define CMD_CMD_SCHEDULE_H
#include "base/base.h"

struct cmd;
struct node;
struct cmd_schedule;

/* c and n must outlive it. */
err cmd_schedule_start(struct cmd_schedule **out, const struct cmd *c,
                       struct node *n, struct errmsg *msg) MUST_USE;
/* One at once, beside its turn; msg is the folder it goes to, or what is wrong
** with it. */
err cmd_schedule_now(struct cmd_schedule *s, struct errmsg *msg) MUST_USE;
void cmd_schedule_stop(struct cmd_schedule *s);
#endif
