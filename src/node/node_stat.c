/* node_stat.c - figures of a running node, gathered from its parts. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "node/node_int.h"
#include "node/node_state.h"

static u64 nstat_file_bytes(const char *path, const char *suffix) {
  char name[4096];
  struct stat st;
  int len = snprintf(name, sizeof name, "%s%s", path, suffix);
  if (len < 0 || (size_t)len >= sizeof name || stat(name, &st) != 0) return 0;
  return (u64)st.st_size;
}

void node_stat(struct node *n, struct node_stat *out) {
  struct node_state_stat s;
  struct store_checkpoint_stat c;
  struct statvfs fs;
  memset(out, 0, sizeof *out);
  node_state_stat(n->state, &s);
  store_checkpoint_stat(n->store, &c);
  node_pool_stat(n, &out->pool);
  out->height = s.durable;
  out->flushed = s.flushed;
  out->file_bytes = nstat_file_bytes(n->db_path, "");
  out->wal_bytes = nstat_file_bytes(n->db_path, "-wal");
  if (statvfs(n->db_path, &fs) == 0)
    out->disk_free_bytes = (u64)fs.f_bavail * fs.f_frsize;
  out->checkpoints = c.cnt;
  out->checkpoint_us = c.last_us;
  out->checkpoint_step_us = c.step_us;
  out->cache_bytes = s.cache_bytes;
  out->cache_hits = s.cache_hits;
  out->cache_misses = s.cache_misses;
  out->overlay_bytes = s.overlay_bytes;
  out->reader_cnt = s.reader_cnt;
  out->reader_busy = s.reader_busy;
  out->started_ms = n->info.started_ms;
}
