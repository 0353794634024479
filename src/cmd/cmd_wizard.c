/* cmd_wizard.c - `init --wizard`: asks, line by line, what most who set up a
** node want to decide, and writes the answers into the configuration file
** beside the database, which `run` then reads.  An empty line takes the answer
** in brackets; what an option has said already is not asked.  Wrong answers are
** asked for again at a terminal, and end it where answers come from a file.  A
** question is a row of wizard_rows. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd/cmd.h"
#include "codec/json.h"

static const struct wizard_row {
  const char *name, *question;
} wizard_rows[] = {
  {"http.addr", "Address to listen on: 127.0.0.1 is this machine alone, 0.0.0.0 "
                "its network too"},
  {"http.port", "Port of the dashboard"},
  {"http.vhosts", "Names that browsers call this machine by, comma-separated"},
  {"ui.tls", "HTTPS: off, or auto for a certificate of a local authority"},
  {"backup.dir", "Folder for a verified copy each day; empty for none"},
};

static u32 wizard_flag(const char *name) {
  u32 i = 0;
  while (strcmp(cmd_flag_at(i)->name, name) != 0) i++;
  return i;
}

static bool wizard_line(char *out, size_t size) {
  if (!fgets(out, (int)size, stdin)) return false;
  out[strcspn(out, "\r\n")] = 0;
  return true;
}

/* One answer, into c and, unless it is the default, into the file's text. */
static err wizard_ask(struct cmd *c, const struct wizard_row *row,
                      struct buf *file, struct errmsg *msg) {
  u32 i = wizard_flag(row->name);
  const struct cmd_flag *f = cmd_flag_at(i);
  char answer[1024], number[24];
  struct jsonw w;
  err e;
  if (c->origin[i] > CMD_FILE) return ERR_OK;
  do {
    fprintf(stderr, "%s [%s]: ", row->question, cmd_flag_text(c, i, number));
    if (!wizard_line(answer, sizeof answer))
      return err_say(msg, ERR_USAGE, "the answers end before the questions");
    if (!answer[0]) return ERR_OK;
    c->line[i] = 0;
    e = cmd_flag_from_file(c, row->name, mem_strdup(answer), 1, msg);
    if (e == ERR_OK) e = cmd_check(c, msg);
    if (e < 0 && isatty(0)) fprintf(stderr, "  %s\n", msg->text);
  } while (e < 0 && isatty(0));
  if (e < 0) return e;
  buf_printf(file, "%s = ", row->name);
  jsonw_init(&w, file);
  if (f->kind == CMD_KIND_STR) jsonw_str(&w, answer);
  else jsonw_raw(&w, slice_str(cmd_flag_text(c, i, number)));
  buf_put_u8(file, '\n');
  return ERR_OK;
}

static err wizard_write(const char *path, const struct buf *file,
                        struct errmsg *msg) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  bool ok = fd >= 0 && write(fd, file->ptr, file->len) == (ssize_t)file->len;
  int why = errno;
  if (fd >= 0 && close(fd) != 0) ok = false;
  return ok ? ERR_OK
            : err_say(msg, ERR_USAGE, "cannot write %s: %s", path,
                      strerror(why));
}

err cmd_wizard(struct cmd *c, struct errmsg *msg) {
  char path[4200];
  const char *slash = strrchr(c->db_path, '/');
  struct buf file;
  if (c->config_path[0])
    return err_say(msg, ERR_USAGE, "%s is there already: change it by hand, or "
                   "give init without --wizard", c->config_path);
  if (access(c->db_path, F_OK) == 0)
    return err_say(msg, ERR_EXISTS, "%s is there already", c->db_path);
  snprintf(path, sizeof path, "%.*scybermiles.toml",
           slash ? (int)(slash + 1 - c->db_path) : 0, c->db_path);
  buf_init(&file, 1 << 16);
  buf_put_str(&file, "# written by cybermiles init --wizard; all that can be "
                     "set: cybermiles config show\n");
  err e = ERR_OK;
  for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(wizard_rows); i++)
    e = wizard_ask(c, &wizard_rows[i], &file, msg);
  if (e == ERR_OK) e = wizard_write(path, &file, msg);
  if (e == ERR_OK) fprintf(stderr, "Wrote %s\n", path);
  buf_fini(&file);
  return e;
}
