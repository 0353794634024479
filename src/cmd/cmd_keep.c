/* cmd_keep.c - what an operator does with the file and its history: export,
** prune, reindex, restore, freeze.
**
** restore: the backup is verified, copied beside the database and takes its place
** in one rename; what was there is put aside as FILE.old-TIME with its log folded
** in, and is fenced (node_fence.c).
**
** freeze: a node sees that another process has its file open and makes no
** checkpoint meanwhile (store_checkpoint.c), so the file alone, without its log,
** stays whole and as it is.  freeze holds it open, anew every second, waits
** until a checkpoint under way has ended, runs the command, and says whether
** the file changed after all.
*/
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/cmd_csv.h"
#include "cmd/cmd_stream.h"
#include "crypto/secp256k1.h"
#include "node/node_export.h"
#include "node/node_proj.h"
#include "node/node_state.h"

#define KEEP_TELL_MS 1000
#define KEEP_QUIET_MS 1500    /* a file that is left alone so long is at rest */
#define KEEP_COPY (1u << 20)

static u64 keep_clock_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

/* INT and TERM end a long work in order; a second one at once. */
struct keep_work {
  sigset_t set;
  const char *what;
  u64 begin_ms, told_ms, first, last;
  u64 events;  /* done, where the work is of these: its rate is told by them */
  bool stopped, begun;
};
static void keep_begin(struct keep_work *w, const char *what) {
  *w = (struct keep_work){.what = what};
  sigemptyset(&w->set);
  sigaddset(&w->set, SIGINT);
  sigaddset(&w->set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &w->set, NULL);
  w->begin_ms = w->told_ms = keep_clock_ms();
}
static bool keep_signalled(struct keep_work *w) {
  const struct timespec at_once = {0};
  int sig = sigtimedwait(&w->set, NULL, &at_once);
  if (sig == SIGINT || sig == SIGTERM) {
    pthread_sigmask(SIG_UNBLOCK, &w->set, NULL);
    w->stopped = true;
  }
  return w->stopped;
}

static bool keep_go_on(void *ctx, u64 height, u64 head) {
  struct keep_work *w = ctx;
  u64 now = keep_clock_ms();
  if (!w->begun || height < w->last) { /* or the next work begins */
    w->first = height;
    if (w->begun) w->begin_ms = now;
  }
  w->begun = true;
  w->last = height;
  if (now - w->told_ms >= KEEP_TELL_MS || height == head) {
    u64 ms = now - w->begin_ms + 1, done = height - w->first + 1;
    u64 left = (head - height) * ms / done / 1000;
    u64 rate = (w->events ? w->events : done) * 1000 / ms;
    const char *unit = w->events ? "events" : "blocks";
    if (isatty(2)) {
      fprintf(stderr, "\r%s block %llu of %llu, %llu %s/s, %llu s left  %s",
              w->what, (unsigned long long)height, (unsigned long long)head,
              (unsigned long long)rate, unit, (unsigned long long)left,
              height == head ? "\n" : "");
    } else if (height != head) {
      log_event(LOG_INFO, "keep", "progress",
                "work=%s height=%llu head=%llu %s_per_s=%llu left_s=%llu",
                w->what, (unsigned long long)height, (unsigned long long)head,
                unit, (unsigned long long)rate, (unsigned long long)left);
    }
    w->told_ms = now;
  }
  return !keep_signalled(w);
}
static bool keep_go_on_quiet(void *ctx) { return !keep_signalled(ctx); }

/*------------------------------------------------------------------ export */
/* What is written: blocks as RLP, or lines of a table. */
struct keep_format {
  bool csv;
  enum cmd_csv_rows rows;
};
static err keep_format(struct keep_format *out, const struct cmd *c,
                       struct errmsg *msg) {
  const char *f = c->cfg.format;
  out->csv = f ? strcmp(f, "csv") == 0 : cmd_csv_named(c->arg[0]);
  if (f && !out->csv && strcmp(f, "rlp") != 0)
    return err_say(msg, ERR_USAGE, "--format %s: there are rlp and csv", f);
  if (!out->csv && c->origin[CMD_FLAG_rows] == CMD_OPTION)
    return err_say(msg, ERR_USAGE,
                   "--rows is for --format csv, or a FILE that ends in .csv");
  return cmd_csv_rows(&out->rows, c->cfg.rows ? c->cfg.rows : "", msg);
}

static err keep_export(struct node_export *x, struct cmd_stream *s,
                       const struct keep_format *f, u64 from, u64 to,
                       u64 *bytes, struct keep_work *w, struct errmsg *msg) {
  struct buf block;
  buf_init(&block, 0);
  if (f->csv) cmd_csv_head(&block, f->rows);
  err e = ERR_OK;
  for (u64 h = from; h <= to && !e; h++) {
    e = f->csv ? cmd_csv_block(&block, f->rows, x, h, msg)
               : node_export_block(x, &block, h, msg);
    if (!e && block.len) e = cmd_stream_write(s, block.ptr, block.len, msg);
    *bytes += block.len;
    buf_clear(&block);
    if (!e && !keep_go_on(w, h, to))
      e = err_say(msg, ERR_CLOSED, "stopped; the file is taken away");
  }
  buf_fini(&block);
  return e;
}

int cmd_export(struct cmd *c) {
  struct errmsg msg = {""};
  struct node_export *x = NULL;
  struct cmd_stream *s = NULL;
  struct keep_work w;
  struct keep_format f = {0};
  u64 bytes = 0, from = c->cfg.from, to = c->cfg.to, packed = 0;
  keep_begin(&w, "exporting");
  err e = keep_format(&f, c, &msg);
  if (!e) e = node_export_open(&x, c->db_path, &msg);
  if (!e) {
    u64 head = node_export_head(x), first = node_export_first(x);
    if (to == 0) to = head;
    if (to > head || from > to || from < first)
      e = err_say(&msg, ERR_USAGE, "blocks %llu to %llu: the file has those of "
                  "%llu to %llu", (unsigned long long)from,
                  (unsigned long long)to, (unsigned long long)first,
                  (unsigned long long)head);
  }
  if (!e) e = cmd_stream_write_open(&s, c->arg[0], &msg);
  if (!e) e = keep_export(x, s, &f, from, to, &bytes, &w, &msg);
  node_export_close(x);
  if (s) {
    struct errmsg closing = {""};
    err closed = cmd_stream_close(s, !e, &closing);
    if (!e && closed) e = closed, msg = closing;
  }
  struct stat st;
  if (!e && stat(c->arg[0], &st) == 0) packed = (u64)st.st_size;
  if (e < 0) return cmd_fail(e, &msg);
  u64 ms = keep_clock_ms() - w.begin_ms + 1, cnt = to - from + 1;
  FILE *out = strcmp(c->arg[0], "-") == 0 ? stderr : stdout;
  fprintf(out, c->cfg.json
                   ? "{\"from\":%llu,\"to\":%llu,\"bytes\":%llu,"
                     "\"fileBytes\":%llu,\"blocksPerSecond\":%llu}\n"
                   : "blocks %llu to %llu: %llu bytes, %llu in the file, %llu "
                     "blocks/s\n",
          (unsigned long long)from, (unsigned long long)to,
          (unsigned long long)bytes, (unsigned long long)packed,
          (unsigned long long)(cnt * 1000 / ms));
  return EXIT_DONE;
}

/*--------------------------------------------------------- reindex, prune */
static void keep_reindex_print(const struct cmd *c,
                               const struct node_reindexed *r, u64 ms) {
#define N(x) (unsigned long long)(x)
  if (c->cfg.json) {
    printf("{\"blocks\":%llu,\"entries\":%llu,\"accounts\":%llu,\"slots\":%llu,"
           "\"nodes\":%llu,\"tables\":%s,\"blocksPerSecond\":%llu,"
           "\"resumed\":%s,\"done\":%s}\n", N(r->blocks), N(r->entries),
           N(r->accounts), N(r->slots), N(r->nodes),
           r->tables ? "true" : "false", N(r->blocks * 1000 / ms),
           r->resumed ? "true" : "false", r->done ? "true" : "false");
    return;
  }
  printf("%llu blocks, %llu entries, %llu blocks/s\n", N(r->blocks),
         N(r->entries), N(r->blocks * 1000 / ms));
  if (r->tables)
    printf("%llu accounts, %llu slots, %llu trie nodes made anew\n",
           N(r->accounts), N(r->slots), N(r->nodes));
  else if (r->done && c->cfg.tables)
    printf("The accounts stay as they are, since the first differences were "
           "pruned: \"export\" and \"import\" make them anew\n");
  if (!r->done)
    printf("Stopped; give the command again to go on.%s\n", c->cfg.tables
           ? "  No node starts on the file before it is done." : "");
#undef N
}

static bool keep_go_on_tables(void *ctx, u64 height, u64 head, u64 events) {
  ((struct keep_work *)ctx)->events = events;
  return keep_go_on(ctx, height, head);
}
/* The tables of the modules of commerce. */
static int keep_reindex_tables(struct cmd *c) {
  struct errmsg msg = {""};
  struct node_projected r;
  struct keep_work w;
  const char *module = c->cfg.module;
  if (!module[0] || strcmp(module, "all") == 0) module = NULL;
  keep_begin(&w, "reindexing tables");
  err e = node_proj_reindex(&r, c->db_path, module, 0, keep_go_on_tables, &w,
                            &msg);
  if (e < 0) return cmd_fail(e, &msg);
  u64 ms = keep_clock_ms() - w.begin_ms + 1;
  printf(c->cfg.json ? "{\"module\":\"%s\",\"blocks\":%llu,\"events\":%llu,"
                       "\"eventsPerSecond\":%llu,\"resumed\":%s,\"done\":%s}\n"
                     : "tables of %s: %llu blocks, %llu events, %llu "
                       "events/s%.0s%.0s\n",
         module ? module : "all", (unsigned long long)r.blocks,
         (unsigned long long)r.events,
         (unsigned long long)(r.events * 1000 / ms),
         r.resumed ? "true" : "false", r.done ? "true" : "false");
  if (!r.done && !c->cfg.json)
    printf("Stopped; the same command, or the node when it starts, goes on.\n");
  return EXIT_DONE;
}

int cmd_reindex(struct cmd *c) {
  struct errmsg msg = {""};
  if (c->cfg.module && c->cfg.module[0]) return keep_reindex_tables(c);
  struct node_reindexed r;
  struct keep_work w;
  crypto_init(NULL);
  keep_begin(&w, "reindexing");
  u64 begin_ms = keep_clock_ms();
  err e = node_reindex(&r, c->db_path, c->cfg.tables, keep_go_on, &w, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  keep_reindex_print(c, &r, keep_clock_ms() - begin_ms + 1);
  return EXIT_DONE;
}

static int keep_prune(struct cmd *c, const char *what, u64 state,
                      u64 blocks) {
  struct errmsg msg = {""};
  struct node_pruned p;
  struct keep_work w;
  keep_begin(&w, what);
  err e = node_prune(&p, c->db_path, state, blocks, keep_go_on_quiet, &w,
                     &msg);
  if (e < 0) return cmd_fail(e, &msg);
  printf(c->cfg.json
             ? "{\"bytesBefore\":%llu,\"bytesAfter\":%llu,\"oldestState\":%llu,"
               "\"oldestBlock\":%llu,\"done\":%s}\n"
             : "%llu bytes before, %llu now; states from block %llu, "
               "transactions and receipts from block %llu on%.0s\n",
         (unsigned long long)p.bytes_before,
         (unsigned long long)p.bytes_after,
         (unsigned long long)p.oldest_state, (unsigned long long)p.oldest_body,
         p.done ? "true" : "false");
  if (!p.done && !c->cfg.json)
    printf("Stopped; the file is whole.  Give the command again to go on.\n");
  return EXIT_DONE;
}

int cmd_prune(struct cmd *c) {
  return keep_prune(c, "pruning", c->cfg.history_state, c->cfg.history_blocks);
}

/* Read from the header (SQLite's file format, 1.3): of a file that this program
** is too old or too new for too. */
static int keep_version(struct cmd *c) {
  u8 head[100];
  struct stat st;
  struct errmsg msg = {""};
  int fd = open(c->db_path, O_RDONLY | O_CLOEXEC);
  bool got = fd >= 0 && fstat(fd, &st) == 0 &&
             read(fd, head, sizeof head) == (ssize_t)sizeof head;
  if (fd >= 0) close(fd);
  if (!got) {
    err_say(&msg, ERR_NOT_FOUND, "%s: no database there", c->db_path);
    return cmd_fail(ERR_NOT_FOUND, &msg);
  }
  if (memcmp(head, "SQLite format 3", 16) != 0 ||
      load_be32(head + 68) != STORE_APPLICATION_ID) {
    err_say(&msg, ERR_NOT_OURS, "%s is no CyberMiles database", c->db_path);
    return cmd_fail(ERR_NOT_OURS, &msg);
  }
  printf(c->cfg.json ? "{\"schema\":%u,\"programSchema\":%u,\"bytes\":%llu}\n"
                     : "schema %u, this program's is %u; %llu bytes\n",
         load_be32(head + 60), (u32)STORE_SCHEMA,
         (unsigned long long)st.st_size);
  return EXIT_DONE;
}

int cmd_db(struct cmd *c) {
  const char *what = c->arg[0];
  if (strcmp(what, "check") == 0) return cmd_verify(c);
  if (strcmp(what, "prune") == 0) return cmd_prune(c);
  if (strcmp(what, "version") == 0) return keep_version(c);
  if (strcmp(what, "vacuum") == 0)
    return keep_prune(c, "giving room back", UINT64_MAX, 0);
  struct errmsg msg = {""};
  err_say(&msg, ERR_USAGE, "db %s: check, prune, vacuum or version", what);
  return cmd_fail(ERR_USAGE, &msg);
}

/*----------------------------------------------------------------- restore */
static err keep_copy(const char *from, const char *to, struct errmsg *msg) {
  u8 *bytes = mem_alloc(KEEP_COPY);
  int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
  if (in >= 0) out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  ssize_t n = out < 0 ? -1 : 1;
  while (n > 0) {
    n = read(in, bytes, KEEP_COPY);
    for (ssize_t at = 0; at < n;) {
      ssize_t put = write(out, bytes + at, (size_t)(n - at));
      if (put < 0) {
        n = -1;
        break;
      }
      at += put;
    }
  }
  if (n == 0 && fsync(out) != 0) n = -1;
  int os = errno;
  if (in >= 0) close(in);
  if (out >= 0) close(out);
  mem_free(bytes);
  if (n == 0) return ERR_OK;
  unlink(to);
  return err_say(msg, os == ENOSPC ? ERR_DISK_FULL : ERR_IO,
                 "cannot copy %s to %s: %s", from, to, strerror(os));
}

/* What was put aside does not sign any more; the restored one does when its
** operator says so, or where it takes the place of the file it was copied of. */
static err keep_settle(const char *path, const char *at, struct errmsg *msg) {
  struct store *s;
  TRY(store_open(&s, path, 0, msg));
  err e = at ? node_fence_settle(s, at) : node_fence_put_aside(s);
  if (e) err_say(msg, e, "%s: %s", path, store_error(s));
  err closed = store_close(s, e ? NULL : msg);
  return e ? e : closed;
}

/* The database that is there: not in use, its log folded in, put aside. */
static err keep_put_aside(const char *db, char *aside, size_t size,
                          struct errmsg *msg) {
  aside[0] = 0;
  if (access(db, F_OK) != 0) return ERR_OK;
  err e = keep_settle(db, NULL, msg);
  if (e == ERR_LOCKED) return e;
  char stamp[32];
  time_t now = time(NULL);
  struct tm tm;
  gmtime_r(&now, &tm);
  strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
  snprintf(aside, size, "%s.old-%s", db, stamp);
  static const char *const ends[] = {"", "-wal", "-shm"};
  for (u32 i = 0; i < ARRAY_LEN(ends); i++) {
    char from[4200], to[4300];
    snprintf(from, sizeof from, "%s%s", db, ends[i]);
    snprintf(to, sizeof to, "%s%s", aside, ends[i]);
    if (rename(from, to) != 0 && i == 0)
      return err_say(msg, ERR_IO, "cannot put %s aside: %s", db,
                     strerror(errno));
  }
  return ERR_OK;
}

int cmd_restore(struct cmd *c) {
  struct errmsg msg = {""};
  char part[4200], aside[4200];
  crypto_init(NULL);
  snprintf(part, sizeof part, "%s.restore", c->db_path);
  struct store *s;
  err e = ERR_OK;
  if (access(c->db_path, F_OK) == 0) { /* refused before the long work */
    e = store_open(&s, c->db_path, 0, &msg);
    if (e == ERR_OK) e = store_close(s, &msg);
    if (e != ERR_LOCKED) e = ERR_OK;
  }
  if (!e) e = node_state_verify(c->arg[0], false, NULL, NULL, NULL, &msg);
  if (!e) e = keep_copy(c->arg[0], part, &msg);
  if (!e) e = keep_put_aside(c->db_path, aside, sizeof aside, &msg);
  if (!e && rename(part, c->db_path) != 0)
    e = err_say(&msg, ERR_IO, "cannot rename %s: %s", part, strerror(errno));
  if (!e && c->cfg.claim) e = keep_settle(c->db_path, c->db_path, &msg);
  if (e < 0) {
    unlink(part);
    return cmd_fail(e, &msg);
  }
  printf(c->cfg.json ? "{\"restored\":\"%s\",\"aside\":\"%s\"}\n"
                     : "%s is restored%s%s\n",
         c->db_path, c->cfg.json || !aside[0] ? aside : "; what was there is ",
         c->cfg.json ? "" : aside);
  return EXIT_DONE;
}

/*------------------------------------------------------------------ freeze */
struct keep_hold {
  const char *path;
  int fd;
  struct stat at; /* when it came to rest */
};

/* Open again, then the old one closed: somebody has it open all the time. */
static err keep_hold_again(struct keep_hold *h, struct stat *st,
                           struct errmsg *msg) {
  int fd = open(h->path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, st) != 0) {
    if (fd >= 0) close(fd);
    return err_say(msg, ERR_USAGE, "cannot read %s: %s", h->path,
                   strerror(errno));
  }
  if (h->fd >= 0) close(h->fd);
  h->fd = fd;
  return ERR_OK;
}
static bool keep_same(const struct stat *a, const struct stat *b) {
  return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ino == b->st_ino;
}

static err keep_hold_rest(struct keep_hold *h, struct errmsg *msg) {
  TRY(keep_hold_again(h, &h->at, msg));
  for (u64 since = keep_clock_ms(); keep_clock_ms() - since < KEEP_QUIET_MS;) {
    struct stat now;
    usleep(100000);
    TRY(keep_hold_again(h, &now, msg));
    if (!keep_same(&h->at, &now)) since = keep_clock_ms();
    h->at = now;
  }
  return ERR_OK;
}

int cmd_freeze(struct cmd *c) {
  extern char **environ;
  struct errmsg msg = {""};
  struct keep_hold h = {.path = c->db_path, .fd = -1};
  struct stat now;
  int status = 0;
  pid_t child;
  err e = keep_hold_rest(&h, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  c->arg[c->arg_cnt] = NULL;
  int os = posix_spawnp(&child, c->arg[0], NULL, NULL, c->arg, environ);
  if (os != 0) {
    err_say(&msg, ERR_USAGE, "cannot run %s: %s", c->arg[0], strerror(os));
    return cmd_fail(ERR_USAGE, &msg);
  }
  for (u32 i = 0; waitpid(child, &status, WNOHANG) == 0; i++) {
    usleep(50000);
    if (i % 20 == 19) e = keep_hold_again(&h, &now, &msg);
  }
  if (!e) e = keep_hold_again(&h, &now, &msg);
  close(h.fd);
  if (e < 0) return cmd_fail(e, &msg);
  if (!keep_same(&h.at, &now)) {
    err_say(&msg, ERR_BUSY, "%s was written to while %s ran: do not use that "
            "copy, take it again", c->db_path, c->arg[0]);
    return cmd_fail(ERR_BUSY, &msg);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILED;
}
#undef KEEP_TELL_MS
#undef KEEP_QUIET_MS
#undef KEEP_COPY
