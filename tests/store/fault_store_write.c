/* fault_store_write.c - a full disk, and the process killed while it writes. */
#include "store_util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* A limit on the file's size stands for a full disk; then it is lifted. */
static void disk_when_full_then_error_and_file_fine(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_standing st;
  struct rlimit old, low;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(util_append(s, 0, 10), ERR_OK);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  low = old;
  low.rlim_cur = 300000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
  u64 h = 11;
  err e = ERR_OK;
  while (!e && h < 5000) {
    e = util_append(s, h, h);
    h += !e;
  }
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(e, ERR_DISK_FULL);
  assert_true(strlen(store_error(s)) > 5);
  store_standing(s, &st);
  assert_int_equal(st.head, h - 1);
  /* Room again: the same handle goes on. */
  assert_int_equal(util_append(s, h, h + 5), ERR_OK);
  store_abandon(s);
  s = util_open();
  store_standing(s, &st);
  assert_int_equal(st.head, h + 5);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

static void pages_when_at_most_then_disk_full(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_standing st;
  assert_int_equal(util_append(s, 0, 3), ERR_OK);
  assert_int_equal(store_conn_exec(&s->conn, "PRAGMA max_page_count=40"),
                   ERR_OK);
  u64 h = 4;
  while (util_append(s, h, h) == ERR_OK && h < 5000) h++;
  assert_int_equal(util_append(s, h, h), ERR_DISK_FULL);
  struct store_row row = {slice_str("key"), slice_str("value")};
  struct store_batch b = {.to = 1, .row = {&row, &row, &row},
                          .row_cnt = {1, 1, 1}};
  /* What fits still goes; a batch that does not leaves nothing behind. */
  u8 *large = mem_alloc(8 << 20);
  row.val = slice_of(large, 8 << 20);
  b.row_cnt[STORE_NODE] = 0;
  bool done = false;
  assert_int_equal(store_flush_begin(s, &b), ERR_OK);
  assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_DISK_FULL);
  assert_false(done);
  store_standing(s, &st);
  assert_int_equal(st.flushed, -1);
  mem_free(large);
  assert_int_equal(store_conn_exec(&s->conn,
                                   "PRAGMA max_page_count=1073741823"),
                   ERR_OK);
  row.val = slice_str("value");
  assert_int_equal(store_flush_begin(s, &b), ERR_OK);
  assert_int_equal(store_flush_step(s, STORE_SLICE_US, &done), ERR_OK);
  assert_true(done);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* A child appends and tells each block that is durable; it is killed some time
** after the first. */
static u64 kill_child(u32 after_ms, u64 seed) {
  int pipe_out[2];
  u64 told = 0, h;
  assert_int_equal(pipe(pipe_out), 0);
  pid_t pid = fork();
  if (pid == 0) {
    struct store *s;
    struct store_standing st;
    close(pipe_out[0]);
    if (store_open(&s, util_path, STORE_CREATE, NULL)) _exit(1);
    store_standing(s, &st);
    u64 x = seed;
    for (h = (u64)(st.head + 1);; h++) {
      if (util_append(s, h, h)) _exit(2);
      if (write(pipe_out[1], &h, sizeof h) != sizeof h) _exit(3);
      u64 what = util_random(&x) % 12;
      if (what == 0 && util_checkpoint(s, h) == ERR_CORRUPT) _exit(4);
      if (what < 3) {
        u8 place[9] = {h % STORE_TABLE_CNT};
        memcpy(place + 1, &h, 8);
        struct store_row row = {slice_of(&h, 8), slice_of(&h, 8)};
        struct store_row node = {slice_of(place, 9), slice_of(&h, 8)};
        struct store_batch b = {.to = h, .row = {&row, &row, &node},
                                .row_cnt = {1, 1, 1}};
        bool done;
        if (store_flush_begin(s, &b) || store_flush_step(s, 100, &done))
          _exit(5);
      }
    }
  }
  close(pipe_out[1]);
  if (read(pipe_out[0], &h, sizeof h) == sizeof h) told = h + 1;
  usleep(after_ms * 1000);
  assert_int_equal(kill(pid, SIGKILL), 0);
  while (read(pipe_out[0], &h, sizeof h) == sizeof h) told = h + 1;
  close(pipe_out[0]);
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status));
  return told;
}

/* Blocks 0..999 and a setting of 4 MB, in the log; then a checkpoint that is
** killed after some steps, blocks between them. */
static void checkpoint_killed_child(u32 steps) {
  struct store *s;
  bool more = true;
  u8 *large = mem_alloc(4 << 20);
  memset(large, 5, 4 << 20);
  if (store_open(&s, util_path, STORE_CREATE, NULL)) _exit(1);
  if (s->standing.head < 0) {
    if (util_append(s, 0, 999) ||
        store_meta_put(s, "large", slice_of(large, 4 << 20)))
      _exit(2);
  }
  u64 h = (u64)s->standing.head + 1;
  for (u32 i = 0; more && i < steps; i++) {
    bool block = i % 3 == 2 && i < 900; /* else there is no end to it */
    if (block && util_append(s, h, h)) _exit(3);
    h += block;
    err e = store_checkpoint_step(s, 1000, &more);
    if (e && e != ERR_BUSY) _exit(4);
    usleep(20);
  }
  kill(getpid(), SIGKILL);
  pause();
}

static void checkpoint_when_killed_within_then_nothing_lost(void **state) {
  (void)state;
  /* Within the copying, while the thread syncs, after the end. */
  static const u32 steps[] = {1, 7, 100, 700, 1100, 1600, 100000};
  i64 head = 999;
  for (u32 k = 0; k < ARRAY_LEN(steps); k++) {
    int status;
    pid_t pid = fork();
    if (pid == 0) checkpoint_killed_child(steps[k]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct store *s = util_open();
    struct store_reader *r;
    struct store_standing st;
    struct errmsg msg;
    slice val;
    assert_int_equal(store_reader_open(&r, s, 0, NULL), ERR_OK);
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_true(st.head >= head);
    head = st.head;
    for (u64 h = 0; h <= (u64)head; h++) {
      struct store_block_row row;
      struct util_block u;
      util_block_make(&u, h);
      assert_int_equal(store_read_block(r, &row, h), ERR_OK);
      assert_true(slice_eq(row.header, u.b.header));
    }
    assert_int_equal(store_read_meta(r, &val, "large"), ERR_OK);
    assert_int_equal(val.len, 4 << 20);
    assert_true(val.ptr[0] == 5 && val.ptr[val.len - 1] == 5);
    if (store_integrity(r, &msg)) fail_msg("%s", msg.text);
    store_reader_close(r);
    store_abandon(s);
  }
  assert_true(head > 999);
}

/* What the writer and who copies tell each other. */
struct copy_shared {
  atomic_uint turn;     /* of the writer */
  atomic_bool checkpoint, stop;
  atomic_uint checkpoints;
};

static void copy_writer(struct copy_shared *c) {
  struct store *s;
  u8 large[64 << 10] = {0};
  bool more = false;
  if (store_open(&s, util_path, STORE_CREATE, NULL)) _exit(1);
  for (u64 h = 0; !atomic_load(&c->stop); h++) {
    u64 now_ms = h * 3000; /* due every twentieth turn */
    if (util_append(s, h, h)) _exit(2);
    memset(large, (int)h, sizeof large);
    if (store_meta_put(s, h % 2 ? "a" : "b", slice_of(large, sizeof large)))
      _exit(3);
    if (store_checkpoint_due(s, now_ms)) {
      atomic_store(&c->checkpoint, true);
      err e = store_checkpoint_step(s, now_ms, &more);
      if (e && e != ERR_BUSY) _exit(4); /* busy: it begins again later */
      if (!e && !more) atomic_fetch_add(&c->checkpoints, 1);
    }
    if (!more) atomic_store(&c->checkpoint, false);
    atomic_fetch_add(&c->turn, 1);
  }
  store_abandon(s);
  _exit(0);
}

/* Copies slowly; false when a checkpoint was under way as it began. */
static bool copy_made(struct copy_shared *c, const char *to) {
  int in = open(util_path, O_RDONLY), out;
  assert_true(in >= 0);
  u32 turn = atomic_load(&c->turn);
  while (atomic_load(&c->turn) < turn + 2) usleep(200);
  bool whole = !atomic_load(&c->checkpoint);
  out = open(to, O_CREAT | O_TRUNC | O_WRONLY, 0600);
  assert_true(out >= 0);
  u8 piece[64 << 10];
  ssize_t n;
  while (whole && (n = read(in, piece, sizeof piece)) > 0) {
    assert_int_equal(write(out, piece, (size_t)n), n);
    turn = atomic_load(&c->turn);
    while (atomic_load(&c->turn) < turn + 3) usleep(200);
  }
  close(out);
  close(in);
  return whole;
}

static void file_when_copied_under_load_then_copy_whole(void **state) {
  (void)state;
  struct copy_shared *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(c != MAP_FAILED);
  int status;
  char copy[128];
  u32 whole = 0;
  pid_t pid = fork();
  if (pid == 0) copy_writer(c);
  while (atomic_load(&c->checkpoints) == 0) {
    assert_int_equal(waitpid(pid, &status, WNOHANG), 0); /* it lives */
    usleep(1000);
  }
  snprintf(copy, sizeof copy, "%s/copy.db", util_dir);
  i64 head = -1;
  for (u32 tries = 0; whole < 4 && tries < 100; tries++) {
    u32 before = atomic_load(&c->checkpoints);
    if (!copy_made(c, copy)) {
      while (atomic_load(&c->checkpoint)) usleep(200);
      continue;
    }
    struct store *s;
    struct store_reader *r;
    struct store_standing st;
    struct errmsg msg = {""};
    if (store_open(&s, copy, 0, &msg)) fail_msg("%s", msg.text);
    store_standing(s, &st);
    assert_true(st.head >= head);
    head = st.head;
    assert_int_equal(store_reader_open(&r, s, 0, &msg), ERR_OK);
    if (store_integrity(r, &msg)) fail_msg("%s", msg.text);
    store_reader_close(r);
    assert_int_equal(store_close(s, NULL), ERR_OK);
    whole++;
    /* The writer goes on checkpointing between copies. */
    while (atomic_load(&c->checkpoints) == before) usleep(1000);
  }
  atomic_store(&c->stop, true);
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_int_equal(whole, 4);
  munmap(c, sizeof *c);
}

static void process_when_killed_then_told_blocks_stand(void **state) {
  (void)state;
  u64 x = 1, most = 0;
  for (u32 round = 0; round < 25; round++) {
    u64 told = kill_child(3 + (u32)(util_random(&x) % 60), util_random(&x));
    struct store *s = util_open();
    struct store_reader *r;
    struct store_standing st;
    struct errmsg msg;
    assert_int_equal(store_reader_open(&r, s, 0, &msg), ERR_OK);
    assert_int_equal(store_reader_begin(r, &st), ERR_OK);
    assert_true(st.head + 1 >= (i64)told);
    assert_true(st.head + 1 >= (i64)most);
    most = (u64)(st.head + 1);
    for (u64 h = 0; h < most; h++) {
      struct store_block_row row;
      struct store_chunk c;
      struct util_block u;
      util_block_make(&u, h);
      assert_int_equal(store_read_block(r, &row, h), ERR_OK);
      assert_true(slice_eq(row.header, u.b.header));
      assert_int_equal(store_read_chunk(r, &c, STORE_DIFF, STORE_SEQ(h, 0)),
                       ERR_OK);
      assert_true(slice_eq(c.bytes, u.c[3].bytes));
    }
    assert_int_equal(store_integrity(r, &msg), ERR_OK);
    store_reader_close(r);
    if (round % 2) {
      assert_int_equal(store_close(s, NULL), ERR_OK);
      assert_false(util_exists("-wal"));
    } else {
      store_abandon(s);
    }
  }
  assert_true(most > 20);
}

int main(void) {
#define CASE(name) \
  cmocka_unit_test_setup_teardown(name, util_setup, util_teardown)
  const struct CMUnitTest tests[] = {
      CASE(disk_when_full_then_error_and_file_fine),
      CASE(pages_when_at_most_then_disk_full),
      CASE(process_when_killed_then_told_blocks_stand),
      CASE(checkpoint_when_killed_within_then_nothing_lost),
      CASE(file_when_copied_under_load_then_copy_whole),
  };
  return cmocka_run_group_tests_name("store_write", tests, NULL, NULL);
}
