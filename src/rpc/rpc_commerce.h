/* rpc_commerce.h - inside src/rpc: what the methods of commerce answer
** (SPEC-commerce 1.10 and the "RPC" line of each module).
**
** A record is an object with the fields of its table in src/shop/X.def, names
** in camelCase: ship_table is "shipTable".  Values:
**   id                "id": number (or "anchor", "party", ..: address)
**   u8..u64, times    number (seconds since 1970 for times); one above 2^53:
**                     "0x" quantity
**   u128, money       "0x" quantity, of the token in "token" (zero address:
**                     CMT, 18 decimals)
**   address, bytes32  "0x", lower case; bytes8 (a zone's code): text
**   deadline          {"at": seconds or null, "owner": who is to act: "buyer" |
**                     "seller" | "mediator" | "juror" | "owner" | "anyone" |
**                     "governance" | "timer" | "module" | "none", "exit": words
**                     or null: what happens then by itself}
**   state             a lower-case word, listed in src/proj/proj_state.def:
**                     "paid" "shipped" "returnAsked" ..; "stateNumber": number
**   doc               "docHash", and "document": the parsed JSON, or null when
**                     its bytes are not here (content_put brings them)
**   arrays            array of objects ("lines", "zones", "milestones")
** An item adds what the module's state does not tell: "height", "tx" (the last
** change), and what the table of src/proj/proj_table.def has beside.
**
** Lists: NAME_list({filter.., sort?, limit?, cursor?}) ->
**   {"items": [..], "next": cursor or null, "height": number}
**   limit 1..200, 50 when not given; cursor: "next" of the page before, with
**   the same filters and sort.  An unknown key is -32602 and names those that
**   there are.  Filters that are states take the word.  With
**   "documents": false items have no "document".
** NAME_get(id) -> null, or the item with
**   "timeline": its events, oldest first, the newest 200:
**      {"module", "event": "OrderState", the event's parameters by their names
**      (state is its number), "stateWord", "height", "time", "tx", "logIndex"}
** NAME_params() -> [{"name", "text", "value", "min", "max"}]: numbers, money
**   as quantities.
**
** market_search({q, category, seller, platform, kind, token, priceMin,
**     priceMax, zone, minRating, inStock, state, sort, limit, cursor})
**   sort: "relevance" (the default with q: who has all words in the title
**   first, newest first), "price", "priceDown", "new" (the
**   default without), "rating", "sold".  state: "active" unless given; "any".
**   token is asked for with priceMin, priceMax and the sorts by price in mind:
**   without it amounts of different tokens are compared as they are.
**   minRating: 100..500, rating x 100.  platform: what it shows, which is
**   nothing unless it is active (an order that names it is refused).
**   items: listings with "title", "rating" (x 100, 0: none), "stock" (of all
**   variants; 4294967295: unlimited), "document"
** market_facets(the same filters) -> {"category": [{"value","count"}..],
**   "kind": .., "token": .., "seller": .., "capped": bool, "height"}
** market_get(id) -> listing + "variants", "shipTableZones", deadline, timeline
** market_variants({listing}) items: {"listing", "index", "price", "stock",
**   "sku", "active"}
** market_reviews({listing | seller | author | order}) items: {"order", "side",
**   "listing", "seller", "author", "stars", "textHash", "replyHash", "text",
**   "reply": parsed documents or null}
** market_coupons({seller, listing, state}); market_shipTables({seller}) items
**   with "zones"
** market_threads({party}) items: the newest message of each conversation:
**   {"order", "with", "from", "to", "content": hash, "height", "time"};
**   market_messages({order | party, with}) items: {"order", "from", "to",
**   "content", "time"}; bytes by content_get
** market_export({seller, format: "csv" | "json"}) -> {"format", "name", "text"}
** market_stats({from, to, platform, seller}) -> {"listings", "active",
**   "orders", "completed", "cancelled", "disputed", "reviews", "stars",
**   "volume": [{"token", "total", "released", "refunded", "fees", "orders"}],
**   "from", "to", "height"}; from, to: seconds of createdAt
**
** order_get(id): record + "milestones", "reviews"; items have "title", that of the
**   first line's listing
** order_list({buyer, seller, party, platform, state, token, ref, from, to,
**   heldMin, listing, q, sort: "new" | "old" | "deadline" | "total"})
**   heldMin: "0x1" is those with money in escrow.
**   q: an order's number ("17", "#17"), the address of a party, or words: of
**   the listings that it is of, of its note (one that is not sealed), of a
**   party's handle and names
** order_todo(party) -> {"items": [{"kind": "ship" | "confirm" | "answerReturn"
**   | "sendReturn" | "confirmReturn" | "submitMilestone" | "acceptMilestone" |
**   "topUp" | "renew" | "claim" | "recovery", "module", "type", "id",
**   "index" (of a milestone), "at", "owner", "exit", "state", "role": "buyer",
**   "seller" or "owner"}], "height"}: soonest first
** order_invoice(id), order_invoices({seller, payer, state}),
** order_payUri(id) -> {"uri": "cybermiles:..", "web": path, "qr": text}
** order_plans({seller, state}), order_subscriptions({buyer, seller, plan,
**   state}), order_milestones({order, state})
** order_export({seller, from, to, lines, format: "csv" | "json"}) -> as
**   market_export
** order_summary({seller, period: "day" | "week" | "month", from, to}) ->
**   {"items": [{"from", "token", "orders", "total", "released", "refunded",
**   "fees", "tax"}], "height"}
**
** order_states({seller | buyer, from, to}) -> {"items": [{"state", "token",
**   "orders", "total", "held", "released", "refunded"}], "height"}
** order_customers({seller, buyer, q: words of a name, or an address, sort:
**   "new" | "orders", limit, cursor}) items: {"buyer", "orders", "firstAt",
**   "lastAt", "lastOrder": its number, "name", "rating" (x 100), "score": null
**   when nothing is known, "spent": [{"token", "orders", "total", "refunded",
**   "refundedLater"}]}
**
** platform_get, platform_list({operator, mode, state, category, q, sort:
**   "new" | "fee"}; category: that show a listing of it),
** platform_posts({listing | platform, state}) items have "listingState" and
**   "title" of the listing besides; of one that is closed "state" is "removed"
** platform_categories({parent}) items: {"code", "parent", "flags" (as
**   "categoryFlags"), "name", "claimSchema"}
** platform_income({id, from, to}) -> {"items": [{"token", "orders", "fees",
**   "volume"}], "height"}
**
** id_get(address | handle), id_did(did), id_list({q, kind, state}),
** id_claims({subject, issuer, schema, state}), id_consents({subject,
**   verifier, state}), id_issuers({schema, state}), id_guardianOf(address) ->
**   [{"anchor", "index", "threshold", "delay"}], id_operators({anchor,
**   operator}), id_sanctions({party})
** id_reputation(address) -> {"party", "inputs": {"sold", ..},
**   "ratingX100", "score", "history": the newest RepChanged events}
**
** mediation_get, mediation_list({party, mediator, subject, state}),
** mediation_mediators({available, category, language: "en", feeMax, q, sort:
**   "fee" | "rating"}; category: that take cases of it),
** mediation_preview({module, subject, part: a milestone's index, bps});
** court_get, court_list({party, accused, claimant, juror, court, state}),
** court_courts(), court_rules(), court_myDuty(juror),
** court_rulings({q, rule, court}), court_jurorStats(address): when their modules
** are on the chain.
**
** timer_list({module, party}) -> items {"module", "type", "id", "at", "owner",
**   "exit", "state"}: soonest first.
** eth_subscribe("commerce", {module: name | [..], party: address | [..],
**   fromHeight}) pushes {"module", "event", parameters by name, "height",
**   "time", "tx", "logIndex"}, from that height on.
**
** content_put(bytes) -> {"hash", "type", "size", "until": seconds or null}
** content_get(hash) -> {"hash", "type", "size", "bytes": data, "document"} or
**   null
** content_status(hash) -> {"hash", "known": bool, "here": bool, "type", "size",
**   "until"}; the bytes are at /content/HASH too
*/
#ifndef RPC_RPC_COMMERCE_H
#define RPC_RPC_COMMERCE_H
#include "node/node_proj.h"
#include "rpc/rpc_call.h"

/* One request: the view, its tables and the state after its head. */
struct rpc_shop {
  struct rpc_call *c;
  struct node_read *r;
  struct store_reader *s;
  struct state_source src;
  u64 head;
  bool no_documents;
};
err rpc_shop_begin(struct rpc_call *c, struct rpc_shop *q) MUST_USE;
/* And the party that argument 0 names, in the call's arena. */
err rpc_shop_begin_party(struct rpc_call *c, struct rpc_shop *q,
                         const addr20 **party) MUST_USE;
/* The error object for an err of a query. */
err rpc_shop_fail(struct rpc_shop *q, err e);

/* A row of a table, copied: its columns, height, tx, log, number, order. */
struct rpc_row {
  struct store_val *v;
  u32 cnt;
};
struct rpc_rows {
  struct arena *a;
  struct rpc_row *row;
  u32 cnt, cap;
};
/* A store_row_fn: ctx is a struct rpc_rows. */
err rpc_rows_add(void *ctx, const struct store_val *v, u32 cnt);
/* Column of a table by its name. */
const struct store_val *rpc_row_col(const struct rpc_row *row, u32 table,
                                    const char *col);

/* Members of a record, from state, into the object that is open; *found: there
** is one.  key: of the record. */
err rpc_shop_record(struct rpc_shop *q, bool *found, u32 module, u8 type,
                    const u256 *key) MUST_USE;
/* Whether there is one; a slot of a module. */
err rpc_shop_exists(struct rpc_shop *q, bool *found, u32 module, u8 type,
                    const u256 *key) MUST_USE;
err rpc_shop_slot(struct rpc_shop *q, u256 *out, u32 module, const u256 *slot)
    MUST_USE;
/* "document": the parsed bytes of a hash, or null, as a value. */
err rpc_shop_document(struct rpc_shop *q, const hash32 *hash) MUST_USE;
/* "timeline" of a record, its key as in the events (8 or 20 bytes). */
err rpc_shop_timeline(struct rpc_shop *q, u32 module, u8 type, slice key,
                      u32 limit) MUST_USE;
/* "OrderState"; NULL: none that we know. */
const char *rpc_shop_event_name(u32 module, const struct state_log *l);
/* An event's parameters as members of the object that is open. */
void rpc_shop_event(struct jsonw *w, u32 module, const struct state_log *l);
/* An event concerns a party when one of its words is his address, or he is a
** party of the order, the seller of the listing, that it is about. */
bool rpc_shop_concerns(struct node_read *r, const struct state_log *log,
                       const addr20 *party);
/* And where it stands. */
void rpc_shop_event_place(struct jsonw *w, u64 height, u64 time_s,
                          const hash32 *tx, u64 log_idx);
void rpc_shop_val(struct jsonw *w, const struct store_val *v, u8 kind);
/* A list of sums by token, as a member of the object that is open: name has a
** name for each of a row's cnt columns, the token's first. */
void rpc_shop_tokens(struct jsonw *w, const char *key, const char *const *name,
                     u32 cnt, const struct rpc_rows *rows);
/* a_name as "aName" */
const char *rpc_shop_camel(char out[64], const char *name, size_t len);

/* How a list is asked for and shown.  filters: "name:kind" parted by blanks, or
** "name:kind>column" (at least), "<column" (at most), "=column", or
** "name:kind|part_x*2" (a condition of sql/query_proj.sql, the value so many
** times), "name:kind&among_x" (rows whose numbers a statement of it gives), or
** "name:kind/a/b" (one of two columns).  kind: u number, a address,
** h hash, m money, s state, b bool, t text.
** sorts: "name:+column" or "-column", "name:-": by number; the first is the
** default. */
struct rpc_list {
  const char *filters, *sorts;
  u16 table;
  u8 module, type; /* type 0: the row tells all */
  /* More members of an item; may be NULL. */
  err (*more)(struct rpc_shop *q, const struct rpc_row *row);
  /* More conditions, from members that filters do not name ("*name"). */
  err (*where)(struct rpc_shop *q, struct store_query *sq, const char *name,
               const struct rpc_value *v);
};
/* Answers a list method; fixed: conditions that always hold (may be NULL). */
err rpc_shop_list(struct rpc_call *c, const struct rpc_list *l,
                  const struct store_where *fixed, u32 fixed_cnt) MUST_USE;
/* The same in parts: the query of an argument, then its items. */
err rpc_shop_query(struct rpc_shop *q, struct store_query *sq,
                   const struct rpc_list *l, const struct rpc_value *arg)
    MUST_USE;
err rpc_shop_page(struct rpc_shop *q, const struct rpc_list *l,
                  struct store_query *sq) MUST_USE; /* the whole answer */
err rpc_shop_item(struct rpc_shop *q, const struct rpc_list *l,
                  const struct rpc_row *row) MUST_USE; /* members */
/* Answers a get method by the row with this key: null, or the item with its
** timeline. */
err rpc_shop_get(struct rpc_call *c, const struct rpc_list *l,
                 const struct store_val *key,
                 err (*more)(struct rpc_shop *q, const struct rpc_row *row))
    MUST_USE;
/* The same by a number, the method's only argument; list: RPC_L_.. . */
err rpc_shop_get_num(struct rpc_call *c, u32 list,
                     err (*more)(struct rpc_shop *q, const struct rpc_row *row))
    MUST_USE;
/* Rows of a table where a column has a value, in order of their number. */
err rpc_shop_rows(struct rpc_shop *q, struct rpc_rows *out, u32 table,
                  const char *col, struct store_val v, u32 limit) MUST_USE;
/* An array of items under a key. */
err rpc_shop_items(struct rpc_shop *q, const char *key,
                   const struct rpc_list *l, const struct rpc_rows *rows)
    MUST_USE;
/* Answers NAME_params. */
err rpc_shop_params(struct rpc_call *c, u32 module) MUST_USE;
void rpc_shop_where(struct store_query *sq, const char *col, enum store_op op,
                    struct store_val v);
/* What lists add to their items, and conditions of their own. */
err rpc_shop_more_listing(struct rpc_shop *q, const struct rpc_row *row)
    MUST_USE;
err rpc_shop_more_post(struct rpc_shop *q, const struct rpc_row *row)
    MUST_USE;
err rpc_shop_more_review(struct rpc_shop *q, const struct rpc_row *row)
    MUST_USE;
err rpc_shop_more_order(struct rpc_shop *q, const struct rpc_row *row)
    MUST_USE;
err rpc_shop_more_milestone(struct rpc_shop *q, const struct rpc_row *row)
    MUST_USE;
err rpc_shop_where_market(struct rpc_shop *q, struct store_query *sq,
                          const char *name, const struct rpc_value *v)
    MUST_USE;
err rpc_shop_where_order(struct rpc_shop *q, struct store_query *sq,
                         const char *name, const struct rpc_value *v) MUST_USE;
err rpc_shop_where_q(struct rpc_shop *q, struct store_query *sq,
                     const char *name, const struct rpc_value *v) MUST_USE;
/* Words that a person typed as an FTS5 expression: all of them, the last as a
** beginning; empty when there are none. */
slice rpc_shop_match(struct arena *a, slice words);
/* A member of the one object that a method takes; RPC_NONE: not given. */
struct rpc_value rpc_shop_arg(struct rpc_call *c, const char *key);
/* Members as values; when not given, what out had. */
err rpc_shop_arg_u64(struct rpc_call *c, u64 *out, const char *key) MUST_USE;
err rpc_shop_arg_addr(struct rpc_call *c, addr20 *out, bool *given,
                      const char *key) MUST_USE;
/* Other members are refused: keys, parted by blanks. */
err rpc_shop_arg_only(struct rpc_call *c, const char *keys) MUST_USE;
/* Exports.  begin: what a seller's takes, with other members called names (as
** rpc_shop_arg_only); answer: {"format", "name", "text"}, where a cell that a
** spreadsheet would take for a formula begins with an apostrophe. */
err rpc_export_begin(struct rpc_call *c, const char *names, addr20 *seller,
                     bool *csv) MUST_USE;
err rpc_export_answer(struct rpc_call *c, const struct rpc_rows *rows,
                      u32 table, bool csv, const char *name) MUST_USE;
extern const struct rpc_list RPC_LISTS[];
enum rpc_list_id {
#define LIST(name, module, type, table, filters, sorts, more, where) \
  RPC_L_##name,
#define LIST_OWN LIST
#include "rpc/rpc_commerce.def"
#undef LIST
#undef LIST_OWN
  RPC_LIST_CNT
};
#endif
