/* cmd_setting.h - settings that the database keeps, for those who show all. */
#ifndef CMD_CMD_SETTING_H
#define CMD_CMD_SETTING_H
#include "cmd/cmd.h"

/* Gives each, with its value in JSON; nothing when there is no database that
** can be read. */
void cmd_setting_each(const struct cmd *c,
                      void (*fn)(void *ctx, const char *name, slice json),
                      void *ctx);
#endif
