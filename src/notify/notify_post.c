/* notify_post.c - webhooks; see notify_send.h. */
#define _GNU_SOURCE
#include <sodium/crypto_auth_hmacsha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "codec/hex.h"
#include "notify/notify_send.h"

#define POST_HEAD_MAX 16384u

/*-------------------------------------------------------------------- URL */

err notify_url_parse(struct notify_url *u, const char *url,
                     struct errmsg *msg) {
  memset(u, 0, sizeof *u);
  u->tls = strncmp(url, "https://", 8) == 0;
  if (!u->tls && strncmp(url, "http://", 7) != 0)
    return err_say(msg, ERR_USAGE, "a URL begins with https:// or http://");
  for (const char *c = url; *c; c++)
    if (*c <= ' ' || *c > '~')
      return err_say(msg, ERR_USAGE, "a URL is of printable ASCII characters "
                     "without blanks; others are written as %%XX");
  if (strlen(url) >= NOTIFY_URL_MAX)
    return err_say(msg, ERR_USAGE, "a URL has at most %u characters",
                   NOTIFY_URL_MAX - 1);
  const char *p = url + (u->tls ? 8 : 7);
  bool v6 = *p == '[';
  size_t host = strcspn(p += v6, v6 ? "]" : ":/?#");
  size_t all = strcspn(p, "/?#");
  if (memchr(p, '@', all))
    return err_say(msg, ERR_USAGE, "no user or password in the URL: the "
                   "signature tells who sends");
  if (host == 0 || host >= sizeof u->host || (v6 && p[host] != ']'))
    return err_say(msg, ERR_USAGE, "the URL has no host");
  memcpy(u->host, p, host);
  const char *end = p + host + v6;
  u->port = u->tls ? 443 : 80;
  if (*end == ':') {
    char *stop;
    unsigned long n = strtoul(end + 1, &stop, 10);
    if (stop == end + 1 || n == 0 || n > 65535 ||
        (*stop && !strchr("/?#", *stop)))
      return err_say(msg, ERR_USAGE, "the URL's port is 1 to 65535");
    u->port = (u16)n;
    end = stop;
  } else if (*end && !strchr("/?#", *end)) {
    return err_say(msg, ERR_USAGE, "the URL's host is wrong");
  }
  snprintf(u->authority, sizeof u->authority, v6 ? "[%.250s]:%u" : "%.252s:%u",
           u->host, u->port);
  size_t path = strcspn(end, "#");
  bool slash = *end == '/';
  if (!slash) u->path[0] = '/';
  if (path + !slash >= sizeof u->path) path = sizeof u->path - 2;
  memcpy(u->path + !slash, end, path);
  return ERR_OK;
}

/*-------------------------------------------------------------- signature */

void notify_sign(char out[128], const char *secret, u64 now_s, slice body) {
  crypto_auth_hmacsha256_state st;
  u8 mac[32];
  char at[32], hex[65];
  int n = snprintf(at, sizeof at, "%llu.", (unsigned long long)now_s);
  crypto_auth_hmacsha256_init(&st, (const u8 *)secret, strlen(secret));
  crypto_auth_hmacsha256_update(&st, (const u8 *)at, (u64)n);
  crypto_auth_hmacsha256_update(&st, body.ptr, body.len);
  crypto_auth_hmacsha256_final(&st, mac);
  hex_encode(hex, mac, sizeof mac);
  hex[64] = 0;
  snprintf(out, 128, "t=%llu,v1=%s", (unsigned long long)now_s, hex);
}

/*------------------------------------------------------------------- POST */

static void post_request(struct buf *b, const struct notify_url *u,
                         const struct notify_post *p) {
  char sig[128];
  notify_sign(sig, p->secret, p->now_s, p->body);
  buf_printf(b, "POST %s HTTP/1.1\r\nHost: %s\r\n"
             "User-Agent: CyberMiles\r\nContent-Type: application/json\r\n"
             "CyberMiles-Event: %s\r\nCyberMiles-Delivery: %llu\r\n"
             "CyberMiles-Signature: %s\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n", u->path, u->authority, p->event,
             (unsigned long long)p->id, sig, p->body.len);
  buf_put_slice(b, p->body);
}

/* The status, once the head is whole; 0 before. */
static err post_head(u32 *status, size_t *body_at, const struct buf *in,
                     struct errmsg *msg) {
  const u8 *end = memmem(in->ptr, in->len, "\r\n\r\n", 4);
  *status = 0;
  if (in->len >= 7 && memcmp(in->ptr, "HTTP/1.", 7) != 0)
    return err_say(msg, ERR_INPUT, "the answer is no HTTP");
  if (!end) {
    if (in->len < POST_HEAD_MAX) return ERR_OK;
    return err_say(msg, ERR_INPUT, "the answer's head is too long");
  }
  char code[4] = "";
  if (in->len >= 12) memcpy(code, in->ptr + 9, 3);
  *status = (u32)strtoul(code, NULL, 10);
  *body_at = (size_t)(end - in->ptr) + 4;
  if (*status < 100 || *status > 599)
    return err_say(msg, ERR_INPUT, "the answer has no status");
  return ERR_OK;
}

/* What of the body goes into the log: printable, one line; of a body in chunks
** the first. */
static void post_answer(char out[NOTIFY_ANSWER_MAX], const struct buf *in,
                        size_t at) {
  size_t n = 0, end = in->len;
  char *stop;
  if (memmem(in->ptr, at, "chunked", 7)) {
    const u8 *nl = memchr(in->ptr + at, '\n', in->len - at);
    char size[9] = "";
    memcpy(size, in->ptr + at, end - at < 8 ? end - at : 8);
    u64 len = strtoull(size, &stop, 16);
    at = nl ? (size_t)(nl - in->ptr) + 1 : end;
    if (len < end - at) end = at + (size_t)len;
  }
  for (; at < end && n + 1 < NOTIFY_ANSWER_MAX; at++) {
    u8 c = in->ptr[at];
    out[n++] = c >= ' ' && c <= '~' ? (char)c : c == '\n' ? ' ' : '?';
  }
  out[n] = 0;
}

static err post_receive(struct notify_conn *c, u32 *status,
                        char answer[NOTIFY_ANSWER_MAX], struct errmsg *msg) {
  struct buf in;
  size_t at = 0;
  err e = ERR_OK;
  buf_init(&in, 0);
  while (e == ERR_OK && (!*status || in.len - at < NOTIFY_ANSWER_MAX)) {
    size_t got;
    u8 *p = buf_room(&in, 4096);
    e = notify_conn_read(c, p, 4096, &got, msg);
    if (e < 0 || !got) break;
    in.len += got;
    if (!*status || *status < 200) e = post_head(status, &at, &in, msg);
    while (e == ERR_OK && *status && *status < 200) { /* 100 Continue */
      in.len -= at;
      memmove(in.ptr, in.ptr + at, in.len);
      at = 0;
      e = post_head(status, &at, &in, msg);
    }
  }
  if (*status >= 200) {
    e = ERR_OK; /* the status is what counts */
    post_answer(answer, &in, at);
  } else if (e == ERR_OK) {
    e = err_say(msg, ERR_IO, "the connection ended before an answer");
  }
  buf_fini(&in);
  return e;
}

err notify_post(const struct notify_net *net, const struct notify_post *p,
                u32 *status, char answer[NOTIFY_ANSWER_MAX],
                struct errmsg *msg) {
  struct notify_url u;
  struct notify_conn *c;
  struct buf out;
  *status = 0;
  answer[0] = 0;
  TRY(notify_url_parse(&u, p->url, msg));
  TRY(notify_dial(&c, net, u.host, u.port, u.tls,
                  notify_clock_ms() + NOTIFY_SEND_MS, msg));
  buf_init(&out, 0);
  post_request(&out, &u, p);
  err e = notify_conn_write(c, buf_slice(&out), msg);
  if (e == ERR_OK) e = post_receive(c, status, answer, msg);
  notify_conn_close(c);
  buf_fini(&out);
  if (e == ERR_OK && (*status < 200 || *status > 299))
    e = err_say(msg, ERR_REFUSED, "the target answers with status %u",
                *status);
  return e;
}

#undef POST_HEAD_MAX
