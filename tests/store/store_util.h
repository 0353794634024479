/* store_util.h - what the tests of store share: a scratch folder, blocks of
** made-up bytes. */
#ifndef TESTS_STORE_UTIL_H
#define TESTS_STORE_UTIL_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/store_int.h"

static char util_dir[64], util_path[96];

/* A fresh folder for one test; the file in it is not made. */
static int util_setup(void **state) {
  (void)state;
  strcpy(util_dir, "/tmp/test_store_XXXXXX");
  if (!mkdtemp(util_dir)) return -1;
  snprintf(util_path, sizeof util_path, "%s/chain.db", util_dir);
  return 0;
}
static int util_teardown(void **state) {
  (void)state;
  char cmd[128];
  snprintf(cmd, sizeof cmd, "rm -rf '%s'", util_dir);
  return system(cmd);
}

static inline struct store *util_open(void) {
  struct store *s = NULL;
  struct errmsg msg = {{0}};
  err e = store_open(&s, util_path, STORE_CREATE, &msg);
  if (e) print_message("%s\n", msg.text);
  assert_int_equal(e, ERR_OK);
  return s;
}

static inline bool util_exists(const char *suffix) {
  char p[128];
  snprintf(p, sizeof p, "%s%s", util_path, suffix);
  return access(p, F_OK) == 0;
}

/* Numbers of a known sequence (splitmix64). */
static inline u64 util_random(u64 *x) {
  u64 z = (*x += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

/* A block whose bytes follow from its height: two body chunks, a receipt and
** a difference chunk. */
struct util_block {
  struct store_block b;
  u8 header[80], chunk[4][64];
  struct store_chunk c[4];
};
static inline void util_block_make(struct util_block *u, u64 height) {
  memset(u, 0, sizeof *u);
  memset(u->header, (int)(height & 0xff), sizeof u->header);
  store_be64(u->header, height);
  store_be64(u->b.hash.b, height * 77);
  for (u32 i = 0; i < 4; i++) {
    memset(u->chunk[i], (int)(height + i), sizeof u->chunk[i]);
    u->c[i] = (struct store_chunk){STORE_SEQ(height, i == 1 ? 64 : 0),
                                   slice_of(u->chunk[i], 64)};
  }
  u->b.height = height;
  u->b.header = slice_of(u->header, sizeof u->header);
  u->b.size = 500 + height;
  u->b.tx_cnt = 70;
  u->b.chunk[STORE_BODY] = u->c;
  u->b.chunk_cnt[STORE_BODY] = 2;
  u->b.chunk[STORE_RECEIPT] = u->c + 2;
  u->b.chunk_cnt[STORE_RECEIPT] = 1;
  u->b.chunk[STORE_DIFF] = u->c + 3;
  u->b.chunk_cnt[STORE_DIFF] = 1;
}
static inline err util_append(struct store *s, u64 from, u64 to) {
  err e = ERR_OK;
  for (u64 h = from; h <= to && !e; h++) {
    struct util_block u;
    util_block_make(&u, h);
    struct store_block *p = &u.b;
    e = store_append(s, &p, 1);
  }
  return e;
}
/* A whole checkpoint. */
static inline err util_checkpoint(struct store *s, u64 now_ms) {
  bool more = true;
  err e = ERR_OK;
  while (!e && more) {
    e = store_checkpoint_step(s, now_ms, &more);
    usleep(more ? 200 : 0);
  }
  return e;
}
#endif
