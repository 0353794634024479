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
** NAME_get(id) -> null, or the record with
**   "deadline": {"at": seconds or null, "owner": "buyer" | "seller" |
**      "mediator" | "juror" | "owner" | "anyone" | "governance" | "timer" |
**      "module" | "none", "exit": words or null}   exit: what happens then
**   "timeline": its events, oldest first, at most 200:
**      {"event": "OrderState", "height", "time", "tx", "logIndex", and the
**      event's parameters by their names}; "state" again as a word
** NAME_params() -> [{"name", "text", "value", "min", "max"}]: numbers, money
**   as quantities.
**
** market_search({q, category, seller, platform, kind, token, priceMin,
**     priceMax, zone, minRating, inStock, state, sort, limit, cursor})
**   sort: "relevance" (the default with q), "price", "priceDown", "new" (the
**   default without), "rating", "sold".  state: "active" unless given; "any".
**   token is asked for with priceMin, priceMax and the sorts by price in mind:
**   without it amounts of different tokens are compared as they are.
**   minRating: 100..500, rating x 100.
**   items: listings with "title", "rating" (x 100, 0: none), "stock" (of all
**   variants; 4294967295: unlimited), "document"
** market_facets(the same filters) -> {"category": [{"value","count"}..],
**   "kind": .., "token": .., "rating": .., "capped": bool, "height"}
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
** order_get(id): record + "milestonesList", "invoice", "reviews", ..
** order_list({buyer, seller, party, platform, state, token, ref, from, to,
**   listing, sort: "new" | "old" | "deadline" | "total"})
** order_todo(party) -> {"items": [{"kind": "ship" | "confirm" | "answerReturn"
**   | "sendReturn" | "confirmReturn" | "submitMilestone" | "acceptMilestone" |
**   "topUp" | "claim" | .., "module", "type", "id", "state", "deadline",
**   "exit", "role"}], "height"}: soonest first
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
** platform_get, platform_list({operator, mode, state, category, q, sort:
**   "new" | "fee"}), platform_posts({listing | platform, state}),
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
** mediation_mediators({available, feeMax, q, sort: "fee" | "rating"}),
** mediation_preview({module, subject, bps}); court_get, court_list({party,
** accused, claimant, juror, court, state}), court_courts(), court_rules({court}),
** court_myDuty(juror), court_rulings({q, rule, court}), court_jurorStats(address):
** when their modules are on the chain.
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
#include "rpc/rpc_call.h"

#endif
