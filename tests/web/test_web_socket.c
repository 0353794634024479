/* test_web_socket.c - WebSockets over real sockets: handshake, requests,
** subscriptions, pings, closing, limits, slow readers.
*/
#include <errno.h>

#include "web/http_frame.h"
#include "web/web_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"

/* A client's end. */
struct client {
  int fd;
  struct buf in;
};

static void client_connect(struct client *c, struct server *s) {
  c->fd = server_reach(s);
  buf_init(&c->in, 0);
}
static void client_close(struct client *c) {
  close(c->fd);
  buf_fini(&c->in);
}
static void client_put(struct client *c, const void *p, size_t n) {
  server_put(c->fd, p, n);
}
static bool client_more(struct client *c) {
  u8 *p = buf_room(&c->in, 65536);
  ssize_t n = recv(c->fd, p, 65536, 0);
  if (n > 0) c->in.len += (size_t)n;
  return n > 0;
}
static void client_drop(struct client *c, size_t n) {
  memmove(c->in.ptr, c->in.ptr + n, c->in.len - n);
  c->in.len -= n;
}

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define SHAKE \
  "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n" \
  "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

/* Sends a handshake; the status, the head is taken off. */
static int client_shake(struct client *c, const char *head) {
  client_put(c, head, strlen(head));
  client_put(c, "\r\n", 2);
  const char *end;
  while (!(end = strstr(buf_cstr(&c->in), "\r\n\r\n"))) {
    if (!client_more(c)) return 0;
  }
  const char *text = (const char *)c->in.ptr;
  int status = strncmp(text, "HTTP/1.1 ", 9) == 0 ? atoi(text + 9) : 0;
  if (status == 101 &&
      !strstr(text, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) {
    fail_msg("no accept: %s", text);
  }
  client_drop(c, (size_t)(end + 4 - text));
  return status;
}

static void client_open(struct client *c, struct server *s) {
  client_connect(c, s);
  assert_int_equal(client_shake(c, SHAKE KEY VERSION), 101);
}

static void client_frame(struct client *c, u8 first, const char *p,
                         size_t len) {
  struct buf b;
  buf_init(&b, 0);
  buf_put_u8(&b, first);
  if (len < 126) {
    buf_put_u8(&b, (u8)(0x80 | len));
  } else {
    MUST(len < 65536);
    buf_put_u8(&b, 0x80 | 126);
    buf_put_u8(&b, (u8)(len >> 8));
    buf_put_u8(&b, (u8)len);
  }
  buf_put(&b, "\1\2\3\4", 4);
  for (size_t i = 0; i < len; i++) buf_put_u8(&b, (u8)(p[i] ^ ((i & 3) + 1)));
  client_put(c, b.ptr, b.len);
  buf_fini(&b);
}
static void client_say(struct client *c, const char *text) {
  client_frame(c, 0x81, text, strlen(text));
}

/* The next frame's payload, in the arena; its first byte; NULL at the end. */
static const char *client_take(struct client *c, struct server *s, u8 *first) {
  for (;;) {
    size_t head = 2, n = c->in.len >= 2 ? c->in.ptr[1] & 0x7f : 0;
    if (n == 126) {
      head = 4;
      if (c->in.len >= 4) n = (size_t)c->in.ptr[2] << 8 | c->in.ptr[3];
    } else if (n == 127) {
      head = 10;
      n = 0;
      for (u32 i = 0; i < 8 && c->in.len >= 10; i++) {
        n = n << 8 | c->in.ptr[2 + i];
      }
    }
    if (c->in.len >= head && c->in.len >= head + n) {
      *first = c->in.ptr[0];
      char *text = arena_alloc(&s->f.arena, n + 1);
      memcpy(text, c->in.ptr + head, n);
      client_drop(c, head + n);
      return text;
    }
    if (!client_more(c)) return NULL;
  }
}

/* The next text message as JSON. */
static json_t *client_json(struct client *c, struct server *s) {
  u8 first;
  struct errmsg msg;
  const char *text = client_take(c, s, &first);
  if (!text) fail_msg("the connection ended");
  assert_int_equal(first, 0x81);
  json_t *j = json_read(slice_str(text), &msg);
  if (!j) fail_msg("%s: %s", msg.text, text);
  return j;
}

/* Asks; the result as text in the arena. */
static const char *client_ask(struct client *c, struct server *s,
                              const char *method, const char *params) {
  client_say(c, arena_printf(&s->f.arena,
                             "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"%s\","
                             "\"params\":%s}", method, params));
  json_t *j = client_json(c, s);
  assert_int_equal(json_integer_value(json_object_get(j, "id")), 9);
  const char *r = arena_printf(&s->f.arena, "%s", fixture_field(j, "result"));
  json_decref(j);
  return r;
}

static void client_expect_close(struct client *c, struct server *s, u16 code) {
  u8 first = 0;
  const char *p;
  while ((p = client_take(c, s, &first)) && first == 0x81) continue;
  assert_non_null(p);
  assert_int_equal(first, 0x88);
  assert_int_equal((u8)p[0] << 8 | (u8)p[1], code);
  assert_null(client_take(c, s, &first)); /* and the connection ends */
}

static const char *send_tx(struct server *s, struct chain_tx *tx) {
  struct fixture *f = &s->f;
  tx->nonce = strtoull(fixture_result(f, "eth_getTransactionCount",
                                      "[\"" A0 "\",\"pending\"]"), NULL, 16);
  const char *hash = fixture_send(f, 0, tx);
  json_decref(fixture_receipt(f, hash));
  return hash;
}
static const char *send_one(struct server *s) {
  struct chain_tx tx = {.has_to = true, .gas_limit = 21000};
  return send_tx(s, &tx);
}

static void handshake_when_wrong_then_refused(void **state) {
  static const struct { const char *head; int status; } cases[] = {
    {SHAKE VERSION, 400},
    {SHAKE VERSION "Sec-WebSocket-Key: abc\r\n", 400},
    {SHAKE KEY, 426},
    {SHAKE KEY "Sec-WebSocket-Version: 8\r\n", 426},
    {SHAKE KEY VERSION "Origin: https://evil.example\r\n", 403},
    {"GET / HTTP/1.1\r\nHost: evil.example\r\nUpgrade: websocket\r\n"
     "Connection: Upgrade\r\n" KEY VERSION, 403},
  };
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    struct client c;
    client_connect(&c, *state);
    int got = client_shake(&c, cases[i].head);
    if (got != cases[i].status) fail_msg("%s: %d", cases[i].head, got);
    client_close(&c);
  }
}

static void handshake_when_origin_ours_or_allowed_then_open(void **state) {
  struct server *s = *state;
  struct client c;
  client_connect(&c, s);
  assert_int_equal(client_shake(&c, SHAKE KEY VERSION
                                "Origin: http://localhost\r\n"), 101);
  client_close(&c);
  client_connect(&c, s);
  assert_int_equal(client_shake(&c, SHAKE KEY VERSION
                                "Origin: https://good.example\r\n"), 101);
  client_close(&c);
}

static void request_when_sent_then_answered(void **state) {
  struct server *s = *state;
  struct client c;
  client_open(&c, s);
  assert_string_equal(client_ask(&c, s, "eth_chainId", "[]"), "0x7a69");
  assert_string_equal(client_ask(&c, s, "eth_call", "[{\"to\":\"" A1 "\"}]"),
                      "0x");
  client_say(&c, "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"},"
                 "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"net_version\"}]");
  json_t *j = client_json(&c, s);
  assert_int_equal(json_array_size(j), 2);
  json_decref(j);
  client_say(&c, "nonsense");
  j = client_json(&c, s);
  assert_int_equal(json_integer_value(json_object_get(
      json_object_get(j, "error"), "code")), -32700);
  json_decref(j);
  client_close(&c);
}

static void requests_when_many_at_once_then_all_answered(void **state) {
  struct server *s = *state;
  struct client c;
  bool seen[200] = {false};
  client_open(&c, s);
  for (u32 i = 0; i < 200; i++) {
    client_say(&c, arena_printf(&s->f.arena,
        "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":[%s]}", i,
        i % 2 ? "eth_getBlockByNumber" : "eth_blockNumber",
        i % 2 ? "\"0x0\",true" : ""));
  }
  for (u32 i = 0; i < 200; i++) {
    json_t *j = client_json(&c, s);
    json_int_t id = json_integer_value(json_object_get(j, "id"));
    assert_in_range(id, 0, 199);
    assert_false(seen[id]);
    assert_non_null(json_object_get(j, "result"));
    seen[id] = true;
    json_decref(j);
  }
  client_close(&c);
}

/* The result of the next notification, which must be of subscription id; to
** be given back. */
static json_t *client_news(struct client *c, struct server *s,
                           const char *id) {
  json_t *j = client_json(c, s);
  assert_string_equal(fixture_field(j, "method"), "eth_subscription");
  const json_t *p = json_object_get(j, "params");
  assert_string_equal(fixture_field(p, "subscription"), id);
  json_t *r = json_incref(json_object_get(p, "result"));
  json_decref(j);
  return r;
}

static void heads_when_subscribed_then_every_block_in_order(void **state) {
  struct server *s = *state;
  struct client c;
  client_open(&c, s);
  const char *id = client_ask(&c, s, "eth_subscribe", "[\"newHeads\"]");
  u64 last = 0;
  for (u32 i = 0; i < 5; i++) send_one(s);
  for (u32 i = 0; i < 5; i++) {
    json_t *head = client_news(&c, s, id);
    u64 number = strtoull(fixture_field(head, "number"), NULL, 16);
    if (last) assert_int_equal(number, last + 1);
    last = number;
    assert_int_equal(strlen(fixture_field(head, "hash")), 66);
    assert_string_equal(fixture_field(head, "baseFeePerGas"), "0x0");
    json_decref(head);
  }
  client_close(&c);
}

static void logs_when_subscribed_then_the_matching_ones(void **state) {
  struct server *s = *state;
  struct client c;
  /* A creation that logs topics 0xaa and 0xbb. */
  static const u8 init[] = {0x60, 0xbb, 0x60, 0xaa, 0x60, 0, 0x60, 0, 0xa2};
  struct chain_tx tx = {.gas_limit = 200000,
                        .data = slice_of(init, sizeof init)};
#define TOPIC(last) \
  "\"0x00000000000000000000000000000000000000000000000000000000000000" last "\""
  client_open(&c, s);
  client_ask(&c, s, "eth_subscribe",
             "[\"logs\",{\"topics\":[" TOPIC("bb") "]}]");
  const char *id = client_ask(&c, s, "eth_subscribe",
      "[\"logs\",{\"topics\":[null,[" TOPIC("cc") "," TOPIC("bb") "]]}]");
#undef TOPIC
  send_one(s);
  const char *hash = send_tx(s, &tx);
  json_t *log = client_news(&c, s, id);
  assert_string_equal(fixture_field(log, "transactionHash"), hash);
  assert_int_equal(json_array_size(json_object_get(log, "topics")), 2);
  json_decref(log);
  client_close(&c);
}

static void pending_when_subscribed_then_hashes_or_whole(void **state) {
  struct server *s = *state;
  struct client c, d;
  client_open(&c, s);
  client_open(&d, s);
  const char *hashes =
      client_ask(&c, s, "eth_subscribe", "[\"newPendingTransactions\"]");
  const char *whole =
      client_ask(&d, s, "eth_subscribe", "[\"newPendingTransactions\",true]");
  /* One that stays in the pool. */
  struct chain_tx tx = {.nonce = 1u << 20, .has_to = true, .gas_limit = 21000};
  const char *hash = fixture_send(&s->f, 1, &tx);
  json_t *j = client_news(&c, s, hashes);
  assert_string_equal(json_string_value(j), hash);
  json_decref(j);
  j = client_news(&d, s, whole);
  assert_string_equal(fixture_field(j, "hash"), hash);
  json_decref(j);
  client_close(&c);
  client_close(&d);
}

static void subscription_when_ended_then_silent(void **state) {
  struct server *s = *state;
  struct client c;
  client_open(&c, s);
  const char *id = client_ask(&c, s, "eth_subscribe", "[\"newHeads\"]");
  const char *params = arena_printf(&s->f.arena, "[\"%s\"]", id);
  client_say(&c, arena_printf(&s->f.arena,
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_unsubscribe\","
      "\"params\":%s}", params));
  json_t *j = client_json(&c, s);
  assert_true(json_is_true(json_object_get(j, "result")));
  json_decref(j);
  send_one(s);
  assert_string_equal(client_ask(&c, s, "eth_chainId", "[]"), "0x7a69");
  client_say(&c, arena_printf(&s->f.arena,
      "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_unsubscribe\","
      "\"params\":%s}", params));
  j = client_json(&c, s);
  assert_string_equal(fixture_field(json_object_get(j, "error"), "message"),
                      "subscription not found");
  json_decref(j);
  client_close(&c);
}

static void subscription_when_over_http_or_unknown_then_refused(void **state) {
  struct server *s = *state;
  struct client c;
  fixture_expect_error(&s->f, -32601, "notifications not supported",
                       "eth_subscribe", "[\"newHeads\"]");
  fixture_expect_error(&s->f, -32601, "notifications not supported",
                       "eth_unsubscribe", "[\"0x1\"]");
  client_open(&c, s);
  client_say(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_subscribe\","
                 "\"params\":[\"weather\"]}");
  json_t *j = client_json(&c, s);
  assert_string_equal(fixture_field(json_object_get(j, "error"), "message"),
                      "no \"weather\" subscription in eth namespace");
  json_decref(j);
  client_close(&c);
}

static void ping_when_sent_then_pong_with_its_bytes(void **state) {
  struct server *s = *state;
  struct client c;
  u8 first;
  client_open(&c, s);
  client_frame(&c, 0x89, "abc", 3);
  assert_string_equal(client_take(&c, s, &first), "abc");
  assert_int_equal(first, 0x8a);
  client_close(&c);
}

static void close_when_sent_or_faulty_then_answered_by_code(void **state) {
  struct server *s = *state;
  struct client c;
  client_open(&c, s);
  client_frame(&c, 0x88, "\x03\xe8", 2);
  client_expect_close(&c, s, 1000);
  client_close(&c);
  client_open(&c, s);
  client_put(&c, "\x81\x01x", 3); /* not masked */
  client_expect_close(&c, s, 1002);
  client_close(&c);
  client_open(&c, s);
  client_put(&c, "\x81\xff\0\0\0\0\x7f\0\0\0\0\0\0\0", 14);
  client_expect_close(&c, s, 1009);
  client_close(&c);
}

/* Asks for more than the system's buffers and ours hold and reads nothing:
** the server must stay well and answer others, and the connection must end or
** wait without harm. */
static void reader_when_slow_then_others_are_served(void **state) {
  struct server *s = *state;
  struct client c, d;
  client_open(&c, s);
  for (u32 i = 0; i < 2000; i++) {
    client_say(&c, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc_discover\"}");
    if (i % 50) continue;
    client_open(&d, s);
    assert_string_equal(client_ask(&d, s, "eth_chainId", "[]"), "0x7a69");
    client_close(&d);
    struct timeval t = {1, 0};
    setsockopt(c.fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof t);
  }
  client_close(&c);
}

/* Subscribes many times over and reads nothing while blocks come: what the
** systems and the server held for it is all that it gets, then the end. */
static void subscriber_when_it_reads_nothing_then_cut_off(void **state) {
  enum { SUBSCRIPTIONS = 500, BLOCKS = 50, HEAD = 1000 };
  struct server *s = *state;
  struct client c;
  int small = 65536;
  u64 got = 0;
  client_connect(&c, s);
  setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  assert_int_equal(client_shake(&c, SHAKE KEY VERSION), 101);
  for (u32 i = 0; i < SUBSCRIPTIONS; i++)
    client_ask(&c, s, "eth_subscribe", "[\"newHeads\"]");
  for (u32 i = 0; i < BLOCKS; i++) send_one(s);
  for (;;) {
    static u8 in[65536];
    ssize_t n = recv(c.fd, in, sizeof in, 0);
    if (n < 0) assert_int_equal(errno, ECONNRESET); /* not a time over */
    if (n <= 0) break;
    got += (u64)n;
  }
  assert_true(got < (u64)SUBSCRIPTIONS * BLOCKS * HEAD);
  client_close(&c);
  client_open(&c, s); /* others are served */
  assert_string_equal(client_ask(&c, s, "eth_chainId", "[]"), "0x7a69");
  client_close(&c);
}

static void connections_when_too_many_then_refused(void **state) {
  struct server *s = *state;
  struct client c[16];
  int status = 101;
  u32 cnt = 0;
  while (cnt < ARRAY_LEN(c) && status == 101) {
    client_connect(&c[cnt], s);
    status = client_shake(&c[cnt++], SHAKE KEY VERSION);
  }
  assert_int_equal(status, 503);
  while (cnt) client_close(&c[--cnt]);
}

static void server_when_stopped_then_says_goodbye(void **state) {
  struct server s;
  struct client c;
  struct errmsg msg = {.text = ""};
  struct http_config cfg = {.port = HTTP_PORT_ANY};
  (void)state;
  fixture_open(&s.f, NULL);
  assert_int_equal(http_start(&s.http, &cfg, s.f.node, &msg), ERR_OK);
  client_open(&c, &s);
  client_ask(&c, &s, "eth_subscribe", "[\"newHeads\"]");
  http_stop(s.http);
  client_expect_close(&c, &s, 1001);
  client_close(&c);
  fixture_close(&s.f);
}

static int setup(void **state) {
  static struct server s;
  struct http_config cfg = {.port = HTTP_PORT_ANY, .socket_max = 12,
                            .corsdomain = "https://good.example"};
  server_open(&s, &cfg);
  *state = &s;
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(handshake_when_wrong_then_refused),
    cmocka_unit_test(handshake_when_origin_ours_or_allowed_then_open),
    cmocka_unit_test(request_when_sent_then_answered),
    cmocka_unit_test(requests_when_many_at_once_then_all_answered),
    cmocka_unit_test(heads_when_subscribed_then_every_block_in_order),
    cmocka_unit_test(logs_when_subscribed_then_the_matching_ones),
    cmocka_unit_test(pending_when_subscribed_then_hashes_or_whole),
    cmocka_unit_test(subscription_when_ended_then_silent),
    cmocka_unit_test(subscription_when_over_http_or_unknown_then_refused),
    cmocka_unit_test(ping_when_sent_then_pong_with_its_bytes),
    cmocka_unit_test(close_when_sent_or_faulty_then_answered_by_code),
    cmocka_unit_test(reader_when_slow_then_others_are_served),
    cmocka_unit_test(subscriber_when_it_reads_nothing_then_cut_off),
    cmocka_unit_test(connections_when_too_many_then_refused),
    cmocka_unit_test(server_when_stopped_then_says_goodbye),
  };
  return cmocka_run_group_tests_name("web_socket", tests, setup,
                                     server_teardown);
}
