/* http_asker.c - from where a request comes, and whether over TLS.
**
** That is the connection's other end, unless it is a reverse proxy which the
** operator names with --http.proxies (addresses, or networks as 10.0.0.0/8): of
** such a one what it says is believed. X-Forwarded-For: the last address in it
** that is not itself a proxy of the list; who asks can write only what stands
** before it, and lines of the header before the last count for nothing.
** X-Forwarded-Proto https: the browser speaks HTTPS with the proxy, so cookies
** are for HTTPS alone and an https Origin is ours. The proxy must hand on the
** Host that the browser sent. From anybody else these headers mean nothing.
**
** Addresses are 16 bytes, of IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
*/
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "web/http_int.h"

static const u8 asker_v4[12] = {[10] = 0xff, [11] = 0xff};

/* Of n characters. */
static bool asker_parse(u8 out[16], const char *text, size_t n) {
  char s[INET6_ADDRSTRLEN];
  if (n == 0 || n >= sizeof s) return false;
  memcpy(s, text, n);
  s[n] = 0;
  memcpy(out, asker_v4, sizeof asker_v4);
  return inet_pton(AF_INET, s, out + 12) == 1 ||
         inet_pton(AF_INET6, s, out) == 1;
}

/* One address of X-Forwarded-For, which may have a port, then an IPv6 one is
** in brackets. */
static bool asker_parse_hop(u8 out[16], const char *text, size_t n) {
  while (n && (*text == ' ' || *text == '\t')) text++, n--;
  while (n && (text[n - 1] == ' ' || text[n - 1] == '\t')) n--;
  if (n && *text == '[') {
    const char *end = memchr(text, ']', n);
    return end && asker_parse(out, text + 1, (size_t)(end - text) - 1);
  }
  const char *colon = memchr(text, ':', n);
  if (colon && !memchr(colon + 1, ':', n - (size_t)(colon - text) - 1))
    n = (size_t)(colon - text);
  return asker_parse(out, text, n);
}

static bool asker_is_proxy(const struct http *h, const u8 addr[16]) {
  for (u32 i = 0; i < h->proxy_cnt; i++) {
    const struct http_proxy *p = &h->proxy[i];
    u32 whole = p->bits / 8, rest = p->bits % 8;
    if (memcmp(p->addr, addr, whole) != 0) continue;
    if (!rest || (p->addr[whole] ^ addr[whole]) >> (8 - rest) == 0) return true;
  }
  return false;
}

err http_proxies_open(struct http *h, struct errmsg *msg) {
  const char *p = h->cfg.proxies ? h->cfg.proxies : "";
  for (size_t n; *(p += strspn(p, ", ")); p += n) {
    n = strcspn(p, ", ");
    const char *slash = memchr(p, '/', n);
    size_t len = slash ? (size_t)(slash - p) : n;
    struct http_proxy x = {.bits = 128};
    bool ok = h->proxy_cnt < ARRAY_LEN(h->proxy) && asker_parse(x.addr, p, len);
    if (ok && slash) {
      char *end;
      u32 most = memchr(p, ':', len) ? 128 : 32;
      unsigned long bits = strtoul(slash + 1, &end, 10);
      ok = end == p + n && slash[1] >= '0' && slash[1] <= '9' && bits <= most;
      x.bits = (u32)bits + 128 - most;
    }
    if (!ok)
      return err_say(msg, ERR_USAGE,
                     "--http.proxies: \"%.*s\" is no address or network, or "
                     "there are more than %u: give such as 127.0.0.1 or "
                     "10.0.0.0/8", (int)(n < 60 ? n : 60), p,
                     (u32)ARRAY_LEN(h->proxy));
    h->proxy[h->proxy_cnt++] = x;
  }
  return ERR_OK;
}

/* The last line of a header. */
struct asker_line {
  const char *name, *value;
};
static enum MHD_Result asker_on_header(void *ctx, enum MHD_ValueKind kind,
                                       const char *name, const char *value) {
  struct asker_line *l = ctx;
  (void)kind;
  if (strcasecmp(name, l->name) == 0) l->value = value;
  return MHD_YES;
}
static const char *asker_header(const struct http_request *rq,
                                const char *name) {
  struct asker_line l = {.name = name};
  MHD_get_connection_values(rq->conn, MHD_HEADER_KIND, asker_on_header, &l);
  return l.value ? l.value : "";
}

static bool asker_of_connection(u8 out[16], struct MHD_Connection *conn) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (!info || !info->client_addr) return false;
  const struct sockaddr *sa = info->client_addr;
  if (sa->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, sa, sizeof in);
    memcpy(out, asker_v4, sizeof asker_v4);
    memcpy(out + 12, &in.sin_addr, 4);
  } else if (sa->sa_family == AF_INET6) {
    struct sockaddr_in6 in6;
    memcpy(&in6, sa, sizeof in6);
    memcpy(out, in6.sin6_addr.s6_addr, 16);
  } else {
    return false;
  }
  return true;
}

void http_asker_find(struct http_request *rq) {
  u8 hop[16];
  rq->secure = http_is_secure(rq->conn);
  rq->known = asker_of_connection(rq->from, rq->conn);
  if (!rq->known || !asker_is_proxy(rq->h, rq->from)) return;
  if (strcasecmp(asker_header(rq, "X-Forwarded-Proto"), "https") == 0)
    rq->secure = true;
  const char *list = asker_header(rq, "X-Forwarded-For");
  for (size_t n = strlen(list); n > 0;) {
    size_t start = n;
    while (start && list[start - 1] != ',') start--;
    if (!asker_parse_hop(hop, list + start, n - start)) return;
    memcpy(rq->from, hop, 16);
    if (!asker_is_proxy(rq->h, hop)) return;
    n = start ? start - 1 : 0;
  }
}

void http_asker_text(const struct http_request *rq, char *out, size_t size) {
  out[0] = 0;
  if (!rq->known) return;
  bool v4 = memcmp(rq->from, asker_v4, sizeof asker_v4) == 0;
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? rq->from + 12 : rq->from, out,
            (socklen_t)size);
}

bool http_asker_is_local(const struct http_request *rq) {
  static const u8 one[16] = {[15] = 1};
  if (!rq->known) return false;
  return memcmp(rq->from, one, 16) == 0 ||
         (memcmp(rq->from, asker_v4, sizeof asker_v4) == 0 &&
          rq->from[12] == 127);
}

u64 http_asker_hash(const struct http_request *rq) {
  bool v4 = memcmp(rq->from, asker_v4, sizeof asker_v4) == 0;
  u64 h = 0xcbf29ce484222325u; /* FNV-1a */
  if (!rq->known) return 0;
  /* Who has an IPv6 network of 64 bits has all of it. */
  for (u32 i = v4 ? 12 : 0, end = v4 ? 16 : 8; i < end; i++)
    h = (h ^ rq->from[i]) * 0x100000001b3u;
  return h;
}
