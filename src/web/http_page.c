/* http_page.c - the dashboard's files, from the bytes embedded at build.
**
** Each file is made into a response once, at start, with its headers: type,
** ETag, a strict Content-Security-Policy and its companions.  Browsers keep
** files but ask each time (no-cache): an unchanged one costs a 304.  Paths
** without a dot in their last part are pages of the application and get
** /index.html.
*/
#include "gen/gen_asset.h"
#include "web/http_int.h"

static const char *const page_headers[][2] = {
  {"Content-Security-Policy",
   "default-src 'none'; script-src 'self'; style-src 'self'; "
   "img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; "
   "manifest-src 'self'; worker-src 'self'; form-action 'self'; "
   "base-uri 'none'; frame-ancestors 'none'; "
   "require-trusted-types-for 'script'"},
  {"X-Content-Type-Options", "nosniff"},
  {"Referrer-Policy", "no-referrer"},
  {"Permissions-Policy",
   "camera=(self), microphone=(), geolocation=(), payment=(), usb=()"},
  {"Cross-Origin-Opener-Policy", "same-origin"},
  {"Cross-Origin-Resource-Policy", "same-origin"},
  {"X-Frame-Options", "DENY"},
};

static void page_add_headers(struct MHD_Response *r, bool hsts) {
  for (u32 i = 0; i < ARRAY_LEN(page_headers); i++) {
    MHD_add_response_header(r, page_headers[i][0], page_headers[i][1]);
  }
  if (hsts) {
    MHD_add_response_header(r, "Strict-Transport-Security",
                            "max-age=31536000");
  }
}

void http_add_security(const struct http_request *rq,
                       struct MHD_Response *r) {
  page_add_headers(r, rq->hsts);
}

static struct MHD_Response *page_make(const struct gen_asset *a, bool gz,
                                      bool hsts) {
  struct MHD_Response *r = MHD_create_response_from_buffer(
      gz ? a->gz_len : a->raw_len, (void *)(gz ? a->gz : a->raw),
      MHD_RESPMEM_PERSISTENT);
  MUST(r);
  MHD_add_response_header(r, "Content-Type", a->type);
  MHD_add_response_header(r, "ETag", a->etag);
  MHD_add_response_header(r, "Cache-Control", "no-cache");
  if (a->gz) MHD_add_response_header(r, "Vary", "Accept-Encoding");
  if (gz) MHD_add_response_header(r, "Content-Encoding", "gzip");
  page_add_headers(r, hsts);
  return r;
}

void http_pages_make(struct http *h) {
  h->page = mem_alloc((gen_asset_cnt + 1) * sizeof *h->page);
  for (u32 i = 0; i < gen_asset_cnt; i++) {
    const struct gen_asset *a = &gen_asset[i];
    h->page[i].raw = page_make(a, false, false);
    if (a->gz) h->page[i].gz = page_make(a, true, false);
    if (!h->tls) continue;
    h->page[i].raw_hsts = page_make(a, false, true);
    if (a->gz) h->page[i].gz_hsts = page_make(a, true, true);
  }
}

void http_pages_free(struct http *h) {
  for (u32 i = 0; i < gen_asset_cnt; i++) {
    struct MHD_Response *const r[] = {h->page[i].raw, h->page[i].gz,
                                      h->page[i].raw_hsts,
                                      h->page[i].gz_hsts};
    for (u32 k = 0; k < ARRAY_LEN(r); k++) {
      if (r[k]) MHD_destroy_response(r[k]);
    }
  }
  mem_free(h->page);
}

static bool page_find(const char *path, u32 *idx) {
  u32 lo = 0, hi = gen_asset_cnt;
  while (lo < hi) {
    u32 mid = lo + (hi - lo) / 2;
    int d = strcmp(path, gen_asset[mid].path);
    if (d == 0) {
      *idx = mid;
      return true;
    }
    if (d < 0) {
      hi = mid;
    } else {
      lo = mid + 1;
    }
  }
  return false;
}

const struct gen_asset *http_page_asset(const char *path) {
  u32 i;
  return page_find(path, &i) ? &gen_asset[i] : NULL;
}

bool http_page_is_route(const char *path) {
  const char *last = strrchr(path, '/');
  return last && !strchr(last, '.');
}

/* One of the listed tags is ours; proxies make them weak (W/"..."). */
static bool page_unchanged(const struct http_request *rq, const char *etag) {
  const char *have = http_header(rq, "If-None-Match");
  return have && (strcmp(have, "*") == 0 || strstr(have, etag));
}

/* "gzip" listed, and not with q=0. */
static bool page_takes_gzip(const struct http_request *rq) {
  const char *list = http_header(rq, "Accept-Encoding");
  const char *at = list ? strstr(list, "gzip") : NULL;
  if (!at) return false;
  at += 4;
  at += strspn(at, " ;");
  if (strncmp(at, "q=0", 3) != 0) return true;
  return strspn(at + 3, ".0") < strcspn(at + 3, ", ");
}

static enum MHD_Result page_send_missing(struct http_request *rq) {
  static const char text[] = "not found\n";
  struct MHD_Response *r = MHD_create_response_from_buffer(
      sizeof text - 1, (void *)text, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
  http_add_security(rq, r);
  enum MHD_Result ok = MHD_queue_response(rq->conn, MHD_HTTP_NOT_FOUND, r);
  MHD_destroy_response(r);
  return ok;
}

static enum MHD_Result page_send_unchanged(struct http_request *rq, u32 i) {
  struct MHD_Response *r =
      MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
  MHD_add_response_header(r, "ETag", gen_asset[i].etag);
  MHD_add_response_header(r, "Cache-Control", "no-cache");
  enum MHD_Result ok = MHD_queue_response(rq->conn, MHD_HTTP_NOT_MODIFIED, r);
  MHD_destroy_response(r);
  return ok;
}

enum MHD_Result http_page_send(struct http_request *rq, const char *path) {
  u32 i;
  if (http_abi_wanted(path)) return http_abi_send(rq, path);
  if (!page_find(path, &i) &&
      !(http_page_is_route(path) && page_find("/index.html", &i))) {
    return page_send_missing(rq);
  }
  if (page_unchanged(rq, gen_asset[i].etag)) return page_send_unchanged(rq, i);
  const struct http_page *p = &rq->h->page[i];
  bool gz = p->gz && page_takes_gzip(rq);
  return MHD_queue_response(rq->conn, MHD_HTTP_OK,
                            rq->hsts ? (gz ? p->gz_hsts : p->raw_hsts)
                                     : (gz ? p->gz : p->raw));
}
