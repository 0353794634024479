/* http_text.c - the operator's own words for texts of the dashboard.
**
** GET /api/texts: {language: {key: text}}, for everybody, for the pages put it
** over the translations; POST the same whole (right "node") replaces it.  It is
** a setting of the file, of at most TEXT_MAX bytes; the pages escape all texts.
*/
#include "web/http_auth.h"

#define TEXT_SETTING "texts"
#define TEXT_MAX 65536u

void http_text_list(struct http_request *rq) {
  buf_clear(&rq->reply);
  if (node_setting_get(rq->h->node, &rq->reply, TEXT_SETTING) < 0) {
    buf_clear(&rq->reply);
    buf_put_str(&rq->reply, "{}");
  }
  rq->type = "application/json";
  rq->status = MHD_HTTP_OK;
}

/* An object of objects of texts. */
static bool text_is_valid(const json_t *all) {
  const char *language, *key;
  json_t *texts, *text;
  json_object_foreach((json_t *)all, language, texts) {
    if (!json_is_object(texts)) return false;
    json_object_foreach(texts, key, text)
      if (!json_is_string(text)) return false;
  }
  return true;
}

void http_text_set(struct http_request *rq) {
  struct jsonw w;
  json_t *body = http_auth_body(rq);
  if (!body) return;
  char *all = mem_alloc(TEXT_MAX);
  size_t len = json_dumpb(body, all, TEXT_MAX, JSON_COMPACT | JSON_SORT_KEYS);
  if (!len || len > TEXT_MAX || !text_is_valid(body)) {
    http_api_error(rq, MHD_HTTP_BAD_REQUEST, "bad_request", "{language: {key: "
                   "text}} of at most %u bytes is wanted", TEXT_MAX);
  } else {
    err e = node_setting_put(rq->h->node, TEXT_SETTING, slice_of(all, len));
    http_auth_open(rq, &w);
    http_auth_close(rq, &w);
    if (e < 0) http_auth_failed(rq, e);
  }
  mem_free(all);
  json_decref(body);
}

#undef TEXT_SETTING
#undef TEXT_MAX
