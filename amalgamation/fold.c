/* fold.c - build-host program that folds the sources into one cybermiles.c.
**
**   fold OUT.c ROOT "first line of the header comment" FILE.c...
**
** The files are pasted in the order given (that of amalgamation/layers, then
** the generated tables, then main.c), each under a banner.  In them
**   - #include "x.h" of our own (found under ROOT) becomes the header's text
**     at its first use and a comment at every later one;
**   - #include "x.def", and anything else of our own that is not a .h, is
**     expanded at every use;
**   - #include <x> stays where it is;
**   - a feature macro (_GNU_SOURCE ...) becomes a comment: the folded file
**     defines _GNU_SOURCE once, before everything;
**   - a macro that a .c file defines is undefined at that file's end, so
**     files cannot reach each other's macros, just as before.
** What is left to collide are static names: they carry their file's word.
** A header included under #if would vanish for later users when the
** condition is false, so that is an error here.
** Limits: 4096 files open or pasted, 512 macros a file, lines of any length.
*/
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLD_HEADER_MAX 4096
#define FOLD_MACRO_MAX 512
#define FOLD_DEPTH_MAX 32

static FILE *fold_out;
static const char *fold_root;
static char *fold_pasted[FOLD_HEADER_MAX];
static unsigned fold_pasted_cnt;
static char *fold_macro[FOLD_MACRO_MAX];
static unsigned fold_macro_cnt;

static void fold_die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fputs("fold: ", stderr);
  vfprintf(stderr, fmt, ap);
  fputc('\n', stderr);
  va_end(ap);
  exit(1);
}

static char *fold_dup(const char *s, size_t len) {
  char *p = strndup(s, len);
  if (!p) fold_die("out of memory");
  return p;
}

/* The directive's word, and what follows it; NULL when the line has none. */
static const char *fold_directive(const char *line, char word[16]) {
  while (*line == ' ' || *line == '\t') line++;
  if (*line != '#') return NULL;
  line++;
  while (*line == ' ' || *line == '\t') line++;
  size_t n = 0;
  while (isalpha((unsigned char)*line) && n < 15) word[n++] = *line++;
  word[n] = 0;
  while (*line == ' ' || *line == '\t') line++;
  return line;
}

static size_t fold_ident_len(const char *s) {
  size_t n = 0;
  while (isalnum((unsigned char)s[n]) || s[n] == '_') n++;
  return n;
}

static bool fold_is_feature(const char *name) {
  static const char *const names[] = {
    "_GNU_SOURCE", "_DEFAULT_SOURCE", "_POSIX_C_SOURCE", "_XOPEN_SOURCE",
    "_FILE_OFFSET_BITS",
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(names[i], name)) return true;
  return false;
}

static void fold_banner(const char *word, const char *name) {
  int n = fprintf(fold_out, "/*%s %s ", word, name);
  while (n++ < 76) fputc('*', fold_out);
  fputs("*/\n", fold_out);
}

static bool fold_seen(const char *name) {
  for (unsigned i = 0; i < fold_pasted_cnt; i++)
    if (!strcmp(fold_pasted[i], name)) return true;
  if (fold_pasted_cnt == FOLD_HEADER_MAX) fold_die("too many headers");
  fold_pasted[fold_pasted_cnt++] = fold_dup(name, strlen(name));
  return false;
}

static void fold_file(const char *path, const char *name, unsigned depth);

/* One #include "name" at path:line, inside cond conditions. */
static void fold_include(const char *name, const char *path, unsigned line,
                         int cond, unsigned depth) {
  char *full = NULL;
  if (asprintf(&full, "%s/%s", fold_root, name) < 0) fold_die("out of memory");
  size_t len = strlen(name);
  bool is_header = len > 2 && !strcmp(name + len - 2, ".h");
  if (is_header && fold_seen(name)) {
    fprintf(fold_out, "/* #include \"%s\" */\n", name);
  } else {
    if (is_header && cond > 0)
      fold_die("%s:%u: \"%s\" is included under a condition", path, line, name);
    fold_file(full, name, depth + 1);
  }
  free(full);
}

/* How deep in conditions the text of a header with a guard stands. */
static int fold_guard_depth(FILE *f) {
  char *line = NULL, word[16];
  size_t cap = 0;
  int depth = 0;
  while (getline(&line, &cap, f) > 0) {
    if (!fold_directive(line, word)) continue;
    depth = !strcmp(word, "ifndef");
    break;
  }
  free(line);
  rewind(f);
  return depth;
}

static void fold_define(const char *rest, const char *path, bool is_c) {
  char *name = fold_dup(rest, fold_ident_len(rest));
  if (fold_is_feature(name)) {
    fprintf(fold_out, "/* #define %s: at the top */\n", name);
    free(name);
    return;
  }
  if (!is_c) {
    free(name);
    return;
  }
  for (unsigned i = 0; i < fold_macro_cnt; i++) {
    if (strcmp(fold_macro[i], name)) continue;
    free(name);
    return;
  }
  if (fold_macro_cnt == FOLD_MACRO_MAX) fold_die("%s: too many macros", path);
  fold_macro[fold_macro_cnt++] = name;
}

static void fold_file(const char *path, const char *name, unsigned depth) {
  if (depth > FOLD_DEPTH_MAX) fold_die("%s: includes go in a circle", path);
  FILE *f = fopen(path, "r");
  if (!f) fold_die("%s: cannot open", path);
  size_t name_len = strlen(name);
  bool is_c = name_len > 2 && !strcmp(name + name_len - 2, ".c");
  int cond = -fold_guard_depth(f);
  fold_banner("**** begin", name);
  char *line = NULL, word[16];
  size_t cap = 0;
  unsigned no = 0;
  for (ssize_t len; (len = getline(&line, &cap, f)) > 0;) {
    no++;
    const char *rest = fold_directive(line, word);
    if (rest && !strncmp(word, "if", 2)) cond++;
    if (rest && !strcmp(word, "endif")) cond--;
    if (rest && !strcmp(word, "include") && *rest == '"') {
      const char *end = strchr(rest + 1, '"');
      if (!end) fold_die("%s:%u: no closing quote", path, no);
      char *own = fold_dup(rest + 1, (size_t)(end - rest - 1));
      fold_include(own, path, no, cond, depth);
      free(own);
      continue;
    }
    if (rest && !strcmp(word, "define")) {
      char *macro = fold_dup(rest, fold_ident_len(rest));
      bool feature = fold_is_feature(macro);
      free(macro);
      fold_define(rest, path, is_c);
      if (feature) continue;
    }
    fwrite(line, 1, (size_t)len, fold_out);
    if (line[len - 1] != '\n') fputc('\n', fold_out);
  }
  free(line);
  fclose(f);
  if (is_c) {
    for (unsigned i = 0; i < fold_macro_cnt; i++) {
      fprintf(fold_out, "#undef %s\n", fold_macro[i]);
      free(fold_macro[i]);
    }
    fold_macro_cnt = 0;
  }
  fold_banner("**** end", name);
}

int main(int argc, char **argv) {
  if (argc < 5) fold_die("usage: fold OUT.c ROOT HEADER FILE.c...");
  fold_root = argv[2];
  fold_out = fopen(argv[1], "w");
  if (!fold_out) fold_die("%s: cannot write", argv[1]);
  fprintf(fold_out,
    "/* cybermiles.c - %s\n"
    "**\n"
    "** The whole CyberMiles node in one file, folded by amalgamation/fold.c:\n"
    "** edit the files of src/ instead.  Build:\n"
    "**\n"
    "** cc -O2 -pthread -static -o cybermiles cybermiles.c -lmicrohttpd \\\n"
    "**   -lsqlite3 -lmbedtls -lmbedx509 -lmbedcrypto -lsecp256k1 -lgmp \\\n"
    "**   -ljansson -lsodium -lzstd -lm\n"
    "*/\n"
    "#ifndef _GNU_SOURCE\n#define _GNU_SOURCE\n#endif\n", argv[3]);
  size_t root_len = strlen(fold_root);
  for (int i = 4; i < argc; i++) {
    const char *name = argv[i];
    if (!strncmp(name, fold_root, root_len) && name[root_len] == '/')
      name += root_len + 1;
    fold_file(argv[i], name, 0);
  }
  if (fflush(fold_out) != 0 || fclose(fold_out) != 0)
    fold_die("%s: disk full", argv[1]);
  return 0;
}
