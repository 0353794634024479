/* log_tail.h - the newest lines of the log, kept in memory for who looks at
** them from elsewhere (log.c). */
#ifndef BASE_LOG_TAIL_H
#define BASE_LOG_TAIL_H
#include "base/base.h"

#define LOG_TAIL_LINES 256u
#define LOG_TAIL_LINE 512u /* bytes kept of each */

/* Copies up to cnt_max lines, oldest first, each ended by NUL without its line
** feed; returns how many. */
u32 log_tail(char out[][LOG_TAIL_LINE], u32 cnt_max);
#endif
