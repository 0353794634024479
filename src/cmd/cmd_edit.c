/* cmd_edit.c - see cmd_edit.h.  The terminal is in raw mode only while a line
** is read.  One screen line is used; a longer text scrolls within it.
**
** Keys: arrows, Home, End, Delete, Backspace; Ctrl-A E B F start, end, left,
** right; Ctrl-H D delete; Ctrl-K U W cut to the end, to the start, the word
** before; Ctrl-P N history; Ctrl-L clears the screen; Tab completes, twice
** shows what there is; Ctrl-C gives the line up; Ctrl-D on an empty line ends.
** Text is UTF-8: bytes 0x80..0xbf belong to the character before them. */
#include "cmd/cmd_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/buf.h"

#define EDIT_CTRL(c) ((c) & 31)

enum { EDIT_KEY_UP = 1000, EDIT_KEY_DOWN, EDIT_KEY_LEFT, EDIT_KEY_RIGHT,
       EDIT_KEY_HOME, EDIT_KEY_END, EDIT_KEY_DELETE, EDIT_KEY_NONE,
       EDIT_KEY_OTHER, EDIT_KEY_EOF };

struct edit_line {
  struct edit *e;
  const char *prompt;
  char *text;          /* EDIT_LINE_MAX */
  size_t len, at;
  u32 shown;           /* of history; history_cnt: the new line */
  char *fresh;         /* what was typed before looking into history */
};

/*---------------------------------------------------------------- history */

void edit_init(struct edit *e, const char *path) {
  char line[EDIT_LINE_MAX];
  memset(e, 0, sizeof *e);
  e->fd = -1;
  e->path = path ? mem_strdup(path) : NULL;
  FILE *f = path ? fopen(path, "re") : NULL;
  while (f && fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    if (!line[0]) continue;
    if (e->history_cnt == EDIT_HISTORY_MAX) {
      mem_free(e->history[0]);
      memmove(e->history, e->history + 1,
              sizeof *e->history * --e->history_cnt);
    }
    e->history[e->history_cnt++] = mem_strdup(line);
  }
  if (f) fclose(f);
}

void edit_fini(struct edit *e) {
  for (u32 i = 0; i < e->history_cnt; i++) mem_free(e->history[i]);
  mem_free(e->path);
}

/* The file is written anew when it holds twice what is kept. */
static void edit_save(struct edit *e, const char *line) {
  int fd = open(e->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
                0600);
  if (fd < 0) return;
  if (lseek(fd, 0, SEEK_END) > 1 << 20 && ftruncate(fd, 0) == 0) {
    for (u32 i = e->history_cnt / 2; i + 1 < e->history_cnt; i++) {
      dprintf(fd, "%s\n", e->history[i]);
    }
  }
  dprintf(fd, "%s\n", line);
  close(fd);
}

void edit_keep(struct edit *e, const char *line) {
  u32 n = e->history_cnt;
  if (!line[0] || (n && strcmp(e->history[n - 1], line) == 0)) return;
  if (n == EDIT_HISTORY_MAX) {
    mem_free(e->history[0]);
    memmove(e->history, e->history + 1, sizeof *e->history * (n - 1));
    e->history_cnt--;
  }
  e->history[e->history_cnt++] = mem_strdup(line);
  if (e->path) edit_save(e, line);
}

/*--------------------------------------------------------------- terminal */

static bool edit_raw(struct termios *old) {
  struct termios raw;
  if (tcgetattr(0, old) != 0) return false;
  raw = *old;
  raw.c_iflag &= (tcflag_t)~(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
  raw.c_lflag &= (tcflag_t)~(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  return tcsetattr(0, TCSADRAIN, &raw) == 0;
}

static void edit_put(const char *s, size_t len) {
  while (len) {
    ssize_t n = write(1, s, len);
    if (n <= 0 && errno != EINTR) return;
    if (n > 0) s += n, len -= (size_t)n;
  }
}

static bool edit_is_tail(char c) { return ((u8)c & 0xc0) == 0x80; }

/* Columns of a text, a character being one wide. */
static size_t edit_width(const char *s, size_t len) {
  size_t n = 0;
  for (size_t i = 0; i < len; i++) n += !edit_is_tail(s[i]);
  return n;
}

static void edit_show(const struct edit_line *l) {
  struct winsize ws;
  size_t cols = ioctl(1, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 20 ? ws.ws_col
                                                                : 80;
  size_t room = cols - edit_width(l->prompt, strlen(l->prompt)) - 1, from = 0;
  while (edit_width(l->text + from, l->at - from) >= room) {
    do from++; while (from < l->at && edit_is_tail(l->text[from]));
  }
  size_t to = from, width = 0;
  while (to < l->len && (width < room || edit_is_tail(l->text[to]))) {
    width += !edit_is_tail(l->text[to++]);
  }
  struct buf b;
  buf_init(&b, 0);
  buf_printf(&b, "\r%s", l->prompt);
  buf_put(&b, l->text + from, to - from);
  buf_printf(&b, "\x1b[K\r\x1b[%zuC",
             edit_width(l->prompt, strlen(l->prompt)) +
                 edit_width(l->text + from, l->at - from));
  edit_put((char *)b.ptr, b.len);
  buf_fini(&b);
}

/* The next byte, or -1; within ms if that is not negative. */
static int edit_byte(struct edit_line *l, int ms) {
  u8 c;
  struct edit *e = l->e;
  for (;;) {
    struct pollfd p[2] = {{0, POLLIN, 0}, {e ? e->fd : -1, POLLIN, 0}};
    int n = poll(p, 2, ms);
    if (n == 0 || (n < 0 && errno != EINTR)) return -1;
    if (n > 0 && p[1].revents) {
      edit_put("\r\x1b[K", 4);
      if (!e->readable(e->ctx)) e->fd = -1;
      edit_show(l);
    }
    if (n > 0 && p[0].revents) return read(0, &c, 1) == 1 ? c : -1;
  }
}

static int edit_escape(struct edit_line *l) {
  int a = edit_byte(l, 50), b, c = 0;
  if (a != '[' && a != 'O') return EDIT_KEY_OTHER;
  b = edit_byte(l, 50);
  if (b >= '0' && b <= '9') {
    while ((c = edit_byte(l, 50)) >= '0' && c <= ';') {
    }
    return b == '3' && c == '~'                ? EDIT_KEY_DELETE
           : (b == '1' || b == '7') && c == '~' ? EDIT_KEY_HOME
           : (b == '4' || b == '8') && c == '~' ? EDIT_KEY_END
                                                : EDIT_KEY_OTHER;
  }
  switch (b) {
    case 'A': return EDIT_KEY_UP;
    case 'B': return EDIT_KEY_DOWN;
    case 'C': return EDIT_KEY_RIGHT;
    case 'D': return EDIT_KEY_LEFT;
    case 'H': return EDIT_KEY_HOME;
    case 'F': return EDIT_KEY_END;
    default: return EDIT_KEY_OTHER;
  }
}

static int edit_key(struct edit_line *l) {
  int c = edit_byte(l, -1);
  if (c < 0) return EDIT_KEY_EOF;
  switch (c) {
    case 27: return edit_escape(l);
    case EDIT_CTRL('A'): return EDIT_KEY_HOME;
    case EDIT_CTRL('E'): return EDIT_KEY_END;
    case EDIT_CTRL('B'): return EDIT_KEY_LEFT;
    case EDIT_CTRL('F'): return EDIT_KEY_RIGHT;
    case EDIT_CTRL('P'): return EDIT_KEY_UP;
    case EDIT_CTRL('N'): return EDIT_KEY_DOWN;
    default: return c;
  }
}

/*---------------------------------------------------------------- editing */

static void edit_left(struct edit_line *l) {
  if (l->at) do l->at--; while (l->at && edit_is_tail(l->text[l->at]));
}

static void edit_right(struct edit_line *l) {
  if (l->at < l->len) {
    do l->at++; while (l->at < l->len && edit_is_tail(l->text[l->at]));
  }
}

/* Takes out what stands from..at. */
static void edit_cut(struct edit_line *l, size_t from) {
  memmove(l->text + from, l->text + l->at, l->len - l->at);
  l->len -= l->at - from;
  l->at = from;
}

static void edit_insert(struct edit_line *l, const char *s, size_t len) {
  if (l->len + len >= EDIT_LINE_MAX) return;
  memmove(l->text + l->at + len, l->text + l->at, l->len - l->at);
  memcpy(l->text + l->at, s, len);
  l->len += len;
  l->at += len;
}

static void edit_recall(struct edit_line *l, int step) {
  struct edit *e = l->e;
  if (step < 0 ? l->shown == 0 : l->shown == e->history_cnt) return;
  if (l->shown == e->history_cnt) {
    l->text[l->len] = 0;
    mem_free(l->fresh);
    l->fresh = mem_strdup(l->text);
  }
  l->shown += (u32)step;
  const char *s = l->shown == e->history_cnt ? l->fresh : e->history[l->shown];
  l->len = l->at = strlen(s);
  memcpy(l->text, s, l->len);
}

/*------------------------------------------------------------- completion */

struct edit_choice {
  char common[EDIT_LINE_MAX];
  u32 cnt;
  struct buf all;
};
static void edit_add_choice(void *to, const char *text) {
  struct edit_choice *c = to;
  if (c->cnt++ == 0) {
    snprintf(c->common, sizeof c->common, "%s", text);
  } else {
    size_t n = 0;
    while (c->common[n] && c->common[n] == text[n]) n++;
    c->common[n] = 0;
  }
  buf_printf(&c->all, "%s%s", c->cnt > 1 ? "  " : "", text);
}

static void edit_complete(struct edit_line *l, bool again) {
  struct edit_choice *c = mem_alloc(sizeof *c);
  size_t from = l->at;
  while (from && !strchr(" (,", l->text[from - 1])) from--;
  buf_init(&c->all, 1 << 16);
  l->e->complete(l->e->ctx, l->text + from, l->at - from, edit_add_choice, c);
  size_t have = l->at - from, want = strlen(c->common);
  if (want > have) {
    edit_insert(l, c->common + have, want - have);
    if (c->cnt == 1) edit_insert(l, " ", 1);
  } else if (c->cnt > 1 && again) {
    edit_put("\r\n", 2);
    edit_put((char *)c->all.ptr, c->all.len);
    edit_put("\r\n", 2);
  } else if (c->cnt != 1) {
    edit_put("\a", 1);
  }
  buf_fini(&c->all);
  mem_free(c);
}

/* What one key does; the line ends when *got is set. */
static bool edit_do(struct edit_line *l, int key, int before,
                    enum edit_got *got) {
  switch (key) {
    case '\r': case '\n': *got = EDIT_LINE; return true;
    case EDIT_CTRL('C'): *got = EDIT_CANCEL; return true;
    case EDIT_KEY_EOF: *got = EDIT_END; return true;
    case EDIT_CTRL('D'):
      if (l->len == 0) {
        *got = EDIT_END;
        return true;
      } /* fall through */
    case EDIT_KEY_DELETE:
      if (l->at < l->len) {
        size_t from = l->at;
        edit_right(l);
        edit_cut(l, from);
      }
      break;
    case 127: case EDIT_CTRL('H'): {
      size_t end = l->at;
      edit_left(l);
      size_t from = l->at;
      l->at = end;
      edit_cut(l, from);
      break;
    }
    case EDIT_KEY_LEFT: edit_left(l); break;
    case EDIT_KEY_RIGHT: edit_right(l); break;
    case EDIT_KEY_HOME: l->at = 0; break;
    case EDIT_KEY_END: l->at = l->len; break;
    case EDIT_KEY_UP: edit_recall(l, -1); break;
    case EDIT_KEY_DOWN: edit_recall(l, 1); break;
    case EDIT_CTRL('K'): l->len = l->at; break;
    case EDIT_CTRL('U'): edit_cut(l, 0); break;
    case EDIT_CTRL('W'): {
      size_t from = l->at;
      while (from && l->text[from - 1] == ' ') from--;
      while (from && l->text[from - 1] != ' ') from--;
      edit_cut(l, from);
      break;
    }
    case EDIT_CTRL('L'): edit_put("\x1b[H\x1b[2J", 7); break;
    case '\t': edit_complete(l, before == '\t'); break;
    default:
      if (key >= ' ' && key < 256) {
        char c = (char)key;
        edit_insert(l, &c, 1);
      }
  }
  return false;
}

enum edit_got edit_read(struct edit *e, const char *prompt,
                        char out[EDIT_LINE_MAX]) {
  struct termios old;
  struct edit_line l = {.e = e, .prompt = prompt, .text = out,
                        .shown = e->history_cnt};
  enum edit_got got = EDIT_END;
  int key = 0, before;
  fflush(stdout);
  if (!edit_raw(&old)) return EDIT_END;
  edit_show(&l);
  do {
    before = key;
    key = edit_key(&l);
    bool end = edit_do(&l, key, before, &got);
    if (end) l.at = l.len;
    edit_show(&l);
    if (end) break;
  } while (true);
  tcsetattr(0, TCSADRAIN, &old);
  edit_put("\n", 1);
  out[l.len] = 0;
  mem_free(l.fresh);
  return got;
}

enum edit_got edit_secret(const char *prompt, char out[EDIT_LINE_MAX]) {
  struct termios old;
  struct edit_line l = {.text = out};
  enum edit_got got = EDIT_LINE;
  int key;
  if (!edit_raw(&old)) return EDIT_END;
  edit_put(prompt, strlen(prompt));
  while ((key = edit_key(&l)) != '\r' && key != '\n') {
    if (key == EDIT_KEY_EOF || key == EDIT_CTRL('C')) {
      got = EDIT_CANCEL;
      break;
    }
    if (key == 127) {
      size_t end = l.at;
      edit_left(&l);
      size_t from = l.at;
      l.at = end;
      edit_cut(&l, from);
    } else if (key >= ' ' && key < 256) {
      char c = (char)key;
      edit_insert(&l, &c, 1);
    }
  }
  tcsetattr(0, TCSADRAIN, &old);
  edit_put("\n", 1);
  out[l.len] = 0;
  return got;
}


#undef EDIT_CTRL
