/* shop_claim.c - of Identity (0x..1010): salted claims of issuers about
** parties, and the receipts of who may see what; see identity.def.
**
** Claim        issueClaim -> Offered: 14 days -> Declined*; acceptClaim ->
**              Active: expiresAt -> Expired*; declineClaim -> Declined*;
**              revokeClaim -> Revoked*
** Consent      giveConsent -> Active: expiresAt -> Expired*; endConsent ->
**              Revoked*
**
** A claim is the root of a Merkle tree of at most 64 leaves: a leaf is
** keccak256(0x00 || abi.encode(salt, key, value)), a node keccak256(0x01 ||
** left || right).  Salts stay with the holder, so nothing personal is in state.
** standing (key: party, schema) counts the active claims of a schema. */
#include "crypto/keccak.h"
#include "shop/shop_identity_part.h"

#define ID(what, name) shop_identity_##what##_##name
#define TABLE(name) &shop_identity_table_##name

enum { CLAIM_GIVEN = 1, CLAIM_LAPSED, CLAIM_ENDED }; /* consents */
enum { CLAIM_LEAVES_LOG = 6, CLAIM_OFFER_DAYS = 14 };

typedef struct shop_identity_record_claim claim_t;
typedef struct shop_identity_record_consent claim_consent_t;

static void claim_put(struct module_call *c, u64 id, claim_t *r) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(claim), &key, r);
  MODULE_EMIT(c, claim_saved, .id = id, .subject = r->subject,
              .issuer = r->issuer,
              .record = module_record_bytes(c, TABLE(claim), &key, r));
}

MODULE_DO(issue_claim) {
  issuer_t i;
  addr20 issuer;
  ident_t r;
  if (shop_ident_own(c, &issuer, &r, 0) != MODULE_DONE) return MODULE_REVERTED;
  u256 key = module_key_addr(&issuer);
  module_record_load(c, TABLE(issuer), &i, &key);
  bool knows = false;
  for (u32 k = 0; k < i.schemas.cnt; k++)
    knows |= hash32_eq(&MODULE_AT(struct shop_identity_record_word, &i.schemas,
                                  k)->v, &in->schema);
  if (i.state != IDENT_ISSUING || !knows)
    return MODULE_FAIL(c, not_issuer, .schema = in->schema);
  if (shop_is_nobody(&in->subject)) return MODULE_FAIL_COMMON(c, bad_address);
  if (in->expiresAt <= c->now_s)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = in->expiresAt);
  u64 id = module_id_next(c, IDENT_CLAIM);
  claim_t claim = {
    .state = CLAIM_OFFERED, .layout = 1, .created = c->now_s,
    .subject = in->subject, .issuer = issuer, .schema = in->schema,
    .root = in->root, .issued = c->now_s, .expires = in->expiresAt};
  key = u256_from(id);
  module_timer_set(c, (struct module_header *)&claim, IDENT_CLAIM, &key,
                   c->now_s + CLAIM_OFFER_DAYS * SHOP_DAY);
  claim_put(c, id, &claim);
  out->id = id;
  return MODULE_DONE;
}

/* A claim in one of two states; who: 1 the subject, 2 the issuer, 3 either. */
static enum module_end claim_open(struct module_call *c, claim_t *r,
                                  u64 id, u8 state, u32 who) {
  addr20 me;
  u256 key = u256_from(id);
  module_record_get(c, TABLE(claim), r, &key);
  if (r->state == 0) return shop_missing(c, IDENT_CLAIM, key);
  if (!shop_ident_party(c, &me, &c->sender) ||
      !((who & 1 && addr20_eq(&me, &r->subject)) ||
        (who & 2 && addr20_eq(&me, &r->issuer))))
    return shop_refused(c);
  if (r->state != state) return shop_wrong(c, IDENT_CLAIM, key, r->state);
  return MODULE_DONE;
}

static void claim_standing(struct module_call *c, const claim_t *r,
                           int delta) {
  struct shop_identity_record_standing s;
  u256 part[2] = {module_key_addr(&r->subject)}, key;
  u256_from_be(&part[1], r->schema.b);
  module_key_of(&key, part, 2);
  module_record_get(c, TABLE(standing), &s, &key);
  s.party = r->subject;
  s.schema = r->schema;
  s.claims += (u32)delta;
  module_record_put(c, TABLE(standing), &key, &s);
  shop_issuer_attests(c, &r->issuer, &r->subject, delta);
}
bool shop_has_claim(struct module_call *c, const addr20 *party,
                    const hash32 *schema) {
  struct module_call own;
  struct shop_identity_record_standing s;
  u256 part[2] = {module_key_addr(party)}, key;
  u256_from_be(&part[1], schema->b);
  module_key_of(&key, part, 2);
  module_enter(&own, c, &shop_identity);
  module_record_get(&own, TABLE(standing), &s, &key);
  module_leave(c);
  return s.claims > 0;
}

MODULE_DO(accept_claim) {
  claim_t r;
  u256 key = u256_from(in->id);
  if (claim_open(c, &r, in->id, CLAIM_OFFERED, 1) != MODULE_DONE)
    return MODULE_REVERTED;
  if (c->now_s >= r.expires) /* it would stand until its deadline is taken */
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = r.expires);
  r.state = CLAIM_HELD;
  claim_standing(c, &r, 1);
  module_timer_set(c, (struct module_header *)&r, IDENT_CLAIM, &key,
                   r.expires);
  claim_put(c, in->id, &r);
  return MODULE_DONE;
}
MODULE_DO(decline_claim) {
  claim_t r;
  if (claim_open(c, &r, in->id, CLAIM_OFFERED, 1) != MODULE_DONE)
    return MODULE_REVERTED;
  r.state = CLAIM_DECLINED;
  r.deadline = 0;
  claim_put(c, in->id, &r);
  return MODULE_DONE;
}
MODULE_DO(revoke_claim) {
  claim_t r;
  if (claim_open(c, &r, in->id, CLAIM_HELD, 3) != MODULE_DONE)
    return MODULE_REVERTED;
  r.state = CLAIM_REVOKED;
  claim_standing(c, &r, -1);
  r.deadline = 0;
  r.flags = in->reason;
  claim_put(c, in->id, &r);
  return MODULE_DONE;
}

/* keccak256(0x00 || abi.encode(salt, key, value)). */
static void claim_leaf(hash32 *out,
                       const struct shop_identity_in_check_claim *in) {
  static const struct module_param leaf[] = {
    {"bytes32", "salt", MODULE_B32, 32, 1, 0, 256, false, NULL},
    {"string", "key", MODULE_STR, sizeof(slice), _Alignof(slice), 0, 0, false,
     NULL},
    {"bytes", "value", MODULE_BYTES, sizeof(slice), _Alignof(slice), 0, 0,
     false, NULL},
    {0}};
  struct { hash32 salt; slice key, value; } fields = {in->salt, in->key,
                                                      in->value};
  struct buf b;
  buf_init(&b, 0);
  buf_put_u8(&b, 0);
  module_put(&b, leaf, &fields, NULL, NULL);
  crypto_keccak256(out, b.ptr, b.len);
  buf_fini(&b);
}

MODULE_DO(check_claim) {
  claim_t r;
  hash32 node, side;
  u256 key = u256_from(in->id);
  module_record_get(c, TABLE(claim), &r, &key);
  if (r.state == 0) return shop_missing(c, IDENT_CLAIM, key);
  if (in->proof.cnt > CLAIM_LEAVES_LOG || in->index >> in->proof.cnt)
    return MODULE_FAIL_COMMON(c, bad_proof);
  claim_leaf(&node, in);
  evm_native_charge(c->n, 100 + 90 * in->proof.cnt +
                              6 * ((in->key.len + in->value.len) / 32 + 1));
  for (u32 i = 0; i < in->proof.cnt; i++) {
    u8 text[65] = {1};
    module_list_b32(&side, &in->proof, i);
    bool right = in->index >> i & 1;
    memcpy(text + 1, right ? side.b : node.b, 32);
    memcpy(text + 33, right ? node.b : side.b, 32);
    crypto_keccak256(&node, text, sizeof text);
  }
  out->holds = r.state == CLAIM_HELD && c->now_s < r.expires &&
               hash32_eq(&node, &r.root);
  return MODULE_DONE;
}

/*----------------------------------------------------------------- consents */

static void claim_consent_put(struct module_call *c, u64 id,
                              claim_consent_t *r) {
  u256 key = u256_from(id);
  r->updated = c->now_s;
  module_record_put(c, TABLE(consent), &key, r);
  MODULE_EMIT(c, consent_saved, .id = id, .subject = r->subject,
              .verifier = r->verifier,
              .record = module_record_bytes(c, TABLE(consent), &key, r));
}

MODULE_DO(give_consent) {
  struct shop_identity_record_number claim[8];
  addr20 subject;
  if (!shop_ident_party(c, &subject, &c->sender)) return shop_refused(c);
  if (shop_is_nobody(&in->verifier) || addr20_eq(&in->verifier, &subject))
    return MODULE_FAIL_COMMON(c, bad_address);
  if (in->claims.cnt > 8)
    return MODULE_FAIL_COMMON(c, too_many, .what = {"claims"},
                              .max = u256_from(8));
  if (in->expiresAt <= c->now_s)
    return MODULE_FAIL_COMMON(c, too_late, .notAfter = in->expiresAt);
  for (u32 i = 0; i < in->claims.cnt; i++) {
    claim_t one;
    claim[i].v = module_list_u64(&in->claims, i);
    u256 key = u256_from(claim[i].v);
    module_record_get(c, TABLE(claim), &one, &key);
    if (one.state == 0) return shop_missing(c, IDENT_CLAIM, key);
    if (!addr20_eq(&one.subject, &subject)) return shop_refused(c);
  }
  u64 id = module_id_next(c, IDENT_CONSENT);
  u256 key = u256_from(id);
  claim_consent_t r = {
    .state = CLAIM_GIVEN, .layout = 1, .created = c->now_s,
    .purpose = in->purpose, .subject = subject, .verifier = in->verifier,
    .scope = in->scope, .expires = in->expiresAt,
    .claims = {claim, in->claims.cnt}};
  module_timer_set(c, (struct module_header *)&r, IDENT_CONSENT, &key,
                   in->expiresAt);
  claim_consent_put(c, id, &r);
  out->id = id;
  return MODULE_DONE;
}

MODULE_DO(end_consent) {
  claim_consent_t r;
  addr20 me;
  u256 key = u256_from(in->id);
  module_record_get(c, TABLE(consent), &r, &key);
  if (r.state == 0) return shop_missing(c, IDENT_CONSENT, key);
  if (!shop_ident_party(c, &me, &c->sender) || !addr20_eq(&me, &r.subject))
    return shop_refused(c);
  if (r.state != CLAIM_GIVEN)
    return shop_wrong(c, IDENT_CONSENT, key, r.state);
  r.state = CLAIM_ENDED;
  r.deadline = 0;
  claim_consent_put(c, in->id, &r);
  return MODULE_DONE;
}

/*---------------------------------------------------------------- deadlines */

void shop_claim_timer(struct module_call *c, const u256 *key) {
  claim_t claim;
  module_record_get(c, TABLE(claim), &claim, key);
  if (claim.state == CLAIM_HELD) claim_standing(c, &claim, -1);
  claim.state = claim.state == CLAIM_OFFERED ? CLAIM_DECLINED
                                             : CLAIM_EXPIRED;
  claim.deadline = 0;
  claim_put(c, key->w[0], &claim);
}
void shop_consent_timer(struct module_call *c, const u256 *key) {
  claim_consent_t consent;
  module_record_get(c, TABLE(consent), &consent, key);
  consent.state = CLAIM_LAPSED;
  consent.deadline = 0;
  claim_consent_put(c, key->w[0], &consent);
}
#undef ID
#undef TABLE
