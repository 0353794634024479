/* http_content.c - /content/HASH: content's bytes, for pages and links.
**
** Who put them there is nobody we know, so a browser must never take them for
** a page of ours: the type is the one their first bytes told when they came
** (proj.h), nothing is sniffed, and the policy is a sandbox that runs and loads
** nothing.  A hash names the same bytes for ever, so they may be kept for ever;
** they are checked against it each time.  The dashboard's own pages may show
** them as images. */
#include <sys/socket.h>

#include "codec/hex.h"
#include "node/node_proj.h"
#include "web/http_int.h"

#define CONTENT_PATH "/content/"

bool http_content_wanted(struct http_request *rq, const char *path) {
  size_t n = sizeof CONTENT_PATH - 1;
  static const hash32 none;
  if (strncmp(path, CONTENT_PATH, n) != 0) return false;
  if (hex_fixed(rq->content.b, 32, slice_str(path + n)) < 0)
    rq->content = none; /* of no bytes */
  return true;
}

void http_content_run(struct http_request *rq) {
  struct node_read *r;
  struct proj_content got;
  struct arena a;
  static const char *const types[] = {
    "application/json", "image/jpeg", "image/png", "image/webp", "image/gif",
    "application/pdf"};
  if (node_is_plain(rq->h->node) || node_read_begin(rq->h->node, &r) < 0) {
    http_say(rq, MHD_HTTP_SERVICE_UNAVAILABLE, "try again");
    return;
  }
  arena_init(&a, 64u << 10, 2u << 20);
  err e = proj_content_get(node_read_store(r), &got, &rq->content, &a);
  if (!e) buf_put_slice(&rq->reply, got.bytes);
  node_read_end(r);
  arena_fini(&a);
  if (e || rq->reply.over) {
    buf_clear(&rq->reply);
    http_say(rq, MHD_HTTP_NOT_FOUND, "this content is not here");
    return;
  }
  rq->status = MHD_HTTP_OK;
  rq->type = "application/octet-stream";
  for (u32 i = 0; i < ARRAY_LEN(types); i++)
    if (!strcmp(types[i], got.type)) rq->type = types[i];
}

void http_content_headers(const struct http_request *rq,
                          struct MHD_Response *r) {
  MHD_add_response_header(r, "Content-Security-Policy",
                          "sandbox; default-src 'none'");
  MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
  MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
  MHD_add_response_header(r, "Cross-Origin-Resource-Policy", "same-origin");
  MHD_add_response_header(r, "Cache-Control", rq->status == MHD_HTTP_OK
                              ? "public, max-age=31536000, immutable"
                              : "no-store");
  if (rq->type && !strcmp(rq->type, "application/octet-stream"))
    MHD_add_response_header(r, "Content-Disposition", "attachment");
}

#undef CONTENT_PATH
