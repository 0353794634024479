/* http_front.c - /shop/NAME: a merchant's public shop, NAME his handle or his
** address; below it /listing/ID and the pages that only its script knows.
**
** The page is web/shop.html with what the chain says put into its places: title,
** description and picture for those who show a link to it, and the same as text
** for readers without scripts; shop.js takes its place.  It has no code and no
** navigation of the dashboard.
**
** Names and texts come from strangers: of each a limited part is written, as
** HTML text, without control characters and marks that turn the direction of
** writing; pictures are hashes, shown from /content/.  What a shop is: a party
** with an identity or with a listing, whatever its state.  404 where there is
** none, 503 while the node does not have the chain's head: it may be yet to
** come.  What is asked is asked by JSON-RPC, within the process.
*/
#define _GNU_SOURCE /* memmem */
#include <stdarg.h>
#include <stdio.h>

#include "codec/hex.h"
#include "codec/json.h"
#include "gen/gen_asset.h"
#include "web/http_int.h"

#define FRONT_PATH "/shop"
#define FRONT_LISTING "listing/"
#define FRONT_HEAD "<!--head-->"
#define FRONT_BODY "<!--body-->"
#define FRONT_LISTED 24u    /* listings named without scripts */
#define FRONT_TITLE 120u    /* characters shown of a name */
#define FRONT_TEXT 300u     /* and of a description */
#define FRONT_LONG 4000u    /* and of a listing's text on its own page */

bool http_front_wanted(struct http_request *rq, const char *path) {
  size_t n = sizeof FRONT_PATH - 1;
  if (strncmp(path, FRONT_PATH, n) != 0 || (path[n] && path[n] != '/'))
    return false;
  const char *key = path[n] ? path + n + 1 : path + n;
  size_t len = strcspn(key, "/");
  const char *rest = key[len] ? key + len + 1 : key + len;
  rq->shop[0] = 0;
  rq->shop_listing = 0;
  if (len < sizeof rq->shop) {
    memcpy(rq->shop, key, len);
    rq->shop[len] = 0;
    for (char *c = rq->shop; *c; c++) {
      if (*c >= 'A' && *c <= 'Z') *c = (char)(*c - 'A' + 'a');
      if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c)) {
        rq->shop[0] = 0; /* of nobody */
        break;
      }
    }
  }
  if (strncmp(rest, FRONT_LISTING, sizeof FRONT_LISTING - 1) == 0) {
    rest += sizeof FRONT_LISTING - 1;
    for (u32 i = 0; i < 15 && rest[i] >= '0' && rest[i] <= '9'; i++)
      rq->shop_listing = rq->shop_listing * 10 + (u64)(rest[i] - '0');
  }
  return true;
}

/*----------------------------------------------------------------- asking */

/* What is known of a shop; texts belong to the answers. */
struct front_page {
  json_t *answer[4];
  u32 answers;
  const json_t *listings, *listing;
  const char *seller, *name, *about, *picture;
  bool found, syncing, broken;
};

/* The result, as long as the page's answers are kept; NULL: none. */
static const json_t *front_ask(struct http_request *rq, struct front_page *p,
                               const char *fmt, ...) PRINTF_LIKE(3, 4);
static const json_t *front_ask(struct http_request *rq, struct front_page *p,
                               const char *fmt, ...) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC};
  char call[256];
  struct buf reply;
  va_list ap;
  va_start(ap, fmt);
  int n = snprintf(call, sizeof call, "{\"jsonrpc\":\"2.0\",\"id\":1,");
  vsnprintf(call + n, sizeof call - (size_t)n, fmt, ap);
  va_end(ap);
  buf_init(&reply, 0);
  rpc_handle(rq->h->rpc, &reply, slice_str(call), &peer);
  json_t *j = json_read(buf_slice(&reply), NULL);
  buf_fini(&reply);
  MUST(p->answers < ARRAY_LEN(p->answer));
  p->answer[p->answers++] = j;
  const json_t *result = json_object_get(j, "result");
  if (!result) p->broken = true;
  return result;
}

static const char *front_text(const json_t *document, const char *key) {
  const char *s = json_string_value(json_object_get(document, key));
  return s && s[0] ? s : NULL;
}
/* A hash as it stands in a path, or NULL. */
static const char *front_hash(const json_t *j) {
  const char *s = json_string_value(j);
  return s && strlen(s) == 66 && s[0] == '0' && s[1] == 'x' &&
                 strspn(s + 2, "0123456789abcdef") == 64 ? s : NULL;
}

static void front_load(struct http_request *rq, struct front_page *p) {
  addr20 a;
  const json_t *got =
      front_ask(rq, p, "\"method\":\"eth_syncing\",\"params\":[]}");
  p->syncing = json_is_object(got);
  if (!rq->shop[0]) return;
  bool address = hex_parse_addr(&a, slice_str(rq->shop)) == ERR_OK;
  got = front_ask(rq, p, "\"method\":\"id_get\",\"params\":[\"%s\"]}",
                  rq->shop);
  p->seller = front_text(got, "anchor");
  p->found = p->seller;
  if (!p->seller && address) p->seller = rq->shop;
  if (!p->seller) return;
  const json_t *doc = json_object_get(got, "document");
  p->name = front_text(doc, "name");
  if (!p->name) p->name = rq->shop;
  p->about = front_text(doc, "about");
  p->picture = front_hash(json_object_get(doc, "logo"));
  got = front_ask(rq, p, "\"method\":\"market_search\",\"params\":[{"
                  "\"seller\":\"%s\",\"state\":\"any\",\"sort\":\"new\","
                  "\"limit\":%u}]}", p->seller, FRONT_LISTED);
  p->listings = json_object_get(got, "items");
  if (json_array_size(p->listings)) p->found = true;
  if (!rq->shop_listing || !p->found) return;
  got = front_ask(rq, p, "\"method\":\"market_get\",\"params\":[%llu]}",
                  (unsigned long long)rq->shop_listing);
  const char *seller = front_text(got, "seller");
  if (seller && strcmp(seller, p->seller) == 0) p->listing = got;
}

/*---------------------------------------------------------------- writing */

/* Marks that turn the direction of writing: U+200E, 200F, 202A..202E,
** 2066..2069 as UTF-8. */
static bool front_turns(const u8 *s) {
  return s[0] == 0xe2 &&
         ((s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f ||
                            (s[2] >= 0xaa && s[2] <= 0xae))) ||
          (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9));
}

/* At most so many characters, as text of HTML and of an attribute in double
** quotes.  The text is whole UTF-8: json_read saw to it. */
static void front_put(struct buf *b, const char *text, u32 max) {
  static const struct {
    char c;
    const char *as;
  } row[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"},
             {'\'', "&#39;"}};
  if (!text) return;
  for (const u8 *s = (const u8 *)text; *s; s++) {
    if (front_turns(s)) {
      s += 2;
      continue;
    }
    if ((*s & 0xc0) != 0x80 && max-- == 0) { /* a character begins */
      buf_put_str(b, "\xe2\x80\xa6");
      return;
    }
    const char *as = NULL;
    for (u32 i = 0; i < ARRAY_LEN(row); i++)
      if (row[i].c == (char)*s) as = row[i].as;
    if (as) buf_put_str(b, as);
    else buf_put_u8(b, *s < 0x20 || *s == 0x7f ? ' ' : *s);
  }
}

static const json_t *front_document(const json_t *listing) {
  return json_object_get(listing, "document");
}
static const char *front_title(const json_t *listing) {
  const char *s = front_text(front_document(listing), "title");
  return s ? s : front_text(listing, "title");
}
static void front_put_name(struct buf *b, const struct front_page *p) {
  if (p->listing) {
    front_put(b, front_title(p->listing), FRONT_TITLE);
    buf_put_str(b, " \xc2\xb7 ");
  }
  front_put(b, p->name, FRONT_TITLE);
}
static void front_put_meta(struct buf *b, const char *kind, const char *name) {
  buf_printf(b, "<meta %s=\"%s\" content=\"", kind, name);
}

static void front_put_head(struct http_request *rq, const struct front_page *p) {
  struct buf *b = &rq->reply;
  const char *host = http_header(rq, "Host"), *picture = p->picture;
  const char *scheme = rq->secure ? "https" : "http";
  buf_put_str(b, "<title>");
  if (p->found) front_put_name(b, p);
  else buf_put_str(b, p->syncing ? "Not here yet" : "No such shop");
  buf_put_str(b, "</title>\n");
  if (!p->found) {
    buf_put_str(b, "<meta name=\"robots\" content=\"noindex\">\n");
    return;
  }
  const char *text = p->listing ? front_text(front_document(p->listing), "body")
                                : p->about;
  for (u32 i = 0; text && i < 2; i++) {
    front_put_meta(b, i ? "property" : "name",
                  i ? "og:description" : "description");
    front_put(b, text, FRONT_TEXT);
    buf_put_str(b, "\">\n");
  }
  front_put_meta(b, "property", "og:title");
  front_put_name(b, p);
  buf_put_str(b, "\">\n");
  front_put_meta(b, "property", "og:site_name");
  front_put(b, p->name, FRONT_TITLE);
  buf_put_str(b, "\">\n");
  front_put_meta(b, "property", "og:type");
  buf_put_str(b, p->listing ? "product\">\n" : "website\">\n");
  if (p->listing) {
    const char *own = front_hash(json_array_get(
        json_object_get(front_document(p->listing), "images"), 0));
    if (own) picture = own;
  }
  front_put_meta(b, "property", "og:url");
  buf_printf(b, "%s://", scheme);
  front_put(b, host, HTTP_NAME_MAX);
  buf_printf(b, FRONT_PATH "/%s", rq->shop);
  if (p->listing)
    buf_printf(b, "/" FRONT_LISTING "%llu", (unsigned long long)rq->shop_listing);
  buf_put_str(b, "\">\n");
  if (!picture) return;
  front_put_meta(b, "property", "og:image");
  buf_printf(b, "%s://", scheme);
  front_put(b, host, HTTP_NAME_MAX);
  buf_printf(b, "/content/%s\">\n", picture);
}

/* For who reads without scripts. */
static void front_put_listing(struct http_request *rq,
                             const struct front_page *p) {
  struct buf *b = &rq->reply;
  buf_put_str(b, "<h1>");
  front_put(b, front_title(p->listing), FRONT_TITLE);
  buf_put_str(b, "</h1>\n<p>");
  front_put(b, front_text(front_document(p->listing), "body"), FRONT_LONG);
  buf_printf(b, "</p>\n<p><a href=\"" FRONT_PATH "/%s\">", rq->shop);
  front_put(b, p->name, FRONT_TITLE);
  buf_put_str(b, "</a></p>\n");
}
static void front_put_listings(struct http_request *rq,
                              const struct front_page *p) {
  struct buf *b = &rq->reply;
  buf_put_str(b, "<h1>");
  front_put(b, p->name, FRONT_TITLE);
  buf_put_str(b, "</h1>\n<p>");
  front_put(b, p->about, FRONT_LONG);
  buf_put_str(b, "</p>\n<ul>\n");
  for (size_t i = 0; i < json_array_size(p->listings); i++) {
    const json_t *l = json_array_get(p->listings, i);
    const char *state = front_text(l, "state");
    if (!state || strcmp(state, "active") != 0) continue;
    buf_printf(b, "<li><a href=\"" FRONT_PATH "/%s/" FRONT_LISTING "%lld\">",
               rq->shop, (long long)json_integer_value(
                   json_object_get(l, "id")));
    front_put(b, front_title(l), FRONT_TITLE);
    buf_put_str(b, "</a></li>\n");
  }
  buf_put_str(b, "</ul>\n");
}

static void front_put_body(struct http_request *rq, const struct front_page *p) {
  struct buf *b = &rq->reply;
  const char *state = p->found ? "found" : p->syncing ? "syncing" : "none";
  buf_printf(b, "<div id=\"app\" data-shop=\"%s\" data-seller=\"%s\" "
             "data-state=\"%s\"><main>\n", rq->shop,
             p->seller ? p->seller : "", state);
  if (p->found && p->listing) {
    front_put_listing(rq, p);
  } else if (p->found) {
    front_put_listings(rq, p);
  } else if (p->syncing) {
    buf_put_str(b, "<h1>Not here yet</h1>\n<p>This node is still fetching the "
                "chain and may not have this shop yet. Try again in a few "
                "minutes.</p>\n");
  } else {
    buf_put_str(b, "<h1>There is no shop at this address</h1>\n<p>The address "
                "of a shop ends with the merchant's name or account: ask him "
                "for it, or look for a misspelling.</p>\n");
  }
  buf_put_str(b, "</main></div>\n");
}

void http_front_run(struct http_request *rq) {
  static const char template[] = "/shop.html";
  const struct gen_asset *a = http_page_asset(template);
  struct front_page p = {.listings = NULL};
  if (!a || node_is_plain(rq->h->node)) {
    http_say(rq, MHD_HTTP_NOT_FOUND, a ? "this chain has no shops"
             : "this node was built without its pages");
    return;
  }
  front_load(rq, &p);
  const char *html = (const char *)a->raw;
  const char *end = html + a->raw_len;
  const char *head = memmem(html, a->raw_len, FRONT_HEAD, strlen(FRONT_HEAD));
  const char *body = memmem(html, a->raw_len, FRONT_BODY, strlen(FRONT_BODY));
  MUST(head && body && head < body);
  buf_put(&rq->reply, html, (size_t)(head - html));
  front_put_head(rq, &p);
  head += strlen(FRONT_HEAD);
  buf_put(&rq->reply, head, (size_t)(body - head));
  front_put_body(rq, &p);
  body += strlen(FRONT_BODY);
  buf_put(&rq->reply, body, (size_t)(end - body));
  rq->type = "text/html; charset=utf-8";
  rq->status = p.broken || (p.syncing && !p.found)
                   ? MHD_HTTP_SERVICE_UNAVAILABLE
               : p.found && (!rq->shop_listing || p.listing)
                   ? MHD_HTTP_OK
                   : MHD_HTTP_NOT_FOUND;
  for (u32 i = 0; i < p.answers; i++)
    if (p.answer[i]) json_decref(p.answer[i]);
}
#undef FRONT_PATH
#undef FRONT_LISTING
#undef FRONT_HEAD
#undef FRONT_BODY
#undef FRONT_LISTED
#undef FRONT_TITLE
#undef FRONT_TEXT
#undef FRONT_LONG
