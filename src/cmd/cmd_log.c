/* cmd_log.c - the log in a file: lines are appended by one write each; a file
** that would grow over --log.maxsize is put aside as FILE.1, what was FILE.1
** as FILE.2, and so on up to --log.maxbackups; the oldest goes.  Reopened by
** SIGHUP, for those who move it away themselves.  Mode 0600. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"

static struct {
  pthread_mutex_t lock;
  char path[4096];
  int fd;
  u64 size, size_max;
  u32 keep;
} cmd_log = {.lock = PTHREAD_MUTEX_INITIALIZER, .fd = -1};

/* Under the lock. */
static err cmd_log_begin(struct errmsg *msg) {
  struct stat st;
  int fd = open(cmd_log.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || fstat(fd, &st) != 0) {
    int why = errno;
    if (fd >= 0) close(fd);
    return err_say(msg, ERR_USAGE, "cannot write the log to %s: %s",
                   cmd_log.path, strerror(why));
  }
  if (cmd_log.fd >= 0) close(cmd_log.fd);
  cmd_log.fd = fd;
  cmd_log.size = (u64)st.st_size;
  return ERR_OK;
}

/* Under the lock. */
static void cmd_log_aside(void) {
  char from[4096 + 16], to[4096 + 16];
  for (u32 i = cmd_log.keep; i > 0; i--) {
    snprintf(to, sizeof to, "%s.%u", cmd_log.path, i);
    if (i > 1) {
      snprintf(from, sizeof from, "%s.%u", cmd_log.path, i - 1);
    } else {
      snprintf(from, sizeof from, "%s", cmd_log.path);
    }
    rename(from, to);
  }
  if (cmd_log.keep == 0) unlink(cmd_log.path);
  if (cmd_log_begin(NULL) < 0) cmd_log.size = 0;
}

static void cmd_log_line(const char *line, size_t len) {
  pthread_mutex_lock(&cmd_log.lock);
  if (cmd_log.size && cmd_log.size + len > cmd_log.size_max) cmd_log_aside();
  ssize_t n = write(cmd_log.fd, line, len);
  if (n > 0) cmd_log.size += (u64)n;
  pthread_mutex_unlock(&cmd_log.lock);
}

err cmd_log_open(const struct cmd *c, struct errmsg *msg) {
  if (!c->cfg.log_file) return ERR_OK;
  pthread_mutex_lock(&cmd_log.lock);
  snprintf(cmd_log.path, sizeof cmd_log.path, "%s", c->cfg.log_file);
  cmd_log.size_max = c->cfg.log_size << 20;
  cmd_log.keep = (u32)c->cfg.log_keep;
  err e = cmd_log_begin(msg);
  pthread_mutex_unlock(&cmd_log.lock);
  if (e == ERR_OK) log_sink(cmd_log_line);
  return e;
}

err cmd_log_reopen(struct errmsg *msg) {
  pthread_mutex_lock(&cmd_log.lock);
  err e = cmd_log.fd >= 0 ? cmd_log_begin(msg) : ERR_OK;
  pthread_mutex_unlock(&cmd_log.lock);
  return e;
}
