/* notify_mail.c - SMTP; see notify_send.h. */
#include <sodium/utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "notify/notify_send.h"

#define MAIL_LINE_MAX 1000u

struct mail_session {
  struct notify_conn *c;
  struct buf in;    /* read, not yet taken */
  u32 status;
  bool starttls, plain; /* what EHLO offered */
  char *answer;
  struct errmsg *msg;
};

bool notify_address_valid(const char *a) {
  const char *at = strrchr(a, '@');
  size_t n = strlen(a);
  if (!at || at == a || !at[1] || n > 254) return false;
  for (const char *c = a; *c; c++)
    if (*c <= ' ' || *c > '~' || strchr("<>()[]\\,;:\"", *c)) return false;
  return strchr(a, '@') == at;
}

/*----------------------------------------------------------------- talking */

/* One line of the answer, without its end. */
static err mail_line(struct mail_session *s, char out[MAIL_LINE_MAX]) {
  for (;;) {
    const u8 *nl = s->in.len ? memchr(s->in.ptr, '\n', s->in.len) : NULL;
    if (nl) {
      size_t all = (size_t)(nl - s->in.ptr) + 1, n = all - 1;
      if (n && s->in.ptr[n - 1] == '\r') n--;
      if (n >= MAIL_LINE_MAX) n = MAIL_LINE_MAX - 1;
      for (size_t i = 0; i < n; i++)
        out[i] = s->in.ptr[i] >= ' ' && s->in.ptr[i] <= '~'
                     ? (char)s->in.ptr[i] : '?';
      out[n] = 0;
      s->in.len -= all;
      memmove(s->in.ptr, s->in.ptr + all, s->in.len);
      return ERR_OK;
    }
    if (s->in.len > 65536)
      return err_say(s->msg, ERR_INPUT, "the mail server's line has no end");
    size_t got;
    u8 *p = buf_room(&s->in, 4096);
    TRY(notify_conn_read(s->c, p, 4096, &got, s->msg));
    if (!got) return err_say(s->msg, ERR_IO, "the mail server hung up");
    s->in.len += got;
  }
}

/* An answer of one or more lines; its class must be that of want (2xx, 3xx). */
static err mail_answer(struct mail_session *s, u32 want) {
  char line[MAIL_LINE_MAX];
  for (u32 i = 0; i < 100; i++) {
    TRY(mail_line(s, line));
    s->status = (u32)strtoul(line, NULL, 10);
    snprintf(s->answer, NOTIFY_ANSWER_MAX, "%.500s", line);
    if (strlen(line) < 3 || s->status < 200 || s->status > 599)
      return err_say(s->msg, ERR_INPUT, "the answer is no SMTP");
    const char *word = line + (line[3] ? 4 : 3);
    if (strcmp(word, "STARTTLS") == 0) s->starttls = true;
    if (strncmp(word, "AUTH ", 5) == 0 && strstr(word, " PLAIN"))
      s->plain = true;
    if (line[3] == '-') continue;
    if (s->status / 100 == want / 100) return ERR_OK;
    return err_say(s->msg, ERR_REFUSED, "the mail server says: %.200s", line);
  }
  return err_say(s->msg, ERR_INPUT, "the mail server's answer has no end");
}

static err mail_say(struct mail_session *s, u32 want, const char *what,
                    const char *arg) {
  struct buf b;
  buf_init(&b, 0);
  buf_printf(&b, "%s%s\r\n", what, arg);
  err e = notify_conn_write(s->c, buf_slice(&b), s->msg);
  mem_wipe(b.ptr, b.len);
  buf_fini(&b);
  return e < 0 ? e : mail_answer(s, want);
}

static err mail_hello(struct mail_session *s) {
  s->starttls = s->plain = false;
  return mail_say(s, 250, "EHLO ", "cybermiles.invalid");
}

static err mail_auth(struct mail_session *s, const struct notify_server *v) {
  char token[1024], raw[1 + sizeof v->user + 1 + sizeof v->password];
  if (!v->user[0]) return ERR_OK;
  if (!s->plain)
    return err_say(s->msg, ERR_UNSUPPORTED,
                   "the mail server does not offer AUTH PLAIN");
  size_t user = strlen(v->user), pass = strlen(v->password);
  raw[0] = 0;
  memcpy(raw + 1, v->user, user + 1);
  memcpy(raw + 2 + user, v->password, pass);
  sodium_bin2base64(token, sizeof token, (const u8 *)raw, 2 + user + pass,
                    sodium_base64_VARIANT_ORIGINAL);
  err e = mail_say(s, 235, "AUTH PLAIN ", token);
  mem_wipe(token, sizeof token);
  mem_wipe(raw, sizeof raw);
  return e;
}

/*---------------------------------------------------------------- message */

/* In lines of 76 characters; none begins with a dot. */
static void mail_base64(struct buf *b, slice s) {
  char line[80];
  for (size_t i = 0; i < s.len; i += 57) {
    size_t n = s.len - i < 57 ? s.len - i : 57;
    sodium_bin2base64(line, sizeof line, s.ptr + i, n,
                      sodium_base64_VARIANT_ORIGINAL);
    buf_printf(b, "%s\r\n", line);
  }
}

/* Encoded words of at most 45 bytes of whole characters each. */
static void mail_subject(struct buf *b, const char *text) {
  char word[80];
  size_t len = strlen(text);
  buf_put_str(b, "Subject:");
  for (size_t i = 0; i < len;) {
    size_t n = len - i < 42 ? len - i : 42;
    while (i + n < len && n > 1 && ((u8)text[i + n] & 0xc0) == 0x80) n--;
    sodium_bin2base64(word, sizeof word, (const u8 *)text + i, n,
                      sodium_base64_VARIANT_ORIGINAL);
    buf_printf(b, " =?UTF-8?B?%s?=\r\n", word);
    i += n;
  }
}

static void mail_compose(struct buf *b, const struct notify_server *v,
                         const struct notify_mail *m) {
  char date[64];
  struct tm tm;
  time_t t = (time_t)m->now_s;
  gmtime_r(&t, &tm);
  strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
  buf_printf(b, "From: CyberMiles <%s>\r\nTo: <%s>\r\nDate: %s\r\n"
             "Message-ID: <%llu.%llu@cybermiles.invalid>\r\n", v->from, m->to,
             date, (unsigned long long)m->now_s, (unsigned long long)m->id);
  mail_subject(b, m->subject);
  buf_put_str(b, "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n"
              "Content-Type: text/plain; charset=UTF-8\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\n");
  mail_base64(b, m->text);
  buf_put_str(b, ".\r\n");
}

static err mail_send(struct mail_session *s, const struct notify_net *net,
                     const struct notify_server *v,
                     const struct notify_mail *m) {
  char path[264];
  struct buf b;
  TRY(mail_answer(s, 220));
  TRY(mail_hello(s));
  if (v->security == NOTIFY_STARTTLS) {
    if (!s->starttls)
      return err_say(s->msg, ERR_UNSUPPORTED,
                     "the mail server does not offer STARTTLS");
    TRY(mail_say(s, 220, "STARTTLS", ""));
    if (s->in.len) /* what came before TLS is not to be trusted */
      return err_say(s->msg, ERR_REFUSED, "the mail server spoke too early");
    TRY(notify_conn_secure(s->c, net, s->msg));
    TRY(mail_hello(s));
  }
  TRY(mail_auth(s, v));
  snprintf(path, sizeof path, "<%s>", v->from);
  TRY(mail_say(s, 250, "MAIL FROM:", path));
  snprintf(path, sizeof path, "<%s>", m->to);
  TRY(mail_say(s, 250, "RCPT TO:", path));
  TRY(mail_say(s, 354, "DATA", ""));
  buf_init(&b, 0);
  mail_compose(&b, v, m);
  err e = notify_conn_write(s->c, buf_slice(&b), s->msg);
  buf_fini(&b);
  return e < 0 ? e : mail_answer(s, 250);
}

err notify_mail(const struct notify_net *net, const struct notify_server *v,
                const struct notify_mail *m, u32 *status,
                char answer[NOTIFY_ANSWER_MAX], struct errmsg *msg) {
  struct mail_session s = {.answer = answer, .msg = msg};
  struct notify_net at = *net;
  *status = 0;
  answer[0] = 0;
  if (!notify_address_valid(v->from) || !notify_address_valid(m->to))
    return err_say(msg, ERR_USAGE, "no mail address");
  if (v->security == NOTIFY_PLAIN && strcmp(v->host, "127.0.0.1") != 0 &&
      strcmp(v->host, "::1") != 0 && strcmp(v->host, "localhost") != 0)
    return err_say(msg, ERR_REFUSED, "mail goes to another machine by TLS or "
                   "STARTTLS only");
  at.local = true; /* who set the server up is the owner of the node */
  TRY(notify_dial(&s.c, &at, v->host, v->port, v->security == NOTIFY_TLS,
                  notify_clock_ms() + 3 * NOTIFY_SEND_MS, msg));
  buf_init(&s.in, 0);
  err e = mail_send(&s, net, v, m);
  *status = s.status;
  if (e == ERR_OK) {
    char kept[NOTIFY_ANSWER_MAX];
    memcpy(kept, answer, sizeof kept); /* of DATA, not of QUIT */
    if (mail_say(&s, 221, "QUIT", "") < 0) msg->text[0] = 0;
    memcpy(answer, kept, sizeof kept);
  }
  notify_conn_close(s.c);
  buf_fini(&s.in);
  return e;
}

#undef MAIL_LINE_MAX
