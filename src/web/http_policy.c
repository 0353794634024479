/* http_policy.c - which names, origins and peers are let in.
**
** Host: a page of another site can make its own name resolve to this machine
** (DNS rebinding) and then talks to us as "same origin"; but its Host header
** still carries that name.  So only localhost, IP literals, this machine's own
** name (with .local too) and the names of --http.vhosts are answered.
** Origin: by default no other origin may read our answers.  The key-using
** routes demand, beyond that, no foreign Origin or Sec-Fetch-Site, and an
** owner's session; until there is a user, a peer on the loopback interface that
** calls us by a loopback name, and no trace of a proxy, whose users would all
** look local.
*/
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "web/http_int.h"

static u32 policy_split(char **out, const char *list, bool *any) {
  u32 cnt = 0;
  for (const char *p = list ? list : ""; *p && cnt < HTTP_LIST_MAX;) {
    p += strspn(p, ", ");
    size_t n = strcspn(p, ", ");
    if (n == 0) break;
    if (n == 1 && *p == '*') *any = true;
    char *s = mem_alloc(n + 1);
    memcpy(s, p, n);
    out[cnt++] = s;
    p += n;
  }
  return cnt;
}

/* This machine's name, and the one that multicast DNS gives it. */
static void policy_own_names(struct http_names *n) {
  char host[HTTP_NAME_MAX] = "", local[HTTP_NAME_MAX + 8];
  if (gethostname(host, sizeof host - 1) != 0 || !host[0]) return;
  if (n->vhost_cnt + 2 > HTTP_LIST_MAX) return;
  n->vhosts[n->vhost_cnt++] = mem_strdup(host);
  host[strcspn(host, ".")] = 0;
  snprintf(local, sizeof local, "%s.local", host);
  n->vhosts[n->vhost_cnt++] = mem_strdup(local);
}

const struct http_names *http_names(const struct http *h) {
  return __atomic_load_n(&h->names, __ATOMIC_ACQUIRE);
}

void http_policy_reload(struct http *h, const char *vhosts,
                        const char *corsdomain) {
  struct http_names *n = mem_alloc(sizeof *n);
  n->vhost_cnt = policy_split(n->vhosts, vhosts, &n->any_host);
  policy_own_names(n);
  n->origin_cnt = policy_split(n->origins, corsdomain, &n->any_origin);
  n->ws_origin_cnt = policy_split(n->ws_origins, h->cfg.ws_origins,
                                  &n->any_ws_origin);
  n->before = h->names;
  __atomic_store_n(&h->names, n, __ATOMIC_RELEASE);
}

void http_policy_init(struct http *h) {
  http_policy_reload(h, h->cfg.vhosts, h->cfg.corsdomain);
}

void http_policy_fini(struct http *h) {
  for (struct http_names *n = h->names, *before; n; n = before) {
    before = n->before;
    for (u32 i = 0; i < n->vhost_cnt; i++) mem_free(n->vhosts[i]);
    for (u32 i = 0; i < n->origin_cnt; i++) mem_free(n->origins[i]);
    for (u32 i = 0; i < n->ws_origin_cnt; i++) mem_free(n->ws_origins[i]);
    mem_free(n);
  }
}

/* The name in "name:port", "[::1]:port"; false when it is no such thing. */
static bool policy_host_name(char *out, size_t size, const char *host) {
  size_t n;
  if (host[0] == '[') {
    host++;
    n = strcspn(host, "]");
    if (host[n] != ']' || (host[n + 1] && host[n + 1] != ':')) return false;
  } else {
    n = strcspn(host, ":");
    if (host[n] == ':' && strchr(host + n + 1, ':')) return false;
  }
  if (n == 0 || n >= size) return false;
  memcpy(out, host, n);
  out[n] = 0;
  if (n > 1 && out[n - 1] == '.') out[n - 1] = 0;
  return true;
}

static bool policy_is_ip(const char *name) {
  u8 a[16];
  return inet_pton(AF_INET, name, a) == 1 || inet_pton(AF_INET6, name, a) == 1;
}

static bool policy_is_loopback_name(const char *name) {
  u8 a[16];
  static const u8 one[16] = {[15] = 1};
  if (strcasecmp(name, "localhost") == 0) return true;
  if (inet_pton(AF_INET, name, a) == 1) return a[0] == 127;
  return inet_pton(AF_INET6, name, a) == 1 && memcmp(a, one, 16) == 0;
}

bool http_host_allowed(const struct http_request *rq, char *name,
                       size_t size) {
  const struct http_names *h = http_names(rq->h);
  const char *host = http_header(rq, "Host");
  snprintf(name, size, "%s", host ? host : "");
  if (h->any_host || !host || !host[0]) return true; /* HTTP/1.0 has none */
  if (!policy_host_name(name, size, host)) return false;
  if (policy_is_ip(name) || strcasecmp(name, "localhost") == 0) return true;
  for (u32 i = 0; i < h->vhost_cnt; i++) {
    if (strcasecmp(name, h->vhosts[i]) == 0) return true;
  }
  return false;
}

bool http_host_takes_hsts(const struct http_request *rq) {
  char name[HTTP_NAME_MAX];
  const char *host = http_header(rq, "Host");
  return host && policy_host_name(name, sizeof name, host) &&
         !policy_is_ip(name) && strcasecmp(name, "localhost") != 0;
}

const char *http_cors_origin(const struct http_request *rq) {
  const struct http_names *h = http_names(rq->h);
  if (h->origin_cnt == 0) return NULL;
  const char *origin = http_header(rq, "Origin");
  if (!origin) return NULL;
  if (h->any_origin) return "*";
  for (u32 i = 0; i < h->origin_cnt; i++) {
    if (strcasecmp(origin, h->origins[i]) == 0) return h->origins[i];
  }
  return NULL;
}

bool http_is_json(const struct http_request *rq) {
  static const char *const types[] = {"application/json",
                                      "application/json-rpc",
                                      "application/jsonrequest"};
  const char *t = http_header(rq, "Content-Type");
  if (!t) return false;
  size_t n = strcspn(t, "; \t");
  for (u32 i = 0; i < ARRAY_LEN(types); i++) {
    if (strlen(types[i]) == n && strncasecmp(t, types[i], n) == 0) return true;
  }
  return false;
}

/* An Origin, where there is one, must be what the browser called us by. */
bool http_same_origin(const struct http_request *rq) {
  char own[HTTP_NAME_MAX + 16];
  const char *origin = http_header(rq, "Origin");
  const char *site = http_header(rq, "Sec-Fetch-Site");
  const char *host = http_header(rq, "Host");
  if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
    return false;
  }
  if (!origin) return true;
  int n = snprintf(own, sizeof own, "%s://%s", rq->secure ? "https" : "http",
                   host ? host : "");
  return n < (int)sizeof own && strcasecmp(origin, own) == 0;
}

bool http_socket_origin_allowed(const struct http_request *rq) {
  const struct http_names *h = http_names(rq->h);
  const char *origin = http_header(rq, "Origin");
  if (http_cors_origin(rq) || http_same_origin(rq)) return true;
  for (u32 i = 0; origin && i < h->ws_origin_cnt; i++) {
    if (strcasecmp(origin, h->ws_origins[i]) == 0) return true;
  }
  return origin && h->any_ws_origin;
}

static const char *policy_no(char why[NODE_RIGHT_REFUSAL], const char *text) {
  snprintf(why, NODE_RIGHT_REFUSAL, "%s", text);
  return "forbidden";
}

/* What a login or a token may. */
static const char *policy_user_refused(struct http_request *rq, u32 need,
                                       char why[NODE_RIGHT_REFUSAL]) {
  struct http_who who;
  if (!http_auth_who(rq, &who))
    return policy_no(why, "log in to use the node's keys");
  if (need & ~who.rights) {
    node_rights_refusal(why, need & ~who.rights);
    return "forbidden";
  }
  if (who.confirmed || !node_rights_again(need)) return NULL;
  policy_no(why, NODE_RIGHT_AGAIN);
  return "confirm";
}

const char *http_keys_refused(struct http_request *rq, u32 need,
                              char why[NODE_RIGHT_REFUSAL]) {
  static const char *const proxy[] = {"X-Forwarded-For", "Forwarded", "Via",
                                      "X-Real-IP"};
  char name[HTTP_NAME_MAX];
  const char *host = http_header(rq, "Host");
  if (!http_same_origin(rq))
    return policy_no(why, "keys are not used for requests that another site "
                          "makes");
  if (http_auth_exists(rq->h)) return policy_user_refused(rq, need, why);
  bool here = http_asker_is_local(rq) && host &&
              policy_host_name(name, sizeof name, host) &&
              policy_is_loopback_name(name);
  for (u32 i = 0; here && i < ARRAY_LEN(proxy); i++)
    here = !http_header(rq, proxy[i]);
  return here ? NULL
              : policy_no(why, "keys are only used for requests from this "
                               "machine itself: open http://localhost");
}
