/* cmd_backup.c - verified copies of the database, beside a running node too.
**
** DEST is a new file, or a folder: then the copy is named by the time, of those
** so named the newest --keep stay, and --every makes one again and again until a
** signal.  The copy is read in one snapshot (store_backup.c), checked as a
** database, verified as a chain, and only then has its name.  --light: the copy
** keeps the state, all headers and the newest BACKUP_LIGHT blocks' history.
*/
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "cmd/cmd.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "node/node_state.h"

#define BACKUP_LIGHT 128u
#define BACKUP_STAMP "cybermiles-%Y%m%d-%H%M%S.db"
#define BACKUP_NAME_LEN 29u

/* That there is a good copy is kept in the file: by the node that runs on it,
** or here.  Without it the copy is as good. */
static void backup_note(const struct cmd *c) {
  struct errmsg msg;
  struct store *s;
  json_t *reply;
  u8 be[8];
  err e = cmd_ask_node(&reply, c, "node_backupDone", "[]", &msg);
  if (e == ERR_OK) json_decref(reply);
  if (e == ERR_OK || store_open(&s, c->db_path, 0, &msg) < 0) return;
  store_be64(be, node_clock_ms());
  e = store_meta_put(s, "backup_ms", slice_of(be, 8));
  if (store_close(s, &msg) < 0 || e < 0) {
    fprintf(stderr, "cybermiles: %s: %s\n", c->db_path, msg.text);
  }
}

static void backup_progress(u32 left_ppm, u32 *shown) {
  u32 percent = 100 - left_ppm / 10000;
  if (!isatty(2) || percent == *shown) return;
  *shown = percent;
  fprintf(stderr, "\rcopying %u %%%s", percent, percent == 100 ? "\n" : "");
}

static err backup_copy(const char *db, const char *dest, struct errmsg *msg) {
  struct errmsg closing;
  struct store *s;
  struct store_backup *b;
  u32 shown = 101, left_ppm = 1000000;
  TRY(store_open(&s, db, STORE_READ_ONLY, msg));
  err e = store_backup_begin(s, &b, dest, msg);
  bool done = false;
  while (e == ERR_OK && !done) {
    e = store_backup_step(b, 100000, &done, &left_ppm);
    backup_progress(left_ppm, &shown);
    if (e < 0) {
      store_backup_abort(b);
      err_say(msg, e, "backup to %s: %s (%s)", dest, err_text(e),
              store_error(s));
    }
  }
  if (e == ERR_OK) e = store_backup_finish(b, msg);
  if (store_close(s, &closing) < 0 && e == ERR_OK) e = ERR_IO, *msg = closing;
  return e;
}

/* Under a name of its own until it is known to be good. */
static err backup_make(const struct cmd *c, const char *dest,
                       struct node_verified *head, struct errmsg *msg) {
  char fresh[4200];
  struct node_pruned p;
  if (access(dest, F_OK) == 0)
    return err_say(msg, ERR_EXISTS, "%s exists; name a new file", dest);
  snprintf(fresh, sizeof fresh, "%s.unverified", dest);
  unlink(fresh); /* of a copy that was cut off */
  err e = backup_copy(c->db_path, fresh, msg);
  if (e == ERR_OK && c->cfg.light)
    e = node_prune(&p, fresh, BACKUP_LIGHT, BACKUP_LIGHT, NULL, NULL, msg);
  if (e == ERR_OK) e = node_state_verify(fresh, false, head, NULL, NULL, msg);
  if (e == ERR_OK && rename(fresh, dest) != 0)
    e = err_say(msg, ERR_IO, "%s: cannot rename", fresh);
  if (e < 0) unlink(fresh);
  if (e == ERR_OK) backup_note(c);
  return e;
}

/*---------------------------------------------------------------- a folder */
static bool backup_is_named(const char *name) {
  return strlen(name) == BACKUP_NAME_LEN &&
         strncmp(name, "cybermiles-2", 12) == 0 && name[19] == '-' &&
         strcmp(name + BACKUP_NAME_LEN - 3, ".db") == 0;
}
static int backup_named(const struct dirent *d) {
  return backup_is_named(d->d_name);
}

/* Names tell the time: the oldest come first. */
static void backup_tidy(const char *dir, u64 keep) {
  struct dirent **list;
  int cnt = scandir(dir, &list, backup_named, alphasort);
  for (int i = 0; i < cnt; i++) {
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
    if (keep && (u64)(cnt - i) > keep) unlink(path);
    mem_free(list[i]); /* as free does */
  }
  if (cnt >= 0) mem_free(list);
}

static err backup_into(const struct cmd *c, const char *dir, char *dest,
                       size_t size, struct node_verified *head,
                       struct errmsg *msg) {
  char name[64];
  time_t now = time(NULL);
  struct tm tm;
  gmtime_r(&now, &tm);
  strftime(name, sizeof name, BACKUP_STAMP, &tm);
  snprintf(dest, size, "%s/%s", dir, name);
  TRY(backup_make(c, dest, head, msg));
  backup_tidy(dir, c->cfg.keep);
  return ERR_OK;
}

static void backup_print(const struct cmd *c, const char *dest,
                         const struct node_verified *head) {
  char hash[67] = "0x";
  struct buf out;
  struct jsonw w;
  hex_encode(hash + 2, head->hash.b, 32);
  buf_init(&out, 0);
  if (c->cfg.json) {
    jsonw_init(&w, &out);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "backup", dest);
    jsonw_kv_bool(&w, "verified", true);
    jsonw_kv_u64(&w, "height", head->height);
    jsonw_kv_str(&w, "hash", hash);
    jsonw_obj_end(&w);
  } else {
    buf_printf(&out, "%s is written and verified up to block %llu, %s", dest,
               (unsigned long long)head->height, hash);
  }
  printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
  fflush(stdout);
}

int cmd_backup(struct cmd *c) {
  struct errmsg msg = {""};
  struct stat st;
  struct node_verified head;
  char dest[4200];
  sigset_t set;
  crypto_init(NULL);
  bool folder = stat(c->arg[0], &st) == 0 && S_ISDIR(st.st_mode);
  if (!folder && (c->cfg.every || c->cfg.keep)) {
    err_say(&msg, ERR_USAGE, "--every and --keep are for a folder: %s is none",
            c->arg[0]);
    return cmd_fail(ERR_USAGE, &msg);
  }
  if (c->cfg.every) {
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
  }
  for (;;) {
    err e = folder ? backup_into(c, c->arg[0], dest, sizeof dest, &head, &msg)
                   : backup_make(c, c->arg[0], &head, &msg);
    if (e == ERR_OK) backup_print(c, folder ? dest : c->arg[0], &head);
    if (!c->cfg.every) return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
    if (e < 0)
      log_event(LOG_ERROR, "backup", "failed", "error=\"%s\"", msg.text);
    struct timespec wait = {.tv_sec = (time_t)(c->cfg.every * 3600)};
    if (sigtimedwait(&set, NULL, &wait) > 0) return EXIT_DONE;
  }
}
#undef BACKUP_LIGHT
#undef BACKUP_STAMP
#undef BACKUP_NAME_LEN
