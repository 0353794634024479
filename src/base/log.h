/* log.h - events for the operator: one line each to stderr,
**   2026-01-02T03:04:05.678Z INFO  node   block.committed height=7 txs=3
** or one JSON object each, where every key=value pair becomes a member
** (integers below 10^15, true and false as such, all else as text).
** Never call it from a pure folder. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/base.h"

enum log_level { LOG_ERROR = 1, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
/* LOG_JOURNAL: as text, with systemd's "<priority>" for the time. */
enum log_format { LOG_TEXT, LOG_JSON, LOG_JOURNAL };

/* verbosity as in geth: 0 silent .. 5 trace; default 3.  Any thread, any
** time. */
void log_setup(int verbosity, enum log_format format);
void log_verbosity_set(int verbosity);
int log_verbosity_now(void);
/* Modules with a level of their own: "rpc=5,node=1", as geth's vmodule; ""
** takes all back.  ERR_USAGE: malformed, a level above 5, more than
** LOG_MODULE_MAX; then nothing is changed. */
#define LOG_MODULE_MAX 16
err log_vmodule(const char *spec, struct errmsg *msg) MUST_USE;
/* The levels in force, as log_vmodule reads them. */
void log_vmodule_now(char *out, size_t size);
/* Lines go to fn, whole, from any thread, instead of to stderr; NULL: stderr
** again. */
void log_sink(void (*fn)(const char *line, size_t len));
/* Whether some module shows this level. */
bool log_on(enum log_level level);
/* event is a stable dotted name; fmt gives key=value pairs, values with
** spaces quoted by the caller as "\"%s\"".  Never a secret; and the value of
** a key whose name says that it is one (password, token, ...) is shown as
** "***" all the same.  Of one event at most LOG_RATE lines are shown in
** LOG_RATE_MS, unless it is debug or trace; how many were left out is told
** when it comes again. */
#define LOG_RATE 100u
#define LOG_RATE_MS 10000u
void log_event(enum log_level level, const char *module, const char *event,
               const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Last words: one line to stderr, whatever the verbosity, then abort().
** Allocates nothing and takes no lock, so that MUST and a failed allocation
** may end here from any folder. */
NORETURN void log_abort(const char *fmt, ...) PRINTF_LIKE(1, 2);
#endif
