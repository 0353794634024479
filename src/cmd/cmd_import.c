/* cmd_import.c - import: blocks out of a file into a chain.
**
** The file is geth's `export`: the RLP of one block after the other, from
** genesis or from any block that the chain has; of a chain of our own each comes
** with what decided it (node_export.h), and block 0 makes the chain where there
** is none.  A name that ends in .gz or .zst: packed.  Blocks that are there already
** are compared and passed over, so an import that was cut off is simply given
** again.  INT and TERM stop it between two blocks; a second one at once.  A name
** that ends in .csv, before .gz or .zst: a table whose column rlp has the blocks
** in hex (cmd_csv.h).
**
** One block may have IMPORT_BLOCK_MAX bytes (EIP-7934 allows 8 MiB).
*/
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/cmd_csv.h"
#include "cmd/cmd_stream.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "codec/rlp.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "node/node_export.h"
#include "store/store.h"
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define IMPORT_BLOCK_MAX (64u << 20)
#define IMPORT_TTY_MS 500
#define IMPORT_LOG_MS 10000

struct import_count {
  u64 blocks, known, txs, gas, bytes;
  u64 number;         /* of the last block */
};
struct import_file {
  struct cmd_stream *f;
  const char *path;
  bool is_csv;
  struct cmd_csv_in csv;
  struct buf block;
  struct import_count now, told;
  u64 begin_ms, told_ms;
};

static u64 import_clock_ms(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
}

/*----------------------------------------------------------------- reading */

static err import_bytes(struct import_file *in, void *out, size_t len,
                        struct errmsg *msg) {
  size_t got;
  TRY(cmd_stream_read(in->f, out, len, &got, msg));
  in->now.bytes += got;
  return got == len ? ERR_OK
                    : err_say(msg, ERR_INPUT, "%s: ends within a block",
                              in->path);
}

/* The next item's bytes into in->block; *end at the end of the file. */
static err import_read(struct import_file *in, bool *end,
                       struct errmsg *msg) {
  u8 head[9];
  u64 at = in->now.bytes, len;
  size_t got;
  buf_clear(&in->block);
  if (in->is_csv) return cmd_csv_next(&in->csv, &in->block, end, msg);
  TRY(cmd_stream_read(in->f, head, 1, &got, msg));
  *end = got == 0;
  if (*end) return ERR_OK;
  in->now.bytes++;
  size_t more = head[0] > 0xf7 ? head[0] - 0xf7u : 0;
  if (head[0] < 0xc0)
    return err_say(msg, ERR_INPUT, "%s: at byte %llu is no block", in->path,
                   (unsigned long long)at);
  TRY(import_bytes(in, head + 1, more, msg));
  len = more ? 0 : head[0] - 0xc0u;
  for (size_t i = 1; i <= more; i++)
    len = len >> 56 ? UINT64_MAX : len << 8 | head[i];
  if (len > IMPORT_BLOCK_MAX)
    return err_say(msg, ERR_INPUT, "%s: at byte %llu is no block: of %llu "
                   "bytes", in->path, (unsigned long long)at,
                   (unsigned long long)len);
  buf_put(&in->block, head, 1 + more);
  u8 *to = buf_room(&in->block, (size_t)len);
  TRY(import_bytes(in, to, (size_t)len, msg));
  in->block.len += (size_t)len;
  return ERR_OK;
}

/*---------------------------------------------------------------- progress */

static void import_tell(struct import_file *in, bool last) {
  bool tty = isatty(2);
  u64 now = import_clock_ms(), ms = now - in->told_ms;
  if (!last && ms < (tty ? IMPORT_TTY_MS : IMPORT_LOG_MS)) return;
  if (ms == 0) ms = 1;
  u64 size = cmd_stream_size(in->f), at = cmd_stream_at(in->f);
  u64 done = size ? at * 100 / size : 0;
  u64 all_ms = now - in->begin_ms;
  u64 left_s = at && size > at ? (size - at) * all_ms / at / 1000 : 0;
  double txs = (double)(in->now.txs - in->told.txs) * 1000 / (double)ms;
  double blocks = (double)(in->now.blocks - in->told.blocks) * 1000 / (double)ms;
  double mgas = (double)(in->now.gas - in->told.gas) / 1000 / (double)ms;
  if (tty) {
    fprintf(stderr, "\rblock %llu, %llu %%, %.0f blocks/s, %.0f tx/s, "
            "%.1f Mgas/s, %llu s left  %s", (unsigned long long)in->now.number,
            (unsigned long long)done, blocks, txs, mgas,
            (unsigned long long)left_s, last ? "\n" : "");
  } else if (!last) {
    log_event(LOG_INFO, "import", "progress",
              "height=%llu percent=%llu blocks_per_s=%.0f tx_per_s=%.0f "
              "mgas_per_s=%.1f left_s=%llu",
              (unsigned long long)in->now.number, (unsigned long long)done,
              blocks, txs, mgas, (unsigned long long)left_s);
  }
  in->told = in->now;
  in->told_ms = now;
}

static void import_print(const struct import_file *in, const struct cmd *c,
                         bool stopped) {
  const struct import_count *n = &in->now;
  u64 ms = import_clock_ms() - in->begin_ms;
  double s = (double)(ms ? ms : 1) / 1000;
  if (c->cfg.json) {
    printf("{\"height\":%llu,\"blocks\":%llu,\"known\":%llu,"
           "\"transactions\":%llu,\"gas\":%llu,\"seconds\":%.3f,"
           "\"blocksPerSecond\":%.1f,\"mgasPerSecond\":%.2f,"
           "\"stopped\":%s}\n",
           (unsigned long long)n->number, (unsigned long long)n->blocks,
           (unsigned long long)n->known, (unsigned long long)n->txs,
           (unsigned long long)n->gas, s, (double)n->blocks / s,
           (double)n->gas / 1e6 / s, stopped ? "true" : "false");
    return;
  }
  printf("%llu blocks taken in, %llu were there; the head is block %llu\n"
         "%llu transactions, %.1f Mgas in %.1f s: %.0f blocks/s, %.1f Mgas/s\n",
         (unsigned long long)n->blocks, (unsigned long long)n->known,
         (unsigned long long)n->number, (unsigned long long)n->txs,
         (double)n->gas / 1e6, s, (double)n->blocks / s,
         (double)n->gas / 1e6 / s);
  if (stopped) printf("Stopped; give the file again to go on.\n");
}

/*-------------------------------------------------------------------- import */

static bool import_signalled(const sigset_t *set) {
  const struct timespec at_once = {0};
  int sig = sigtimedwait(set, NULL, &at_once);
  if (sig != SIGINT && sig != SIGTERM) return false;
  pthread_sigmask(SIG_UNBLOCK, set, NULL); /* a second one ends it */
  return true;
}

static err import_all(struct import_file *in, struct node *n,
                      const sigset_t *set, bool *stopped,
                      struct errmsg *msg) {
  *stopped = false;
  for (;;) {
    struct node_imported got;
    bool end;
    TRY(import_read(in, &end, msg));
    if (end) return ERR_OK;
    TRY(node_import(n, &got, buf_slice(&in->block), msg));
    in->now.number = got.number;
    if (got.known) {
      in->now.known++;
    } else {
      in->now.blocks++;
      in->now.txs += got.tx_cnt;
      in->now.gas += got.gas_used;
    }
    import_tell(in, false);
    *stopped = import_signalled(set);
    if (*stopped) return ERR_OK;
  }
}

/* node_open would make a chain of its own where there is none: the file's block
** 0 tells which one it is to be. */
static err import_has_chain(struct import_file *in, const char *path,
                            struct errmsg *msg) {
  struct store *s;
  struct store_standing standing;
  struct errmsg ignored;
  bool end;
  err e = store_open(&s, path, STORE_READ_ONLY, msg);
  if (e < 0 && e != ERR_NOT_FOUND) return e;
  if (e == ERR_OK) {
    store_standing(s, &standing);
    e = store_close(s, &ignored);
    if (e == ERR_OK && standing.head < 0) e = ERR_NOT_FOUND;
  }
  if (e != ERR_NOT_FOUND) return e;
  TRY(import_read(in, &end, msg));
  if (end) return err_say(msg, ERR_INPUT, "%s is empty", in->path);
  in->now.blocks++;
  return node_adopt(path, buf_slice(&in->block), msg);
}

int cmd_import(struct cmd *c) {
  struct import_file in = {.path = c->arg[0]};
  struct errmsg msg = {""};
  struct node *n = NULL;
  struct node_config cfg = {.db_path = c->db_path,
                            .cache_bytes = c->cfg.cache << 20,
                            .still = true,
                            .history_state = c->cfg.history_state,
                            .history_blocks = c->cfg.history_blocks,
                            .archive = c->cfg.archive,
                            .no_addresses = !c->cfg.index_addresses};
  sigset_t set;
  bool stopped = false;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  buf_init(&in.block, 0);
  buf_init(&in.csv.line, 0);
  err e = cmd_stream_read_open(&in.f, c->arg[0], &msg);
  in.is_csv = cmd_csv_named(c->arg[0]);
  in.csv.f = in.f;
  in.csv.path = in.path;
  if (e == ERR_OK) e = import_has_chain(&in, c->db_path, &msg);
  if (e == ERR_OK) e = node_open(&n, &cfg, &msg);
  in.begin_ms = in.told_ms = import_clock_ms();
  if (e == ERR_OK) e = import_all(&in, n, &set, &stopped, &msg);
  if (n) import_tell(&in, true);
  node_close(n); /* writes what was taken in */
  if (in.f) {
    struct errmsg ignored;
    err closed = cmd_stream_close(in.f, true, &ignored);
    (void)closed; /* it was only read */
  }
  buf_fini(&in.csv.line);
  buf_fini(&in.block);
  if (n && (e == ERR_OK || in.now.blocks)) import_print(&in, c, stopped);
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}
#undef IMPORT_BLOCK_MAX
#undef IMPORT_TTY_MS
#undef IMPORT_LOG_MS
