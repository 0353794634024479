/* cmd.c - see cmd.h. */
#include "cmd/cmd.h"
#include "base/log.h"
#include "gen/gen_version.h"
#include <arpa/inet.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#define CMD_DB_NAME "cybermiles.db"
#define RAW CMD_RAW
static const struct cmd_flag cmd_flags[] = {
#define FLAG(field, kind, name, dflt, arg, help) \
  {name, dflt, arg, help, CMD_KIND_##kind, offsetof(struct cmd_config, field)},
#include "cmd/flag.def"
#undef FLAG
};
const struct cmd_flag *cmd_flag_at(u32 i) {
  return i < ARRAY_LEN(cmd_flags) ? &cmd_flags[i] : NULL;
}

#define CMD_FN(f) \
  _Generic((f), int (*)(struct cmd *): (f), default: NULL)
#define CMD_FN_RAW(f) \
  _Generic((f), int (*)(int, char **): (f), default: NULL)
static const struct cmd_row cmd_rows[] = {
#define COMMAND(name, fn, least, most, args, flags, summary) \
  {name, CMD_FN(fn), CMD_FN_RAW(fn), least, most, args, flags, summary},
#include "cmd/command.def"
#undef COMMAND
};
const struct cmd_row *cmd_row_at(u32 i) {
  return i < ARRAY_LEN(cmd_rows) ? &cmd_rows[i] : NULL;
}
const char cmd_flags_all[] =
    "db datadir config verbosity vmodule log.format help";

/*---------------------------------------------------------------- errors */

static const struct { err e; int code; } cmd_exit_codes[] = {
  {ERR_USAGE, EXIT_USAGE},       {ERR_INPUT, EXIT_USAGE},
  {ERR_RANGE, EXIT_USAGE},       {ERR_LOCKED, EXIT_DATABASE},
  {ERR_CORRUPT, EXIT_DATABASE},  {ERR_NOT_OURS, EXIT_DATABASE},
  {ERR_NEWER, EXIT_DATABASE},    {ERR_OLDER, EXIT_DATABASE},
  {ERR_BIND, EXIT_BIND},         {ERR_REFUSED, EXIT_REFUSED},
};

int cmd_fail(err e, const struct errmsg *msg) {
  fprintf(stderr, "cybermiles: %s\n",
          msg && msg->text[0] ? msg->text : err_text(e));
  for (size_t i = 0; i < ARRAY_LEN(cmd_exit_codes); i++) {
    if (cmd_exit_codes[i].e == e) return cmd_exit_codes[i].code;
  }
  return EXIT_FAILED;
}

u32 cmd_distance(const char *a, const char *b) {
  u32 row[64], n = (u32)strlen(b);
  if (n >= ARRAY_LEN(row) || strlen(a) >= ARRAY_LEN(row)) return 99;
  for (u32 j = 0; j <= n; j++) row[j] = j;
  for (u32 i = 1; a[i - 1]; i++) {
    u32 diag = row[0];
    row[0] = i;
    for (u32 j = 1; j <= n; j++) {
      u32 best = diag + (a[i - 1] != b[j - 1]);
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      diag = row[j];
      row[j] = best;
    }
  }
  return row[n];
}

/* Words that other nodes have and this one has not, and what is here instead;
** options begin with dashes. */
static const char cmd_alone[] =
    "this version has no peer-to-peer network: a chain has one validator, and "
    "its blocks go to other nodes by export and import";
static const struct {
  const char *word, *text;
} cmd_foreign[] = {
  {"peer", cmd_alone},
  {"--port", cmd_alone},
  {"--discovery.port", cmd_alone},
  {"--bootnodes", cmd_alone},
  {"--maxpeers", cmd_alone},
  {"--nat", cmd_alone},
  {"--nodiscover", cmd_alone},
  {"--netrestrict", cmd_alone},
  {"--nodekey", cmd_alone},
  {"--join", cmd_alone},
  {"--syncmode", "every block is executed here: there is one mode"},
  {"--gcmode", "--archive keeps the states of all heights, --history.state N "
               "those of the last N"},
  {"--mine", "a validator makes blocks by itself"},
  {"--unlock", "keys are unlocked for a time over the Unix socket: cybermiles "
               "attach, then personal_unlockAccount"},
  {"--keystore", "the keys are in the database: cybermiles account import"},
  {"console", "start it with cybermiles run, then cybermiles attach"},
};
static const char *cmd_foreign_text(const char *dash, const char *name) {
  size_t len = strlen(dash);
  for (size_t i = 0; i < ARRAY_LEN(cmd_foreign); i++) {
    const char *word = cmd_foreign[i].word;
    if (strncmp(word, dash, len) == 0 && strcmp(word + len, name) == 0)
      return cmd_foreign[i].text;
  }
  return NULL;
}

static int cmd_unknown(const char *what, const char *dash, const char *name,
                       const char *near) {
  const char *text = cmd_foreign_text(dash, name);
  if (text) {
    fprintf(stderr, "cybermiles: %s %s%s: %s\n", what, dash, name, text);
    return EXIT_USAGE;
  }
  fprintf(stderr, "cybermiles: unknown %s %s%s", what, dash, name);
  if (near) fprintf(stderr, "; did you mean %s%s?", dash, near);
  fprintf(stderr, " (cybermiles help lists all)\n");
  return EXIT_USAGE;
}

/*--------------------------------------------------------------- options */

static const struct cmd_flag *cmd_flag_find(const char *name, size_t len,
                                            const char **near) {
  char word[64];
  u32 best = 4;
  snprintf(word, sizeof word, "%.*s", (int)(len < 60 ? len : 60), name);
  for (size_t i = 0; i < ARRAY_LEN(cmd_flags); i++) {
    if (strcmp(cmd_flags[i].name, word) == 0) return &cmd_flags[i];
    u32 d = cmd_distance(word, cmd_flags[i].name);
    if (near && d < best) best = d, *near = cmd_flags[i].name;
  }
  return NULL;
}

/* what: "option --" or "key ". */
static err cmd_flag_unknown(const char *what, const char *name, size_t len,
                            const char *near, struct errmsg *msg) {
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)(len < 60 ? len : 60), name);
  const char *text = cmd_foreign_text("--", word);
  if (text) return err_say(msg, ERR_USAGE, "%s%s: %s", what, word, text);
  const char *dash = strchr(what, '-');
  return err_say(msg, ERR_USAGE, "unknown %s%s%s%s%s%s", what, word,
                 near ? "; did you mean " : "", near && dash ? dash : "",
                 near ? near : "",
                 near   ? "?"
                 : dash ? " (cybermiles help lists all)"
                        : "");
}

static const char *const cmd_origin_dash[] = {
  [CMD_DEFAULT] = "--", [CMD_FILE] = "", [CMD_ENV] = "the variable of --",
  [CMD_OPTION] = "--"};

static err cmd_flag_set(struct cmd *c, const struct cmd_flag *f,
                        const char *value, enum cmd_origin origin,
                        struct errmsg *msg) {
  void *at = (u8 *)&c->cfg + f->offset;
  const char *dash = cmd_origin_dash[origin];
  c->origin[f - cmd_flags] = (u8)origin;
  if (f->kind == CMD_KIND_STR) {
    *(cmd_STR *)at = value[0] ? value : NULL;
    return ERR_OK;
  }
  if (f->kind == CMD_KIND_BOOL) {
    bool yes = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;
    if (!yes && strcmp(value, "false") != 0 && strcmp(value, "0") != 0) {
      return err_say(msg, ERR_USAGE, "%s%s must be true or false, not \"%s\"",
                     dash, f->name, value);
    }
    *(cmd_BOOL *)at = yes;
    return ERR_OK;
  }
  char *end;
  errno = 0;
  unsigned long long v = strtoull(value, &end, 0);
  if (value[0] < '0' || value[0] > '9' || *end || errno) {
    return err_say(msg, ERR_USAGE, "%s%s must be a number, not \"%s\"", dash,
                   f->name, value);
  }
  *(cmd_U64 *)at = v;
  return ERR_OK;
}

const char *cmd_flag_text(const struct cmd *c, u32 i, char out[24]) {
  const struct cmd_flag *f = &cmd_flags[i];
  const void *at = (const u8 *)&c->cfg + f->offset;
  if (f->kind == CMD_KIND_BOOL) return *(const cmd_BOOL *)at ? "true" : "false";
  if (f->kind == CMD_KIND_U64) {
    snprintf(out, 24, "%llu", (unsigned long long)*(const cmd_U64 *)at);
    return out;
  }
  const char *s = *(const cmd_STR *)at;
  return s ? s : "";
}

bool cmd_flag_is_setting(const char *name) {
  static const char no[] = " help version man json exec url timeout genesis wizard "
                           "password password.new config ";
  char word[72];
  snprintf(word, sizeof word, " %.64s ", name);
  return !strstr(no, word);
}

err cmd_flag_from_file(struct cmd *c, const char *name, const char *value,
                       u32 line, struct errmsg *msg) {
  const char *near = NULL;
  const struct cmd_flag *f = cmd_flag_find(name, strlen(name), &near);
  if (!f) return cmd_flag_unknown("key ", name, strlen(name), near, msg);
  if (!cmd_flag_is_setting(name)) {
    return err_say(msg, ERR_USAGE, "%s is an option of the command line alone",
                   name);
  }
  if (c->line[f - cmd_flags]) {
    return err_say(msg, ERR_USAGE, "%s is set on line %u already", name,
                   c->line[f - cmd_flags]);
  }
  c->line[f - cmd_flags] = line;
  if (c->origin[f - cmd_flags] > CMD_FILE) return ERR_OK;
  return cmd_flag_set(c, f, value, CMD_FILE, msg);
}

static err cmd_flags_default(struct cmd *c, struct errmsg *msg) {
  for (size_t i = 0; i < ARRAY_LEN(cmd_flags); i++) {
    const struct cmd_flag *f = &cmd_flags[i];
    TRY(cmd_flag_set(c, f, f->dflt, CMD_DEFAULT, msg));
    char name[80] = "CYBERMILES_";
    size_t at = strlen(name);
    for (const char *s = f->name; *s && at < sizeof name - 1; s++) {
      name[at++] = (char)(*s >= 'a' && *s <= 'z' ? *s - 32
                          : *s == '.' || *s == '-' ? '_' : *s);
    }
    name[at] = 0;
    const char *v = getenv(name);
    if (!v || (f->kind != CMD_KIND_BOOL && !v[0])) continue;
    TRY(cmd_flag_set(c, f, v, CMD_ENV, msg));
  }
  return ERR_OK;
}

/* Takes --name value, --name=value, -name, and for BOOL --name alone.
** *used: how many words. */
static err cmd_flag_take(struct cmd *c, char **argv, int left, int *used,
                         struct errmsg *msg) {
  const char *word = argv[0] + (argv[0][1] == '-' ? 2 : 1);
  const char *eq = strchr(word, '='), *near = NULL;
  size_t len = eq ? (size_t)(eq - word) : strlen(word);
  if (strcmp(word, "h") == 0) word = "help", len = 4;
  const struct cmd_flag *f = cmd_flag_find(word, len, &near);
  *used = 1;
  if (!f) return cmd_flag_unknown("option --", word, len, near, msg);
  if (eq) return cmd_flag_set(c, f, eq + 1, CMD_OPTION, msg);
  if (f->kind == CMD_KIND_BOOL) {
    return cmd_flag_set(c, f, "true", CMD_OPTION, msg);
  }
  if (left < 2) {
    return err_say(msg, ERR_USAGE, "--%s needs a value: --%s %s", f->name,
                   f->name, f->arg);
  }
  *used = 2;
  return cmd_flag_set(c, f, argv[1], CMD_OPTION, msg);
}

/*------------------------------------------------------------------ help */

static void cmd_print_flags(const char *list) {
  while (*list) {
    size_t len = strcspn(list, " ");
    const struct cmd_flag *f = cmd_flag_find(list, len, NULL);
    MUST(f);
    char left[64];
    snprintf(left, sizeof left, "--%s %s", f->name, f->arg);
    printf("  %-32s %s", left, f->help);
    if (f->dflt[0] && f->kind != CMD_KIND_BOOL) printf(" (%s)", f->dflt);
    printf("\n");
    list += len;
    while (*list == ' ') list++;
  }
}

static void cmd_help_one(const struct cmd_row *r) {
  printf("cybermiles %s %s\n\n%s\n", r->name, r->args, r->summary);
  if (r->most == RAW) return;
  printf("\nOptions:\n");
  cmd_print_flags(r->flags);
  cmd_print_flags(cmd_flags_all);
  if (r->run == cmd_rpc) cmd_rpc_help();
}

static const struct cmd_row *cmd_find(const char *name, const char **near) {
  u32 best = 3;
  for (size_t i = 0; i < ARRAY_LEN(cmd_rows); i++) {
    if (strcmp(cmd_rows[i].name, name) == 0) return &cmd_rows[i];
    u32 d = cmd_distance(name, cmd_rows[i].name);
    if (d < best) best = d, *near = cmd_rows[i].name;
  }
  return NULL;
}

int cmd_help(struct cmd *c) {
  if (c->cfg.man && c->arg_cnt == 0) return cmd_man(NULL);
  if (c->arg_cnt == 1) {
    const char *near = NULL;
    const struct cmd_row *r = cmd_find(c->arg[0], &near);
    if (!r) return cmd_unknown("command", "", c->arg[0], near);
    if (c->cfg.man) return cmd_man(r);
    cmd_help_one(r);
    return EXIT_DONE;
  }
  printf("CyberMiles: a commerce blockchain node in one program and one file."
         "\n\nUsage: cybermiles COMMAND [OPTIONS]\n\nCommands:\n");
  for (size_t i = 0; i < ARRAY_LEN(cmd_rows); i++) {
    printf("  %-10s %s\n", cmd_rows[i].name, cmd_rows[i].summary);
  }
  printf("\nOptions of every command:\n");
  cmd_print_flags(cmd_flags_all);
  printf("\ncybermiles help COMMAND tells the rest.  An option can also be "
         "given as an\nenvironment variable, --http.port as "
         "CYBERMILES_HTTP_PORT, or in a configuration file\n(cybermiles "
         "config show tells all of them and where each comes from).\n");
  return EXIT_DONE;
}

int cmd_version(struct cmd *c) {
  if (c->cfg.json) {
    printf("{\"name\":\"CyberMiles\",\"version\":\"%s\",\"commit\":\"%s\","
           "\"source\":\"%s\"}\n",
           gen_version, gen_version_commit, gen_version_source);
  } else {
    printf("CyberMiles %s\ncommit %s\nsource %s\n", gen_version,
           gen_version_commit, gen_version_source);
  }
  return EXIT_DONE;
}

/* What is linked in, beside our own. */
static const struct {
  const char *name, *license, *use;
} cmd_parts[] = {
  {"CyberMiles", "Apache-2.0", "the node"},
  {"SQLite", "public domain", "the database"},
  {"mbedTLS", "Apache-2.0", "TLS, RIPEMD-160, AES"},
  {"libmicrohttpd", "LGPL-2.1-or-later", "HTTP"},
  {"libsecp256k1", "MIT", "signatures"},
  {"GMP", "LGPL-3.0-or-later", "modular exponentiation"},
  {"jansson", "MIT", "JSON"},
  {"libsodium", "ISC", "passwords"},
  {"zstd", "BSD-3-Clause", "snapshots"},
  {"glibc", "LGPL-2.1-or-later", "the C library"},
  {"preact, htm, noble, uqr", "MIT, Apache-2.0", "the dashboard"},
};

int cmd_license(struct cmd *c) {
  printf(c->cfg.json ? "[" : "");
  for (size_t i = 0; i < ARRAY_LEN(cmd_parts); i++) {
    printf(c->cfg.json ? "%s{\"name\":\"%s\",\"license\":\"%s\",\"use\":\"%s\"}"
                       : "%s%-26s%-20s%s\n",
           c->cfg.json && i ? "," : "", cmd_parts[i].name, cmd_parts[i].license,
           cmd_parts[i].use);
  }
  printf(c->cfg.json ? "]\n" : "");
  return EXIT_DONE;
}

/*--------------------------------------------------------------- running */

static const char *const cmd_log_formats[] = {
  [LOG_TEXT] = "text", [LOG_JSON] = "json", [LOG_JOURNAL] = "journal"};

/* geth's WebSockets may have a port of their own; ours are on the HTTP port. */
static err cmd_check_ws(const struct cmd *c, struct errmsg *msg) {
  const char *api = c->cfg.http_api ? c->cfg.http_api : "";
  const char *what =
      c->cfg.ws_port && c->cfg.ws_port != c->cfg.http_port ? "port"
      : c->cfg.ws_addr && strcmp(c->cfg.ws_addr, c->cfg.http_addr) ? "addr"
      : c->cfg.ws_api && strcmp(c->cfg.ws_api, api) ? "api" : NULL;
  if (!what) return ERR_OK;
  return err_say(msg, ERR_USAGE, "--ws.%s: WebSockets are on the HTTP port: "
                 "leave it out, or give the same as --http.%s", what, what);
}

/* Numbers that not every value of is one. */
static const struct {
  const char *name;
  u64 least, most;
} cmd_ranges[] = {
  {"verbosity", 0, 5},         {"lanes", 0, 64},
  {"http.port", 0, 65535},     {"ui.port", 0, 65535},
  {"metrics.port", 1, 65535},  {"log.maxsize", 1, 1 << 20},
  {"log.maxbackups", 0, 1000}, {"disk.floor", 0, UINT64_MAX >> 20},
  {"rpc.evmtimeout", 1, 2},    {"rpc.batch-request-limit", 1, 1000000},
};
/* Texts that are one of a few words; empty: not given. */
static const char *const cmd_ui_tls[] = {"off", "auto", "acme", "files"};
static const struct {
  const char *name;
  const char *const *word;
  size_t cnt;
} cmd_words[] = {
  {"log.format", cmd_log_formats, ARRAY_LEN(cmd_log_formats)},
  {"ui.tls", cmd_ui_tls, ARRAY_LEN(cmd_ui_tls)},
};
static const char *const cmd_addrs[] = {"http.addr", "ui.addr", "metrics.addr"};

static const void *cmd_value(const struct cmd *c, const char *name) {
  const struct cmd_flag *f = cmd_flag_find(name, strlen(name), NULL);
  MUST(f);
  return (const u8 *)&c->cfg + f->offset;
}

static err cmd_check_word(const char *name, const char *text,
                          const char *const *word, size_t cnt,
                          struct errmsg *msg) {
  char all[64] = "";
  for (size_t i = 0; i < cnt; i++) {
    if (strcmp(text, word[i]) == 0) return ERR_OK;
    size_t len = strlen(all);
    snprintf(all + len, sizeof all - len, "%s%s", word[i],
             i + 2 < cnt ? ", " : i + 1 < cnt ? " or " : "");
  }
  return err_say(msg, ERR_USAGE, "--%s must be %s", name, all);
}

static err cmd_check_addr(const char *name, const char *text,
                          struct errmsg *msg) {
  u8 ip[16];
  if (strcmp(text, "localhost") == 0 || inet_pton(AF_INET, text, ip) == 1 ||
      inet_pton(AF_INET6, text, ip) == 1)
    return ERR_OK;
  return err_say(msg, ERR_USAGE, "--%s %.64s is no IP address: give one such as "
                 "127.0.0.1, 0.0.0.0 or ::1", name, text);
}

err cmd_check(const struct cmd *c, struct errmsg *msg) {
  for (size_t i = 0; i < ARRAY_LEN(cmd_ranges); i++) {
    cmd_U64 v = *(const cmd_U64 *)cmd_value(c, cmd_ranges[i].name);
    if (v < cmd_ranges[i].least || v > cmd_ranges[i].most)
      return err_say(msg, ERR_USAGE, "--%s must be %llu to %llu",
                     cmd_ranges[i].name, (unsigned long long)cmd_ranges[i].least,
                     (unsigned long long)cmd_ranges[i].most);
  }
  for (size_t i = 0; i < ARRAY_LEN(cmd_words); i++) {
    cmd_STR text = *(const cmd_STR *)cmd_value(c, cmd_words[i].name);
    if (text)
      TRY(cmd_check_word(cmd_words[i].name, text, cmd_words[i].word,
                         cmd_words[i].cnt, msg));
  }
  for (size_t i = 0; i < ARRAY_LEN(cmd_addrs); i++) {
    cmd_STR text = *(const cmd_STR *)cmd_value(c, cmd_addrs[i]);
    if (text) TRY(cmd_check_addr(cmd_addrs[i], text, msg));
  }
  TRY(cmd_check_ws(c, msg));
  TRY(log_vmodule(c->cfg.vmodule ? c->cfg.vmodule : "", msg));
  u32 format = 0;
  while (c->cfg.log_format && format + 1 < ARRAY_LEN(cmd_log_formats) &&
         strcmp(c->cfg.log_format, cmd_log_formats[format]) != 0)
    format++;
  log_setup((int)c->cfg.verbosity, (enum log_format)format);
  return ERR_OK;
}

err cmd_ipc_path(char *out, size_t size, const struct cmd *c,
                 struct errmsg *msg) {
  const char *slash = strrchr(c->db_path, '/');
  int len = c->cfg.ipc_path
                ? snprintf(out, size, "%s", c->cfg.ipc_path)
                : snprintf(out, size, "%.*scybermiles.ipc",
                           slash ? (int)(slash + 1 - c->db_path) : 0,
                           c->db_path);
  return len < (int)size ? ERR_OK
                         : err_say(msg, ERR_RANGE, "the socket's path is too "
                                   "long: give a shorter --ipcpath");
}

static int cmd_setup(struct cmd *c, struct errmsg *msg) {
  err e = cmd_config_load(c, msg);
  if (e == ERR_OK) e = cmd_check(c, msg);
  if (e < 0) return cmd_fail(e, msg);
  if (c->cfg.db && c->cfg.datadir) {
    fprintf(stderr, "cybermiles: give --db or --datadir, not both\n");
    return EXIT_USAGE;
  }
  c->db_given = c->cfg.db || c->cfg.datadir;
  int len = c->cfg.datadir
                ? snprintf(c->db_path, sizeof c->db_path, "%s/%s",
                           c->cfg.datadir, CMD_DB_NAME)
                : snprintf(c->db_path, sizeof c->db_path, "%s",
                           c->cfg.db ? c->cfg.db : "./" CMD_DB_NAME);
  if (len >= (int)sizeof c->db_path) {
    fprintf(stderr, "cybermiles: the path of the database is too long\n");
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

/* Commands with options of their own get what stands before their name too;
** bench's help goes beyond its row. */
static int cmd_run_raw(const struct cmd *c, const struct cmd_row *row, int at) {
  char **argv = mem_alloc(sizeof *argv * (size_t)(c->argc + 1));
  int argc = 0;
  bool help = false;
  argv[argc++] = c->argv[at];
  for (int i = 1; i < c->argc; i++) {
    if (i == at) continue;
    help |= strcmp(c->argv[i], "--help") == 0 || strcmp(c->argv[i], "-h") == 0;
    argv[argc++] = c->argv[i];
  }
  argv[argc] = NULL;
  int code = EXIT_DONE;
  if (help && row->run_raw != cmd_bench) cmd_help_one(row);
  else code = row->run_raw(argc, argv);
  mem_free(argv);
  return code;
}

/* Words that are no options: the command, then its arguments. */
static int cmd_parse(struct cmd *c, const struct cmd_row **row, int argc,
                     char **argv) {
  struct errmsg msg;
  bool rest = false; /* after --: arguments, whatever they look like */
  for (int i = 1; i < argc;) {
    if (!rest && *row && strcmp(argv[i], "--") == 0) {
      rest = true;
      i++;
      continue;
    }
    if (!rest && argv[i][0] == '-' && argv[i][1]) {
      int used;
      err e = cmd_flag_take(c, argv + i, argc - i, &used, &msg);
      if (e < 0) return cmd_fail(e, &msg);
      i += used;
      continue;
    }
    if (*row) {
      c->arg[c->arg_cnt++] = argv[i++];
      continue;
    }
    const char *near = NULL;
    *row = cmd_find(argv[i], &near);
    if (!*row) return cmd_unknown("command", "", argv[i], near);
    if ((*row)->most == RAW) return cmd_run_raw(c, *row, i);
    i++;
  }
  return -1;
}

/* A node's threads pass memory on to each other: with the C library's usual
** eight heaps a core, each keeps what others freed.  Large pieces (blocks,
** batches) go back to the system at once. */
static void cmd_memory_setup(void) {
#ifdef __GLIBC__
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_MMAP_THRESHOLD, 256 << 10);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
#endif
}

static int cmd_do(struct cmd *c, int argc, char **argv) {
  const struct cmd_row *row = NULL;
  struct errmsg msg;
  err e = cmd_flags_default(c, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  int code = cmd_parse(c, &row, argc, argv);
  if (code >= 0) return code;
  if (c->cfg.version) return cmd_version(c);
  if (!row || c->cfg.help) {
    if (row) {
      cmd_help_one(row);
    } else {
      cmd_help(c);
    }
    return row || c->cfg.help ? EXIT_DONE : EXIT_USAGE;
  }
  if ((int)c->arg_cnt < row->least || (int)c->arg_cnt > row->most) {
    fprintf(stderr, "cybermiles: usage: cybermiles %s %s\n", row->name,
            row->args);
    return EXIT_USAGE;
  }
  /* What only tells of the program works with a broken configuration too. */
  bool tells = row->run == cmd_help || row->run == cmd_version ||
               row->run == cmd_license || row->run == cmd_completion;
  code = tells ? EXIT_DONE : cmd_setup(c, &msg);
  return code ? code : row->run(c);
}

err cmd_reread(struct cmd *out, const struct cmd *c, struct errmsg *msg) {
  memset(out, 0, sizeof *out);
  out->argc = c->argc;
  out->argv = c->argv;
  TRY(cmd_flags_default(out, msg));
  for (int i = 1, used; i < c->argc; i += used) {
    used = 1;
    if (c->argv[i][0] == '-' && c->argv[i][1]) {
      TRY(cmd_flag_take(out, c->argv + i, c->argc - i, &used, msg));
    }
  }
  TRY(cmd_config_load(out, msg));
  return cmd_check(out, msg);
}

/*---------------------------------------------------------------- shared */

err cmd_read_file(u8 **out, size_t *len, const char *path, size_t max,
                  struct errmsg *msg) {
  FILE *f = fopen(path, "rb");
  if (!f) {
    return err_say(msg, ERR_USAGE, "cannot read %s: %s", path,
                   strerror(errno));
  }
  size_t cap = 65536, n = 0;
  u8 *p = mem_alloc(cap);
  for (;;) {
    n += fread(p + n, 1, cap - n, f);
    if (n < cap || n > max) break;
    cap *= 2;
    p = mem_realloc(p, cap);
  }
  bool bad = ferror(f) != 0;
  fclose(f);
  if (bad || n > max) {
    mem_free(p);
    return bad ? err_say(msg, ERR_IO, "cannot read %s", path)
               : err_say(msg, ERR_LIMIT, "%s is larger than %zu bytes", path,
                         max);
  }
  *out = p;
  *len = n;
  return ERR_OK;
}

static bool cmd_ask(char *out, size_t size, const char *prompt) {
  struct termios old, quiet;
  if (!isatty(0) || tcgetattr(0, &old) != 0) return false;
  quiet = old;
  quiet.c_lflag &= (tcflag_t)~ECHO;
  fprintf(stderr, "%s: ", prompt);
  tcsetattr(0, TCSAFLUSH, &quiet);
  bool ok = fgets(out, (int)size, stdin) != NULL;
  tcsetattr(0, TCSAFLUSH, &old);
  fprintf(stderr, "\n");
  if (ok) out[strcspn(out, "\r\n")] = 0;
  return ok;
}

err cmd_password(char *out, size_t size, const struct cmd *c, const char *what,
                 bool confirm, struct errmsg *msg) {
  if (c->cfg.password) {
    u8 *p;
    size_t len;
    TRY(cmd_read_file(&p, &len, c->cfg.password, 65536, msg));
    size_t n = 0;
    while (n < len && p[n] != '\n' && p[n] != '\r') n++;
    bool fits = n < size;
    if (fits) {
      memcpy(out, p, n);
      out[n] = 0;
    }
    mem_wipe(p, len);
    mem_free(p);
    return fits ? ERR_OK
                : err_say(msg, ERR_LIMIT, "the password is too long");
  }
  char again[256];
  if (!cmd_ask(out, size, what)) {
    return err_say(msg, ERR_USAGE,
                   "no password: give --password FILE, or use a terminal");
  }
  if (!confirm) return ERR_OK;
  bool same = cmd_ask(again, sizeof again, "the same again") &&
              strcmp(out, again) == 0;
  mem_wipe(again, sizeof again);
  return same ? ERR_OK
              : err_say(msg, ERR_USAGE, "the two passwords differ");
}

#undef RAW

int cmd_main(int argc, char **argv) {
  struct cmd c = {.argc = argc, .argv = argv};
  cmd_memory_setup();
  c.arg = mem_alloc(sizeof *c.arg * (size_t)(argc + 1));
  int code = cmd_do(&c, argc, argv);
  mem_free(c.arg);
  return code;
}
