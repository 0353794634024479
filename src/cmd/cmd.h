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
#include <jansson.h>

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

/* Where a setting comes from. */
enum cmd_origin { CMD_DEFAULT, CMD_FILE, CMD_ENV, CMD_OPTION };
enum cmd_kind { CMD_KIND_STR, CMD_KIND_U64, CMD_KIND_BOOL };
enum {
#define FLAG(field, kind, name, dflt, arg, help) CMD_FLAG_##field,
#include "cmd/flag.def"
#undef FLAG
  CMD_FLAG_CNT
};

struct cmd {
  struct cmd_config cfg;
  u8 origin[CMD_FLAG_CNT];   /* enum cmd_origin, by row of flag.def */
  u32 line[CMD_FLAG_CNT];    /* of the file */
  char config_path[4096];    /* the file that was read, or "" */
  int argc;                  /* as main got them */
  char **argv;
  char **arg;          /* after the command's name */
  u32 arg_cnt;
  char db_path[4096];  /* from --db, --datadir or the default */
  bool db_given;       /* either was given */
};

/* The whole row of an option, for those who show all of them. */
struct cmd_flag {
  const char *name, *dflt, *arg, *help;
  enum cmd_kind kind;
  size_t offset;
};
const struct cmd_flag *cmd_flag_at(u32 i); /* NULL past the end */
/* Its value as text, into out when it is a number. */
const char *cmd_flag_text(const struct cmd *c, u32 i, char out[24]);
/* Whether it may stand in the file: not what one call alone is about. */
bool cmd_flag_is_setting(const char *name);
/* Sets what the file says on a line, unless something above it has set it.
** ERR_USAGE. */
err cmd_flag_from_file(struct cmd *c, const char *name, const char *value,
                       u32 line, struct errmsg *msg) MUST_USE;
/* A command's row. */
struct cmd_row {
  const char *name;
  int (*run)(struct cmd *c);
  int (*run_raw)(int argc, char **argv);
  int least, most;
  const char *args, *flags, *summary;
};
const struct cmd_row *cmd_row_at(u32 i); /* NULL past the end */
extern const char cmd_flags_all[];       /* of every command */
#define CMD_RAW (-1)                     /* row.most: reads its own options */

/* Reads all settings again, as if the program were started anew; what is
** allocated stays for good.  ERR_USAGE. */
err cmd_reread(struct cmd *out, const struct cmd *c, struct errmsg *msg)
    MUST_USE;
/* Judges what no single row can, and sets the log up.  ERR_USAGE. */
err cmd_check(const struct cmd *c, struct errmsg *msg) MUST_USE;
/* cmd_wizard.c: asks for settings and writes the file. */
err cmd_wizard(struct cmd *c, struct errmsg *msg) MUST_USE;
/* cmd_config.c: the settings of the file, into c. */
err cmd_config_load(struct cmd *c, struct errmsg *msg) MUST_USE;
/* cmd_log.c: the log's file, if one is set.  reopen: what has moved away is
** made anew. */
err cmd_log_open(const struct cmd *c, struct errmsg *msg) MUST_USE;
err cmd_log_reopen(struct errmsg *msg) MUST_USE;
/* cmd_notify.c: tells the service manager ("READY=1\nSTATUS=..."), if there is
** one ($NOTIFY_SOCKET). */
void cmd_notify(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* How often it wants to hear of us, in us; 0: not. */
u64 cmd_notify_watchdog_us(void);
/* Where the node's Unix socket is; ERR_RANGE. */
err cmd_ipc_path(char *out, size_t size, const struct cmd *c,
                 struct errmsg *msg) MUST_USE;

/* Asks the node that runs on c's database, over its Unix socket: *out is the
** reply, to be given back with json_decref; params: a JSON array.
** ERR_NOT_FOUND: none runs. */
err cmd_ask_node(json_t **out, const struct cmd *c, const char *method,
                 const char *params, struct errmsg *msg) MUST_USE;

/* How many letters must change to make the one of the other, for "did you
** mean"; 99: too long to tell. */
u32 cmd_distance(const char *a, const char *b);

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
int cmd_genesis(struct cmd *c);
int cmd_account(struct cmd *c);
int cmd_admin(struct cmd *c);
int cmd_backup(struct cmd *c);
int cmd_import(struct cmd *c);
int cmd_export(struct cmd *c);
int cmd_reindex(struct cmd *c);
int cmd_prune(struct cmd *c);
int cmd_db(struct cmd *c);
int cmd_restore(struct cmd *c);
int cmd_freeze(struct cmd *c);
int cmd_verify(struct cmd *c);
int cmd_attach(struct cmd *c);
int cmd_status(struct cmd *c);
int cmd_config(struct cmd *c);
int cmd_doctor(struct cmd *c);
int cmd_service(struct cmd *c);
int cmd_completion(struct cmd *c);
int cmd_license(struct cmd *c);
int cmd_validator(struct cmd *c);
int cmd_rpc(struct cmd *c);
void cmd_rpc_help(void); /* the methods, after its options */
/* cmd_doctor.c: ERR_REFUSED when the database would lie on a network file
** system. */
err cmd_check_place(const struct cmd *c, struct errmsg *msg) MUST_USE;
/* cmd_man.c: the manual page of a command, or of all (NULL). */
int cmd_man(const struct cmd_row *row);
int cmd_version(struct cmd *c);
int cmd_help(struct cmd *c);
/* These read their own options; argv[0] is the verb. */
int cmd_statetest(int argc, char **argv);
int cmd_blocktest(int argc, char **argv);
int cmd_evm(int argc, char **argv);
int cmd_bench(int argc, char **argv);
#endif
