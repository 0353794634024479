/* notify_send.h - what leaves the node: one webhook's POST, one mail.
**
** A webhook (RFC 9110, 9112): POST of a JSON body to an http:// or https:// URL
** with these headers
**   CyberMiles-Event: Orders.OrderSaved      CyberMiles-Delivery: 17
**   CyberMiles-Signature: t=1764000000,v1=HEX
** HEX is HMAC-SHA256(secret, t || "." || body): who knows the secret can tell
** that the message is ours and when it was sent.  Redirects are not followed;
** any status of 200 to 299 within NOTIFY_SEND_MS means it is taken.
**
** A mail (RFC 5321, 5322): over TLS (port 465), STARTTLS, or, to this machine
** alone, plain; AUTH PLAIN (RFC 4616) when there is a user.  Text of UTF-8 in
** base64, a subject by RFC 2047. */
#ifndef NOTIFY_NOTIFY_SEND_H
#define NOTIFY_NOTIFY_SEND_H
#include "base/buf.h"
#include "notify/notify_dial.h"

#define NOTIFY_SEND_MS 10000u
#define NOTIFY_URL_MAX 1024u
#define NOTIFY_ANSWER_MAX 512u

struct notify_url {
  bool tls;
  u16 port;
  char host[256];      /* without brackets */
  char authority[272]; /* of the Host header */
  char path[NOTIFY_URL_MAX];
};
/* ERR_USAGE with what is wrong. */
err notify_url_parse(struct notify_url *out, const char *url,
                     struct errmsg *msg) MUST_USE;

struct notify_post {
  const char *url, *event, *secret;
  u64 id, now_s;
  slice body;
};
/* status: of the answer, 0 when there was none; answer: the begin of its body,
** a text.  ERR_REFUSED for a status that is no success. */
err notify_post(const struct notify_net *net, const struct notify_post *p,
                u32 *status, char answer[NOTIFY_ANSWER_MAX],
                struct errmsg *msg) MUST_USE;
/* "t=..,v1=.." */
void notify_sign(char out[128], const char *secret, u64 now_s, slice body);

enum notify_security { NOTIFY_TLS, NOTIFY_STARTTLS, NOTIFY_PLAIN };
struct notify_server {
  char host[256];
  u16 port;
  enum notify_security security;
  char user[128], password[256]; /* user empty: no AUTH */
  char from[256];                /* an address */
};
struct notify_mail {
  const char *to, *subject;
  slice text;                    /* UTF-8, lines end with \n */
  u64 id, now_s;
};
/* A mail address as we take it: no blanks, quotes, control characters. */
bool notify_address_valid(const char *address);
err notify_mail(const struct notify_net *net, const struct notify_server *s,
                const struct notify_mail *m, u32 *status,
                char answer[NOTIFY_ANSWER_MAX], struct errmsg *msg) MUST_USE;
#endif
