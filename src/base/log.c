/* log.c - one line an event to stderr, each by a single write(2), so that
** lines of several threads do not mix.
**
** Text form: time, level in 5 columns, module in 6, event, pairs.  JSON form:
** {"time":..,"level":..,"module":..,"event":..,KEY:VALUE,..} from the same
** pairs.  Control characters (an outsider's text may hold some) become '?' in
** text and \u00XX in JSON, so one event is always one line.  Cut at
** LIMIT_LOG_LINE; a JSON line stays well-formed when cut, for pairs that do
** not fit are left out whole.
**
** What is set at run time (levels of modules, the counts of repeats) is
** guarded by one spinning lock that is held for some hundred instructions. */
#include "base/log.h"
#include "base/log_tail.h"
#include "base/limits.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int log_verbosity = 3;
static int log_form = LOG_TEXT;
static void (*log_out)(const char *line, size_t len);

struct log_module {
  char name[16];
  int level;
};
/* Of one event: what was shown of it and what was not. */
struct log_repeat {
  u64 event; /* hash; 0: free */
  u64 from_ms;
  u32 shown, dropped;
};
static char log_lock_held;
static struct log_module log_modules[LOG_MODULE_MAX]; /* guarded, as below */
static u32 log_module_cnt;
static struct log_repeat log_repeats[64];
static int log_most = 3; /* the highest level of any module; atomic */

static const char *const log_level_names[] = {
    [0] = "FATAL", [LOG_ERROR] = "ERROR", [LOG_WARN] = "WARN",
    [LOG_INFO] = "INFO", [LOG_DEBUG] = "DEBUG", [LOG_TRACE] = "TRACE"};

struct log_line {
  char text[LIMIT_LOG_LINE];
  size_t len;
  bool over;
};

static void log_lock(void) {
  while (__atomic_test_and_set(&log_lock_held, __ATOMIC_ACQUIRE)) {
  }
}
static void log_unlock(void) {
  __atomic_clear(&log_lock_held, __ATOMIC_RELEASE);
}

/* Under the lock. */
static void log_find_most(void) {
  int most = __atomic_load_n(&log_verbosity, __ATOMIC_RELAXED);
  for (u32 i = 0; i < log_module_cnt; i++) {
    if (log_modules[i].level > most) most = log_modules[i].level;
  }
  __atomic_store_n(&log_most, most, __ATOMIC_RELAXED);
}

void log_setup(int verbosity, enum log_format format) {
  log_lock();
  __atomic_store_n(&log_verbosity, verbosity, __ATOMIC_RELAXED);
  __atomic_store_n(&log_form, (int)format, __ATOMIC_RELAXED);
  log_find_most();
  log_unlock();
}

void log_verbosity_set(int verbosity) {
  log_setup(verbosity, (enum log_format)__atomic_load_n(&log_form,
                                                        __ATOMIC_RELAXED));
}

int log_verbosity_now(void) {
  return __atomic_load_n(&log_verbosity, __ATOMIC_RELAXED);
}

void log_sink(void (*fn)(const char *line, size_t len)) {
  __atomic_store_n(&log_out, fn, __ATOMIC_RELEASE);
}

/* "name=level" at s, up to a comma or the end. */
static bool log_read_module(struct log_module *m, const char *s, size_t len) {
  size_t name = 0;
  while (name < len && s[name] != '=') name++;
  if (name == 0 || name >= sizeof m->name || name + 2 != len) return false;
  if (s[name + 1] < '0' || s[name + 1] > '5') return false;
  memcpy(m->name, s, name);
  m->name[name] = 0;
  m->level = s[name + 1] - '0';
  return true;
}

err log_vmodule(const char *spec, struct errmsg *msg) {
  struct log_module list[LOG_MODULE_MAX];
  u32 cnt = 0;
  for (const char *s = spec; *s;) {
    size_t len = strcspn(s, ",");
    if (cnt == LOG_MODULE_MAX || !log_read_module(&list[cnt++], s, len)) {
      return err_say(msg, ERR_USAGE, "\"%.200s\" is no list of levels of "
                     "modules such as rpc=5,node=1 (0 to 5, at most %d)", spec,
                     LOG_MODULE_MAX);
    }
    s += len + (s[len] == ',');
  }
  log_lock();
  memcpy(log_modules, list, sizeof *list * cnt);
  log_module_cnt = cnt;
  log_find_most();
  log_unlock();
  return ERR_OK;
}

void log_vmodule_now(char *out, size_t size) {
  size_t at = 0;
  if (size) out[0] = 0;
  log_lock();
  for (u32 i = 0; i < log_module_cnt && at < size; i++) {
    int n = snprintf(out + at, size - at, "%s%s=%d", i ? "," : "",
                     log_modules[i].name, log_modules[i].level);
    at += n > 0 ? (size_t)n : 0;
  }
  log_unlock();
}

bool log_on(enum log_level level) {
  return (int)level <= __atomic_load_n(&log_most, __ATOMIC_RELAXED);
}

/*---------------------------------------------------- what is left out */

static bool log_module_on(enum log_level level, const char *module) {
  int at = __atomic_load_n(&log_verbosity, __ATOMIC_RELAXED);
  log_lock();
  for (u32 i = 0; i < log_module_cnt; i++) {
    if (strcmp(log_modules[i].name, module) == 0) at = log_modules[i].level;
  }
  log_unlock();
  return (int)level <= at;
}

static u64 log_hash(const char *module, const char *event) {
  u64 h = 0xcbf29ce484222325u; /* FNV-1a */
  for (const char *s = module; *s; s++) h = (h ^ (u8)*s) * 0x100000001b3u;
  for (const char *s = event; *s; s++) h = (h ^ (u8)*s) * 0x100000001b3u;
  return h | 1;
}

/* Whether one more line of the event may be shown; *dropped: how many were
** not, to be told now. */
static bool log_may_repeat(const char *module, const char *event,
                           u32 *dropped) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  u64 now = (u64)ts.tv_sec * 1000 + (u64)ts.tv_nsec / 1000000;
  u64 hash = log_hash(module, event);
  log_lock();
  struct log_repeat *r = &log_repeats[hash % ARRAY_LEN(log_repeats)];
  if (r->event != hash || now - r->from_ms >= LOG_RATE_MS) {
    *dropped = r->event == hash ? r->dropped : 0;
    *r = (struct log_repeat){.event = hash, .from_ms = now};
  }
  bool ok = r->shown < LOG_RATE;
  if (ok) r->shown++; else r->dropped++;
  log_unlock();
  return ok;
}

/* Keys whose values are secrets whatever the caller thinks of them. */
static bool log_is_secret(const char *key, size_t len) {
  static const char *const words[] = {
    "password", "passphrase", "secret", "token", "mnemonic", "seed",
    "private_key", "privatekey", "authorization", "cookie", "setup_code"};
  for (size_t i = 0; i < ARRAY_LEN(words); i++) {
    if (strlen(words[i]) == len && strncasecmp(words[i], key, len) == 0) {
      return true;
    }
  }
  return false;
}

/* Stars over the values of secrets, in place; shorter values stay shorter, so
** nothing is told by the number of stars. */
static void log_redact(char *s) {
  while (*s) {
    size_t key = strcspn(s, "= ");
    if (s[key] != '=') {
      s += key + (s[key] == ' ');
      continue;
    }
    char *val = s + key + 1;
    bool quoted = *val == '"';
    size_t len = quoted ? 1 + strcspn(val + 1, "\"") : strcspn(val, " ");
    if (quoted && val[len]) len++;
    if (log_is_secret(s, key)) {
      size_t stars = len < 3 ? len : 3;
      memset(val, '*', stars);
      memmove(val + stars, val + len, strlen(val + len) + 1);
      len = stars;
    }
    s = val + len;
    while (*s == ' ') s++;
  }
}

/*----------------------------------------------------------------- lines */

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

static void log_stderr(const char *p, size_t len) {
  while (len) {
    ssize_t n = write(STDERR_FILENO, p, len);
    if (n <= 0) return; /* nobody left to tell */
    p += n;
    len -= (size_t)n;
  }
}

/* Under the lock. */
static char log_ring[LOG_TAIL_LINES][LOG_TAIL_LINE];
static u64 log_ring_cnt; /* lines so far */

static void log_remember(const char *p, size_t len) {
  if (len && p[len - 1] == '\n') len--;
  if (len > LOG_TAIL_LINE - 1) len = LOG_TAIL_LINE - 1;
  log_lock();
  char *line = log_ring[log_ring_cnt++ % LOG_TAIL_LINES];
  memcpy(line, p, len);
  line[len] = 0;
  log_unlock();
}

u32 log_tail(char out[][LOG_TAIL_LINE], u32 cnt_max) {
  log_lock();
  u64 cnt = log_ring_cnt < LOG_TAIL_LINES ? log_ring_cnt : LOG_TAIL_LINES;
  if (cnt > cnt_max) cnt = cnt_max;
  for (u64 i = 0; i < cnt; i++)
    memcpy(out[i], log_ring[(log_ring_cnt - cnt + i) % LOG_TAIL_LINES],
           LOG_TAIL_LINE);
  log_unlock();
  return (u32)cnt;
}

static void log_write(const char *p, size_t len) {
  log_remember(p, len);
  void (*sink)(const char *, size_t) =
      __atomic_load_n(&log_out, __ATOMIC_ACQUIRE);
  if (sink) sink(p, len); else log_stderr(p, len);
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
    static const char priority[] = "234677"; /* by level, as syslog's */
    if (__atomic_load_n(&log_form, __ATOMIC_RELAXED) == LOG_JOURNAL) {
      snprintf(t, sizeof(t), "<%c>", priority[level]);
      log_put_str(&l, t);
      snprintf(t, sizeof(t), "%-6s ", module);
    } else {
      log_put_time(&l);
      snprintf(t, sizeof(t), " %-5s %-6s ", log_level_names[level], module);
    }
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
  if (!log_on(level) || !log_module_on(level, module)) return;
  char pairs[LIMIT_LOG_LINE];
  u32 dropped = 0;
  va_list ap;
  if (level <= LOG_INFO && !log_may_repeat(module, event, &dropped)) return;
  va_start(ap, fmt);
  vsnprintf(pairs, sizeof(pairs), fmt, ap);
  va_end(ap);
  log_redact(pairs);
  if (dropped) {
    char text[64];
    snprintf(text, sizeof text, "same_event_left_out=%u", dropped);
    log_emit((int)level, module, event, text);
  }
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
  log_stderr(text, (size_t)len);
  abort();
}
