/* test_notify_queue.c - hooks and deliveries of a node: which events become
** deliveries, what a failure, a restart, a hanging target do to them. */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "notify/notify.h"

/* A target: answers with status what comes, counts and keeps it. */
struct target {
  int fd;
  u16 port;
  const char *answer;      /* atomic */
  u32 cnt;                 /* atomic */
  char last[4096];
  pthread_t thread;
};

static void *target_run(void *arg) {
  struct target *t = arg;
  for (;;) {
    char in[4096];
    size_t len = 0;
    int fd = accept(t->fd, NULL, NULL);
    if (fd < 0) return NULL;
    for (;;) {
      ssize_t n = read(fd, in + len, sizeof in - 1 - len);
      if (n <= 0) break;
      len += (size_t)n;
      in[len] = 0;
      const char *head = strstr(in, "\r\n\r\n"), *size = strstr(in, "Length: ");
      if (head && size &&
          len >= (size_t)(head + 4 - in) + strtoul(size + 8, NULL, 10)) break;
    }
    memcpy(t->last, in, len + 1);
    __atomic_add_fetch(&t->cnt, 1, __ATOMIC_RELEASE);
    const char *a = __atomic_load_n(&t->answer, __ATOMIC_ACQUIRE);
    if (write(fd, a, strlen(a)) < 0) len = 0;
    close(fd);
  }
}

static void target_start(struct target *t) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof in;
  memset(t, 0, sizeof *t);
  t->answer = "HTTP/1.1 200 OK\r\n\r\nthanks";
  t->fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(t->fd, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(listen(t->fd, 16), 0);
  assert_int_equal(getsockname(t->fd, (struct sockaddr *)&in, &len), 0);
  t->port = ntohs(in.sin_port);
  assert_int_equal(pthread_create(&t->thread, NULL, target_run, t), 0);
}

static void target_end(struct target *t) {
  shutdown(t->fd, SHUT_RDWR);
  close(t->fd);
  pthread_join(t->thread, NULL);
}

static void settle(void) {
  struct timespec t = {.tv_nsec = 20000000};
  nanosleep(&t, NULL);
}

static void wait_cnt(const u32 *cnt, u32 want) {
  for (u32 i = 0; i < 3000 && __atomic_load_n(cnt, __ATOMIC_ACQUIRE) < want;
       i++)
    settle();
  assert_int_equal(__atomic_load_n(cnt, __ATOMIC_ACQUIRE), want);
}

/* One event a block: by the height's last digit another name, another party. */
static bool names(const struct notify_event *e, const addr20 *party) {
  return party->b[0] == *(const u8 *)e->of;
}
static err source(void *ctx, u64 first, u64 last, notify_event_fn *fn,
                  void *fn_ctx) {
  (void)ctx;
  for (u64 h = first; h <= last; h++) {
    char json[64];
    u8 party = h % 4 < 2 ? 1 : 2;
    struct notify_event e = {.height = h, .names = names, .of = &party};
    e.name = h % 2 ? "Orders.OrderState" : "Market.Message";
    snprintf(json, sizeof json, "{\"height\":%llu}", (unsigned long long)h);
    e.json = slice_str(json);
    fn(fn_ctx, &e);
  }
  return ERR_OK;
}

struct rig {
  char dir[64], db[96];
  struct node *n;
  struct notify *s;
};

static void rig_open(struct rig *r) {
  struct errmsg msg = {""};
  struct node_config c = {.db_path = r->db, .worker_cnt = 1, .dev = true};
  struct notify_config cfg = {.net = {.local = true}, .source = source};
  assert_int_equal(node_open(&r->n, &c, &msg), ERR_OK);
  assert_int_equal(notify_start(&r->s, r->n, &cfg, &msg), ERR_OK);
}

static void rig_close(struct rig *r) {
  notify_stop(r->s);
  node_close(r->n);
}

static void rig_make(struct rig *r) {
  snprintf(r->dir, sizeof r->dir, "/tmp/cybermiles-notify-XXXXXX");
  assert_non_null(mkdtemp(r->dir));
  snprintf(r->db, sizeof r->db, "%s/n.db", r->dir);
  rig_open(r);
}

static void rig_fini(struct rig *r) {
  rig_close(r);
  char other[128];
  for (u32 i = 0; i < 3; i++) {
    static const char *const tail[] = {"", "-wal", "-shm"};
    snprintf(other, sizeof other, "%s%s", r->db, tail[i]);
    unlink(other);
  }
  rmdir(r->dir);
}

static void rig_mine(struct rig *r, u32 cnt) {
  for (u32 i = 0; i < cnt; i++) assert_int_equal(node_dev_mine(r->n, 1, 0), ERR_OK);
}

static struct store_hook rig_hook(struct rig *r, u16 port, const char *filter) {
  struct store_hook h = {.active = true};
  struct errmsg msg = {""};
  snprintf(h.target, sizeof h.target, "http://127.0.0.1:%u/", port);
  snprintf(h.filter, sizeof h.filter, "%s", filter);
  assert_int_equal(notify_hook_put(r->s, &h, &msg), ERR_OK);
  return h;
}

static struct store_delivery newest(struct rig *r, u64 hook) {
  struct store_delivery d[1];
  u32 cnt;
  assert_int_equal(notify_log(r->s, d, 1, &cnt, hook, 0), ERR_OK);
  assert_int_equal(cnt, 1);
  return d[0];
}

static struct store_delivery wait_tried(struct rig *r, u64 hook, u32 tries) {
  struct store_delivery d = newest(r, hook);
  for (u32 i = 0; i < 3000 && d.tries < tries; i++) {
    settle();
    d = newest(r, hook);
  }
  assert_int_equal(d.tries, tries);
  return d;
}

static void events_when_they_suit_a_filter_then_sent_once_each(void **state) {
  struct target all, some, bobs;
  struct rig r;
  (void)state;
  target_start(&all);
  target_start(&some);
  target_start(&bobs);
  rig_make(&r);
  rig_mine(&r, 2); /* before the hooks: nobody is told */
  rig_hook(&r, all.port, "{}");
  rig_hook(&r, some.port, "{\"events\":[\"Orders.OrderState\"]}");
  struct store_hook h = rig_hook(&r, bobs.port,
      "{\"party\":\"0x0200000000000000000000000000000000000000\","
      "\"events\":[\"Market.Message\"]}");
  assert_memory_equal(h.secret, "whsec_", 6);
  rig_mine(&r, 8); /* 3 to 10 */
  wait_cnt(&all.cnt, 8);
  wait_cnt(&some.cnt, 4);
  wait_cnt(&bobs.cnt, 2); /* 6, 10 */
  assert_non_null(strstr(bobs.last, "{\"height\":10}"));
  struct store_delivery d = wait_tried(&r, h.id, 1);
  assert_int_equal(d.state, STORE_DELIVERY_TAKEN);
  assert_int_equal(d.status, 200);
  assert_string_equal(d.answer, "thanks");
  rig_close(&r);
  rig_open(&r); /* nothing comes twice, nothing is forgotten */
  rig_mine(&r, 4);
  wait_cnt(&bobs.cnt, 3);
  wait_cnt(&all.cnt, 12);
  rig_fini(&r);
  target_end(&all);
  target_end(&some);
  target_end(&bobs);
}

static void delivery_when_refused_then_waits_and_is_sent_again(void **state) {
  struct target t;
  struct rig r;
  (void)state;
  target_start(&t);
  __atomic_store_n(&t.answer, "HTTP/1.1 503 Busy\r\n\r\nlater",
                   __ATOMIC_RELEASE);
  rig_make(&r);
  struct store_hook h = rig_hook(&r, t.port, "{}");
  assert_int_equal(notify_test(r.s, h.id), ERR_OK);
  struct store_delivery d = wait_tried(&r, h.id, 1);
  assert_int_equal(d.state, STORE_DELIVERY_WAITS);
  assert_int_equal(d.status, 503);
  assert_in_range(d.due_ms - d.tried_ms, 10000, 30000);
  assert_string_equal(d.event, "CyberMiles.Test");
  rig_close(&r);
  __atomic_store_n(&t.answer, "HTTP/1.1 200 OK\r\n\r\n", __ATOMIC_RELEASE);
  rig_open(&r); /* the queue is in the file */
  struct notify_stat st;
  notify_stat(r.s, &st);
  assert_int_equal(st.waiting, 1);
  assert_int_equal(notify_again(r.s, d.id), ERR_OK);
  wait_cnt(&t.cnt, 2);
  for (u32 i = 0; i < 3000 && newest(&r, h.id).state != STORE_DELIVERY_TAKEN;
       i++)
    settle();
  assert_int_equal(newest(&r, h.id).state, STORE_DELIVERY_TAKEN);
  rig_fini(&r);
  target_end(&t);
}

static void target_when_it_hangs_then_others_are_served(void **state) {
  struct target good;
  struct rig r;
  (void)state;
  target_start(&good);
  rig_make(&r);
  int deaf = socket(AF_INET, SOCK_STREAM, 0); /* nobody accepts there */
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof in;
  assert_int_equal(bind(deaf, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(listen(deaf, 16), 0);
  assert_int_equal(getsockname(deaf, (struct sockaddr *)&in, &len), 0);
  rig_hook(&r, ntohs(in.sin_port), "{}");
  rig_hook(&r, good.port, "{}");
  rig_mine(&r, 3);
  wait_cnt(&good.cnt, 3);
  close(deaf);
  rig_fini(&r);
  target_end(&good);
}

static void hook_when_wrong_then_says_what(void **state) {
  static const struct {
    enum store_hook_kind kind;
    const char *target, *filter, *says;
  } row[] = {
    {STORE_HOOK_WEB, "ftp://x", "{}", "http"},
    {STORE_HOOK_WEB, "https://x", "[]", "object"},
    {STORE_HOOK_WEB, "https://x", "{\"event\":[]}", "\"event\""},
    {STORE_HOOK_WEB, "https://x", "{\"events\":[\"x\"]}", "Orders.OrderState"},
    {STORE_HOOK_WEB, "https://x", "{\"party\":\"0x1\"}", "address"},
    {STORE_HOOK_MAIL, "nobody", "{}", "mail address"},
  };
  struct rig r;
  (void)state;
  rig_make(&r);
  for (u32 i = 0; i < ARRAY_LEN(row); i++) {
    struct store_hook h = {.kind = row[i].kind, .active = true};
    struct errmsg msg = {""};
    snprintf(h.target, sizeof h.target, "%s", row[i].target);
    snprintf(h.filter, sizeof h.filter, "%s", row[i].filter);
    assert_int_equal(notify_hook_put(r.s, &h, &msg), ERR_USAGE);
    assert_non_null(strstr(msg.text, row[i].says));
  }
  assert_int_equal(notify_hook_del(r.s, 7), ERR_NOT_FOUND);
  assert_int_equal(notify_test(r.s, 7), ERR_NOT_FOUND);
  assert_int_equal(notify_again(r.s, 7), ERR_NOT_FOUND);
  rig_fini(&r);
}

static void hook_when_changed_or_removed_then_at_once(void **state) {
  struct target t;
  struct rig r;
  u32 cnt;
  (void)state;
  target_start(&t);
  rig_make(&r);
  struct store_hook h = rig_hook(&r, t.port, "{}");
  struct errmsg msg = {""};
  struct store_hook *all = malloc(STORE_HOOKS_MAX * sizeof *all);
  char secret[72];
  memcpy(secret, h.secret, sizeof secret);
  h.active = false;
  memset(h.secret, 0, sizeof h.secret); /* the owner does not know it */
  assert_int_equal(notify_hook_put(r.s, &h, &msg), ERR_OK);
  rig_mine(&r, 2);
  assert_int_equal(notify_hooks(r.s, all, &cnt), ERR_OK);
  assert_int_equal(cnt, 1);
  assert_false(all[0].active);
  assert_string_equal(all[0].secret, secret);
  assert_int_equal(notify_hook_del(r.s, h.id), ERR_OK);
  assert_int_equal(notify_hooks(r.s, all, &cnt), ERR_OK);
  assert_int_equal(cnt, 0);
  assert_int_equal(__atomic_load_n(&t.cnt, __ATOMIC_ACQUIRE), 0);
  free(all);
  rig_fini(&r);
  target_end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(events_when_they_suit_a_filter_then_sent_once_each),
    cmocka_unit_test(delivery_when_refused_then_waits_and_is_sent_again),
    cmocka_unit_test(target_when_it_hangs_then_others_are_served),
    cmocka_unit_test(hook_when_wrong_then_says_what),
    cmocka_unit_test(hook_when_changed_or_removed_then_at_once),
  };
  log_verbosity_set(0);
  return cmocka_run_group_tests_name("notify_queue", tests, NULL, NULL);
}
