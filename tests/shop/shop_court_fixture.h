/* shop_court_fixture.h - a chain with many verified humans who may sit in court:
** calls as any of them, records read from storage, and Court's invariants. */
#ifndef TESTS_SHOP_COURT_FIXTURE_H
#define TESTS_SHOP_COURT_FIXTURE_H
#include "shop/shop_trade.h"

#include "shop/shop.h"
#include "shop/shop_court.h"

#define COURT 0x1015
#define IDENTITY 0x1010
#define SJ_JURORS_MAX 120
enum { SJ_FILED = 1, SJ_EVIDENCE, SJ_DRAWING, SJ_COMMIT, SJ_REVEAL, SJ_APPEAL,
       SJ_ENFORCED, SJ_CLOSED };
enum { SJ_DRAWN = 1, SJ_COMMITTED, SJ_REVEALED, SJ_LEFT, SJ_TOLD, SJ_ABSENT,
       SJ_COHERENT, SJ_INCOHERENT };
#define SJ_PANEL 255u

struct sj {
  struct sf f;
  addr20 juror[SJ_JURORS_MAX];
  u32 jurors;
};
typedef struct shop_court_record_case sj_case_t;
typedef struct shop_court_record_round sj_round_t;
typedef struct shop_court_record_seat sj_seat_t;
typedef struct shop_court_record_juror sj_juror_t;

/*------------------------------------------------------------------ storage */

static inline u256 sj_key(u64 a, u64 b, u64 c, u32 cnt) {
  u256 part[3] = {u256_from(a), u256_from(b), u256_from(c)}, key;
  module_key_of(&key, part, cnt);
  return key;
}
static inline sj_case_t sj_case(struct sf *f, u64 id) {
  sj_case_t k;
  u256 key = u256_from(id);
  sf_record(f, COURT, &shop_court_table_case, &k, &key);
  return k;
}
static inline u8 sj_state(struct sf *f, u64 id) { return sj_case(f, id).state; }
static inline sj_round_t sj_round(struct sf *f, u64 id, u8 round) {
  sj_round_t r;
  u256 key = sj_key(id, round, 0, 2);
  sf_record(f, COURT, &shop_court_table_round, &r, &key);
  return r;
}
static inline sj_seat_t sj_seat(struct sf *f, u64 id, u8 round, u16 i) {
  sj_seat_t s;
  u256 key = sj_key(id, round, i, 3);
  sf_record(f, COURT, &shop_court_table_seat, &s, &key);
  return s;
}
static inline sj_juror_t sj_juror(struct sf *f, const addr20 *who) {
  sj_juror_t j;
  u256 key = module_key_addr(who);
  sf_record(f, COURT, &shop_court_table_juror, &j, &key);
  return j;
}
static inline u128 sj_fund(struct sf *f) {
  struct shop_court_record_fund r;
  u256 key = U256_ZERO;
  sf_record(f, COURT, &shop_court_table_fund, &r, &key);
  return r.fund;
}
static inline u32 sj_pool(struct sf *f, u8 court) {
  struct shop_court_record_pool_size r;
  u256 key = u256_from(court);
  sf_record(f, COURT, &shop_court_table_pool_size, &r, &key);
  return r.live;
}

/*-------------------------------------------------------------------- calls */

/* What f->args says, by anybody, between two blocks. */
static inline bool sj_send(struct sf *f, const addr20 *who, u32 module,
                           u128 value) {
  u256 v = module_word_of(value);
  sf_ask_as(f, who, module, &v);
  if (!f->ok) return false;
  sf_commit(f);
  for (u32 i = 0; i < CF_USERS; i++)
    f->cf.nonce[i] += addr20_eq(who, &f->cf.user[i]);
  return true;
}
#define SJ_CMT ((u128)SF_CMT)
static inline bool sj_as(struct sf *f, const addr20 *who, u128 value,
                         const char *signature, const char *kinds, ...) {
  va_list ap;
  va_start(ap, kinds);
  sf_args(f, signature, kinds, ap);
  va_end(ap);
  return sj_send(f, who, COURT, value);
}
static inline u64 sj_accuse(struct sf *f, const addr20 *who, u128 bond,
                            u64 rule, u64 module, u64 t, u64 subject,
                            const addr20 *accused, u64 doc, u64 emergency) {
  return sj_as(f, who, bond,
               "accuse(uint16,uint16,uint8,uint64,address,bytes32,bool)",
               "uuuuauu", rule, module, t, subject, accused, doc, emergency)
             ? sf_word(f, 0) : 0;
}

/*-------------------------------------------------------------------- people */

static inline addr20 sj_address(u32 i) {
  addr20 a = {{0}};
  store_be32(a.b, 0x77000000 + i);
  store_be32(a.b + 16, (i + 1) * 2654435761u);
  return a;
}
/* A verified human: user 0 is the issuer. */
static inline void sj_human(struct sf *f, const addr20 *who, u64 nullifier) {
  sf_call_of(f, "create(uint8,bytes32,bytes32)");
  sf_u(f, 1), sf_u(f, 0), sf_u(f, 0);
  assert_true(sj_send(f, who, IDENTITY, 0));
  sf_call_of(f, "attestHuman(address,bytes32,uint64)");
  sf_a(f, who), sf_u(f, nullifier), sf_u(f, sf_now(f) + 300 * SF_DAY);
  assert_true(sj_send(f, &f->cf.user[0], IDENTITY, 0));
}
static inline void sj_fund_account(struct sf *f, const addr20 *to, u64 cmt) {
  struct chain_tx tx = cf_tx(&f->cf, 5, 2, to, 0);
  tx.value = module_word_of(cmt * SJ_CMT);
  cf_sign(&f->cf, &tx, 5);
  cf_block(&f->cf, &tx, 1);
  assert_true(f->cf.block.receipt[0].success);
}
static inline void sj_issuer(struct sf *f) {
  sf_call_of(f, "create(uint8,bytes32,bytes32)");
  sf_u(f, 2), sf_u(f, 0), sf_u(f, 0);
  assert_true(sj_send(f, &f->cf.user[0], IDENTITY, 0));
  sf_call_of(f, "applyIssuer(bytes32[],uint16,bytes32)");
  sf_u(f, 96), sf_u(f, 1), sf_u(f, 0), sf_u(f, 0);
  assert_true(sj_send(f, &f->cf.user[0], IDENTITY, 10000 * SJ_CMT));
  sf_call_of(f, "approveIssuer(address)");
  sf_a(f, &f->cf.user[0]);
  sf_govern(f, IDENTITY);
  assert_done(f);
}
/* One more, in these courts, with 200 CMT. */
static inline void sj_join(struct sj *s, u64 courts) {
  u32 i = s->jurors++;
  assert_true(i < SJ_JURORS_MAX);
  s->juror[i] = sj_address(i);
  sj_fund_account(&s->f, &s->juror[i], 1000);
  sj_human(&s->f, &s->juror[i], 1000 + i);
  assert_true(sj_as(&s->f, &s->juror[i], 200 * SJ_CMT, "stake(uint16)", "u",
                    courts));
}
static inline void sj_open(struct sj *s, u32 jurors) {
  memset(s, 0, sizeof *s);
  sf_open(&s->f);
  sj_issuer(&s->f);
  for (u32 i = 0; i < jurors; i++) sj_join(s, 0x1f);
}
static inline void sj_close(struct sj *s) {
  assert_int_equal(s->f.failed, 0); /* no deadline ever does */
  sf_close(&s->f);
}

/*---------------------------------------------------------------- invariants */

/* What a case holds. */
static inline u128 sj_held(struct sf *f, u64 id) {
  enum { FEES = 2 };
  sj_case_t k = sj_case(f, id);
  u128 sum = k.bond + k.pot;
  if (k.state == SJ_CLOSED) {
    assert_true(sum == 0 && k.deadline == 0);
    return 0;
  }
  for (u8 i = 1; i <= k.round; i++) {
    sj_round_t r = sj_round(f, id, i);
    bool gone = k.state == SJ_ENFORCED &&
                (k.phase > FEES || (k.phase == FEES && i < k.at_round));
    if (!gone) sum += r.fee + r.penalty;
  }
  return sum;
}
/* Stakes, cases and fund are what is accounted, and that is what is there; no
** stake is locked beyond itself. */
static inline void sj_balanced(struct sj *s, u64 cases) {
  struct sf *f = &s->f;
  addr20 self = sf_module(COURT);
  u128 sum = sj_fund(f);
  for (u32 i = 0; i < s->jurors; i++) {
    sj_juror_t j = sj_juror(f, &s->juror[i]);
    assert_true(j.locked <= j.stake);
    if (j.seats == 0) assert_true(j.locked == 0);
    sum += j.stake;
  }
  for (u64 id = 1; id <= cases; id++) sum += sj_held(f, id);
  u256 balance = sf_balance(f, &self), want = module_word_of(sum);
  sf_view(f, COURT, "accounted(address)", "u", 0ull);
  assert_done(f);
  u256 accounted;
  u256_from_be(&accounted, f->out);
  assert_int_equal(sf_word(f, 1), 0);
  if (!u256_eq(&accounted, &want) || !u256_eq(&balance, &want))
    fail_msg("%llu milli-CMT accounted, %llu wanted",
             (unsigned long long)(accounted.w[0] / (SF_CMT / 1000)),
             (unsigned long long)(want.w[0] / (SF_CMT / 1000)));
}

/*--------------------------------------------------------------------- votes */

/* What this juror's vote with the salt 99 hashes to; of a tip, with its teller. */
static inline hash32 sj_hash(u64 id, u8 round, const addr20 *juror, u64 vote,
                             u64 frivolous, const addr20 *teller) {
  u256 part[8] = {u256_from(CF_ID), u256_from(id), u256_from(round),
                  module_key_addr(juror), u256_from(vote),
                  u256_from(frivolous), u256_from(99)}, v;
  if (teller) part[7] = module_key_addr(teller);
  module_key_of(&v, part, teller ? 8 : 7);
  return u256_hash32(&v);
}
static inline bool sj_seal(struct sf *f, const addr20 *who, const char *sig,
                           u64 id, hash32 hash) {
  sf_call_of(f, sig);
  sf_u(f, id);
  buf_put(&f->args, hash.b, 32);
  return sj_send(f, who, COURT, 0);
}
static inline bool sj_commit(struct sf *f, u64 id, u8 round,
                             const addr20 *juror, u64 vote, u64 frivolous) {
  return sj_seal(f, juror, "commit(uint64,bytes32)", id,
                 sj_hash(id, round, juror, vote, frivolous, NULL));
}
/* Who gives notice that he knows it, and who shows it. */
static inline bool sj_tip(struct sf *f, const addr20 *who, u64 id, u8 round,
                          const addr20 *juror, u64 vote) {
  return sj_seal(f, who, "tip(uint64,bytes32)", id,
                 sj_hash(id, round, juror, vote, 0, who));
}
static inline bool sj_snitch(struct sf *f, const addr20 *who, u64 id,
                             const addr20 *juror, u64 vote) {
  return sj_as(f, who, 0, "snitch(uint64,address,uint8,bool,bytes32)", "uauuu",
               id, juror, vote, 0ull, 99ull);
}
static inline bool sj_reveal(struct sf *f, u64 id, const addr20 *juror,
                             u64 vote, u64 frivolous) {
  return sj_as(f, juror, 0, "reveal(uint64,uint8,bool,bytes32,bytes32)",
               "uuuuu", id, vote, frivolous, 99ull, 7ull);
}
/* Time passes until the case is no longer in this state, at most n blocks of
** so many seconds. */
static inline void sj_leave(struct sj *s, u64 id, u8 state, u64 seconds,
                            u32 n) {
  while (n-- && sj_state(&s->f, id) == state) sf_pass(&s->f, seconds);
  assert_int_not_equal(sj_state(&s->f, id), state);
}
/* Draws that find nobody, until the case is decided without. */
static inline void sj_no_pool(struct sf *f) {
  for (u32 i = 0; i < 4; i++) {
    for (u32 k = 0; k < 8; k++) sf_pass(f, 10);
    sf_pass(f, SF_DAY);
  }
}
static inline void sj_draw(struct sj *s, u64 id) {
  if (sj_state(&s->f, id) == SJ_FILED) sf_pass(&s->f, 7 * SF_DAY + 1);
  if (sj_state(&s->f, id) == SJ_EVIDENCE) sf_pass(&s->f, 5 * SF_DAY + 1);
  assert_int_equal(sj_state(&s->f, id), SJ_DRAWING);
  sj_leave(s, id, SJ_DRAWING, 10, 300);
}
/* Those who may vote in the round vote these, in the order of their seats, the
** last one of the list again and again; 0xff: silence. */
static inline void sj_vote(struct sj *s, u64 id, const u8 *vote, u32 cnt,
                           u64 frivolous) {
  sj_case_t k = sj_case(&s->f, id);
  sj_round_t r = sj_round(&s->f, id, k.round);
  for (u32 pass = 0; pass < 2; pass++) {
    u32 at = 0;
    for (u16 i = r.first; i < r.cnt; i++) {
      sj_seat_t seat = sj_seat(&s->f, id, k.round, i);
      if (seat.state == SJ_LEFT || seat.state == SJ_TOLD) continue;
      u8 v = vote[at < cnt ? at : cnt - 1];
      at++;
      if (v == 0xff) continue;
      bool ok = pass ? sj_reveal(&s->f, id, &seat.juror, v, frivolous)
                     : sj_commit(&s->f, id, k.round, &seat.juror, v,
                                 frivolous);
      if (!ok) assert_done(&s->f);
    }
    if (sj_state(&s->f, id) == SJ_COMMIT) sf_pass(&s->f, 3 * SF_DAY + 1);
  }
  if (sj_state(&s->f, id) == SJ_REVEAL) sf_pass(&s->f, 2 * SF_DAY + 1);
}
/* To the end. */
static inline void sj_finish(struct sj *s, u64 id, u64 cases) {
  if (sj_state(&s->f, id) == SJ_APPEAL) sf_pass(&s->f, 4 * SF_DAY + 1);
  for (u32 i = 0; i < 200 && sj_state(&s->f, id) == SJ_ENFORCED; i++) {
    sf_pass(&s->f, 1);
    sj_balanced(s, cases);
  }
}
#endif
