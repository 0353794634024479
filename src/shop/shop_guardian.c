/* shop_guardian.c - of Identity (0x..1010): guardians, and how they give an
** identity whose key is lost to another key; see identity.def.
**
** Guardians: two sets, one in force and one to come
**   setGuardians (the controller)   -> the first set at once; any other after
**                                      the delay of the one in force
** Recovery (key: anchor; the identity is Recovering as long as it runs)
**   none       startRecovery (a guardian, who approves by that)
**                                   -> Running, until now + delay
**   Running    approveRecovery (guardians, each once)
**              cancelRecovery (the controller, as long as not all of them have
**              approved)            -> Ended
**              at the deadline      -> Ended; with approvals enough, and if the
**              new key is still free, the identity obeys it from then on
** What fell due meanwhile (the set to come, the end of a humanity) happens when it
** ends, and before another begins.  So who steals the key can neither swap the
** guardians before they act, as his set waits for the delay, nor veto all of
** them; and a recovery that succeeds drops the set to come, which the lost key
** named.  A new recovery has a new number, by which old approvals do not count.
**
** Limits: guardiansMax guardians, none of them the anchor, its controller or
** nobody; threshold from half of them, rounded up, to all; delay from
** recoveryDelayMin to 30 days.  No guardians: no recovery. */
#include "shop/shop_identity_part.h"

#define ID(what, name) shop_identity_##what##_##name
#define TABLE(name) &shop_identity_table_##name

enum { GUARDIAN_HALF = 128, GUARDIAN_DELAY_DAYS = 30 };
enum { GUARDIAN_RUNNING = 1, GUARDIAN_ENDED };

typedef struct shop_identity_record_recovery guardian_recovery_t;

/*----------------------------------------------------------------- the sets */

/* Two sets have their places, 0.. and 128..; one is in force, the other is that
** to come. */
static u32 guardian_half(const ident_t *r, bool next) {
  return !!(r->flags & IDENT_FLAG_HALF) == next ? 0 : GUARDIAN_HALF;
}
static u256 guardian_key(const addr20 *anchor, u32 place) {
  u256 part[2] = {module_key_addr(anchor), u256_from(place)}, key;
  module_key_of(&key, part, 2);
  return key;
}
static void guardian_put(struct module_call *c, const addr20 *anchor,
                         u32 place, const addr20 *who, u32 approved) {
  struct shop_identity_record_guardian g = {
    .anchor = *anchor, .index = place, .guardian = *who, .approved = approved};
  u256 key = guardian_key(anchor, place);
  module_record_put(c, TABLE(guardian), &key, &g);
}
static addr20 guardian_get(struct module_call *c, const addr20 *anchor,
                           u32 place, u32 *approved) {
  struct shop_identity_record_guardian g;
  u256 key = guardian_key(anchor, place);
  module_record_get(c, TABLE(guardian), &g, &key);
  *approved = g.approved;
  return g.guardian;
}
/* Nothing is copied: a deadline has not the gas. */
void shop_guardians_take_over(ident_t *r) {
  r->flags ^= IDENT_FLAG_HALF;
  r->guardian_cnt = r->next_cnt;
  r->threshold = r->next_threshold;
  r->delay = r->next_delay;
  r->next_at = 0;
}

static enum module_end guardian_check(
    struct module_call *c, const addr20 *anchor, const ident_t *r,
    const struct shop_identity_in_set_guardians *in) {
  u32 cnt = in->guardians.cnt;
  u64 most = module_setting_get(c, shop_identity_param_guardiansMax);
  u64 least = module_setting_get(c, shop_identity_param_recoveryDelayMin);
  if (cnt > most)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"guardians"},
                              .max = u256_from(most));
  for (u32 i = 0; i < cnt; i++) {
    addr20 who, other;
    module_list_addr(&who, &in->guardians, i);
    if (shop_is_nobody(&who)) return MODULE_FAIL_COMMON(c, bad_address);
    if (addr20_eq(&who, anchor) || addr20_eq(&who, &r->controller))
      return MODULE_FAIL(c, guardian_self);
    for (u32 k = 0; k < i; k++) {
      module_list_addr(&other, &in->guardians, k);
      if (addr20_eq(&who, &other))
        return MODULE_FAIL_COMMON(c, duplicate, .what = {"guardians"});
    }
  }
  if (cnt && (in->threshold == 0 || in->threshold > cnt ||
              2u * in->threshold < cnt))
    return MODULE_FAIL(c, threshold_range);
  if (cnt && (in->delay < least || in->delay > GUARDIAN_DELAY_DAYS * SHOP_DAY))
    return MODULE_FAIL_COMMON(c, out_of_range, .field = {"delay"},
                              .value = u256_from(in->delay),
                              .min = u256_from(least),
                              .max = u256_from(GUARDIAN_DELAY_DAYS * SHOP_DAY));
  return MODULE_DONE;
}

MODULE_DO(set_guardians) {
  addr20 anchor, who;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, IDENT_ACTIVE) != MODULE_DONE ||
      guardian_check(c, &anchor, &r, in) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u32 i = 0; i < in->guardians.cnt; i++) {
    module_list_addr(&who, &in->guardians, i);
    guardian_put(c, &anchor, guardian_half(&r, true) + i, &who, 0);
  }
  r.next_cnt = (u8)in->guardians.cnt;
  r.next_threshold = in->threshold;
  r.next_delay = in->delay;
  if (r.guardian_cnt == 0) shop_guardians_take_over(&r);
  else r.next_at = c->now_s + r.delay;
  shop_ident_arm(c, &anchor, &r);
  MODULE_EMIT(c, guardians_set, .anchor = anchor, .guardians = in->guardians,
              .threshold = in->threshold, .delay = in->delay);
  shop_ident_put(c, &anchor, &r);
  return MODULE_DONE;
}

/* The sender's place among the guardians; false when it is none. */
static bool guardian_is(struct module_call *c, const addr20 *anchor,
                        const ident_t *r, u32 *index, u32 *approved) {
  addr20 me;
  if (!shop_ident_party(c, &me, &c->sender)) return false;
  for (*index = 0; *index < r->guardian_cnt; ++*index) {
    addr20 who = guardian_get(c, anchor, guardian_half(r, false) + *index,
                              approved);
    if (addr20_eq(&who, &me) || addr20_eq(&who, &c->sender)) return true;
  }
  return false;
}

/* As guardian_get, of the one slot that says who. */
static addr20 guardian_addr(struct module_call *c, const addr20 *anchor,
                            u32 place) {
  u256 key = guardian_key(anchor, place), slot, one = u256_from(1), v;
  addr20 out;
  module_slot_of(&slot, shop_identity_table_guardian.type, &key);
  u256_add(&slot, &slot, &one);
  evm_native_slot(c->n, &v, &slot);
  u256_to_addr(&out, &v);
  return out;
}
bool shop_guardian_among(struct module_call *c, const addr20 *anchor,
                         const ident_t *r, const addr20 *a, const addr20 *b) {
  for (u32 i = 0; i < r->guardian_cnt; i++) {
    addr20 who = guardian_addr(c, anchor, guardian_half(r, false) + i);
    if (addr20_eq(&who, a) || addr20_eq(&who, b)) return true;
  }
  return false;
}

/*----------------------------------------------------------------- recovery */

static void guardian_approve(struct module_call *c, const addr20 *anchor,
                             const ident_t *r, guardian_recovery_t *rec,
                             u32 index) {
  u256 key = module_key_addr(anchor);
  u32 approved, place = guardian_half(r, false) + index;
  rec->approvals |= (u16)(1u << index);
  rec->updated = c->now_s;
  addr20 guardian = guardian_get(c, anchor, place, &approved);
  guardian_put(c, anchor, place, &guardian, r->recoveries);
  module_record_put(c, TABLE(recovery), &key, rec);
  MODULE_EMIT(c, recovery_approved, .anchor = *anchor, .guardian = c->sender);
}

/* An identity in this state, for the sender as a guardian of it. */
static enum module_end guardian_open(struct module_call *c, ident_t *r,
                                     const addr20 *anchor, u8 state,
                                     u32 *index, u32 *approved) {
  u256 key = module_key_addr(anchor);
  if (!shop_ident_get(c, r, anchor))
    return shop_missing(c, IDENT_IDENTITY, key);
  /* What is due is first: who begins again and again would put off for ever
  ** those who are to replace him, or the end of a humanity. */
  if (r->state == IDENT_ACTIVE) shop_ident_due(c, anchor, r);
  if (!guardian_is(c, anchor, r, index, approved))
    return MODULE_FAIL(c, not_guardian);
  if (r->state != state) return shop_wrong(c, IDENT_IDENTITY, key, r->state);
  return MODULE_DONE;
}

MODULE_DO(start_recovery) {
  ident_t r;
  u32 index, approved;
  u256 key = module_key_addr(&in->anchor);
  if (guardian_open(c, &r, &in->anchor, IDENT_ACTIVE, &index, &approved) !=
      MODULE_DONE)
    return MODULE_REVERTED;
  if (shop_ident_next_free(c, &in->anchor, &in->next) != MODULE_DONE)
    return MODULE_REVERTED;
  guardian_recovery_t rec = {
    .state = GUARDIAN_RUNNING, .layout = 1, .created = c->now_s, .next = in->next};
  r.state = IDENT_RECOVERING;
  r.recoveries++;
  module_timer_set(c, (struct module_header *)&r, IDENT_IDENTITY, &key,
                   c->now_s + r.delay);
  MODULE_EMIT(c, recovery_started, .anchor = in->anchor, .next = in->next,
              .executeAt = r.deadline);
  guardian_approve(c, &in->anchor, &r, &rec, index);
  shop_ident_put(c, &in->anchor, &r);
  return MODULE_DONE;
}

static void guardian_load(struct module_call *c, guardian_recovery_t *rec,
                          const addr20 *anchor) {
  u256 key = module_key_addr(anchor);
  module_record_get(c, TABLE(recovery), rec, &key);
}

MODULE_DO(approve_recovery) {
  guardian_recovery_t rec;
  ident_t r;
  u32 index, approved;
  if (guardian_open(c, &r, &in->anchor, IDENT_RECOVERING, &index,
                    &approved) != MODULE_DONE)
    return MODULE_REVERTED;
  if (approved == r.recoveries)
    return MODULE_FAIL_COMMON(c, duplicate, .what = {"approval"});
  guardian_load(c, &rec, &in->anchor);
  guardian_approve(c, &in->anchor, &r, &rec, index);
  return MODULE_DONE;
}

/* Back to Active, whatever came of it; acted: not by time alone. */
static void guardian_end(struct module_call *c, const addr20 *anchor,
                         ident_t *r, bool changed, bool acted) {
  guardian_recovery_t rec;
  u256 key = module_key_addr(anchor);
  guardian_load(c, &rec, anchor);
  rec.state = GUARDIAN_ENDED;
  rec.updated = c->now_s;
  module_record_put(c, TABLE(recovery), &key, &rec);
  r->state = IDENT_ACTIVE;
  r->deadline = 0;
  if (acted) r->updated = c->now_s;
  shop_ident_due(c, anchor, r);
  shop_ident_arm(c, anchor, r);
  MODULE_EMIT(c, recovery_ended, .anchor = *anchor, .changed = changed);
  shop_ident_save(c, anchor, r);
}

MODULE_DO(cancel_recovery) {
  guardian_recovery_t rec;
  addr20 anchor;
  ident_t r;
  if (shop_ident_own(c, &anchor, &r, IDENT_RECOVERING) != MODULE_DONE)
    return MODULE_REVERTED;
  guardian_load(c, &rec, &anchor);
  if ((u32)__builtin_popcount(rec.approvals) >= r.guardian_cnt)
    return shop_refused(c);
  guardian_end(c, &anchor, &r, false, true);
  return MODULE_DONE;
}

void shop_recovery_due(struct module_call *c, const addr20 *anchor,
                       ident_t *r) {
  guardian_recovery_t rec;
  guardian_load(c, &rec, anchor);
  bool enough = (u32)__builtin_popcount(rec.approvals) >= r->threshold &&
                shop_ident_may_control(c, anchor, &rec.next);
  if (enough) {
    shop_ident_hand_over(c, anchor, r, &rec.next);
    r->next_at = 0; /* the lost key named those */
  }
  guardian_end(c, anchor, r, enough, enough);
}
#undef ID
#undef TABLE
