/* node_stat.c - figures of a running node, gathered from its parts. */
#include <dirent.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/log.h"
#include "node/node_int.h"
#include "node/node_state.h"

static u64 nstat_file_bytes(const char *path, const char *suffix) {
  char name[4096];
  struct stat st;
  int len = snprintf(name, sizeof name, "%s%s", path, suffix);
  if (len < 0 || (size_t)len >= sizeof name || stat(name, &st) != 0) return 0;
  return (u64)st.st_size;
}

#define NSTAT_BACKUP "backup_ms"
#define NSTAT_DISK_MS 2000u

static u64 nstat_disk_free(const struct node *n) {
  struct statvfs fs;
  if (statvfs(n->db_path, &fs) != 0) return UINT64_MAX; /* not known */
  return (u64)fs.f_bavail * fs.f_frsize;
}

err node_stat_open(struct node *n, struct errmsg *msg) {
  struct buf b;
  u64 ms = 0;
  buf_init(&b, 0);
  if (store_meta_get(n->store, &b, NSTAT_BACKUP) == ERR_OK && b.len == 8) {
    ms = load_be64(b.ptr);
  }
  buf_fini(&b);
  n->tally.backup_ms = ms;
  u64 left = nstat_disk_free(n);
  if (left >= n->cfg.disk_floor) return ERR_OK;
  return err_say(msg, ERR_REFUSED, "only %llu MB are free where %s lies: make "
                 "room, or lower --disk.floor (%llu MB)",
                 (unsigned long long)(left >> 20), n->db_path,
                 (unsigned long long)(n->cfg.disk_floor >> 20));
}

struct nstat_backup {
  u64 ms;
  err result;
};
static void nstat_put_backup(struct node *n, void *arg) {
  struct nstat_backup *b = arg;
  u8 be[8];
  store_be64(be, b->ms);
  b->result = store_meta_put(n->store, NSTAT_BACKUP, slice_of(be, 8));
}

err node_backup_done(struct node *n) {
  struct nstat_backup b = {node_clock_ms(), ERR_CLOSED};
  if (!node_thread_call(&n->writer, nstat_put_backup, &b)) return ERR_CLOSED;
  if (b.result == ERR_OK) {
    __atomic_store_n(&n->tally.backup_ms, b.ms, __ATOMIC_RELAXED);
  }
  return b.result;
}

void node_backup_failed(struct node *n) {
  __atomic_add_fetch(&n->tally.backup_failures, 1, __ATOMIC_RELAXED);
}

void node_backup_plan(struct node *n, u64 every_s) {
  __atomic_store_n(&n->tally.backup_every_s, every_s, __ATOMIC_RELAXED);
}

bool node_disk_has_room(struct node *n) {
  u64 now = node_clock_ms(), asked = n->tally.disk_asked_ms;
  bool low = __atomic_load_n(&n->tally.disk_low, __ATOMIC_RELAXED);
  if (now >= asked && now - asked < NSTAT_DISK_MS) return !low;
  n->tally.disk_asked_ms = now;
  u64 left = nstat_disk_free(n);
  bool is_low = left < n->cfg.disk_floor;
  if (is_low != low) {
    __atomic_store_n(&n->tally.disk_low, is_low, __ATOMIC_RELAXED);
    log_event(is_low ? LOG_ERROR : LOG_INFO, "node",
              is_low ? "disk.floor" : "disk.room",
              "free_bytes=%llu floor_bytes=%llu note=\"%s\"",
              (unsigned long long)left, (unsigned long long)n->cfg.disk_floor,
              is_low ? "no blocks are made until there is room"
                     : "blocks are made again");
  }
  return !is_low;
}

void node_stat(struct node *n, struct node_stat *out) {
  struct node_state_stat s;
  struct store_checkpoint_stat c;
  memset(out, 0, sizeof *out);
  node_state_stat(n->state, &s);
  store_checkpoint_stat(n->store, &c);
  node_pool_stat(n, &out->pool);
  out->height = s.durable;
  out->flushed = s.flushed;
  out->file_bytes = nstat_file_bytes(n->db_path, "");
  out->wal_bytes = nstat_file_bytes(n->db_path, "-wal");
  u64 left = nstat_disk_free(n);
  if (left < UINT64_MAX) out->disk_free_bytes = left;
  out->checkpoints = c.cnt;
  out->upkeep_us = store_upkeep_us(n->store);
  out->upkeep_cpu_us = store_upkeep_cpu_us(n->store);
  out->hold_us = s.hold_us;
  out->hold_cpu_us = s.hold_cpu_us;
  out->checkpoint_us = c.last_us;
  out->checkpoint_step_us = c.step_us;
  out->cache_bytes = s.cache_bytes;
  out->cache_hits = s.cache_hits;
  out->cache_misses = s.cache_misses;
  out->overlay_bytes = s.overlay_bytes;
  out->reader_cnt = s.reader_cnt;
  out->reader_busy = s.reader_busy;
  out->started_ms = n->info.started_ms;
  out->commits = __atomic_load_n(&n->tally.commits, __ATOMIC_RELAXED);
  out->commit_us = __atomic_load_n(&n->tally.commit_us, __ATOMIC_RELAXED);
  out->gas = __atomic_load_n(&n->tally.gas, __ATOMIC_RELAXED);
  out->exec_us = __atomic_load_n(&n->tally.exec_us, __ATOMIC_RELAXED);
  out->backup_ms = __atomic_load_n(&n->tally.backup_ms, __ATOMIC_RELAXED);
  out->backup_every_s =
      __atomic_load_n(&n->tally.backup_every_s, __ATOMIC_RELAXED);
  out->backup_failures =
      __atomic_load_n(&n->tally.backup_failures, __ATOMIC_RELAXED);
  out->validates = node_makes(n);
  out->fenced = node_is_fenced(n, NULL);
  out->disk_low = __atomic_load_n(&n->tally.disk_low, __ATOMIC_RELAXED);
}

u64 node_beat_ms(const struct node *n) {
  return __atomic_load_n(&n->tally.beat_ms, __ATOMIC_RELAXED);
}

static u32 nstat_entries(const char *folder) {
  u32 cnt = 0;
  DIR *d = opendir(folder);
  if (!d) return 0;
  for (const struct dirent *e; (e = readdir(d));) cnt += e->d_name[0] != '.';
  closedir(d);
  return cnt;
}

void node_process(struct node_process *p) {
  struct rusage u;
  struct rlimit files;
  char text[128] = "", *rest = text;
  memset(p, 0, sizeof *p);
  if (getrusage(RUSAGE_SELF, &u) == 0)
    p->cpu_s = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
  FILE *f = fopen("/proc/self/statm", "re"); /* pages: all, resident, ... */
  if (f) {
    if (!fgets(text, sizeof text, f)) text[0] = 0;
    fclose(f);
  }
  u64 page = (u64)sysconf(_SC_PAGESIZE);
  p->virtual_bytes = strtoull(rest, &rest, 10) * page;
  p->rss_bytes = strtoull(rest, &rest, 10) * page;
  p->fds = nstat_entries("/proc/self/fd");
  if (p->fds) p->fds--; /* the folder itself */
  p->threads = nstat_entries("/proc/self/task");
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) p->fds_max = (u32)files.rlim_cur;
#ifdef __GLIBC__
  struct mallinfo2 m = mallinfo2();
  p->heap_bytes = m.uordblks;
  p->mapped_bytes = m.hblkhd;
#endif
}

#undef NSTAT_BACKUP
#undef NSTAT_DISK_MS
