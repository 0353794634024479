/* notify.h - tells programs and people what happened on the chain: webhooks
** and mail, as durable queues.
**
** A hook says who is told (a URL or a mail address), of which events
** ("Orders.OrderState"; none named: all), and whose (a party; none: anybody's).
** Each event that suits a hook becomes a delivery, a row of the node's file,
** in one transaction with the height that was read: none is lost by a crash,
** and one may come twice (its number tells).  A delivery that is not taken is
** tried again after 10 s, 1 min, 5 min, 30 min, 2 h, 6 h, 12 h and 24 h, then
** it has failed; it stays in the log and can be sent again by hand.  One
** delivery of a hook is under way at a time, so a target that hangs delays its
** own alone.  While NOTIFY_WAITING_MAX of a hook wait, further ones fail at
** once; of those that ended, the newest NOTIFY_KEEP stay.
**
** What is sent, and how it is signed: notify_send.h.  Where it may go:
** notify_dial.h. */
#ifndef NOTIFY_NOTIFY_H
#define NOTIFY_NOTIFY_H
#include "node/node_user.h"
#include "notify/notify_send.h"
#include "store/store_notify.h"

#define NOTIFY_WAITING_MAX 5000u
#define NOTIFY_KEEP 10000u
#define NOTIFY_EVENTS_MAX 64u /* named in a hook */
#define NOTIFY_TRIES 9u

struct notify_event {
  u64 height;
  const char *name;    /* "Orders.OrderState" */
  slice json;          /* an object: what is sent */
  bool (*names)(const struct notify_event *e, const addr20 *party);
  const void *of;      /* for names: whether it concerns a party */
};
typedef void notify_event_fn(void *ctx, const struct notify_event *e);
/* Tells the events of blocks first to last, in order. */
typedef err notify_source(void *ctx, u64 first, u64 last, notify_event_fn *fn,
                          void *fn_ctx);

struct notify_config {
  struct notify_net net;
  notify_source *source;
  void *source_ctx;
};
struct notify;

err notify_start(struct notify **out, struct node *n,
                 const struct notify_config *cfg, struct errmsg *msg) MUST_USE;
/* Waits for what is being sent: at most 3 * NOTIFY_SEND_MS.  NULL is fine. */
void notify_stop(struct notify *s);

/* Rows as they are; out has STORE_HOOKS_MAX. */
err notify_hooks(struct notify *s, struct store_hook *out, u32 *cnt) MUST_USE;
/* Adds (id 0; a webhook gets a secret) or changes.  ERR_USAGE with what is
** wrong, ERR_LIMIT, ERR_NOT_FOUND. */
err notify_hook_put(struct notify *s, struct store_hook *h, struct errmsg *msg)
    MUST_USE;
err notify_hook_del(struct notify *s, u64 id) MUST_USE;
/* A test message for the hook. */
err notify_test(struct notify *s, u64 hook) MUST_USE;
/* Once more, from the first try on. */
err notify_again(struct notify *s, u64 delivery) MUST_USE;
err notify_log(struct notify *s, struct store_delivery *out, u32 max, u32 *cnt,
               u64 hook, u64 before) MUST_USE;
err notify_body(struct notify *s, struct store_delivery *out, u64 id) MUST_USE;

/* The mail server; host empty: none. */
void notify_server_get(struct notify *s, struct notify_server *out);
err notify_server_put(struct notify *s, const struct notify_server *v,
                      struct errmsg *msg) MUST_USE;

struct notify_stat {
  u64 taken, refused, failed, waiting; /* deliveries, tries, deliveries, now */
};
void notify_stat(struct notify *s, struct notify_stat *out);
#endif
