/* log.c - one line an event to stderr, each by a single write(2), so that
** lines of several threads do not mix.
**
** Text form: time, level in 5 columns, module in 6, event, pairs.  JSON form:
** {"time":..,"level":..,"module":..,"event":..,KEY:VALUE,..} from the same
** pairs.  Control characters (an outsider's text may hold some) become '?' in
** text and \u00XX in JSON, so one event is always one line.  Cut at
** LIMIT_LOG_LINE; a JSON line stays well-formed when cut, for pairs that do
** not fit are left out whole. */
#include "base/log.h"
#include "base/limits.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int log_verbosity = 3;
static int log_form = LOG_TEXT;

static const char *const log_level_names[] = {
    [0] = "FATAL", [LOG_ERROR] = "ERROR", [LOG_WARN] = "WARN",
    [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG", [LOG_TRACE] = "TRACE"};

struct log_line {
  char text[LIMIT_LOG_LINE];
  size_t len;
  bool over;
};

void log_setup(int verbosity, enum log_format format) {
  __atomic_store_n(&log_verbosity, verbosity, __ATOMIC_RELAXED);
  __atomic_store_n(&log_form, (int)format, __ATOMIC_RELAXED);
}

bool log_on(enum log_level level) {
  return (int)level <= __atomic_load_n(&log_verbosity, __ATOMIC_RELAXED);
}

/* Room is kept for what closes the line: "}\n". */
static void log_put(struct log_line *l, const char *s, size_t len) {
  if (l->over || len > sizeof(l->text) - 2 - l->len) {
    l->over = true;
    return;
  }
  memcpy(l->text + l->len, s, len);
  l->len += len;
}

static void log_put_str(struct log_line *l, const char *s) {
  log_put(l, s, strlen(s));
}

static void log_put_json(struct log_line *l, const char *s, size_t len) {
  log_put(l, "\"", 1);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    char t[8];
    if (c == '"' || c == '\\') {
      t[0] = '\\';
      t[1] = (char)c;
      log_put(l, t, 2);
    } else if (c < 0x20 || c >= 0x7f) {
      /* Bytes beyond ASCII are shown as they are numbered: a damaged UTF-8
      ** text must not make a damaged document. */
      snprintf(t, sizeof(t), "\\u%04x", c);
      log_put(l, t, 6);
    } else {
      log_put(l, s + i, 1);
    }
  }
  log_put(l, "\"", 1);
}

static void log_put_time(struct log_line *l) {
  struct timespec ts;
  struct tm tm;
  char t[64];
  clock_gettime(CLOCK_REALTIME, &ts);
  gmtime_r(&ts.tv_sec, &tm);
  snprintf(t, sizeof(t), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
           tm.tm_sec, (int)(ts.tv_nsec / 1000000));
  log_put_str(l, t);
}

static bool log_is_bare(const char *s, size_t len) {
  if (len == 4 && memcmp(s, "true", 4) == 0) return true;
  if (len == 5 && memcmp(s, "false", 5) == 0) return true;
  size_t i = len && s[0] == '-';
  if (i == len || len - i > 15 || (s[i] == '0' && len - i > 1)) return false;
  for (; i < len; i++)
    if (s[i] < '0' || s[i] > '9') return false;
  return true;
}

/* Turns "a=1 b=\"x y\"" into ,"a":1,"b":"x y".  A word without '=' gets the
** key "text". */
static void log_put_pairs(struct log_line *l, const char *s) {
  while (*s) {
    while (*s == ' ') s++;
    if (!*s) break;
    size_t keep = l->len, word = strcspn(s, "= ");
    log_put(l, ",", 1);
    if (s[word] == '=') {
      log_put_json(l, s, word);
      s += word + 1;
    } else {
      log_put_str(l, "\"text\"");
    }
    log_put(l, ":", 1);
    bool quoted = *s == '"';
    s += quoted;
    size_t len = strcspn(s, quoted ? "\"" : " ");
    if (!quoted && log_is_bare(s, len)) log_put(l, s, len);
    else log_put_json(l, s, len);
    s += len;
    if (quoted && *s) s++;
    if (l->over) {
      l->len = keep;
      break;
    }
  }
}

static void log_put_text(struct log_line *l, const char *s) {
  for (; *s; s++) {
    char c = (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s;
    log_put(l, &c, 1);
  }
}

static void log_write(const char *p, size_t len) {
  while (len) {
    ssize_t n = write(STDERR_FILENO, p, len);
    if (n <= 0) return; /* nobody left to tell */
    p += n;
    len -= (size_t)n;
  }
}

static void log_emit(int level, const char *module, const char *event,
                     const char *pairs) {
  struct log_line l = {.len = 0};
  char t[64];
  if (__atomic_load_n(&log_form, __ATOMIC_RELAXED) == LOG_JSON) {
    log_put_str(&l, "{\"time\":\"");
    log_put_time(&l);
    snprintf(t, sizeof(t), "\",\"level\":\"%s\",\"module\":",
             log_level_names[level]);
    log_put_str(&l, t);
    log_put_json(&l, module, strlen(module));
    log_put_str(&l, ",\"event\":");
    log_put_json(&l, event, strlen(event));
    log_put_pairs(&l, pairs);
    l.text[l.len++] = '}';
  } else {
    log_put_time(&l);
    snprintf(t, sizeof(t), " %-5s %-6s ", log_level_names[level], module);
    log_put_str(&l, t);
    log_put_text(&l, event);
    log_put(&l, " ", *pairs != 0);
    log_put_text(&l, pairs);
  }
  l.text[l.len++] = '\n';
  log_write(l.text, l.len);
}

void log_event(enum log_level level, const char *module, const char *event,
               const char *fmt, ...) {
  if (!log_on(level)) return;
  char pairs[LIMIT_LOG_LINE];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(pairs, sizeof(pairs), fmt, ap);
  va_end(ap);
  log_emit((int)level, module, event, pairs);
}

void log_abort(const char *fmt, ...) {
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  int len = vsnprintf(text, sizeof(text) - 1, fmt, ap);
  va_end(ap);
  if (len < 0) len = 0;
  if ((size_t)len > sizeof(text) - 2) len = sizeof(text) - 2;
  text[len++] = '\n';
  log_write(text, (size_t)len);
  abort();
}
