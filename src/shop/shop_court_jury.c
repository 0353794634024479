/* shop_court_jury.c - of Court (0x..1015): jurors, what governance sets, what
** anybody may ask. */
#include "shop/shop_court_int.h"

#define ID(what, name) shop_court_##what##_##name
#define COURT_MONEY_MAX ((u128)1000000 * 1000 * MODULE_MILLI) /* of a rule */

enum { COURT_BARRED = 3 };

/*-------------------------------------------------------------------- jurors */

static enum module_end court_own_juror(struct module_call *c, addr20 *me,
                                       court_juror_t *j, u8 state) {
  if (shop_self(c, me) != MODULE_DONE) return MODULE_REVERTED;
  shop_court_juror_get(c, j, me);
  if (j->state == 0) return shop_missing(c, COURT_JUROR, module_key_addr(me));
  if (j->state != state)
    return shop_wrong(c, COURT_JUROR, module_key_addr(me), j->state);
  return MODULE_DONE;
}

/* He may sit in these courts with this stake. */
static enum module_end court_fit(struct module_call *c, const addr20 *me,
                                 u16 courts, u128 stake) {
  addr20 anchor;
  court_def_t d;
  if (!shop_person(c, &anchor, me))
    return MODULE_FAIL_COMMON(c, human_required, .party = *me);
  if (shop_not_sanctioned(c, me, COURT_BARRED) != MODULE_DONE)
    return MODULE_REVERTED;
  for (u8 i = 0; i < COURT_COURTS; i++) {
    if (!(courts >> i & 1)) continue;
    shop_court_def_get(c, &d, i + 1);
    if (d.state == 0) return shop_missing(c, COURT_COURT, u256_from(i + 1));
    if (stake < d.min_stake)
      return MODULE_FAIL_COMMON(c, out_of_range, .field = {"stake"},
                                .value = module_word_of(stake),
                                .min = module_word_of(d.min_stake),
                                .max = module_word_of(MODULE_AMOUNT_MAX));
  }
  return MODULE_DONE;
}

MODULE_DO(stake) {
  addr20 me;
  court_juror_t j;
  if (shop_self(c, &me) != MODULE_DONE) return MODULE_REVERTED;
  u256 key = module_key_addr(&me);
  shop_court_juror_get(c, &j, &me);
  if (j.state != COURT_ACTIVE && shop_new_record(c) != MODULE_DONE)
    return MODULE_REVERTED;
  if (j.state == COURT_LEAVING)
    return shop_wrong(c, COURT_JUROR, key, j.state);
  u128 more = shop_court_value(c);
  if (more == 0) return MODULE_FAIL_COMMON(c, zero_amount);
  if (more > MODULE_AMOUNT_MAX - j.stake)
    return MODULE_FAIL_COMMON(c, amount_too_large);
  if (court_fit(c, &me, in->courts, j.stake + more) != MODULE_DONE ||
      module_take(c, &court_none, more) != MODULE_DONE)
    return MODULE_REVERTED;
  j.stake += more;
  shop_court_pools(c, &me, j.courts, in->courts);
  j.courts = in->courts;
  if (j.state != COURT_ACTIVE) {
    j.state = COURT_ACTIVE;
    j.layout = 1;
    if (j.created == 0) j.created = c->now_s;
    shop_opened(c, &me, 1);
    module_timer_set(c, (struct module_header *)&j, COURT_JUROR, &key,
                     c->now_s + COURT_SETTING(idleMax));
  }
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

MODULE_DO(set_courts) {
  addr20 me;
  court_juror_t j;
  if (court_own_juror(c, &me, &j, COURT_ACTIVE) != MODULE_DONE ||
      court_fit(c, &me, in->courts, j.stake) != MODULE_DONE)
    return MODULE_REVERTED;
  shop_court_pools(c, &me, j.courts, in->courts);
  j.courts = in->courts;
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

MODULE_DO(leave_jury) {
  addr20 me;
  court_juror_t j;
  if (court_own_juror(c, &me, &j, COURT_ACTIVE) != MODULE_DONE)
    return MODULE_REVERTED;
  if (j.seats) return MODULE_FAIL(c, seats_open);
  u256 key = module_key_addr(&me);
  shop_court_pools(c, &me, j.courts, 0);
  j.courts = 0;
  j.state = COURT_LEAVING;
  j.leave_at = c->now_s + COURT_SETTING(leaveDelay);
  module_timer_set(c, (struct module_header *)&j, COURT_JUROR, &key,
                   j.leave_at);
  shop_court_juror_put(c, &j, &me);
  return MODULE_DONE;
}

/* Left, or nothing heard of him for long: the stake goes back. */
void shop_court_juror_due(struct module_call *c, const u256 *key) {
  addr20 who;
  court_juror_t j;
  u64 idle = COURT_SETTING(idleMax);
  u256_to_addr(&who, key);
  shop_court_juror_get(c, &j, &who);
  bool active = j.state == COURT_ACTIVE;
  j.deadline = 0;
  if (active && (j.seats || c->now_s < j.updated + idle)) {
    module_timer_set(c, (struct module_header *)&j, COURT_JUROR, key,
                     j.seats ? c->now_s + SHOP_DAY : j.updated + idle);
    shop_court_juror_save(c, &j, &who);
    return;
  }
  shop_court_pools(c, &who, j.courts, 0);
  j.courts = 0;
  j.state = active ? COURT_DORMANT : COURT_LEFT;
  module_pay(c, &court_none, &who, j.stake, COURT_JUROR, key, COURT_WHY_STAKE);
  j.stake = 0;
  shop_opened(c, &who, -1);
  shop_court_juror_put(c, &j, &who);
}

/*---------------------------------------------------------------- governance */

/* Within what the parameter of that name may be. */
static enum module_end court_in_range(struct module_call *c, u32 param,
                                      u128 v) {
  const struct module_setting *s =
      module_row_at(c->def, MODULE_ROW_SETTING, param)->setting;
  u128 min = (u128)s->min * s->scale, max = (u128)s->max * s->scale;
  hash32 name = {{0}};
  if (v >= min && v <= max) return MODULE_DONE;
  memcpy(name.b, s->name, strlen(s->name));
  return MODULE_FAIL_COMMON(c, out_of_range, .field = name,
                            .value = module_word_of(v),
                            .min = module_word_of(min),
                            .max = module_word_of(max));
}

/* A number that is 0 is as the parameter of its name is now. */
MODULE_DO(set_court) {
  const struct shop_court_struct_court *a = &in->a;
  enum { STAKE, FEE, JURORS, ROUNDS, EVIDENCE, COMMIT, REVEAL, APPEAL, CNT };
  static const u32 param[CNT] = {
    [STAKE] = shop_court_param_minStake, [FEE] = shop_court_param_jurorFee,
    [JURORS] = shop_court_param_jurors0, [ROUNDS] = shop_court_param_maxRounds,
    [EVIDENCE] = shop_court_param_evidence,
    [COMMIT] = shop_court_param_commit, [REVEAL] = shop_court_param_reveal,
    [APPEAL] = shop_court_param_appeal};
  u128 v[CNT] = {
    [STAKE] = a->minStake, [FEE] = a->jurorFee, [JURORS] = a->jurors0,
    [ROUNDS] = a->maxRounds, [EVIDENCE] = a->evidence,
    [COMMIT] = a->commitTime, [REVEAL] = a->revealTime,
    [APPEAL] = a->appealTime};
  court_def_t d;
  u256 key = u256_from(in->id);
  if (in->id == 0 || in->id > COURT_COURTS)
    return shop_range(c, "id", in->id, 1, COURT_COURTS);
  for (u32 i = 0; i < CNT; i++) {
    if (v[i] == 0) v[i] = module_setting_money(c, param[i]);
    if (court_in_range(c, param[i], v[i]) != MODULE_DONE)
      return MODULE_REVERTED;
  }
  if (v[JURORS] % 2 == 0)
    return shop_range(c, "jurors0", (u64)v[JURORS], 3, 7);
  shop_court_def_get(c, &d, in->id);
  d = (court_def_t){
    .state = 1, .layout = 1, .created = d.state ? d.created : c->now_s,
    .updated = c->now_s, .policy = a->policy, .min_stake = v[STAKE],
    .juror_fee = v[FEE], .jurors0 = (u8)v[JURORS],
    .max_rounds = (u8)v[ROUNDS], .evidence = (u32)v[EVIDENCE],
    .commit = (u32)v[COMMIT], .reveal = (u32)v[REVEAL],
    .appeal = (u32)v[APPEAL]};
  module_record_put(c, COURT_FIELD(court), &key, &d);
  MODULE_EMIT(c, court_saved, .id = in->id,
              .record = module_record_bytes(c, COURT_FIELD(court), &key, &d));
  return MODULE_DONE;
}

/* maxLevel 0: closed. */
MODULE_DO(set_rule) {
  const struct shop_court_struct_rule *a = &in->a;
  struct shop_court_record_rule r;
  court_def_t d;
  u256 key = u256_from(in->id);
  shop_court_def_get(c, &d, a->court);
  if (d.state == 0) return shop_missing(c, COURT_COURT, u256_from(a->court));
  if (in->id == 0) return shop_range(c, "id", 0, 1, UINT16_MAX);
  if (a->maxLevel > COURT_BAN_LEVEL)
    return shop_range(c, "maxLevel", a->maxLevel, 0, COURT_BAN_LEVEL);
  bool fines = a->maxLevel >= 2;
  if (a->bond > COURT_MONEY_MAX || a->fineMax > COURT_MONEY_MAX ||
      (fines && a->fineMax == 0))
    return MODULE_FAIL_COMMON(
        c, out_of_range, .field = {"money"},
        .value = module_word_of(a->bond > COURT_MONEY_MAX ? a->bond
                                                          : a->fineMax),
        .min = u256_from(fines), .max = module_word_of(COURT_MONEY_MAX));
  module_record_get(c, COURT_FIELD(rule), &r, &key);
  r = (struct shop_court_record_rule){
    .state = a->maxLevel ? 1 : 2, .layout = 1,
    .created = r.state ? r.created : c->now_s, .updated = c->now_s,
    .court = a->court, .max_level = a->maxLevel, .severe = a->severe,
    .bond = a->bond, .fine_max = a->fineMax, .doc = a->doc};
  module_record_put(c, COURT_FIELD(rule), &key, &r);
  MODULE_EMIT(c, rule_saved, .id = in->id,
              .record = module_record_bytes(c, COURT_FIELD(rule), &key, &r));
  return MODULE_DONE;
}

/*--------------------------------------------------------------------- views */

MODULE_DO(accuse_cost) {
  struct shop_court_record_rule rule;
  court_def_t d;
  if (shop_court_rule(c, &rule, in->rule) != MODULE_DONE) return MODULE_REVERTED;
  shop_court_def_get(c, &d, rule.court);
  out->bond = module_word_of(
      shop_court_bond_of(c, &rule, &d, &in->claimant, in->emergency));
  return MODULE_DONE;
}

/* Of the next seat, in the smallest court that he sits in. */
MODULE_DO(odds) {
  court_juror_t j;
  u32 ppm = 0;
  shop_court_juror_get(c, &j, &in->juror);
  for (u8 i = 0; i < COURT_COURTS; i++) {
    if (!(j.courts >> i & 1)) continue;
    u32 size = shop_court_pool_size(c, i + 1);
    if (size && 1000000 / size > ppm) ppm = 1000000 / size;
  }
  out->ppm = u256_from(ppm);
  return MODULE_DONE;
}

MODULE_DO(seat_of) {
  struct shop_court_record_seat_place p;
  court_seat_t s;
  u256 part[2] = {u256_from(in->id), module_key_addr(&in->juror)}, key;
  module_key_of(&key, part, 2);
  module_record_get(c, COURT_FIELD(seat_place), &p, &key);
  if (p.at == 0) return MODULE_FAIL(c, not_seated);
  shop_court_seat_get(c, &s, in->id, p.round, p.at - 1);
  key = shop_court_key(in->id, p.round, p.at - 1u, 3);
  out->r = module_record_abi(c, COURT_FIELD(seat), &key, &s);
  return MODULE_DONE;
}

#undef ID
#undef COURT_MONEY_MAX
