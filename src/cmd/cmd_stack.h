/* cmd_stack.h - where each thread of this process is, for the log. */
#ifndef CMD_CMD_STACK_H
#define CMD_CMD_STACK_H

/* Before there are other threads. */
void cmd_stack_init(void);
/* Writes one event state.thread and one state.stack for each thread, the
** caller's own included.  One caller at a time; takes up to STACK_WAIT_MS for
** a thread that does not answer. */
void cmd_stack_dump(void);
#endif
