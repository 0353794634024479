/* http_acme.c - certificates that a public authority gives by itself (ACME,
** RFC 8555), for --ui.tls acme.
**
** They are for the names of --http.vhosts that have a dot and are neither
** addresses nor .local. The authority proves that these names lead here by
** asking http://NAME/.well-known/acme-challenge/TOKEN (http-01), of port 80: it
** and 443 are to be led to this port, which speaks both. Until a first
** certificate is there the port shows one of the local authority (http_cert.h).
**
** One thread sees to it: a certificate that is missing, for other names, or in
** the last third of its life (of a long one: its last 30 days) is asked for.
** What fails is tried again after 1 minute, 2, 4 ... at most 12 hours, and 12
** times in the life of a short certificate; not before the authority's
** Retry-After, if that is less than 12 hours. The log says why and what is to be
** done (acme_todo). Meanwhile the port goes on showing what it has, ended or
** not: it could be this machine's clock that is wrong.
**
** Kept in the file as settings: acme_key (the account's P-256 key, DER),
** acme_cert (chain, PEM), acme_cert_key (DER), acme_names. The private keys
** leave the machine with a backup, as the local authority's does.
**
** A request is a JWS (RFC 7515) by ES256 with a nonce of the authority, over
** HTTP/1.1, one connection each, at most ACME_HTTP_MS and ACME_BODY_MAX.
*/
#define _GNU_SOURCE
#include <jansson.h>
#include <arpa/inet.h>
#include <mbedtls/asn1.h>
#include <mbedtls/pk.h>
#include <mbedtls/version.h>
#include <sodium/utils.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/log.h"
#include "crypto/hash.h"
#include "node/node_user.h"
#include "notify/notify_send.h"
#include "web/http_cert.h"
#include "web/http_int.h"

#define ACME_URL "https://acme-v02.api.letsencrypt.org/directory"
#define ACME_PATH "/.well-known/acme-challenge/"
#define ACME_HTTP_MS 15000u
#define ACME_BODY_MAX 262144u
#define ACME_TRIES 4u          /* of a nonce that had gone stale */
#define ACME_POLLS 30u         /* a second apart and more */
#define ACME_AGAIN_MS 60000u
#define ACME_AGAIN_MAX_MS (12u * 3600000u)
#define ACME_LOOK_MS 3600000u
#define ACME_LATER_MAX_S (12 * 3600) /* of Retry-After */
#define ACME_CLOCK_S 3600            /* off by more: nothing is asked for */

struct http_acme {
  struct http *h;
  struct http_cert_names names;
  pthread_t thread;
  bool started;
  atomic_bool shown;    /* the port shows what the authority gave */
  pthread_mutex_t lock; /* guards the following */
  pthread_cond_t wake;
  bool stop;
  char token[128];      /* of the challenge under way; empty: none */
  char answer[192];
};

struct acme_run { /* one certificate being asked for */
  struct http_acme *a;
  struct notify_net net;
  mbedtls_pk_context key;
  char jwk[192], thumb[48];
  char nonce[256], kid[512];
  json_t *directory;
  /* The last answer. */
  u32 status;
  u64 later_ms;         /* Retry-After of a refusal */
  i64 ahead_s;          /* of this machine's clock before the authority's */
  char location[512];
  struct buf body;
};

/* False when the node stops.  The clock that is set waits for nothing. */
static bool acme_wait(struct http_acme *a, u64 ms) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  u64 ns = (u64)t.tv_nsec + ms % 1000 * 1000000;
  t.tv_sec += (time_t)(ms / 1000 + ns / 1000000000);
  t.tv_nsec = (long)(ns % 1000000000);
  pthread_mutex_lock(&a->lock);
  while (!a->stop && pthread_cond_timedwait(&a->wake, &a->lock, &t) == 0) {
  }
  bool on = !a->stop;
  pthread_mutex_unlock(&a->lock);
  return on;
}

/*-------------------------------------------------------------------- HTTP */

/* A header's value in a head that ends with NUL; "" when there is none. */
static void acme_header(char *out, size_t size, const char *head,
                        const char *name) {
  const char *p = strcasestr(head, name);
  size_t n = 0;
  if (p) {
    p += strlen(name);
    p += strspn(p, " \t");
    n = strcspn(p, "\r\n");
  }
  if (n >= size) n = 0;
  if (n) memcpy(out, p, n);
  out[n] = 0;
}

/* Takes the sizes out of a body in chunks; false: it is not whole. */
static bool acme_dechunk(struct buf *b) {
  size_t at = 0, to = 0;
  while (at < b->len) {
    const u8 *nl = memchr(b->ptr + at, '\n', b->len - at);
    char *end;
    if (!nl) return false;
    u64 n = strtoull((char *)b->ptr + at, &end, 16);
    if (end == (char *)b->ptr + at) return false;
    at = (size_t)(nl - b->ptr) + 1;
    if (n == 0) {
      b->len = to;
      return true;
    }
    if (n > b->len - at || b->len - at - n < 2) return false;
    memmove(b->ptr + to, b->ptr + at, n);
    to += n;
    at += n + 2;
  }
  return false;
}

/* An HTTP date (RFC 9110) in seconds since 1970; 0: none. */
static i64 acme_date(const char *text) {
  struct tm tm = {0};
  const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
  return end && !*end ? (i64)timegm(&tm) : 0;
}

/* Head and body apart; what is wanted of the head is kept. */
static err acme_read_answer(struct acme_run *r, struct errmsg *msg) {
  struct buf *b = &r->body;
  char *text = (char *)buf_cstr(b), *end = strstr(text, "\r\n\r\n");
  char value[64];
  i64 now_s = (i64)(node_clock_ms() / 1000);
  if (!end || strncmp(text, "HTTP/1.", 7) != 0 || strlen(text) < 12)
    return err_say(msg, ERR_INPUT, "the authority's answer is no HTTP");
  end[2] = 0;
  r->status = (u32)strtoul(text + 9, NULL, 10);
  acme_header(r->location, sizeof r->location, text, "\r\nLocation:");
  acme_header(value, sizeof value, text, "\r\nDate:");
  if (acme_date(value)) r->ahead_s = now_s - acme_date(value);
  acme_header(value, sizeof value, text, "\r\nRetry-After:");
  i64 later_s = acme_date(value) ? acme_date(value) - now_s + r->ahead_s
                                 : (i64)strtoul(value, NULL, 10);
  r->later_ms = r->status < 400 || later_s < 0 ? 0
                : later_s > ACME_LATER_MAX_S ? ACME_LATER_MAX_S * 1000ull
                                             : (u64)later_s * 1000;
  acme_header(value, sizeof value, text, "\r\nTransfer-Encoding:");
  char nonce[sizeof r->nonce];
  acme_header(nonce, sizeof nonce, text, "\r\nReplay-Nonce:");
  if (nonce[0]) memcpy(r->nonce, nonce, sizeof nonce);
  size_t head = (size_t)(end - text) + 4;
  memmove(b->ptr, b->ptr + head, b->len - head);
  b->len -= head;
  if (strcasecmp(value, "chunked") == 0 && !acme_dechunk(b))
    return err_say(msg, ERR_INPUT, "the authority's answer was cut off");
  return ERR_OK;
}

static err acme_http(struct acme_run *r, const char *method, const char *url,
                     const char *body, struct errmsg *msg) {
  struct notify_url u;
  struct notify_conn *c;
  struct buf out;
  size_t got = 1;
  r->status = 0;
  buf_clear(&r->body);
  TRY(notify_url_parse(&u, url, msg));
  err dialed = notify_dial(&c, &r->net, u.host, u.port, u.tls,
                           notify_clock_ms() + ACME_HTTP_MS, msg);
  if (dialed < 0) {
    size_t len = strlen(msg->text);
    snprintf(msg->text + len, sizeof msg->text - len, "; %s",
             strstr(msg->text, "validity")
                 ? "is the clock of this machine right?"
                 : "is the authority reachable from this machine?");
    return dialed;
  }
  buf_init(&out, 0);
  buf_printf(&out, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: CyberMiles\r\n"
             "Connection: close\r\n", method, u.path, u.authority);
  if (body)
    buf_printf(&out, "Content-Type: application/jose+json\r\n"
               "Content-Length: %zu\r\n", strlen(body));
  buf_put_str(&out, "\r\n");
  if (body) buf_put_str(&out, body);
  err e = notify_conn_write(c, buf_slice(&out), msg);
  while (e == ERR_OK && got && r->body.len < ACME_BODY_MAX) {
    u8 *p = buf_room(&r->body, 4096);
    e = notify_conn_read(c, p, 4096, &got, msg);
    if (e == ERR_OK) r->body.len += got;
  }
  notify_conn_close(c);
  buf_fini(&out);
  return e < 0 ? e : acme_read_answer(r, msg);
}

/*-------------------------------------------------------------- signatures */

static void acme_base64(struct buf *out, const void *p, size_t n) {
  size_t size = sodium_base64_encoded_len(
      n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  char *at = (char *)buf_room(out, size);
  sodium_bin2base64(at, size, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out->len += size - 1; /* without the NUL */
}

/* The account's key as a JSON Web Key, and its thumbprint (RFC 7638). */
static err acme_describe_key(struct acme_run *r) {
  u8 der[256];
  u8 sum[32];
  struct buf x, y, t;
  int n = mbedtls_pk_write_pubkey_der(&r->key, der, sizeof der);
  if (n < 65) return ERR_IO;
  const u8 *point = der + sizeof der - 64; /* ends with x and y */
  buf_init(&x, 0);
  buf_init(&y, 0);
  buf_init(&t, 0);
  acme_base64(&x, point, 32);
  acme_base64(&y, point + 32, 32);
  snprintf(r->jwk, sizeof r->jwk,
           "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
           buf_cstr(&x), buf_cstr(&y));
  crypto_sha256(sum, r->jwk, strlen(r->jwk));
  acme_base64(&t, sum, sizeof sum);
  snprintf(r->thumb, sizeof r->thumb, "%s", buf_cstr(&t));
  buf_fini(&x);
  buf_fini(&y);
  buf_fini(&t);
  return ERR_OK;
}

/* r and s, 32 bytes each, of what mbedTLS writes in DER. */
static err acme_raw_signature(u8 out[64], u8 *der, size_t len) {
  u8 *p = der;
  size_t n;
  int e = mbedtls_asn1_get_tag(&p, der + len, &n, MBEDTLS_ASN1_CONSTRUCTED |
                                                  MBEDTLS_ASN1_SEQUENCE);
  for (u32 i = 0; i < 2 && e == 0; i++) {
    mbedtls_mpi m;
    mbedtls_mpi_init(&m);
    e = mbedtls_asn1_get_mpi(&p, der + len, &m);
    if (e == 0) e = mbedtls_mpi_write_binary(&m, out + 32 * i, 32);
    mbedtls_mpi_free(&m);
  }
  return e ? ERR_IO : ERR_OK;
}

static err acme_sign(struct acme_run *r, u8 out[64], slice text) {
  u8 der[160];
  size_t len = 0;
  u8 sum[32];
  crypto_sha256(sum, text.ptr, text.len);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  int e = mbedtls_pk_sign(&r->key, MBEDTLS_MD_SHA256, sum, 32, der,
                          sizeof der, &len, http_cert_random, NULL);
#else
  int e = mbedtls_pk_sign(&r->key, MBEDTLS_MD_SHA256, sum, 32, der, &len,
                          http_cert_random, NULL);
#endif
  return e ? ERR_IO : acme_raw_signature(out, der, len);
}

/* {"protected","payload","signature"}; payload "" reads (POST-as-GET). */
static err acme_jws(struct acme_run *r, struct buf *out, const char *url,
                    const char *payload) {
  struct buf head, text;
  u8 sig[64];
  buf_init(&head, 0);
  buf_init(&text, 0);
  buf_printf(&head, "{\"alg\":\"ES256\",\"nonce\":\"%s\",\"url\":\"%s\",",
             r->nonce, url);
  if (r->kid[0]) buf_printf(&head, "\"kid\":\"%s\"}", r->kid);
  else buf_printf(&head, "\"jwk\":%s}", r->jwk);
  acme_base64(&text, head.ptr, head.len);
  size_t dot = text.len;
  buf_put_u8(&text, '.');
  acme_base64(&text, payload, strlen(payload));
  err e = acme_sign(r, sig, buf_slice(&text));
  buf_clear(&head);
  acme_base64(&head, sig, 64);
  const char *t = buf_cstr(&text);
  buf_printf(out, "{\"protected\":\"%.*s\",\"payload\":\"%s\","
             "\"signature\":\"%s\"}", (int)dot, t, t + dot + 1,
             buf_cstr(&head));
  buf_fini(&head);
  buf_fini(&text);
  return e;
}

/*---------------------------------------------------------------- requests */

static json_t *acme_json(const struct acme_run *r) {
  return json_loadb((const char *)r->body.ptr, r->body.len, 0, NULL);
}
/* A text of an object that lasts as long as it does; "". */
static const char *acme_text(const json_t *j, const char *name) {
  const char *s = json_string_value(json_object_get(j, name));
  return s && strlen(s) < 500 && !strpbrk(s, "\"\\\r\n") ? s : "";
}

/* What the operator does about an error, by its type (RFC 8555, 6.7). */
static const char *acme_todo(const char *type) {
  static const struct { const char *type, *todo; } known[] = {
    {"rateLimited", "nothing is to be done but to wait"},
    {"userActionRequired", "the authority's terms are new: agree to them at the "
     "address that it names"},
    {"externalAccountRequired", "this authority wants an account made by hand: "
     "name another, --ui.acme.url"},
    {"invalidContact", "give another --ui.acme.mail"},
    {"unsupportedContact", "give another --ui.acme.mail"},
    {"rejectedIdentifier", "take the name out of --http.vhosts, or name another "
     "authority, --ui.acme.url"},
    {"unsupportedIdentifier", "take the name out of --http.vhosts"},
    {"caa", "the name's CAA record must allow this authority"},
    {"dns", "the name's DNS must have this machine's public address"},
    {"connection", "port 80 of the name must lead to this port: see router and "
     "firewall"},
    {"unauthorized", "another server answers for the name: its port 80 must lead "
     "to this port"},
    {"incorrectResponse", "another server answers for the name: its port 80 must "
     "lead to this port"},
    {"tls", "another server answers for the name: its port 80 must lead to this "
     "port"},
    {"serverInternal", "the trouble is the authority's: it is asked again"},
  };
  const char *last = strrchr(type, ':');
  for (u32 i = 0; last && i < ARRAY_LEN(known); i++)
    if (strcmp(last + 1, known[i].type) == 0) return known[i].todo;
  return NULL;
}

/* The error that the authority tells of (RFC 7807), as one line, and what is to
** be done about it. */
static err acme_refused(const json_t *problem, struct errmsg *msg) {
  const char *s = json_string_value(json_object_get(problem, "detail"));
  const char *todo = acme_todo(acme_text(problem, "type"));
  const char *where = acme_text(problem, "instance");
  char text[300];
  snprintf(text, sizeof text, "%s%s%s", s ? s : "no reason given",
           where[0] ? " " : "", where);
  for (char *c = text; *c; c++)
    if (*c < ' ' || *c > '~') *c = '?';
    else if (*c == '"') *c = '\'';
  return err_say(msg, ERR_REFUSED, "the authority refuses: %s%s%s", text,
                 todo ? "; " : "", todo ? todo : "");
}
static err acme_problem(const struct acme_run *r, struct errmsg *msg) {
  json_t *j = acme_json(r);
  err e = acme_refused(j, msg);
  json_decref(j);
  return e;
}

static bool acme_nonce_is_bad(const struct acme_run *r) {
  json_t *j = r->status == 400 ? acme_json(r) : NULL;
  bool bad = strcmp(acme_text(j, "type"),
                    "urn:ietf:params:acme:error:badNonce") == 0;
  json_decref(j);
  return bad;
}

static err acme_post(struct acme_run *r, const char *url, const char *payload,
                     struct errmsg *msg) {
  struct buf jws;
  err e = ERR_OK;
  buf_init(&jws, 0);
  for (u32 i = 0; i < ACME_TRIES; i++) {
    if (!r->nonce[0])
      e = acme_http(r, "HEAD", acme_text(r->directory, "newNonce"), NULL, msg);
    buf_clear(&jws);
    if (e == ERR_OK) e = acme_jws(r, &jws, url, payload);
    r->nonce[0] = 0; /* of one use; the answer has the next */
    if (e == ERR_OK) e = acme_http(r, "POST", url, buf_cstr(&jws), msg);
    if (e < 0 || !acme_nonce_is_bad(r)) break;
  }
  buf_fini(&jws);
  if (e == ERR_OK && (r->status < 200 || r->status > 299))
    e = acme_problem(r, msg);
  return e;
}

/* Reads an order or authorization until it is in a state of a comma list
** before the others; *out is the caller's. */
static err acme_poll(struct acme_run *r, json_t **out, const char *url,
                     const char *wanted, struct errmsg *msg) {
  for (u32 i = 0; i < ACME_POLLS; i++) {
    TRY(acme_post(r, url, "", msg));
    *out = acme_json(r);
    const char *state = acme_text(*out, "status");
    if (state[0] && strstr(wanted, state)) return ERR_OK;
    bool over = strcmp(state, "invalid") == 0;
    if (over) {
      size_t k;
      json_t *ch, *why = json_object_get(*out, "error");
      json_array_foreach(json_object_get(*out, "challenges"), k, ch)
        if (json_object_get(ch, "error")) why = json_object_get(ch, "error");
      (void)acme_refused(why, msg);
    }
    json_decref(*out);
    *out = NULL;
    if (over) return ERR_REFUSED;
    if (!acme_wait(r->a, 1000)) return ERR_CLOSED;
  }
  return err_say(msg, ERR_TIMEOUT, "the authority takes too long");
}

/* What /.well-known/acme-challenge/ answers; token NULL: nothing. */
static void acme_show(struct http_acme *a, const char *token,
                      const char *thumb) {
  pthread_mutex_lock(&a->lock);
  a->token[0] = 0;
  if (token && strlen(token) < sizeof a->token) {
    memcpy(a->token, token, strlen(token) + 1);
    snprintf(a->answer, sizeof a->answer, "%s.%s", token, thumb);
  }
  pthread_mutex_unlock(&a->lock);
}

/* Proves one name. */
static err acme_authorize(struct acme_run *r, const char *url,
                          struct errmsg *msg) {
  json_t *j = NULL, *ch, *done = NULL;
  size_t i;
  TRY(acme_post(r, url, "", msg));
  j = acme_json(r);
  err e = strcmp(acme_text(j, "status"), "valid") == 0 ? ERR_OK
      : err_say(msg, ERR_REFUSED, "the authority offers no http-01");
  json_array_foreach(json_object_get(j, "challenges"), i, ch) {
    if (e == ERR_OK || strcmp(acme_text(ch, "type"), "http-01") != 0) continue;
    acme_show(r->a, acme_text(ch, "token"), r->thumb);
    e = acme_post(r, acme_text(ch, "url"), "{}", msg);
    if (e == ERR_OK) e = acme_poll(r, &done, url, "valid", msg);
    acme_show(r->a, NULL, NULL);
    break;
  }
  json_decref(done);
  json_decref(j);
  return e;
}

static err acme_account(struct acme_run *r, struct errmsg *msg) {
  const char *mail = r->a->h->cfg.acme_mail;
  char payload[300];
  if (mail && (strlen(mail) > 200 || strpbrk(mail, "\"\\\r\n ")))
    return err_say(msg, ERR_USAGE, "--ui.acme.mail: no mail address");
  snprintf(payload, sizeof payload, mail && mail[0]
           ? "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:%s\"]}"
           : "{\"termsOfServiceAgreed\":true}", mail ? mail : "");
  TRY(acme_post(r, acme_text(r->directory, "newAccount"), payload, msg));
  memcpy(r->kid, r->location, sizeof r->kid);
  return r->kid[0] ? ERR_OK
      : err_say(msg, ERR_INPUT, "the authority gave no account");
}

/* The chain into c, whose key is made. */
static err acme_order(struct acme_run *r, struct http_cert *c,
                      struct errmsg *msg) {
  const struct http_cert_names *names = &r->a->names;
  json_t *order = NULL, *ready = NULL, *valid = NULL, *auth;
  char url[512];
  struct buf b, csr;
  size_t i;
  buf_init(&b, 0);
  buf_init(&csr, 0);
  buf_put_str(&b, "{\"identifiers\":[");
  for (u32 k = 0; k < names->name_cnt; k++)
    buf_printf(&b, "%s{\"type\":\"dns\",\"value\":\"%s\"}", k ? "," : "",
               names->name[k]);
  buf_put_str(&b, "]}");
  err e = acme_post(r, acme_text(r->directory, "newOrder"), buf_cstr(&b), msg);
  memcpy(url, r->location, sizeof url);
  if (e == ERR_OK) order = acme_json(r);
  json_array_foreach(json_object_get(order, "authorizations"), i, auth)
    if (e == ERR_OK && json_is_string(auth))
      e = acme_authorize(r, json_string_value(auth), msg);
  if (e == ERR_OK) e = acme_poll(r, &ready, url, "ready,valid", msg);
  if (e == ERR_OK) e = http_cert_key(&c->key);
  if (e == ERR_OK) e = http_cert_csr(&csr, buf_slice(&c->key), names);
  buf_clear(&b);
  buf_put_str(&b, "{\"csr\":\"");
  acme_base64(&b, csr.ptr, csr.len);
  buf_put_str(&b, "\"}");
  if (e == ERR_OK)
    e = acme_post(r, acme_text(order, "finalize"), buf_cstr(&b), msg);
  if (e == ERR_OK) e = acme_poll(r, &valid, url, "valid", msg);
  if (e == ERR_OK) e = acme_post(r, acme_text(valid, "certificate"), "", msg);
  if (e == ERR_OK) buf_put_slice(&c->chain, buf_slice(&r->body));
  json_decref(order);
  json_decref(ready);
  json_decref(valid);
  buf_fini(&b);
  buf_fini(&csr);
  return e;
}

/*---------------------------------------------------- what the file keeps */

static void acme_put_names(struct buf *out, const struct http_cert_names *n) {
  for (u32 i = 0; i < n->name_cnt; i++)
    buf_printf(out, "%s%s", i ? "," : "", n->name[i]);
}

static err acme_kept(struct http *h, struct http_cert *out) {
  struct buf names, kept;
  buf_init(&names, 0);
  buf_init(&kept, 0);
  acme_put_names(&names, &h->acme->names);
  err e = node_setting_get(h->node, &kept, "acme_names");
  if (e == ERR_OK && (kept.len != names.len ||
                      memcmp(kept.ptr, names.ptr, kept.len) != 0))
    e = ERR_NOT_FOUND;
  if (e == ERR_OK) e = node_setting_get(h->node, &out->chain, "acme_cert");
  if (e == ERR_OK) e = node_setting_get(h->node, &out->key, "acme_cert_key");
  if (e == ERR_OK) e = http_cert_judge(out, node_clock_ms());
  if (e < 0) {
    http_cert_fini(out);
    http_cert_init(out);
  }
  buf_fini(&names);
  buf_fini(&kept);
  return e;
}

err http_acme_cert(struct http *h, struct http_cert *out) {
  err e = acme_kept(h, out);
  atomic_store(&h->acme->shown, e == ERR_OK);
  return e;
}

static err acme_keep(struct http_acme *a, const struct http_cert *c) {
  struct node *n = a->h->node;
  struct buf names;
  buf_init(&names, 0);
  acme_put_names(&names, &a->names);
  /* The names last: with others' the rest counts for nothing. */
  err e = node_setting_put(n, "acme_names", slice_of("", 0));
  if (e == ERR_OK)
    e = node_setting_put(n, "acme_cert_key", buf_slice(&c->key));
  if (e == ERR_OK) e = node_setting_put(n, "acme_cert", buf_slice(&c->chain));
  if (e == ERR_OK) e = node_setting_put(n, "acme_names", buf_slice(&names));
  buf_fini(&names);
  return e;
}

/* The account's key, made once. */
static err acme_load_key(struct acme_run *r) {
  struct buf der;
  buf_init(&der, 0);
  err e = node_setting_get(r->a->h->node, &der, "acme_key");
  if (e == ERR_NOT_FOUND) {
    e = http_cert_key(&der);
    if (e == ERR_OK)
      e = node_setting_put(r->a->h->node, "acme_key", buf_slice(&der));
  }
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
  if (e == ERR_OK && mbedtls_pk_parse_key(&r->key, der.ptr, der.len, NULL, 0,
                                          http_cert_random, NULL) != 0)
    e = ERR_INPUT;
#else
  if (e == ERR_OK &&
      mbedtls_pk_parse_key(&r->key, der.ptr, der.len, NULL, 0) != 0)
    e = ERR_INPUT;
#endif
  if (der.ptr) mem_wipe(der.ptr, der.len);
  buf_fini(&der);
  return e == ERR_OK ? acme_describe_key(r) : e;
}

/* By a wrong clock a certificate would be asked for too early, again and again,
** and taken for ended or not begun. */
static err acme_clock(const struct acme_run *r, struct errmsg *msg) {
  if (r->ahead_s <= ACME_CLOCK_S && r->ahead_s >= -ACME_CLOCK_S) return ERR_OK;
  return err_say(msg, ERR_REFUSED, "this machine's clock is %lld s %s the "
                 "authority's: set it", llabs(r->ahead_s),
                 r->ahead_s > 0 ? "ahead of" : "behind");
}

/* A new certificate, kept and shown; *wait_ms: then two thirds of its life,
** else what a refusal wants. */
static err acme_obtain(struct http_acme *a, u64 *wait_ms, struct errmsg *msg) {
  const struct http_config *cfg = &a->h->cfg;
  struct acme_run *r = mem_alloc(sizeof *r);
  struct http_cert c;
  r->a = a;
  r->net = (struct notify_net){.ca_file = cfg->net_ca && cfg->net_ca[0]
                                   ? cfg->net_ca : NULL,
                               .local = cfg->net_local};
  http_cert_init(&c);
  buf_init(&r->body, 0);
  mbedtls_pk_init(&r->key);
  err e = acme_load_key(r);
  if (e == ERR_OK)
    e = acme_http(r, "GET", cfg->acme_url && cfg->acme_url[0] ? cfg->acme_url
                                                              : ACME_URL,
                  NULL, msg);
  if (e == ERR_OK) r->directory = acme_json(r);
  if (e == ERR_OK && !acme_text(r->directory, "newOrder")[0])
    e = err_say(msg, ERR_INPUT, "no directory of an ACME authority there");
  if (e == ERR_OK) e = acme_clock(r, msg);
  if (e == ERR_OK) e = acme_account(r, msg);
  if (e == ERR_OK) e = acme_order(r, &c, msg);
  if (e == ERR_OK) e = http_cert_judge(&c, node_clock_ms());
  if (e == ERR_OK) e = acme_keep(a, &c);
  if (e == ERR_OK) e = http_tls_reload(a->h, msg);
  *wait_ms = e < 0 ? r->later_ms : (c.until_ms - c.from_ms) / 3 * 2;
  json_decref(r->directory);
  mbedtls_pk_free(&r->key);
  buf_fini(&r->body);
  http_cert_fini(&c);
  mem_free(r);
  return e;
}

/*-------------------------------------------------------------- the thread */

/* When a certificate is to be had anew: in the last third of its life. */
static u64 acme_due(const struct http_cert *c) {
  u64 life = c->until_ms > c->from_ms ? c->until_ms - c->from_ms : 0;
  return c->until_ms - (life / 3 < HTTP_CERT_RENEW_MS ? life / 3
                                                      : HTTP_CERT_RENEW_MS);
}

/* The longest wait after a failure: a certificate of some days is tried 12
** times in its life. */
static u64 acme_patience(const struct http_cert *c) {
  u64 part = c->until_ms > c->from_ms ? (c->until_ms - c->from_ms) / 12 : 0;
  return part == 0 || part > ACME_AGAIN_MAX_MS ? ACME_AGAIN_MAX_MS
         : part < 1000 ? 1000 : part;
}

static void *acme_work(void *arg) {
  struct http_acme *a = arg;
  u64 again = ACME_AGAIN_MS, most = ACME_AGAIN_MAX_MS, wait = 0;
  while (acme_wait(a, wait)) {
    struct errmsg msg = {.text = ""};
    struct http_cert c;
    u64 now = node_clock_ms(), asked = 0;
    http_cert_init(&c);
    bool kept = acme_kept(a->h, &c) == ERR_OK;
    u64 due = kept ? acme_due(&c) : 0;
    if (kept) most = acme_patience(&c); /* of one that ended, too */
    http_cert_fini(&c);
    err e = ERR_OK;
    /* Kept but not shown: the clock was wrong at the start, and was set. */
    if (kept && !atomic_load(&a->shown)) e = http_tls_reload(a->h, &msg);
    if (e == ERR_OK && now >= due) e = acme_obtain(a, &asked, &msg);
    if (e == ERR_OK) {
      again = ACME_AGAIN_MS;
      wait = now < due ? due - now : asked;
      wait = wait < ACME_LOOK_MS ? wait : ACME_LOOK_MS;
    } else if (e != ERR_CLOSED) {
      wait = again < most ? again : most;
      wait = asked > wait ? asked : wait;
      log_event(LOG_WARN, "http", "acme.failed", "again_s=%llu text=\"%s\"",
                (unsigned long long)((wait + 999) / 1000),
                msg.text[0] ? msg.text : err_text(e));
      again = 2 * again < ACME_AGAIN_MAX_MS ? 2 * again : ACME_AGAIN_MAX_MS;
    }
  }
  return NULL;
}

/* The names of --http.vhosts that a public authority certifies. */
static void acme_names(struct http_cert_names *out, const char *vhosts) {
  static const char okay[] = "abcdefghijklmnopqrstuvwxyz0123456789.-"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  u8 ip[16];
  for (const char *p = vhosts ? vhosts : ""; *p;) {
    p += strspn(p, ", ");
    size_t n = strcspn(p, ", ");
    char *name = out->name[out->name_cnt];
    if (n && n < sizeof out->name[0] && out->name_cnt + 1 < HTTP_CERT_NAME_MAX) {
      memcpy(name, p, n);
      name[n] = 0;
      const char *end = n > 6 ? name + n - 6 : "";
      if (strchr(name, '.') && !name[strspn(name, okay)] &&
          strcasecmp(end, ".local") != 0 && inet_pton(AF_INET, name, ip) != 1)
        out->name_cnt++;
      else
        name[0] = 0;
    }
    p += n;
  }
}

err http_acme_open(struct http *h, struct errmsg *msg) {
  struct http_acme *a = h->acme = mem_alloc(sizeof *a);
  a->h = h;
  pthread_mutex_init(&a->lock, NULL);
  pthread_condattr_t attr;
  pthread_condattr_init(&attr);
  pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
  pthread_cond_init(&a->wake, &attr);
  pthread_condattr_destroy(&attr);
  acme_names(&a->names, h->cfg.vhosts);
  if (a->names.name_cnt) return ERR_OK;
  return err_say(msg, ERR_USAGE, "--ui.tls acme wants the names that the world "
                 "knows this machine by: --http.vhosts shop.example.org");
}

err http_acme_start(struct http *h, struct errmsg *msg) {
  struct http_acme *a = h->acme;
  if (!a) return ERR_OK;
  a->started = pthread_create(&a->thread, NULL, acme_work, a) == 0;
  return a->started ? ERR_OK
                    : err_say(msg, ERR_IO, "cannot start the thread of ACME");
}

void http_acme_stop(struct http *h) {
  struct http_acme *a = h->acme;
  if (!a || !a->started) return;
  pthread_mutex_lock(&a->lock);
  a->stop = true;
  pthread_cond_broadcast(&a->wake);
  pthread_mutex_unlock(&a->lock);
  pthread_join(a->thread, NULL);
  a->started = false;
}

void http_acme_free(struct http *h) {
  struct http_acme *a = h->acme;
  if (!a) return;
  pthread_mutex_destroy(&a->lock);
  pthread_cond_destroy(&a->wake);
  mem_free(a);
  h->acme = NULL;
}

bool http_acme_answer(struct http_request *rq, const char *path) {
  struct http_acme *a = rq->h->acme;
  size_t n = strlen(ACME_PATH);
  if (!a || strncmp(path, ACME_PATH, n) != 0) return false;
  pthread_mutex_lock(&a->lock);
  bool ours = a->token[0] && strcmp(path + n, a->token) == 0;
  if (ours) {
    rq->status = MHD_HTTP_OK;
    rq->type = "application/octet-stream";
    buf_clear(&rq->reply);
    buf_put_str(&rq->reply, a->answer);
  }
  pthread_mutex_unlock(&a->lock);
  if (!ours) http_say(rq, MHD_HTTP_NOT_FOUND, "no such challenge");
  return true;
}

#undef ACME_URL
#undef ACME_PATH
#undef ACME_HTTP_MS
#undef ACME_BODY_MAX
#undef ACME_TRIES
#undef ACME_POLLS
#undef ACME_AGAIN_MS
#undef ACME_AGAIN_MAX_MS
#undef ACME_LOOK_MS
#undef ACME_LATER_MAX_S
#undef ACME_CLOCK_S
