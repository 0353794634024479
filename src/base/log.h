/* log.h - events for the operator: one line each to stderr,
**   2026-01-02T03:04:05.678Z INFO  node   block.committed height=7 txs=3
** or one JSON object each, where every key=value pair becomes a member
** (integers below 10^15, true and false as such, all else as text).
** Never call it from a pure folder. */
#ifndef BASE_LOG_H
#define BASE_LOG_H
#include "base/base.h"

enum log_level { LOG_ERROR = 1, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
enum log_format { LOG_TEXT, LOG_JSON };

/* verbosity as in geth: 0 silent .. 5 trace; default 3. */
void log_setup(int verbosity, enum log_format format);
bool log_on(enum log_level level);
/* event is a stable dotted name; fmt gives key=value pairs, values with
** spaces quoted by the caller as "\"%s\"".  Never a secret. */
void log_event(enum log_level level, const char *module, const char *event,
               const char *fmt, ...) PRINTF_LIKE(4, 5);

/* Last words: one line to stderr, whatever the verbosity, then abort().
** Allocates nothing and takes no lock, so that MUST and a failed allocation
** may end here from any folder. */
NORETURN void log_abort(const char *fmt, ...) PRINTF_LIKE(1, 2);
#endif
