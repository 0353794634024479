/* test_notify_send.c - webhooks, mail and names against servers of our own on
** loopback that answer well, badly, late, or not at all. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "notify/notify_send.h"

/* A server that takes one connection: says hello, then answers script lines
** one by one, each to what ends with "\n"; or body at once. */
struct peer {
  int fd;
  u16 port;
  const char *body;    /* HTTP: the whole answer; NULL: a script */
  const char *hello;
  const char *const *script;
  char got[65536];
  size_t len;
  pthread_t thread;
};

static void peer_script(struct peer *p, int fd) {
  const char *const *next = p->script;
  size_t taken = 0;
  bool data = false;
  if (p->hello) assert_true(write(fd, p->hello, strlen(p->hello)) > 0);
  for (;;) {
    ssize_t n = read(fd, p->got + p->len, sizeof p->got - 1 - p->len);
    if (n <= 0) return;
    p->len += (size_t)n;
    for (;;) {
      const char *end = data ? strstr(p->got + taken, "\r\n.\r\n")
                             : strstr(p->got + taken, "\r\n");
      if (!end || !*next) break;
      bool was = strncmp(p->got + taken, "DATA", 4) == 0;
      taken = (size_t)(end - p->got) + (data ? 5 : 2);
      data = was;
      if (write(fd, *next, strlen(*next)) < 0) return;
      next++;
    }
  }
}

static void *peer_run(void *arg) {
  struct peer *p = arg;
  int fd = accept(p->fd, NULL, NULL);
  if (fd < 0) return NULL;
  if (p->script) {
    peer_script(p, fd);
  } else {
    const char *head = NULL;
    while (!head || p->len < (size_t)(head + 4 - p->got)) {
      ssize_t n = read(fd, p->got + p->len, sizeof p->got - 1 - p->len);
      if (n <= 0) break;
      p->len += (size_t)n;
      head = strstr(p->got, "\r\n\r\n");
    }
    if (p->body && write(fd, p->body, strlen(p->body)) < 0) p->len = 0;
  }
  shutdown(fd, SHUT_WR);
  char rest[512];
  while (read(fd, rest, sizeof rest) > 0) {}
  close(fd);
  return NULL;
}

static void peer_start(struct peer *p) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof in;
  p->fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(p->fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(listen(p->fd, 4), 0);
  assert_int_equal(getsockname(p->fd, (struct sockaddr *)&in, &len), 0);
  p->port = ntohs(in.sin_port);
  assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
}

static void peer_end(struct peer *p) {
  shutdown(p->fd, SHUT_RDWR);
  close(p->fd);
  pthread_join(p->thread, NULL);
}

static const struct notify_net here = {.local = true};

static err post_to(struct peer *p, const char *path, u32 *status,
                   char answer[NOTIFY_ANSWER_MAX], struct errmsg *msg) {
  char url[256];
  struct notify_post post = {.url = url, .event = "Orders.OrderState",
                             .secret = "whsec_test", .id = 17,
                             .now_s = 1764000000,
                             .body = slice_str("{\"id\":5}")};
  snprintf(url, sizeof url, "http://127.0.0.1:%u%s", p->port, path);
  return notify_post(&here, &post, status, answer, msg);
}

/*-------------------------------------------------------------------- HTTP */

static void post_when_taken_then_headers_and_signature(void **state) {
  struct peer p = {.body = "HTTP/1.1 204 No Content\r\n\r\n"};
  char answer[NOTIFY_ANSWER_MAX], line[256];
  struct errmsg msg;
  u32 status;
  (void)state;
  peer_start(&p);
  assert_int_equal(post_to(&p, "/hook?a=1", &status, answer, &msg), ERR_OK);
  peer_end(&p);
  assert_int_equal(status, 204);
  assert_non_null(strstr(p.got, "POST /hook?a=1 HTTP/1.1\r\n"));
  snprintf(line, sizeof line, "Host: 127.0.0.1:%u\r\n", p.port);
  assert_non_null(strstr(p.got, line));
  assert_non_null(strstr(p.got, "CyberMiles-Event: Orders.OrderState\r\n"));
  assert_non_null(strstr(p.got, "CyberMiles-Delivery: 17\r\n"));
  assert_non_null(strstr(p.got, "Content-Length: 8\r\n"));
  /* printf %s '1764000000.{"id":5}' | openssl dgst -sha256 -hmac whsec_test */
  assert_non_null(strstr(p.got, "CyberMiles-Signature: t=1764000000,v1="
      "3160e539ad26670fe0942285800f42960d079f684bf5d917dc6fa3488868c2cc\r\n"));
}

static void post_when_answer_is_no_success_then_refused_and_told(void **state) {
  static const struct {
    const char *answer, *log;
    u32 status;
    err want;
  } row[] = {
    {"HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\ndb is\x01" "out", "db is?out",
     500, ERR_REFUSED},
    {"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n", "", 302,
     ERR_REFUSED},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\nyes", "yes", 200,
     ERR_OK},
    {"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nnoted\r\n"
     "0\r\n\r\n", "noted", 500, ERR_REFUSED},
    {"SSH-2.0-OpenSSH\r\n\r\n", "", 0, ERR_INPUT},
    {"HTTP/1.1 abc\r\n\r\n", "", 0, ERR_INPUT},
    {"HTTP/1.1 200 OK\r\nX: y\r\n", "", 0, ERR_IO}, /* its head has no end */
  };
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct peer p = {.body = row[i].answer};
    char answer[NOTIFY_ANSWER_MAX];
    struct errmsg msg;
    u32 status;
    peer_start(&p);
    assert_int_equal(post_to(&p, "/", &status, answer, &msg), row[i].want);
    peer_end(&p);
    assert_int_equal(status, row[i].status);
    assert_string_equal(answer, row[i].log);
  }
}

static void post_when_target_hangs_then_ends_in_time(void **state) {
  struct peer p = {.body = NULL, .script = (const char *const[]){NULL}};
  char answer[NOTIFY_ANSWER_MAX];
  struct errmsg msg;
  u32 status;
  (void)state;
  peer_start(&p);
  u64 begin = notify_clock_ms();
  assert_int_equal(post_to(&p, "/", &status, answer, &msg), ERR_TIMEOUT);
  assert_true(notify_clock_ms() - begin >= NOTIFY_SEND_MS - 100);
  peer_end(&p);
}

static void post_when_target_is_private_then_refused_unless_allowed(
    void **state) {
  static const char *const url[] = {
    "http://127.0.0.1:1/", "http://localhost:1/", "http://10.1.2.3/",
    "http://192.168.1.1/", "http://169.254.169.254/latest/meta-data",
    "http://[::1]:1/", "http://[::ffff:127.0.0.1]:1/", "http://[fe80::1]/",
    "http://[fd00::1]/", "http://0.0.0.0:1/", "http://100.64.0.1/",
    "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/"};
  static const struct notify_net strict = {.local = false};
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(url); i++) {
    struct notify_post post = {.url = url[i], .event = "x.y", .secret = "s",
                               .body = slice_str("{}")};
    char answer[NOTIFY_ANSWER_MAX];
    struct errmsg msg;
    u32 status;
    assert_int_equal(notify_post(&strict, &post, &status, answer, &msg),
                     ERR_REFUSED);
    assert_non_null(strstr(msg.text, "--notify.local"));
  }
}

static void url_when_read_then_parts_or_why_not(void **state) {
  static const struct {
    const char *url, *host, *path;
    u16 port;
    bool tls;
  } good[] = {
    {"https://shop.example", "shop.example", "/", 443, true},
    {"https://shop.example?x=1", "shop.example", "/?x=1", 443, true},
    {"http://shop.example:8080/a/b?c#d", "shop.example", "/a/b?c", 8080, false},
    {"http://[2001:db8::1]:81/x", "2001:db8::1", "/x", 81, false},
  };
  static const char *const bad[] = {
    "", "ftp://x/", "https://", "http://:80/", "http://a:0/", "http://a:65536/",
    "http://a:8x/", "http://u:p@a/", "http://a b/", "http://a/\r\nX: y",
    "http://[::1/", "http://[::1]x/", "javascript:alert(1)", "http://\xc3\xa4/"};
  struct notify_url u;
  struct errmsg msg;
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(good); i++) {
    assert_int_equal(notify_url_parse(&u, good[i].url, &msg), ERR_OK);
    assert_string_equal(u.host, good[i].host);
    assert_string_equal(u.path, good[i].path);
    assert_int_equal(u.port, good[i].port);
    assert_int_equal(u.tls, good[i].tls);
  }
  for (u32 i = 0; i < ARRAY_LEN(bad); i++)
    assert_int_equal(notify_url_parse(&u, bad[i], &msg), ERR_USAGE);
}

/*--------------------------------------------------------------------- DNS */

struct names {
  int fd;
  u16 port;
  pthread_t thread;
};

/* Answers questions for A of "hook.test" with 127.0.0.1, of "lan.test" with
** 192.168.7.7, and that all else does not exist. */
static void *names_run(void *arg) {
  struct names *n = arg;
  u8 q[512], a[600];
  struct sockaddr_in from;
  for (;;) {
    socklen_t size = sizeof from;
    ssize_t len = recvfrom(n->fd, q, sizeof q, 0, (struct sockaddr *)&from,
                           &size);
    if (len < 17) return NULL;
    size_t end = 12;
    while (end < (size_t)len && q[end]) end += q[end] + 1u;
    end += 5;
    bool is_a = q[end - 3] == 1;
    bool hook = memcmp(q + 12, "\4hook\4test", 11) == 0;
    bool lan = memcmp(q + 12, "\3lan\4test", 10) == 0;
    memcpy(a, q, end);
    a[2] = 0x81;
    a[3] = hook || lan ? 0x80 : 0x83;
    memset(a + 6, 0, 6);
    if (is_a && (hook || lan)) {
      static const u8 rr[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4};
      static const u8 addr[2][4] = {{127, 0, 0, 1}, {192, 168, 7, 7}};
      a[7] = 1;
      memcpy(a + end, rr, sizeof rr);
      memcpy(a + end + sizeof rr, addr[lan], 4);
      end += sizeof rr + 4;
    }
    sendto(n->fd, a, end, 0, (struct sockaddr *)&from, size);
  }
}

static void names_start(struct names *n) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof in;
  n->fd = socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(bind(n->fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(getsockname(n->fd, (struct sockaddr *)&in, &len), 0);
  n->port = ntohs(in.sin_port);
  assert_int_equal(pthread_create(&n->thread, NULL, names_run, n), 0);
}

static void names_end(struct names *n) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(n->port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  assert_int_equal(sendto(n->fd, "x", 1, 0, (struct sockaddr *)&in, sizeof in),
                   1);
  pthread_join(n->thread, NULL);
  close(n->fd);
}

static void names_when_asked_then_found_hidden_or_missing(void **state) {
  struct peer p = {.body = "HTTP/1.1 200 OK\r\n\r\n"};
  struct names n;
  char dns[32], url[64], answer[NOTIFY_ANSWER_MAX];
  struct notify_net net = {.dns = dns, .local = true};
  struct notify_post post = {.url = url, .event = "x.y", .secret = "s",
                             .body = slice_str("{}")};
  struct errmsg msg;
  u32 status;
  (void)state;
  peer_start(&p);
  names_start(&n);
  snprintf(dns, sizeof dns, "127.0.0.1:%u", n.port);
  snprintf(url, sizeof url, "http://hook.test:%u/", p.port);
  assert_int_equal(notify_post(&net, &post, &status, answer, &msg), ERR_OK);
  snprintf(url, sizeof url, "http://gone.test/");
  assert_int_equal(notify_post(&net, &post, &status, answer, &msg),
                   ERR_NOT_FOUND);
  net.local = false; /* a public name that leads into the local network */
  snprintf(url, sizeof url, "http://lan.test/");
  assert_int_equal(notify_post(&net, &post, &status, answer, &msg),
                   ERR_REFUSED);
  names_end(&n);
  peer_end(&p);
}

/*-------------------------------------------------------------------- mail */

static err mail_to(struct peer *p, struct notify_server *v, u32 *status,
                   char answer[NOTIFY_ANSWER_MAX], struct errmsg *msg) {
  struct notify_mail m = {.to = "merchant@shop.example", .id = 9,
                          .subject = "Bestellung f\xc3\xbcr 7",
                          .text = slice_str(".\nHello\n"),
                          .now_s = 1764000000};
  v->port = p->port;
  return notify_mail(&here, v, &m, status, answer, msg);
}

static void mail_when_plain_on_this_machine_then_sent_whole(void **state) {
  static const char *const script[] = {
    "250-mail.test\r\n250-AUTH LOGIN PLAIN\r\n250 8BITMIME\r\n",
    "235 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go on\r\n",
    "250 2.0.0 queued as 5\r\n", "221 bye\r\n", NULL};
  struct peer p = {.hello = "220-hi\r\n220 mail.test\r\n", .script = script};
  struct notify_server v = {.host = "127.0.0.1", .security = NOTIFY_PLAIN,
                            .user = "me", .password = "secret",
                            .from = "node@shop.example"};
  char answer[NOTIFY_ANSWER_MAX];
  struct errmsg msg;
  u32 status;
  (void)state;
  peer_start(&p);
  assert_int_equal(mail_to(&p, &v, &status, answer, &msg), ERR_OK);
  peer_end(&p);
  assert_string_equal(answer, "250 2.0.0 queued as 5");
  assert_non_null(strstr(p.got, "AUTH PLAIN AG1lAHNlY3JldA==\r\n"));
  assert_non_null(strstr(p.got, "MAIL FROM:<node@shop.example>\r\n"));
  assert_non_null(strstr(p.got, "RCPT TO:<merchant@shop.example>\r\n"));
  assert_non_null(strstr(p.got, "Date: Mon, 24 Nov 2025 16:00:00 +0000\r\n"));
  assert_non_null(strstr(p.got,
                         "Subject: =?UTF-8?B?QmVzdGVsbHVuZyBmw7xyIDc=?=\r\n"));
  assert_non_null(strstr(p.got, "\r\nLgpIZWxsbwo=\r\n.\r\n"));
}

static void mail_when_server_refuses_then_its_words(void **state) {
  static const char *const no_auth[] = {"250 mail.test\r\n", NULL};
  static const char *const bad_user[] = {"250 AUTH PLAIN\r\n",
                                         "535 5.7.8 wrong password\r\n", NULL};
  static const char *const no_tls[] = {"250 mail.test\r\n", NULL};
  static const struct {
    const char *const *script;
    enum notify_security security;
    const char *says;
  } row[] = {{no_auth, NOTIFY_PLAIN, "AUTH PLAIN"},
             {bad_user, NOTIFY_PLAIN, "535 5.7.8 wrong password"},
             {no_tls, NOTIFY_STARTTLS, "STARTTLS"}};
  (void)state;
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct peer p = {.hello = "220 mail.test\r\n", .script = row[i].script};
    struct notify_server v = {.host = "127.0.0.1", .user = "me",
                              .security = row[i].security,
                              .password = "secret",
                              .from = "node@shop.example"};
    char answer[NOTIFY_ANSWER_MAX];
    struct errmsg msg;
    u32 status;
    peer_start(&p);
    assert_true(mail_to(&p, &v, &status, answer, &msg) < 0);
    peer_end(&p);
    assert_non_null(strstr(msg.text, row[i].says));
    assert_null(strstr(p.got, "MAIL FROM"));
  }
}

static void mail_when_plain_to_another_machine_then_refused(void **state) {
  struct notify_server v = {.host = "mail.example", .security = NOTIFY_PLAIN,
                            .from = "node@shop.example"};
  struct notify_mail m = {.to = "a@b.example", .subject = "x",
                          .text = slice_str("x")};
  char answer[NOTIFY_ANSWER_MAX];
  struct errmsg msg;
  u32 status;
  (void)state;
  assert_int_equal(notify_mail(&here, &v, &m, &status, answer, &msg),
                   ERR_REFUSED);
}

static void address_when_looked_at_then_good_or_not(void **state) {
  static const char *const bad[] = {"", "@", "a@", "@b", "a b@c", "a@b\r\nX: y",
                                    "<a@b>", "a,b@c", "a@b@c"};
  (void)state;
  assert_true(notify_address_valid("a.b+c@shop.example"));
  for (u32 i = 0; i < ARRAY_LEN(bad); i++)
    assert_false(notify_address_valid(bad[i]));
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(post_when_taken_then_headers_and_signature),
    cmocka_unit_test(post_when_answer_is_no_success_then_refused_and_told),
    cmocka_unit_test(post_when_target_hangs_then_ends_in_time),
    cmocka_unit_test(post_when_target_is_private_then_refused_unless_allowed),
    cmocka_unit_test(url_when_read_then_parts_or_why_not),
    cmocka_unit_test(names_when_asked_then_found_hidden_or_missing),
    cmocka_unit_test(mail_when_plain_on_this_machine_then_sent_whole),
    cmocka_unit_test(mail_when_server_refuses_then_its_words),
    cmocka_unit_test(mail_when_plain_to_another_machine_then_refused),
    cmocka_unit_test(address_when_looked_at_then_good_or_not),
  };
  return cmocka_run_group_tests_name("notify_send", tests, NULL, NULL);
}
