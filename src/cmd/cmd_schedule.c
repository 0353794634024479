/* cmd_schedule.c - backups while the node runs: --backup.dir, --backup.every,
** --backup.keep; and at once when somebody asks (node_backup), then, without
** --backup.dir, into the folder DATABASE.backups.
**
** A thread starts this program again as `backup DIR --keep N` when the last good
** copy is older than so many hours (the file remembers when it was made, so a
** restart does not begin anew); what went wrong is tried again after
** SCHEDULE_RETRY_S.  A process of its own, because closing a second descriptor
** of the database here would drop the locks of SQLite on it, and so that the
** memory of verifying ends with it.  A stop of the node ends the copy; its part
** is taken away by the next.
*/
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/cmd_schedule.h"
#include "node/node.h"

#define SCHEDULE_RETRY_S 900u

struct cmd_schedule {
  const struct cmd *c;
  struct node *node;
  pthread_t id;
  pthread_mutex_t lock;
  pthread_cond_t cond;
  bool stop;
  bool asked;       /* for one now */
  pid_t child;      /* 0: none */
  u64 tried_ms;
  char dir[4096];
};

/* Its last line is why. */
static void schedule_read(int fd, char *why, size_t size) {
  char text[512];
  ssize_t n;
  why[0] = 0;
  while ((n = read(fd, text, sizeof text - 1)) > 0 || (n < 0 && errno == EINTR)) {
    if (n < 0) continue;
    text[n] = 0;
    text[strcspn(text, "\n")] = 0;
    if (text[0]) snprintf(why, size, "%.250s", text);
  }
}

static pid_t schedule_spawn(const struct cmd_schedule *s, int err_fd) {
  const struct cmd *c = s->c;
  extern char **environ;
  char keep[24];
  snprintf(keep, sizeof keep, "%llu", (unsigned long long)c->cfg.backup_keep);
  char *argv[] = {"cybermiles", "backup", (char *)s->dir, "--keep",
                  keep, "--db", (char *)c->db_path, NULL};
  posix_spawn_file_actions_t io;
  posix_spawnattr_t attr;
  sigset_t none, usual;
  pid_t pid = 0;
  posix_spawn_file_actions_init(&io);
  posix_spawn_file_actions_addopen(&io, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&io, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_adddup2(&io, err_fd, 2);
  posix_spawnattr_init(&attr);
  sigemptyset(&none);
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigmask(&attr, &none);
  posix_spawnattr_setsigdefault(&attr, &usual);
  posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
                                  POSIX_SPAWN_SETSIGDEF);
  if (posix_spawn(&pid, "/proc/self/exe", &io, &attr, argv, environ) != 0)
    pid = -1;
  posix_spawnattr_destroy(&attr);
  posix_spawn_file_actions_destroy(&io);
  return pid;
}

static void schedule_make(struct cmd_schedule *s) {
  char why[256] = "cannot start a process";
  int pipe_fd[2], status = -1;
  u64 begin = node_clock_ms();
  if (pipe2(pipe_fd, O_CLOEXEC) != 0) return;
  pthread_mutex_lock(&s->lock);
  pid_t pid = s->stop ? -1 : schedule_spawn(s, pipe_fd[1]);
  s->child = pid > 0 ? pid : 0;
  pthread_mutex_unlock(&s->lock);
  close(pipe_fd[1]);
  if (pid > 0) schedule_read(pipe_fd[0], why, sizeof why);
  close(pipe_fd[0]);
  pthread_mutex_lock(&s->lock);
  while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  s->child = 0;
  bool stop = s->stop;
  pthread_mutex_unlock(&s->lock);
  if (stop) return;
  bool good = pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
              node_backup_done(s->node) == ERR_OK;
  if (!good) node_backup_failed(s->node);
  log_event(good ? LOG_INFO : LOG_ERROR, "backup", good ? "made" : "failed",
            "folder=\"%s\" ms=%llu%s%s%s", s->dir,
            (unsigned long long)(node_clock_ms() - begin),
            good ? "" : " error=\"", good ? "" : why, good ? "" : "\"");
}

static bool schedule_due(const struct cmd_schedule *s) {
  struct node_stat st;
  u64 now = node_clock_ms();
  if (!s->c->cfg.backup_dir) return false;
  node_stat(s->node, &st);
  if (s->tried_ms && now - s->tried_ms < SCHEDULE_RETRY_S * 1000) return false;
  return now >= st.backup_ms + s->c->cfg.backup_every * 3600000;
}

static void *schedule_main(void *arg) {
  struct cmd_schedule *s = arg;
  pthread_mutex_lock(&s->lock);
  while (!s->stop) {
    struct timespec until;
    bool asked = s->asked;
    s->asked = false;
    pthread_mutex_unlock(&s->lock);
    if (asked || schedule_due(s)) {
      s->tried_ms = node_clock_ms();
      schedule_make(s);
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 1;
    pthread_mutex_lock(&s->lock);
    if (!s->stop && !s->asked) pthread_cond_timedwait(&s->cond, &s->lock, &until);
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

err cmd_schedule_start(struct cmd_schedule **out, const struct cmd *c,
                       struct node *n, struct errmsg *msg) {
  struct stat st;
  *out = NULL;
  const char *dir = c->cfg.backup_dir;
  if (dir && (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode) ||
              access(dir, W_OK | X_OK) != 0))
    return err_say(msg, ERR_USAGE, "--backup.dir %s is no folder that can be "
                   "written", dir);
  if (dir && c->cfg.backup_every == 0)
    return err_say(msg, ERR_USAGE, "--backup.every: 1 hour or more");
  struct cmd_schedule *s = mem_alloc(sizeof *s);
  s->c = c;
  s->node = n;
  snprintf(s->dir, sizeof s->dir, dir ? "%s" : "%s.backups",
           dir ? dir : c->db_path);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->cond, NULL);
  if (dir) node_backup_plan(n, c->cfg.backup_every * 3600);
  if (pthread_create(&s->id, NULL, schedule_main, s) != 0) {
    mem_free(s);
    return err_say(msg, ERR_LIMIT, "cannot start a thread");
  }
  *out = s;
  return ERR_OK;
}

err cmd_schedule_now(struct cmd_schedule *s, struct errmsg *msg) {
  if (!s->c->cfg.backup_dir && mkdir(s->dir, 0700) != 0 && errno != EEXIST)
    return err_say(msg, ERR_IO, "cannot make the folder %s: %s", s->dir,
                   strerror(errno));
  pthread_mutex_lock(&s->lock);
  s->asked = true;
  pthread_cond_signal(&s->cond);
  pthread_mutex_unlock(&s->lock);
  return err_say(msg, ERR_OK, "%s", s->dir);
}

void cmd_schedule_stop(struct cmd_schedule *s) {
  if (!s) return;
  pthread_mutex_lock(&s->lock);
  s->stop = true;
  if (s->child) kill(s->child, SIGKILL); /* only reads, and its own part */
  pthread_cond_signal(&s->cond);
  pthread_mutex_unlock(&s->lock);
  pthread_join(s->id, NULL);
  pthread_mutex_destroy(&s->lock);
  pthread_cond_destroy(&s->cond);
  mem_free(s);
}

#undef SCHEDULE_RETRY_S
