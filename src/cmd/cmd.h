/* cmd.h - the command line: commands and options are rows of command.def and
** flag.def; parsing, help and the environment come from them.
**
** Exit codes: 0 done; 1 failed; 2 wrong usage or configuration; 3 the
** database is locked, damaged, not ours or newer; 4 cannot bind; 5 refused for
** safety; 130, 143 ended by a second signal.
*/
#ifndef CMD_CMD_H
#define CMD_CMD_H
#include "base/base.h"

enum {
  EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_DATABASE = 3,
  EXIT_BIND = 4, EXIT_REFUSED = 5
};

typedef const char *cmd_STR;
typedef u64 cmd_U64;
typedef bool cmd_BOOL;
struct cmd_config {
#define FLAG(field, kind, name, dflt, arg, help) cmd_##kind field;
#include "cmd/flag.def"
#undef FLAG
};

struct cmd {
  struct cmd_config cfg;
  char **arg;          /* after the command's name */
  u32 arg_cnt;
  char db_path[4096];  /* from --db, --datadir or the default */
  bool db_given;       /* either was given */
};

/* The whole program. */
int cmd_main(int argc, char **argv);
/* Prints "cybermiles: message" to stderr and gives the exit code of e. */
int cmd_fail(err e, const struct errmsg *msg);

/* A password: the first line of --password FILE, else asked at the terminal
** without echo (twice with confirm).  ERR_USAGE when there is neither. */
err cmd_password(char *out, size_t size, const struct cmd *c, const char *what,
                 bool confirm, struct errmsg *msg) MUST_USE;
/* A whole file, at most max bytes, to be freed with mem_free. */
err cmd_read_file(u8 **out, size_t *len, const char *path, size_t max,
                  struct errmsg *msg) MUST_USE;

int cmd_run(struct cmd *c);
int cmd_dev(struct cmd *c);
int cmd_init(struct cmd *c);
int cmd_account(struct cmd *c);
int cmd_backup(struct cmd *c);
int cmd_import(struct cmd *c);
int cmd_verify(struct cmd *c);
int cmd_version(struct cmd *c);
int cmd_help(struct cmd *c);
/* These read their own options; argv[0] is the verb. */
int cmd_rpc(int argc, char **argv);
int cmd_statetest(int argc, char **argv);
int cmd_blocktest(int argc, char **argv);
int cmd_evm(int argc, char **argv);
int cmd_bench(int argc, char **argv);
#endif
