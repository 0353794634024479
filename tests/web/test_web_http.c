/* test_web_http.c - the HTTP port over real sockets: JSON-RPC, files, host and
** origin policy, limits, the key-using routes, server-sent events, bad HTTP.
*/
#include <errno.h>
#include <time.h>

#include "rpc/rpc_client.h"
#include "web/web_fixture.h"

#define A0 "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
#define A1 "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
#define CHAIN_ID "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}"
#define CHAIN_ID_REPLY "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"0x7a69\"}"

/* headers: lines with \r\n each. */
static const char *post(struct server *s, const char *path,
                        const char *headers, const char *body) {
  return server_ask(s, arena_printf(&s->f.arena,
                             "POST %s HTTP/1.1\r\n%sContent-Length: %zu\r\n"
                             "Connection: close\r\n\r\n%s",
                             path, headers, strlen(body), body));
}
static const char *get(struct server *s, const char *path,
                       const char *headers) {
  return server_ask(s, arena_printf(&s->f.arena,
                             "GET %s HTTP/1.1\r\n%sConnection: close\r\n\r\n",
                             path, headers));
}

static void expect(const char *reply, int status, const char *part) {
  if (status_of(reply) != status || (part && !strstr(reply, part))) {
    fail_msg("not %d with \"%s\": %.600s", status, part ? part : "", reply);
  }
}

static void rpc_when_posted_then_answered(void **state) {
  struct server *s = *state;
  expect(post(s, "/", JSON, CHAIN_ID), 200, "\r\n\r\n" CHAIN_ID_REPLY);
  expect(post(s, "/", HOST "Content-Type: application/json; charset=utf-8\r\n",
              CHAIN_ID), 200, CHAIN_ID_REPLY);
  /* slow ones go through a worker */
  expect(post(s, "/", JSON,
              "[" CHAIN_ID ",{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":"
              "\"eth_call\",\"params\":[{\"to\":\"" A1 "\"}]}]"),
         200, "[" CHAIN_ID_REPLY ",{\"jsonrpc\":\"2.0\",\"id\":2,"
              "\"result\":\"0x\"}]");
  /* all were notifications */
  expect(post(s, "/", JSON, "{\"jsonrpc\":\"2.0\",\"method\":\"eth_chainId\"}"),
         200, "Content-Length: 0");
}

static void rpc_when_kept_alive_then_many_on_one_connection(void **state) {
  struct server *s = *state;
  int fd = server_reach(s);
  for (u32 i = 0; i < 200; i++) {
    const char *body = i % 2 ? CHAIN_ID
                             : "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                               "\"eth_getLogs\",\"params\":[{}]}";
    server_say(fd, arena_printf(&s->f.arena,
                         "POST / HTTP/1.1\r\n" JSON "Content-Length: %zu"
                         "\r\n\r\n%s", strlen(body), body));
    expect(server_take(s, fd, "\"result\""), 200, "jsonrpc");
  }
  /* in two pieces */
  server_say(fd, "POST / HTTP/1.1\r\n" JSON "Content-Length: 47\r\n\r\n"
                 "{\"jsonrpc\":");
  usleep(20000);
  server_say(fd, "\"2.0\",\"id\":1,\"method\":\"eth_chainId\"}");
  assert_non_null(strstr(server_take(s, fd, CHAIN_ID_REPLY), CHAIN_ID_REPLY));
  close(fd);
}

static void rpc_when_client_of_ours_then_reply(void **state) {
  struct server *s = *state;
  struct buf out;
  struct errmsg msg = {.text = ""};
  buf_init(&out, 0);
  assert_int_equal(rpc_client_post(&out, http_url(s->http),
                                   slice_str(CHAIN_ID), 1 << 20, 10000, &msg),
                   ERR_OK);
  assert_string_equal(buf_cstr(&out), CHAIN_ID_REPLY);
  buf_clear(&out);
  assert_int_equal(rpc_client_post(&out, "http://127.0.0.1:1",
                                   slice_str(CHAIN_ID), 1 << 20, 1000, &msg),
                   ERR_IO);
  static const char *const bad[] = {
    "https://127.0.0.1", "127.0.0.1:8545", "http://", "http://node.example",
    "http://127.0.0.1:99999", "http://127.0.0.1:x", "http://[::1",
    "http://127.0.0.1:1/a\r\nb"};
  for (u32 i = 0; i < ARRAY_LEN(bad); i++) {
    if (rpc_client_post(&out, bad[i], slice_str(CHAIN_ID), 1 << 20, 1000,
                        &msg) != ERR_USAGE) {
      fail_msg("%s was taken", bad[i]);
    }
  }
  buf_fini(&out);
}

/* On a chain that does not make a block of each transaction, requests that
** come together are answered together: each gets its own answer. */
static void submissions_when_many_at_once_then_each_its_own(void **state) {
  struct server s = {.http = NULL};
  struct http_config cfg = {.port = HTTP_PORT_ANY};
  struct errmsg msg = {.text = ""};
  int fd[24];
  (void)state;
  fixture_open(&s.f, NULL);
  rpc_close(s.f.rpc);
  node_close(s.f.node);
  unlink(s.f.path);
  struct node_config nc = {.db_path = s.f.path};
  if (node_open(&s.f.node, &nc, &msg) < 0) fail_msg("%s", msg.text);
  s.f.rpc = rpc_open(s.f.node, NULL);
  if (http_start(&s.http, &cfg, s.f.node, &msg) < 0) fail_msg("%s", msg.text);
  for (u32 round = 0; round < 3; round++) {
    for (u32 i = 0; i < ARRAY_LEN(fd); i++) {
      u8 key[32] = {[31] = (u8)(i + 1)};
      struct buf hex;
      struct chain_tx tx = {.protected = true, .has_to = true,
                            .gas_limit = 21000, .value = u256_from(i + 1)};
      tx.chain_id = node_info(s.f.node)->chain_id;
      assert_int_equal(chain_tx_sign(&tx, key, &s.f.arena), ERR_OK);
      buf_init(&hex, 0);
      buf_put_hex(&hex, tx.raw);
      const char *body = arena_printf(
          &s.f.arena, "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":"
          "\"eth_sendRawTransaction\",\"params\":[\"%s\"]}", i + 100,
          i % 5 == 4 ? "0x02c0" : buf_cstr(&hex));
      buf_fini(&hex);
      if (round == 0) fd[i] = server_reach(&s);
      server_say(fd[i], arena_printf(&s.f.arena, "POST / HTTP/1.1\r\n" JSON
                              "Content-Length: %zu\r\n\r\n%s",
                              strlen(body), body));
    }
    for (u32 i = 0; i < ARRAY_LEN(fd); i++) {
      const char *reply = server_take(&s, fd[i], "\"}}");
      expect(reply, 200, arena_printf(&s.f.arena, "\"id\":%u,\"error\":",
                                      i + 100));
      if (i % 5 == 4) continue;
      expect(reply, 200, arena_printf(&s.f.arena, "overshot %u\"", i + 1));
    }
  }
  for (u32 i = 0; i < ARRAY_LEN(fd); i++) close(fd[i]);
  server_close(&s);
}

static void request_when_not_json_or_wrong_method_then_refused(void **state) {
  struct server *s = *state;
  expect(post(s, "/", HOST "Content-Type: text/plain\r\n", CHAIN_ID), 415,
         "only application/json");
  expect(post(s, "/", HOST, CHAIN_ID), 415, NULL);
  expect(post(s, "/", HOST "Content-Type: application/jsonx\r\n", CHAIN_ID),
         415, NULL);
  expect(server_ask(s, "DELETE / HTTP/1.1\r\n" HOST
                       "Connection: close\r\n\r\n"), 405, NULL);
  expect(server_ask(s, "PUT /api/keys HTTP/1.1\r\n" HOST
                       "Connection: close\r\n\r\n"), 405, NULL);
  expect(get(s, "/api/nope", HOST), 404, "not_found");
  expect(post(s, "/nope", JSON, "{}"), 405, NULL);
}

static void host_when_foreign_then_refused_and_flag_named(void **state) {
  struct server *s = *state;
  expect(post(s, "/", "Host: evil.example\r\nContent-Type: application/json\r\n",
              CHAIN_ID), 403, "--http.vhosts evil.example");
  expect(get(s, "/", "Host: evil.example:8545\r\n"), 403, "invalid host");
  expect(get(s, "/", "Host: localhost.evil.example\r\n"), 403, NULL);
  expect(get(s, "/", "Host: 127.0.0.1.evil.example\r\n"), 403, NULL);
  expect(get(s, "/", "Host: [::1.evil]\r\n"), 403, NULL);
  expect(get(s, "/healthz", "Host: evil.example\r\n"), 403, NULL);
  expect(get(s, "/healthz", "Host: localhost:8545\r\n"), 200, NULL);
  expect(get(s, "/healthz", "Host: LOCALHOST\r\n"), 200, NULL);
  expect(get(s, "/healthz", "Host: 192.168.1.7:80\r\n"), 200, NULL);
  expect(get(s, "/healthz", "Host: [fe80::1]:80\r\n"), 200, NULL);
  expect(get(s, "/healthz", "Host: node.example\r\n"), 200, NULL);
  expect(get(s, "/healthz", "Host: x.node.example\r\n"), 403, NULL);
}

/* The value of a metric on the page; fails when it is not there once. */
static double metric(const char *page, const char *name) {
  char line[128];
  snprintf(line, sizeof line, "\n%s ", name);
  const char *at = strstr(page, line);
  if (!at || strstr(at + 1, line)) fail_msg("no metric %s, or twice", name);
  return strtod(at + strlen(line), NULL);
}

static void metrics_when_asked_then_every_row_and_true(void **state) {
  struct server *s = *state;
  const char *r = get(s, "/metrics", HOST);
  expect(r, 200, "text/plain; version=0.0.4");
#define METRIC(name, type, help, value) \
  assert_non_null(strstr(r, "# TYPE " #name " " #type "\n")); \
  assert_true(metric(r, #name) >= 0);
#include "web/metric.def"
#undef METRIC
  assert_true(metric(r, "process_resident_memory_bytes") > 1e6);
  assert_true(metric(r, "process_open_fds") > 3);
  assert_true(metric(r, "cybermiles_db_file_bytes") +
              metric(r, "cybermiles_db_wal_bytes") > 4096);
  assert_true(metric(r, "cybermiles_readers") >= 1);
  assert_true(metric(r, "process_start_time_seconds") > 1.6e9);
  expect(post(s, "/metrics", JSON, "{}"), 405, NULL);
}

static void cors_when_origin_listed_then_granted_to_it_alone(void **state) {
  struct server *s = *state;
  const char *r =
      post(s, "/", JSON "Origin: https://dapp.example\r\n", CHAIN_ID);
  expect(r, 200, "Access-Control-Allow-Origin: https://dapp.example\r\n");
  assert_null(strstr(r, "Allow-Credentials"));
  assert_null(strstr(r, "Set-Cookie"));
  r = post(s, "/", JSON "Origin: https://evil.example\r\n", CHAIN_ID);
  assert_null(strstr(r, "Access-Control-Allow-Origin"));
  r = server_ask(s, "OPTIONS / HTTP/1.1\r\n" HOST
                    "Origin: https://dapp.example\r\n"
                    "Access-Control-Request-Method: POST\r\n"
                    "Connection: close\r\n\r\n");
  expect(r, 204, "Access-Control-Allow-Headers: content-type\r\n");
  r = server_ask(s, "OPTIONS / HTTP/1.1\r\n" HOST
                    "Origin: https://evil.example\r\n"
                    "Access-Control-Request-Method: POST\r\n"
                    "Connection: close\r\n\r\n");
  assert_null(strstr(r, "Access-Control-Allow"));
  r = get(s, "/api/status", HOST "Origin: https://dapp.example\r\n");
  assert_null(strstr(r, "Access-Control-Allow"));
}

static void page_when_asked_then_strict_headers_and_etag(void **state) {
  struct server *s = *state;
  const char *r = get(s, "/", HOST);
  expect(r, 200, "Content-Type: text/html");
  expect(r, 200, "Content-Security-Policy: default-src 'none'; script-src "
                 "'self'; style-src 'self';");
  expect(r, 200, "frame-ancestors 'none'");
  expect(r, 200, "X-Content-Type-Options: nosniff");
  expect(r, 200, "Referrer-Policy: no-referrer");
  expect(r, 200, "Cross-Origin-Opener-Policy: same-origin");
  assert_null(strstr(r, "unsafe-inline"));
  const char *etag = strstr(r, "ETag: ");
  assert_non_null(etag);
  expect(get(s, "/", arena_printf(&s->f.arena,
                                  HOST "If-None-Match: %.*s\r\n",
                                  (int)strcspn(etag + 6, "\r"), etag + 6)),
         304, NULL);
  expect(get(s, "/", HOST "If-None-Match: \"other\"\r\n"), 200, NULL);
  /* a page of the application, and a file that is not there */
  expect(get(s, "/block/12", HOST), 200, "Content-Type: text/html");
  expect(get(s, "/block.js", HOST), 404, "Content-Security-Policy");
  expect(get(s, "/../../etc/passwd.txt", HOST), 404, NULL);
}

static void health_when_running_then_ok(void **state) {
  struct server *s = *state;
  expect(get(s, "/healthz", HOST), 200, "ok");
  expect(get(s, "/readyz", HOST), 200, "\"ready\":true");
  expect(get(s, "/version", HOST), 200, "\"name\":\"CyberMiles\"");
  expect(get(s, "/api/status", HOST), 200, "\"keysUsable\":true");
  expect(get(s, "/api/status", "Host: 192.168.1.7\r\n"), 200,
         "\"keysUsable\":false");
}

static void keys_when_caller_is_doubtful_then_forbidden(void **state) {
  static const char *const doubtful[] = {
    JSON "Origin: http://evil.example\r\n",
    JSON "Origin: https://localhost\r\n",
    JSON "Origin: http://localhost:81\r\n",
    JSON "Origin: null\r\n",
    JSON "Sec-Fetch-Site: cross-site\r\n",
    JSON "Sec-Fetch-Site: same-site\r\n",
    JSON "X-Forwarded-For: 10.0.0.1\r\n",
    JSON "Via: 1.1 proxy\r\n",
    "Host: 192.168.1.7\r\nContent-Type: application/json\r\n",
    "Host: node.example\r\nContent-Type: application/json\r\n",
  };
  static const char send[] = "{\"from\":\"" A0 "\",\"to\":\"" A1
                             "\",\"value\":\"1\",\"password\":\"\"}";
  struct server *s = *state;
  for (u32 i = 0; i < ARRAY_LEN(doubtful); i++) {
    expect(post(s, "/api/send", doubtful[i], send), 403, "\"forbidden\"");
    expect(post(s, "/api/keys", doubtful[i], "{\"password\":\"x\"}"), 403,
           "\"forbidden\"");
    expect(get(s, "/api/keys", doubtful[i]), 403, "\"forbidden\"");
  }
  /* what a page of another site can send without being asked */
  expect(post(s, "/api/send", HOST "Content-Type: text/plain\r\n", send), 415,
         NULL);
  expect(post(s, "/api/send",
              HOST "Content-Type: application/x-www-form-urlencoded\r\n", send),
         415, NULL);
  assert_string_equal(
      fixture_result(&s->f, "eth_getTransactionCount",
                     "[\"" A0 "\",\"pending\"]"), "0x0");
}

static void send_when_body_is_bad_then_says_what(void **state) {
  static const struct { const char *body, *part; } cases[] = {
    {"", "bad_request"},
    {"[]", "object"},
    {"{}", "from"},
    {"{\"from\":\"" A0 "\",\"to\":\"0x1\",\"value\":\"1\"}", "to: "},
    {"{\"from\":\"" A0
     "\",\"to\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79c8\",\"value\":"
     "\"1\"}", "checksum"},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":1}", "value: "},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"-1\"}", "value: "},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"1e18\"}", "value: "},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"1\",\"data\":\"0x1\"}",
     "data: "},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"1\",\"gas\":-4}",
     "gas: "},
    {"{\"from\":\"" A0 "\",\"value\":\"1\"}", "to: "},
    {"{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":\"1\",\"password\":7}",
     "password"},
  };
  struct server *s = *state;
  for (u32 i = 0; i < ARRAY_LEN(cases); i++) {
    expect(post(s, "/api/send", JSON, cases[i].body), 400, cases[i].part);
  }
  expect(post(s, "/api/send", JSON,
              "{\"from\":\"0x00000000000000000000000000000000000000aa\","
              "\"to\":\"" A1 "\",\"value\":\"0\",\"password\":\"x\"}"),
         404, "\"not_found\"");
  expect(post(s, "/api/send", JSON,
              "{\"from\":\"" A0 "\",\"to\":\"" A1 "\",\"value\":"
              "\"99999999999999999999999999\",\"password\":\"\"}"),
         422, "insufficient funds");
}

static void keys_when_made_then_listed_and_password_needed(void **state) {
  struct server *s = *state;
  const char *r =
      post(s, "/api/keys", JSON, "{\"password\":\"correct horse\"}");
  expect(r, 200, "\"address\":\"0x");
  const char *addr = arena_printf(
      &s->f.arena, "%.42s", strstr(r, "\"address\":\"") + 11);
  expect(get(s, "/api/keys", HOST), 200, addr);
  expect(post(s, "/api/keys", JSON, "{}"), 400, "password");
  expect(post(s, "/api/keys", JSON, "{\"password\":\"\"}"), 400, "password");
  const char *body = arena_printf(
      &s->f.arena,
      "{\"from\":\"%s\",\"to\":\"" A1 "\",\"value\":\"0\",\"password\":\"%s\"}",
      addr, "wrong");
  expect(post(s, "/api/send", JSON, body), 403, "\"code\":\"password\"");
  body = arena_printf(
      &s->f.arena,
      "{\"from\":\"%s\",\"to\":\"" A1 "\",\"value\":\"0\",\"password\":\"%s\"}",
      addr, "correct horse");
  expect(post(s, "/api/send", JSON "Origin: http://localhost\r\n"
              "Sec-Fetch-Site: same-origin\r\n", body), 200, "\"nonce\":0");
}

static void events_when_sent_from_key_then_head_is_told(void **state) {
  struct server *s = *state;
  int fd = server_reach(s);
  server_say(fd, "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
  const char *r = server_take(s, fd, "\n\n\r\n");
  expect(r, 200, "Content-Type: text/event-stream");
  assert_non_null(strstr(r, "event: status\ndata: {\"height\":"));
  const char *sent = post(
      s, "/api/send", JSON,
      "{\"from\":\"" A0 "\",\"to\":\"" A1
      "\",\"value\":\"1000000000000000000\"}");
  expect(sent, 200, "\"hash\":\"0x");
  r = server_take(s, fd, "event: head");
  assert_non_null(strstr(r, "event: head\nid: "));
  const char *hash =
      arena_printf(&s->f.arena, "%.66s", strstr(sent, "\"hash\":\"") + 8);
  json_t *receipt = fixture_receipt(&s->f, hash);
  assert_string_equal(fixture_field(receipt, "to"), A1);
  json_decref(receipt);
  close(fd);
}

static void events_when_too_many_readers_then_refused(void **state) {
  struct server *s = *state;
  int fd[4];
  u32 refused = 0;
  for (u32 i = 0; i < 4; i++) {
    fd[i] = server_reach(s);
    server_say(fd[i], "GET /api/events HTTP/1.1\r\n" HOST "\r\n");
    int status = status_of(server_take(s, fd[i], "\n\r\n"));
    assert_true(status == 200 || status == 503);
    refused += status == 503;
  }
  assert_true(refused >= 1);
  for (u32 i = 0; i < 4; i++) close(fd[i]);
  expect(get(s, "/healthz", HOST), 200, NULL);
}

static void body_when_over_limit_then_413(void **state) {
  struct server *s = *state;
  size_t n = 70000;
  char *big = arena_alloc(&s->f.arena, n + 1);
  memset(big, ' ', n);
  expect(post(s, "/", JSON, big), 413, "too large");
  /* without a length told */
  char *chunk = arena_alloc(&s->f.arena, n + 200);
  int head = snprintf(chunk, 200, "POST / HTTP/1.1\r\n" JSON
                      "Transfer-Encoding: chunked\r\nConnection: close\r\n"
                      "\r\n%zx\r\n", n);
  memset(chunk + head, ' ', n);
  memcpy(chunk + head + n, "\r\n0\r\n\r\n", 8);
  expect(server_ask(s, chunk), 413, "larger than");
  expect(post(s, "/", JSON, CHAIN_ID), 200, CHAIN_ID_REPLY);
}

static void http_when_broken_then_server_lives(void **state) {
  static const char *const broken[] = {
    "\r\n\r\n\r\n", "GET\r\n\r\n", "POST / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "POST / HTTP/1.1\r\n" JSON "Content-Length: -5\r\n\r\n",
    "POST / HTTP/1.1\r\n" JSON "Content-Length: 99999999999999999999\r\n\r\n",
    "POST / HTTP/1.1\r\n" JSON "Content-Length: 5\r\nContent-Length: 9\r\n\r\n"
    "12345",
    "POST / HTTP/1.1\r\n" JSON "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "POST / HTTP/1.1\r\n" JSON "Content-Length: 500\r\n\r\n{\"short\"",
    "GET /%00%ff%zz HTTP/1.1\r\n" HOST "\r\n",
    "GET /?a=b&c HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: ]:[\r\nConnection: close\r\n\r\n",
  };
  struct server *s = *state;
  int fd[ARRAY_LEN(broken)];
  for (u32 i = 0; i < ARRAY_LEN(broken); i++) {
    fd[i] = server_reach(s);
    server_say(fd[i], broken[i]);
    shutdown(fd[i], SHUT_WR);
  }
  for (u32 i = 0; i < ARRAY_LEN(broken); i++) {
    (void)server_take(s, fd[i], NULL); /* ends, at the latest by timeout_s */
    close(fd[i]);
  }
  char *many = arena_alloc(&s->f.arena, 100000);
  int n = snprintf(many, 100, "GET / HTTP/1.1\r\n" HOST);
  while (n < 90000) n += snprintf(many + n, 100, "X-%d: aaaaaaaaaaaa\r\n", n);
  snprintf(many + n, 10, "\r\n");
  int status = status_of(server_ask(s, many));
  assert_true(status != 200);
  expect(post(s, "/", JSON, CHAIN_ID), 200, CHAIN_ID_REPLY);
}

static void start_when_port_taken_or_address_odd_then_clear_error(
    void **state) {
  struct server *s = *state;
  struct http *h = NULL;
  struct errmsg msg = {.text = ""};
  struct http_config cfg = {.port = http_port(s->http)};
  assert_int_equal(http_start(&h, &cfg, s->f.node, &msg), ERR_BIND);
  assert_non_null(strstr(msg.text, "--http.port"));
  cfg = (struct http_config){.addr = "example.org"};
  assert_int_equal(http_start(&h, &cfg, s->f.node, &msg), ERR_USAGE);
  assert_non_null(strstr(msg.text, "--http.addr"));
  cfg = (struct http_config){.addr = "203.0.113.7"};
  assert_int_equal(http_start(&h, &cfg, s->f.node, &msg), ERR_BIND);
}

/* Requests under way and open streams do not hang the end. */
static void stop_when_streams_and_requests_are_open_then_ends(void **state) {
  (void)state;
  struct server s;
  struct http_config cfg = {.port = HTTP_PORT_ANY};
  int fd[8];
  server_open(&s, &cfg);
  for (u32 i = 0; i < 8; i++) {
    fd[i] = server_reach(&s);
    server_say(fd[i], i % 2 ? "GET /api/events HTTP/1.1\r\n" HOST "\r\n"
                     : "POST / HTTP/1.1\r\n" JSON "Content-Length: 200\r\n\r\n");
    if (i % 2) (void)server_take(&s, fd[i], "\n\r\n");
  }
  server_close(&s);
  for (u32 i = 0; i < 8; i++) close(fd[i]);
}

static int setup(void **state) {
  static struct server s;
  struct http_config cfg = {.port = HTTP_PORT_ANY,
                            .vhosts = "localhost, node.example",
                            .corsdomain = "https://dapp.example",
                            .event_max = 3, .timeout_s = 5,
                            .rpc = {.body_max = 65536}};
  server_open(&s, &cfg);
  *state = &s;
  return 0;
}
int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rpc_when_posted_then_answered),
    cmocka_unit_test(rpc_when_kept_alive_then_many_on_one_connection),
    cmocka_unit_test(rpc_when_client_of_ours_then_reply),
    cmocka_unit_test(submissions_when_many_at_once_then_each_its_own),
    cmocka_unit_test(request_when_not_json_or_wrong_method_then_refused),
    cmocka_unit_test(host_when_foreign_then_refused_and_flag_named),
    cmocka_unit_test(metrics_when_asked_then_every_row_and_true),
    cmocka_unit_test(cors_when_origin_listed_then_granted_to_it_alone),
    cmocka_unit_test(page_when_asked_then_strict_headers_and_etag),
    cmocka_unit_test(health_when_running_then_ok),
    cmocka_unit_test(keys_when_caller_is_doubtful_then_forbidden),
    cmocka_unit_test(send_when_body_is_bad_then_says_what),
    cmocka_unit_test(keys_when_made_then_listed_and_password_needed),
    cmocka_unit_test(events_when_sent_from_key_then_head_is_told),
    cmocka_unit_test(events_when_too_many_readers_then_refused),
    cmocka_unit_test(body_when_over_limit_then_413),
    cmocka_unit_test(http_when_broken_then_server_lives),
    cmocka_unit_test(start_when_port_taken_or_address_odd_then_clear_error),
    cmocka_unit_test(stop_when_streams_and_requests_are_open_then_ends),
  };
  return cmocka_run_group_tests_name("web_http", tests, setup, server_teardown);
}
