/* proj_fn.c - what events do to tables beyond copying words. */
#include "proj/proj_int.h"

#include <stdio.h>

#include "codec/json.h"
#include "shop/shop_court.h"
#include "shop/shop_identity.h"

/* Columns of id_rep in the order of RepChanged's counters. */
static const char *const proj_fn_counters[] = {
  "sold", "bought", "counterparties", "seller_cancels", "disputes_settled",
  "disputes_lost", "mediated", "med_rating_n", "med_rating_sum",
  "juror_coherent", "juror_incoherent", "loans_repaid", "loans_late",
  "loans_defaulted", "sanctions", "review_weight", "review_sum"};

err proj_fn_open(struct proj *p) {
  MUST(ARRAY_LEN(proj_fn_counters) == ARRAY_LEN(p->rep));
  for (u32 i = 0; i < ARRAY_LEN(p->rep); i++) {
    const struct store_term term[] = {
        {"party", '='}, {proj_fn_counters[i], '+'}, {"height", '='},
        {"tx", '='}, {"log", '='}};
    TRY(store_table_prepare(p->s, &p->rep[i], proj_table(PROJ_T_id_rep),
                            STORE_PUT, term, ARRAY_LEN(term)));
  }
  return ERR_OK;
}

/* The party is indexed; counter and delta are the data. */
err proj_fn_rep(struct proj *p, const struct proj_event_data *d) {
  if (d->log->topic_cnt < 2 || d->data.len < 64) return ERR_OK;
  u64 counter = load_be64(d->data.ptr + 24);
  if (counter >= ARRAY_LEN(p->rep)) return ERR_OK;
  struct store_val v[] = {
      store_blob(slice_of(d->log->topic[1].b + 12, 20)),
      store_num(load_be64(d->data.ptr + 56)), store_num(d->b->height),
      store_blob(hash32_slice(d->tx)), store_num(d->log_idx)};
  TRY(store_table_run(p->s, p->rep[counter], v, ARRAY_LEN(v)));
  return proj_run(p, PROJ_ST_id_rep_score, v, 1);
}

/* A number of the record that the event carries; false: there is none. */
static bool proj_fn_number(u64 *out, const struct proj_event_data *d,
                           const struct module_record *r, const char *name) {
  struct module_component c;
  size_t len = strlen(name);
  u32 at = 0;
  while (module_record_component(&c, r, at) &&
         (c.name_len != len || memcmp(c.name, name, len) != 0))
    at++;
  if (d->log->topic_cnt < 2 || d->rec.len / 32 <= at) return false;
  *out = load_be64(d->rec.ptr + 32 * at + 24);
  return true;
}

/* The text of a rule of genesis, which no event tells, is searched too. */
err proj_fn_court_rule(struct proj *p, const struct proj_event_data *d) {
  u64 rule;
  if (!proj_fn_number(&rule, d, &shop_court_table_case, "rule"))
    return ERR_OK;
  json_t *doc = json_read(shop_court_rule_text((u16)rule), NULL);
  const char *text = json_string_value(json_object_get(doc, "text"));
  struct store_val v[] = {store_num(load_be64(d->log->topic[1].b + 24)),
                          store_text(slice_str(text ? text : ""))};
  err e = proj_fts_run(p, PROJ_F_court_fts, p->st[PROJ_ST_court_first_rule], v,
                       2, v[0].num);
  json_decref(doc);
  return e;
}

/* Operators that were named under another epoch are void. */
err proj_fn_identity(struct proj *p, const struct proj_event_data *d) {
  u64 epoch;
  if (!proj_fn_number(&epoch, d, &shop_identity_table_identity, "epoch"))
    return ERR_OK;
  struct store_val v[] = {
      store_blob(slice_of(d->log->topic[1].b + 12, 20)), store_num(epoch)};
  return proj_run(p, PROJ_ST_id_operator_epoch, v, 2);
}

/* What buyers' reviews come to for a listing. */
err proj_fn_review(struct proj *p, const struct proj_event_data *d) {
  if (d->log->topic_cnt < 3) return ERR_OK;
  struct store_val v = store_num(load_be64(d->log->topic[2].b + 24));
  if (!v.num) return ERR_OK;
  TRY(proj_run(p, PROJ_ST_review_listing, &v, 1));
  return proj_run(p, PROJ_ST_review_rating, &v, 1);
}

/* Whether a listing has a piece to sell. */
err proj_fn_stock(struct proj *p, const struct proj_event_data *d) {
  if (d->log->topic_cnt < 2) return ERR_OK;
  struct store_val v = store_num(load_be64(d->log->topic[1].b + 24));
  return proj_run(p, PROJ_ST_listing_in_stock, &v, 1);
}
