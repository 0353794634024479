/* cmd_complete.c - `completion`: functions for shells, made from the tables of
** commands, options and methods.
**
**   bash   eval "$(cybermiles completion bash)", or a file in
**          /etc/bash_completion.d
**   zsh    a file _cybermiles in a folder of $fpath
**   fish   a file in ~/.config/fish/completions
*/
#include <stdio.h>

#include "cmd/cmd.h"
#include "rpc/rpc.h"

/* Words for the argument: "show | check" gives both; in capitals it is no
** word. */
static void complete_args(const char *args, const char *before,
                          const char *after) {
  while (*args) {
    size_t len = strcspn(args, " |");
    bool word = len > 0;
    for (size_t i = 0; i < len; i++) {
      word &= (args[i] >= 'a' && args[i] <= 'z') || args[i] == '-';
    }
    if (word && args[0] != '-') printf("%s%.*s%s", before, (int)len, args, after);
    args += len;
    args += strspn(args, " |");
  }
}

static void complete_list(const char *list, const char *before,
                          const char *after) {
  while (*list) {
    size_t len = strcspn(list, " ");
    printf("%s%.*s%s", before, (int)len, list, after);
    list += len;
    while (*list == ' ') list++;
  }
}

static void complete_methods(void) {
  const struct rpc_method_info *m;
  for (u32 i = 0; (m = rpc_method_at(i)); i++) {
    if (m->access == RPC_PUBLIC) printf("%s ", m->name);
  }
}

/* Options whose value is a file or folder. */
static const char complete_files[] =
    "--db|--datadir|--config|--genesis|--password|--ipcpath|--log.file|"
    "--ui.tls.cert|--ui.tls.key";

static void complete_bash(void) {
  const struct cmd_row *r;
  printf("# bash completion of cybermiles\n_cybermiles() {\n"
         "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}"
         " cmd= i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case ${COMP_WORDS[i]} in\n      ");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) printf("%s%s", i ? "|" : "", r->name);
  printf(") cmd=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n"
         "  case $prev in\n    %s)\n"
         "      COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
         "    --log.format) COMPREPLY=($(compgen -W 'text json journal' -- "
         "\"$cur\")); return ;;\n  esac\n  local words=\n  case $cmd in\n",
         complete_files);
  printf("    '') words='");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) printf("%s ", r->name);
  complete_list(cmd_flags_all, "--", " ");
  printf("' ;;\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    printf("    %s) words='", r->name);
    if (r->run == cmd_help) {
      const struct cmd_row *q;
      for (u32 k = 0; (q = cmd_row_at(k)); k++) printf("%s ", q->name);
    } else if (r->run == cmd_rpc) {
      complete_methods();
    } else {
      complete_args(r->args, "", " ");
    }
    complete_list(r->flags, "--", " ");
    complete_list(cmd_flags_all, "--", " ");
    printf("' ;;\n");
  }
  printf("  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"$cur\"))"
         "\n}\ncomplete -F _cybermiles cybermiles ./cybermiles\n");
}

/* A text in single quotes. */
static void complete_quoted(const char *s) {
  for (; *s; s++) {
    if (*s == '\'') printf("'\\''");
    else if (*s == ':' ) printf("\\:");
    else putchar(*s);
  }
}

static void complete_zsh(void) {
  const struct cmd_row *r;
  const struct cmd_flag *f;
  printf("#compdef cybermiles\n# zsh completion of cybermiles\n"
         "local -a commands options\ncommands=(\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    printf("  '%s:", r->name);
    complete_quoted(r->summary);
    printf("'\n");
  }
  printf(")\noptions=(\n");
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
    printf("  '--%s:", f->name);
    complete_quoted(f->help);
    printf("'\n");
  }
  printf(")\nif [[ $words[CURRENT] == -* ]]; then\n"
         "  _describe option options\n"
         "elif [[ $words[CURRENT-1] == (%s) ]]; then\n  _files\n"
         "elif (( CURRENT == 2 )); then\n  _describe command commands\nelse\n"
         "  case $words[2] in\n    help) _describe command commands ;;\n"
         "    rpc) compadd -- ", complete_files);
  complete_methods();
  printf(";;\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    if (!strchr(r->args, '|')) continue;
    printf("    %s) compadd -- ", r->name);
    complete_args(r->args, "", " ");
    printf(";;\n");
  }
  printf("    *) _files ;;\n  esac\nfi\n");
}

static void complete_fish(void) {
  const struct cmd_row *r;
  const struct cmd_flag *f;
  printf("# fish completion of cybermiles\n"
         "complete -c cybermiles -f\n");
  for (u32 i = 0; (r = cmd_row_at(i)); i++) {
    printf("complete -c cybermiles -n __fish_use_subcommand -a %s -d '", r->name);
    for (const char *s = r->summary; *s; s++) {
      if (*s == '\'' || *s == '\\') putchar('\\');
      putchar(*s);
    }
    printf("'\n");
    if (!strchr(r->args, '|')) continue;
    printf("complete -c cybermiles -n '__fish_seen_subcommand_from %s' -a '",
           r->name);
    complete_args(r->args, "", " ");
    printf("'\n");
  }
  printf("complete -c cybermiles -n '__fish_seen_subcommand_from rpc' -a '");
  complete_methods();
  printf("'\n");
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
    bool file = strcmp(f->arg, "FILE") == 0 || strcmp(f->arg, "DIR") == 0;
    printf("complete -c cybermiles -l %s%s -d '", f->name,
           file                        ? " -r -F"
           : f->kind != CMD_KIND_BOOL ? " -x"
                                       : "");
    for (const char *s = f->help; *s; s++) {
      if (*s == '\'' || *s == '\\') putchar('\\');
      putchar(*s);
    }
    printf("'\n");
  }
}

int cmd_completion(struct cmd *c) {
  if (strcmp(c->arg[0], "bash") == 0) {
    complete_bash();
  } else if (strcmp(c->arg[0], "zsh") == 0) {
    complete_zsh();
  } else if (strcmp(c->arg[0], "fish") == 0) {
    complete_fish();
  } else {
    fprintf(stderr, "cybermiles: usage: cybermiles completion bash | zsh | "
                    "fish\n");
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}
