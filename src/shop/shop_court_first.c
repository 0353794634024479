/* shop_court_first.c - what Court rules about: the modules whose records can be
** accused, a row each, and the courts and rules that a chain begins with.
**
** A rule's doc is the keccak256 of its text, which a juror reads beside the
** ballot, as canonical JSON; a court's policy that of its name. */
#include "crypto/keccak.h"
#include "shop/shop_court_int.h"
#include "shop/shop_identity.h"
#include "shop/shop_market.h"
#include "shop/shop_mediation.h"
#include "shop/shop_platform.h"

enum { COURT_IDENTITY = 0x1010, COURT_PLATFORMS = 0x1011,
       COURT_MARKET = 0x1012, COURT_MEDIATION = 0x1014 };
enum { COURT_SLASH_CLOSE = 5000, COURT_SLASH_BAN = 10000, COURT_BAN = 5 };

/*------------------------------------------------------------------ subjects */

static bool court_account_owner(struct module_call *c, addr20 *out,
                                u64 subject, const addr20 *accused) {
  (void)c;
  *out = *accused;
  return subject == 0;
}
static bool court_issuer_owner(struct module_call *c, addr20 *out,
                               u64 subject, const addr20 *accused) {
  *out = *accused;
  return subject == 0 && shop_is_issuer(c, accused);
}
static struct shop_hold court_issuer_suspend(struct module_call *c,
                                             u64 subject,
                                             const addr20 *accused,
                                             u64 seconds) {
  (void)subject;
  shop_issuer_suspend(c, accused, seconds);
  return (struct shop_hold){0, 0};
}
static u128 court_issuer_close(struct module_call *c, u64 subject,
                               const addr20 *accused, u8 level) {
  (void)subject;
  return shop_issuer_slash(
      c, accused, level == COURT_BAN ? COURT_SLASH_BAN : COURT_SLASH_CLOSE,
      c->def);
}

static bool court_listing_owner(struct module_call *c, addr20 *out,
                                u64 subject, const addr20 *accused) {
  struct shop_market_record_listing l;
  (void)accused;
  shop_listing(c, &l, subject);
  *out = l.seller;
  return l.state != 0;
}
static struct shop_hold court_listing_suspend(struct module_call *c,
                                              u64 subject,
                                              const addr20 *accused,
                                              u64 seconds) {
  (void)accused;
  return shop_listing_suspend(c, subject, seconds);
}
static u128 court_listing_close(struct module_call *c, u64 subject,
                                const addr20 *accused, u8 level) {
  (void)accused, (void)level;
  shop_listing_close(c, subject);
  return 0;
}

static bool court_platform_owner(struct module_call *c, addr20 *out,
                                 u64 subject, const addr20 *accused) {
  (void)accused;
  *out = shop_operator_of(c, subject);
  return !addr20_eq(out, &court_none);
}
static struct shop_hold court_platform_suspend(struct module_call *c,
                                               u64 subject,
                                               const addr20 *accused,
                                               u64 seconds) {
  (void)accused;
  shop_platform_suspend(c, subject, seconds);
  return (struct shop_hold){0, 0};
}
static u128 court_platform_close(struct module_call *c, u64 subject,
                                 const addr20 *accused, u8 level) {
  (void)accused, (void)level;
  shop_platform_close(c, subject);
  return 0;
}

static const struct court_subject court_subjects[] = {
  {COURT_IDENTITY, 1, COURT_ACCUSATION, .owner = court_account_owner},
  {COURT_IDENTITY, 5, COURT_ACCUSATION, .owner = court_issuer_owner,
   .suspend = court_issuer_suspend, .close = court_issuer_close},
  {COURT_PLATFORMS, 1, COURT_ACCUSATION, .owner = court_platform_owner,
   .suspend = court_platform_suspend, .close = court_platform_close},
  {COURT_MARKET, 1, COURT_ACCUSATION, .can_wait = true,
   .owner = court_listing_owner, .suspend = court_listing_suspend,
   .lift = shop_listing_lift, .close = court_listing_close},
  {COURT_MEDIATION, 2, COURT_APPEAL_CASE, .ruled = shop_mediation_ruling},
};

__attribute__((weak)) const struct court_subject *shop_court_subject_more(
    u16 module, u8 type, u8 kind) {
  (void)module, (void)type, (void)kind;
  return NULL;
}
const struct court_subject *shop_court_subject(u16 module, u8 type, u8 kind) {
  for (u32 i = 0; i < ARRAY_LEN(court_subjects); i++) {
    const struct court_subject *s = &court_subjects[i];
    if (s->module == module && s->kind == kind &&
        (s->type == type || kind == COURT_CHALLENGE))
      return s;
  }
  return shop_court_subject_more(module, type, kind);
}

/*------------------------------------------------------------------- genesis */

#define COURT_NAME(text) "{\"name\":\"" text "\"}"
#define COURT_TEXT(text) "{\"text\":\"" text "\"}"
static const char *const court_names[] = {
  COURT_NAME("Trade"), COURT_NAME("Conduct"),
  COURT_NAME("Digital and services"), COURT_NAME("Identity"),
  COURT_NAME("Ads, sales and oracles")};
static const struct court_first_rule {
  u8 court, max_level;
  bool severe;
  u64 bond, fine; /* CMT */
  const char *text;
} court_first_rules[] = {
  {1, 3, false, 50, 100,
   COURT_TEXT(
     "A seller takes payment for goods and does not send them, sends other goods "
     "than were described, or does so again and again.")},
  {1, 5, true, 100, 500,
   COURT_TEXT(
     "A seller offers counterfeit, stolen or forbidden goods, or goods that "
     "endanger life or health.")},
  {2, 3, false, 50, 50,
   COURT_TEXT(
     "A party threatens, insults or harasses another, or gives away what another "
     "told in confidence.")},
  {2, 5, true, 100, 500,
   COURT_TEXT(
     "A party cheats: trades with itself for reputation, buys or sells reviews, "
     "votes or accounts, or acts under another's name.")},
  {3, 3, false, 50, 100,
   COURT_TEXT(
     "A service or digital good is not what was described, or copies the work of "
     "another without leave.")},
  {4, 5, true, 200, 1000,
   COURT_TEXT(
     "An issuer attests what is not so, or attests one person as several.")},
  {5, 4, true, 100, 500,
   COURT_TEXT(
     "An advertisement, a sale or an oracle deceives those who rely on it.")},
};

slice shop_court_name(u8 court) {
  if (court == 0 || court > ARRAY_LEN(court_names)) return slice_of(NULL, 0);
  const char *s = court_names[court - 1];
  return slice_of(s, strlen(s));
}
slice shop_court_rule_text(u16 rule) {
  if (rule == 0 || rule > ARRAY_LEN(court_first_rules))
    return slice_of(NULL, 0);
  const char *s = court_first_rules[rule - 1].text;
  return slice_of(s, strlen(s));
}

slice shop_court_document(const hash32 *hash) {
  hash32 h;
  for (u16 i = 1; i <= ARRAY_LEN(court_names) + ARRAY_LEN(court_first_rules);
       i++) {
    slice text = i <= ARRAY_LEN(court_names)
                     ? shop_court_name((u8)i)
                     : shop_court_rule_text(i - ARRAY_LEN(court_names));
    crypto_keccak256(&h, text.ptr, text.len);
    if (hash32_eq(&h, hash)) return text;
  }
  return slice_of(NULL, 0);
}

static u32 court_first_put(struct shop_court_slot *out, u32 cnt,
                           const struct module_record *t, u64 id,
                           const void *rec) {
  u256 slot[MODULE_RECORD_SLOTS], key = u256_from(id), at, one = u256_from(1);
  u32 n = module_record_slots(t);
  module_record_pack(t, slot, rec);
  module_slot_of(&at, t->type, &key);
  for (u32 i = 0; i < n; i++, u256_add(&at, &at, &one)) {
    if (u256_is_zero(&slot[i])) continue;
    MUST(cnt < SHOP_COURT_SLOTS);
    out[cnt++] = (struct shop_court_slot){at, slot[i]};
  }
  return cnt;
}
static u64 court_first(u32 param) {
  return module_row_at(&shop_court, MODULE_ROW_SETTING, param)->setting->dflt;
}

u32 shop_court_genesis(struct shop_court_slot *out, u64 time_s) {
  u32 cnt = 0;
  u128 cmt = (u128)1000 * MODULE_MILLI;
  for (u8 i = 1; i <= ARRAY_LEN(court_names); i++) {
    slice name = shop_court_name(i);
    court_def_t d = {
      .state = 1, .layout = 1, .created = time_s, .updated = time_s,
      .min_stake = (u128)court_first(shop_court_param_minStake) *
                   MODULE_MILLI,
      .juror_fee = (u128)court_first(shop_court_param_jurorFee) *
                   MODULE_MILLI,
      .jurors0 = (u8)court_first(shop_court_param_jurors0),
      .max_rounds = (u8)court_first(shop_court_param_maxRounds),
      .evidence = (u32)court_first(shop_court_param_evidence),
      .commit = (u32)court_first(shop_court_param_commit),
      .reveal = (u32)court_first(shop_court_param_reveal),
      .appeal = (u32)court_first(shop_court_param_appeal)};
    crypto_keccak256(&d.policy, name.ptr, name.len);
    cnt = court_first_put(out, cnt, COURT_FIELD(court), i, &d);
  }
  for (u16 i = 1; i <= ARRAY_LEN(court_first_rules); i++) {
    const struct court_first_rule *f = &court_first_rules[i - 1];
    slice text = shop_court_rule_text(i);
    struct shop_court_record_rule r = {
      .state = 1, .layout = 1, .created = time_s, .updated = time_s,
      .court = f->court, .max_level = f->max_level, .severe = f->severe,
      .bond = f->bond * cmt, .fine_max = f->fine * cmt};
    crypto_keccak256(&r.doc, text.ptr, text.len);
    cnt = court_first_put(out, cnt, COURT_FIELD(rule), i, &r);
  }
  return cnt;
}
#undef COURT_NAME
#undef COURT_TEXT
