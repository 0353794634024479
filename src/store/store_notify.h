/* store_notify.h - rows of the tables hook and delivery: who wants to be told
** of events, and what is to be told or was (src/notify/notify.h).
**
** As with store_user.h, the store belongs to one thread at a time, and each
** call that writes is one durable transaction. */
#ifndef STORE_STORE_NOTIFY_H
#define STORE_STORE_NOTIFY_H
#include "base/buf.h"
#include "store/store.h"

#define STORE_HOOKS_MAX 64u
#define STORE_HOOK_TARGET_MAX 1024u
#define STORE_HOOK_FILTER_MAX 2048u

enum store_hook_kind { STORE_HOOK_WEB, STORE_HOOK_MAIL };
struct store_hook {
  u64 id;                              /* 0: a new one */
  enum store_hook_kind kind;
  char target[STORE_HOOK_TARGET_MAX];  /* URL, or mail address */
  char secret[72];                     /* of signatures; mail: empty */
  char filter[STORE_HOOK_FILTER_MAX];  /* JSON: events, party */
  bool active;
  u64 created_ms;
  u64 height;                          /* events up to here are deliveries */
};
/* Up to max rows; *cnt is how many there are, at most STORE_HOOKS_MAX. */
err store_hook_list(struct store *s, struct store_hook *out, u32 max, u32 *cnt)
    MUST_USE;
/* id 0 adds and sets h->id; else all but height is changed. */
err store_hook_put(struct store *s, struct store_hook *h) MUST_USE;
/* And its deliveries. */
err store_hook_del(struct store *s, u64 id) MUST_USE;

enum store_delivery_state {
  STORE_DELIVERY_WAITS, STORE_DELIVERY_TAKEN, STORE_DELIVERY_FAILED
};
struct store_delivery {
  u64 id, hook;
  u64 height;        /* of the event; 0: a test */
  char event[64];    /* "Orders.OrderSaved" */
  enum store_delivery_state state;
  u32 tries, status;
  u64 made_ms, due_ms, tried_ms;
  char answer[512];  /* what the last try gave */
  struct buf body;   /* JSON; of lists empty */
};
/* New ones in order (their ids are set), then each active hook's height at
** least at height: one transaction. */
err store_delivery_add(struct store *s, struct store_delivery *d, u32 cnt,
                       u64 height) MUST_USE;
/* State, tries, status, due, tried, answer. */
err store_delivery_put(struct store *s, const struct store_delivery *d)
    MUST_USE;
/* ERR_NOT_FOUND; the body is appended to out->body. */
err store_delivery_get(struct store *s, struct store_delivery *out, u64 id)
    MUST_USE;
/* The one of a hook that waits and was due first; ERR_NOT_FOUND. */
err store_delivery_next(struct store *s, struct store_delivery *out, u64 hook)
    MUST_USE;
/* Newest first, with ids below before (0: all). */
err store_delivery_list(struct store *s, struct store_delivery *out, u32 max,
                        u32 *cnt, u64 hook, u64 before) MUST_USE;
/* How many of a hook wait. */
err store_delivery_waiting(struct store *s, u64 *cnt, u64 hook) MUST_USE;
/* Of those that do not wait, the newest keep stay. */
err store_delivery_trim(struct store *s, u64 keep) MUST_USE;
#endif
