/* cmd_edit.h - one line from a terminal, with editing, history and
** completion. */
#ifndef CMD_CMD_EDIT_H
#define CMD_CMD_EDIT_H
#include "base/base.h"

#define EDIT_LINE_MAX 8192u
#define EDIT_HISTORY_MAX 1000u

struct edit {
  char *history[EDIT_HISTORY_MAX];
  u32 history_cnt;
  char *path;      /* of the history's file; NULL: none */
  /* Calls add for each word that the one before the cursor may become. */
  void (*complete)(void *ctx, const char *word, size_t len,
                   void (*add)(void *to, const char *text), void *to);
  /* While waiting: when fd (-1: none) is readable; false ends the line. */
  int fd;
  bool (*readable)(void *ctx);
  void *ctx;
};
/* Reads the history from path (copied), which is made with mode 0600. */
void edit_init(struct edit *e, const char *path);
void edit_fini(struct edit *e);
/* Appends to history and its file, unless it is the last one again. */
void edit_keep(struct edit *e, const char *line);
enum edit_got { EDIT_LINE, EDIT_CANCEL, EDIT_END };
/* Standard input must be a terminal. */
enum edit_got edit_read(struct edit *e, const char *prompt,
                        char out[EDIT_LINE_MAX]);
/* The same without showing what is typed, history or completion. */
enum edit_got edit_secret(const char *prompt, char out[EDIT_LINE_MAX]);
#endif
