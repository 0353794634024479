/* cmd_man.c - manual pages, made from the tables of commands and options:
** cybermiles(1), and cybermiles-COMMAND(1) for each; in the man macros. */
#include <stdio.h>

#include "cmd/cmd.h"
#include "gen/gen_version.h"

/* Text of any kind: what roff would take for its own is escaped. */
static void man_text(const char *s) {
  if (*s == '.' || *s == '\'') printf("\\&");
  for (; *s; s++) {
    if (*s == '\\') printf("\\e");
    else if (*s == '-') printf("\\-");
    else if (*s == '"') printf("\\(dq");
    else if (*s == '\'') printf("\\(aq");
    else if (*s == '~') printf("\\(ti");
    else putchar(*s);
  }
}

static void man_line(const char *macro, const char *s) {
  printf(".%s ", macro);
  printf("\"");
  man_text(s);
  printf("\"\n");
}

/* The date of a page is that of the release, which the version stands for. */
static void man_head(const char *title) {
  printf(".TH ");
  for (; *title; title++) {
    if (*title == '-') printf("\\-");
    else putchar(*title >= 'a' && *title <= 'z' ? *title - 32 : *title);
  }
  printf(" 1 2026-11-22 \"CyberMiles %s\" \"CyberMiles manual\"\n",
         gen_version);
}

static void man_flag(const struct cmd_flag *f) {
  printf(".TP\n\\fB\\-\\-");
  man_text(f->name);
  printf("\\fR");
  if (f->arg[0]) {
    printf(" \\fI");
    man_text(f->arg);
    printf("\\fR");
  }
  printf("\n");
  man_text(f->help);
  if (f->dflt[0] && f->kind != CMD_KIND_BOOL) {
    printf(" (");
    man_text(f->dflt);
    printf(")");
  }
  printf("\n");
}

static void man_flags(const char *list) {
  while (*list) {
    size_t len = strcspn(list, " ");
    const struct cmd_flag *f;
    for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
      if (strlen(f->name) == len && memcmp(f->name, list, len) == 0) man_flag(f);
    }
    list += len;
    while (*list == ' ') list++;
  }
}

static const struct {
  const char *code, *text;
} man_codes[] = {
  {"0", "Done."},
  {"1", "Failed."},
  {"2", "Wrong usage or configuration."},
  {"3", "The database is locked, damaged, not ours, or of a newer version."},
  {"4", "Cannot bind an address or socket."},
  {"5", "Refused for safety: the disk is full, a network file system, a "
        "chain that is half made, a key that signs elsewhere already."},
  {"130, 143", "Ended at once by a second signal."},
};
static const struct {
  const char *name, *text;
} man_signals[] = {
  {"INT, TERM", "Stop in order: requests and the block are finished, one file is "
                "left. A second one ends the process at once."},
  {"HUP", "Reads the configuration again (levels of the log, host names, origins, "
          "certificates) and reopens the log's file."},
  {"USR1", "Tells the log how the node is: heights, pool, memory, and the stack of every thread."},
};
static const struct {
  const char *name, *text;
} man_files[] = {
  {"cybermiles.db", "The database: chain, keys, settings."},
  {"cybermiles.toml", "The configuration, beside the database: names of options "
                      "as keys, [http] before port = 8545."},
  {"cybermiles.ipc", "The Unix socket of a running node, beside the database."},
  {"~/.cybermiles_history", "What was typed in attach."},
};

static void man_codes_put(void) {
  printf(".SH EXIT STATUS\n");
  for (size_t i = 0; i < ARRAY_LEN(man_codes); i++) {
    printf(".TP\n.B %s\n", man_codes[i].code);
    man_text(man_codes[i].text);
    printf("\n");
  }
}

static void man_all(void) {
  const struct cmd_row *r;
  const struct cmd_flag *f;
  man_head("cybermiles");
  printf(".SH NAME\ncybermiles \\- commerce blockchain node in one program and "
         "one file\n.SH SYNOPSIS\n.B cybermiles\n.I command\n.RI [ option ...]\n"
         ".RI [ argument ...]\n.SH DESCRIPTION\n"
         "An Ethereum\\-compatible node whose users pay no fees.\n"
         "It keeps the whole chain in one SQLite file and serves its dashboard\n"
         "and JSON\\-RPC from one port, and JSON\\-RPC from a Unix socket.\n"
         ".SH COMMANDS\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    printf(".TP\n\\fB%s\\fR ", r->name);
    man_text(r->args);
    printf("\n");
    man_text(r->summary);
    printf("\n");
  }
  printf(".SH OPTIONS\nOptions stand before or after the command.\n"
         "Which a command heeds is told in its own page.\n");
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) man_flag(f);
  printf(".SH ENVIRONMENT\nEvery option can be a variable:\n"
         ".B \\-\\-http.port\nas\n.BR CYBERMILES_HTTP_PORT .\n"
         "An option goes before the variable, the variable before the\n"
         "configuration file, the file before the default;\n"
         ".B cybermiles config show\ntells where each comes from.\n"
         "With\n.B NOTIFY_SOCKET\nand\n.B WATCHDOG_USEC\n"
         "a service manager is told of each step.\n.SH FILES\n");
  for (size_t i = 0; i < ARRAY_LEN(man_files); i++) {
    printf(".TP\n.I ");
    man_text(man_files[i].name);
    printf("\n");
    man_text(man_files[i].text);
    printf("\n");
  }
  printf(".SH SIGNALS\n");
  for (size_t i = 0; i < ARRAY_LEN(man_signals); i++) {
    man_line("TP\n.B", man_signals[i].name);
    man_text(man_signals[i].text);
    printf("\n");
  }
  man_codes_put();
  printf(".SH SEE ALSO\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    printf(".BR cybermiles\\-%s (1)%s\n", r->name, cmd_row_at(i + 1) ? "," : "");
  }
}

int cmd_man(const struct cmd_row *r) {
  char title[64];
  if (!r) {
    man_all();
    return EXIT_DONE;
  }
  snprintf(title, sizeof title, "cybermiles-%s", r->name);
  man_head(title);
  printf(".SH NAME\ncybermiles\\-%s \\- ", r->name);
  man_text(r->summary);
  printf("\n.SH SYNOPSIS\n.B cybermiles %s\n", r->name);
  if (r->args[0]) {
    man_text(r->args);
    printf("\n");
  }
  printf(".SH DESCRIPTION\n");
  man_text(r->summary);
  printf(".\n");
  if (r->most != CMD_RAW) {
    printf(".SH OPTIONS\n");
    man_flags(r->flags);
    man_flags(cmd_flags_all);
  }
  man_codes_put();
  printf(".SH SEE ALSO\n.BR cybermiles (1)\n");
  return EXIT_DONE;
}
