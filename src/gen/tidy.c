/* tidy.c - build-host program that holds the tree to its rules.
**
**   tidy ROOT OBJECT-FOLDER COMPILER
**
** Reads src/, tests/, sql/, web/ and amalgamation/ under ROOT, and with
** readelf the objects of a build of them.  Prints file:line: rule: what is
** wrong; then the rules, how long functions are, and as its last line
** "N passed, N failed, N skipped", where one rule is one case.
**
** Rules (TIDY_RULES has the one-line form):
** - layer: a folder includes, and links to, only the folders that
**   amalgamation/layers lets it; X_int.h never leaves its folder (its tests
**   excepted).
** - cycle: no header includes itself by way of others.
** - purity: objects of pure folders use only names of allowed folders and the
**   short list in tidy_pure; base allocates, base/log.c writes.
** - state: pure folders above codec keep no writable file-scope variable.
** - prefix: an exported name begins with its folder's word or one of those
**   in the last column of layers.
** - banned: calls that overrun, block or look names up; malloc outside base.
** - sql: SQLite is called in store only, and statements stand in sql/.
** - marker: words left by unfinished work.
** - blank, width: trailing blanks, tabs, CR, no newline at the end; over 100
**   columns.
** - long: a function over 70 lines without a comment "tidy: long, REASON".
** - name: file names are unique; a file starts with a comment; a header has
**   the guard FOLDER_FILE_H, or FILE_H where FILE begins with the folder.
** - row: each RPC method and each command occurs in a test.
** - alone: each header compiles by itself.
** - lock: npm lock files carry no addresses.
** - stale: a committed file that says "Made by src/gen/..." equals what the
**   build makes now (build/gen/again/PATH).
**
** Besides, and never a fault: which exported names only their own file uses,
** tests included (they could be static, or go).
**
** Comments and strings are blanked before words are looked for, so text may
** speak of what code must not do.  Limits: 4,096 files, 16 MiB a file.
*/
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TIDY_FILE_MAX 4096
#define TIDY_BYTE_MAX (16u << 20)
#define TIDY_SYM_MAX 65536
#define TIDY_LAYER_MAX 32
#define TIDY_WIDTH_MAX 100
#define TIDY_LINE_MAX 70

#define TIDY_RULES(X) \
  X(LAYER, "layer", "folders include and link only what layers lets them") \
  X(CYCLE, "cycle", "no header includes itself by way of others") \
  X(PURITY, "purity", "pure objects call nothing of the outside world") \
  X(STATE, "state", "pure folders keep no writable file-scope variable") \
  X(PREFIX, "prefix", "exported names begin with their folder's word") \
  X(BANNED, "banned", "no banned calls") \
  X(SQL, "sql", "SQL in sql/, SQLite in store") \
  X(MARKER, "marker", "no words of unfinished work") \
  X(BLANK, "blank", "no trailing blanks, tabs or CR; newline at the end") \
  X(WIDTH, "width", "no line over 100 columns") \
  X(LONG, "long", "no function over 70 lines but those marked") \
  X(NAME, "name", "file names, head comments and guards") \
  X(ROW, "row", "every table row is in a test") \
  X(ALONE, "alone", "every header compiles by itself") \
  X(LOCK, "lock", "no addresses in npm lock files") \
  X(STALE, "stale", "generated files are what the build makes")

enum tidy_rule {
#define X(id, name, text) TIDY_##id,
  TIDY_RULES(X)
#undef X
  TIDY_RULE_CNT
};
static const char *const tidy_rule_name[] = {
#define X(id, name, text) name,
  TIDY_RULES(X)
#undef X
};
static const char *const tidy_rule_text[] = {
#define X(id, name, text) text,
  TIDY_RULES(X)
#undef X
};
static unsigned tidy_fault_cnt[TIDY_RULE_CNT];
static bool tidy_skipped[TIDY_RULE_CNT];

struct tidy_file {
  char *path;   /* under the root: "src/base/buf.c" */
  char *folder; /* of src/: "base"; "" elsewhere */
  char *text;
  char *code;   /* text with comments, strings and directives blanked */
  size_t len;
};
static struct tidy_file tidy_files[TIDY_FILE_MAX];
static unsigned tidy_file_cnt;

struct tidy_layer {
  char *name;
  bool pure;
  char *allow; /* " base crypto " */
  char *names; /* " arena_ buf_ " */
};
static struct tidy_layer tidy_layers[TIDY_LAYER_MAX];
static unsigned tidy_layer_cnt;

/* One symbol of one object. */
struct tidy_sym {
  char *name;
  char *folder;
  char *object;
  bool defined, writable, global;
};
static struct tidy_sym tidy_syms[TIDY_SYM_MAX];
static unsigned tidy_sym_cnt;

static const char *tidy_root;
static unsigned tidy_fn_cnt, tidy_fn_long, tidy_fn_max;
static char tidy_fn_max_at[512];

/* ------------------------------------------------------------- helpers */

static void tidy_die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fputs("tidy: ", stderr);
  vfprintf(stderr, fmt, ap);
  fputc('\n', stderr);
  va_end(ap);
  exit(2);
}

static void tidy_fault(enum tidy_rule rule, const char *path, unsigned line,
                       const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  printf("%s:%u: %s: ", path, line, tidy_rule_name[rule]);
  vprintf(fmt, ap);
  putchar('\n');
  va_end(ap);
  tidy_fault_cnt[rule]++;
}

static char *tidy_text(const char *fmt, ...) {
  char *s = NULL;
  va_list ap;
  va_start(ap, fmt);
  if (vasprintf(&s, fmt, ap) < 0) tidy_die("out of memory");
  va_end(ap);
  return s;
}

static bool tidy_starts(const char *s, const char *with) {
  return strncmp(s, with, strlen(with)) == 0;
}
static bool tidy_ends(const char *s, const char *with) {
  size_t n = strlen(s), m = strlen(with);
  return n >= m && !strcmp(s + n - m, with);
}
static bool tidy_is_word(int c) { return isalnum(c) || c == '_'; }

/* Is the word one of a list like " a b c "? */
static bool tidy_listed(const char *list, const char *word) {
  size_t n = strlen(word);
  for (const char *p = list; (p = strstr(p, word)); p += n)
    if (p > list && p[-1] == ' ' && (p[n] == ' ' || !p[n])) return true;
  return false;
}

static unsigned tidy_line_of(const char *at, const char *base) {
  unsigned n = 1;
  for (const char *p = base; p < at; p++) n += *p == '\n';
  return n;
}

/* Next whole word in text at or after from; NULL when there is none. */
static const char *tidy_word(const char *from, const char *base,
                             const char *word) {
  size_t n = strlen(word);
  for (const char *p = from; (p = strstr(p, word)); p++) {
    if (p > base && tidy_is_word((unsigned char)p[-1])) continue;
    if (!tidy_is_word((unsigned char)p[n])) return p;
  }
  return NULL;
}

/* --------------------------------------------------------- the sources */

/* Copies text with everything blanked that is not code: comments, strings
** and directives (with their continued lines).  Same length, same lines. */
static char *tidy_strip(const char *text, size_t len) {
  char *code = malloc(len + 1);
  if (!code) tidy_die("out of memory");
  enum { CODE, LINE, BLOCK, STRING, CHAR, DIRECTIVE } in = CODE;
  bool fresh = true; /* nothing but blanks on this line so far */
  for (size_t i = 0; i < len; i++) {
    char c = text[i], next = text[i + 1];
    code[i] = c == '\n' ? '\n' : ' ';
    switch (in) {
      case CODE:
        if (c == '/' && next == '/') in = LINE;
        else if (c == '/' && next == '*') in = BLOCK, code[++i] = ' ';
        else if (c == '"') in = STRING, code[i] = '"';
        else if (c == '\'') in = CHAR, code[i] = '\'';
        else if (c == '#' && fresh) in = DIRECTIVE;
        else code[i] = c;
        break;
      case LINE:
        if (c == '\n') in = CODE;
        break;
      case BLOCK:
        if (c == '*' && next == '/') in = CODE, code[++i] = ' ';
        break;
      case STRING:
      case CHAR:
        if (c == '\\' && i + 1 < len) {
          code[i + 1] = text[i + 1] == '\n' ? '\n' : ' ';
          i++;
        } else if (c == (in == STRING ? '"' : '\'') || c == '\n') {
          code[i] = c;
          in = CODE;
        }
        break;
      case DIRECTIVE:
        if (c == '\n' && text[i - 1] != '\\') in = CODE;
        break;
    }
    if (c == '\n') fresh = true;
    else if (c != ' ') fresh = fresh && in == BLOCK;
  }
  code[len] = 0;
  return code;
}

static void tidy_load(const char *rel) {
  if (tidy_file_cnt == TIDY_FILE_MAX) tidy_die("too many files");
  char *full = tidy_text("%s/%s", tidy_root, rel);
  FILE *f = fopen(full, "rb");
  if (!f) tidy_die("%s: cannot open", full);
  char *text = malloc(TIDY_BYTE_MAX + 1);
  if (!text) tidy_die("out of memory");
  size_t len = fread(text, 1, TIDY_BYTE_MAX, f);
  text[len] = 0;
  fclose(f);
  free(full);
  text = realloc(text, len + 2);
  text[len + 1] = 0;
  struct tidy_file *t = &tidy_files[tidy_file_cnt++];
  t->path = strdup(rel);
  t->text = text;
  t->len = len;
  t->code = tidy_strip(text, len);
  const char *slash = tidy_starts(rel, "src/") ? strchr(rel + 4, '/') : NULL;
  t->folder = slash ? strndup(rel + 4, (size_t)(slash - rel - 4)) : strdup("");
}

static bool tidy_wanted(const char *name) {
  static const char *const ends[] = {".c",   ".h",    ".def", ".inc", ".sql",
                                     ".mjs", ".js",   ".css", ".sh",  ".html",
                                     ".in",  ".json", ".md",  "layers"};
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
    if (tidy_ends(name, ends[i])) return true;
  return false;
}

static int tidy_order(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static void tidy_walk(const char *rel) {
  char *full = tidy_text("%s/%s", tidy_root, rel);
  struct dirent **list;
  int cnt = scandir(full, &list, NULL, tidy_order);
  for (int i = 0; i < cnt; i++) {
    const char *name = list[i]->d_name;
    if (name[0] == '.' || !strcmp(name, "node_modules") ||
        !strcmp(name, "corpus"))
      continue;
    char *sub = tidy_text("%s/%s", rel, name);
    char *path = tidy_text("%s/%s", tidy_root, sub);
    struct stat st;
    if (stat(path, &st) == 0) {
      if (S_ISDIR(st.st_mode)) tidy_walk(sub);
      else if (tidy_wanted(name)) tidy_load(sub);
    }
    free(path);
    free(sub);
    free(list[i]);
  }
  if (cnt >= 0) free(list);
  free(full);
}

static const struct tidy_file *tidy_find(const char *path) {
  for (unsigned i = 0; i < tidy_file_cnt; i++)
    if (!strcmp(tidy_files[i].path, path)) return &tidy_files[i];
  return NULL;
}

static bool tidy_is_c(const struct tidy_file *f) {
  return tidy_ends(f->path, ".c") || tidy_ends(f->path, ".h") ||
         tidy_ends(f->path, ".inc");
}

/* --------------------------------------------------------------- layers */

static void tidy_read_layers(void) {
  const struct tidy_file *f = tidy_find("amalgamation/layers");
  if (!f) tidy_die("amalgamation/layers is not there");
  char *all = strdup(f->text), *rest = all;
  for (char *line; (line = strsep(&rest, "\n"));) {
    if (*line == '#' || !strchr(line, ':')) continue;
    if (tidy_layer_cnt == TIDY_LAYER_MAX) tidy_die("too many layers");
    struct tidy_layer *l = &tidy_layers[tidy_layer_cnt++];
    l->name = strdup(strsep(&line, ":"));
    const char *pure = line ? strsep(&line, ":") : "";
    const char *allow = line ? strsep(&line, ":") : "";
    l->pure = !strcmp(pure, " pure");
    l->allow = tidy_text("%s ", allow);
    l->names = tidy_text(" %s_ %s ", l->name, line ? line : "");
  }
  free(all);
}

static const struct tidy_layer *tidy_layer(const char *name) {
  for (unsigned i = 0; i < tidy_layer_cnt; i++)
    if (!strcmp(tidy_layers[i].name, name)) return &tidy_layers[i];
  return NULL;
}

/* May code of this folder use that folder? */
static bool tidy_may(const char *folder, const char *other) {
  const struct tidy_layer *l = tidy_layer(folder);
  if (!strcmp(folder, other) || !l) return true;
  return tidy_listed(l->allow, other);
}

/* The next #include "..." at or after *at; false at the end. */
static bool tidy_next_include(const struct tidy_file *f, const char **at,
                              char name[256], unsigned *line) {
  for (const char *p = *at; *p;) {
    const char *end = strchrnul(p, '\n');
    const char *s = p + strspn(p, " ");
    const char *from = p;
    p = *end ? end + 1 : end;
    if (*s != '#') continue;
    s += 1 + strspn(s + 1, " ");
    if (!tidy_starts(s, "include")) continue;
    s += 7 + strspn(s + 7, " ");
    const char *q = *s == '"' ? strchr(s + 1, '"') : NULL;
    if (!q || q > end || q - s > 255) continue;
    snprintf(name, 256, "%.*s", (int)(q - s - 1), s + 1);
    *line = tidy_line_of(from, f->text);
    *at = p;
    return true;
  }
  return false;
}

static void tidy_check_include(const struct tidy_file *f, const char *name,
                               unsigned line) {
  const char *slash = strchr(name, '/');
  char *path = tidy_text("src/%s", name);
  if (!tidy_find(path)) {
    tidy_fault(TIDY_LAYER, f->path, line, "\"%s\" is not a path under src/",
               name);
  } else if (slash && tidy_layer(f->folder)) {
    char *other = strndup(name, (size_t)(slash - name));
    if (!tidy_may(f->folder, other))
      tidy_fault(TIDY_LAYER, f->path, line, "%s must not include %s",
                 f->folder, name);
    if (strcmp(other, f->folder) && tidy_ends(name, "_int.h"))
      tidy_fault(TIDY_LAYER, f->path, line, "%s is private to %s", name, other);
    free(other);
  }
  free(path);
}

static void tidy_layers_check(void) {
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_starts(f->path, "src/") || !strcmp(f->folder, "gen")) continue;
    const char *at = f->text;
    char name[256];
    unsigned line;
    while (tidy_next_include(f, &at, name, &line))
      tidy_check_include(f, name, line);
    if (*f->folder && !tidy_layer(f->folder))
      tidy_fault(TIDY_LAYER, f->path, 1, "folder %s is not in layers",
                 f->folder);
  }
}

/* Depth first: 1 = on the way down, 2 = done. */
static void tidy_visit(unsigned i, unsigned char *seen) {
  seen[i] = 1;
  const struct tidy_file *f = &tidy_files[i];
  const char *at = f->text;
  char name[256];
  unsigned line;
  while (tidy_next_include(f, &at, name, &line)) {
    char *path = tidy_text("src/%s", name);
    const struct tidy_file *to = tidy_find(path);
    free(path);
    if (!to || !tidy_ends(name, ".h")) continue;
    unsigned k = (unsigned)(to - tidy_files);
    if (seen[k] == 1)
      tidy_fault(TIDY_CYCLE, f->path, line, "%s leads back here", name);
    else if (!seen[k])
      tidy_visit(k, seen);
  }
  seen[i] = 2;
}

static void tidy_cycles(void) {
  static unsigned char seen[TIDY_FILE_MAX];
  for (unsigned i = 0; i < tidy_file_cnt; i++)
    if (!seen[i] && tidy_ends(tidy_files[i].path, ".h")) tidy_visit(i, seen);
}

/* -------------------------------------------------------------- objects */

/* What any pure object may take from outside: bytes, text and numbers, the
** compiler's own helpers and what sanitizers add. */
static const char tidy_pure[] =
  " memcpy memmove memset memcmp memchr memrchr memmem mempcpy bcmp"
  " strlen strnlen strcmp strncmp strchr strrchr strchrnul strstr strspn"
  " strcspn strpbrk strcasecmp strncasecmp snprintf vsnprintf qsort bsearch"
  " strtoul strtoull strtol strtoll explicit_bzero"
  " __memcpy_chk __memmove_chk __memset_chk __mempcpy_chk __snprintf_chk"
  " __vsnprintf_chk __explicit_bzero_chk"
  " __stack_chk_fail _GLOBAL_OFFSET_TABLE_ __cpu_model __cpu_indicator_init"
  " __udivti3 __umodti3 __udivmodti4 __divmodti4 __divti3 __modti3"
  " __multi3"
  " __popcountdi2 ";

/* What one folder (or one object of it) may take besides; a name that ends
** with * stands for all that begin so. */
static const struct {
  const char *where, *names;
} tidy_extra[] = {
  {"base", " malloc calloc realloc free abort "},
  {"base/log", " write clock_gettime gmtime_r abort "},
  {"crypto", " __gmp* secp256k1_* mbedtls_* crypto_pwhash_* "},
  {"codec", " json_* strtod "},
  {"chain", " json_* "},
};

static bool tidy_match(const char *list, const char *name) {
  if (tidy_listed(list, name)) return true;
  for (const char *p = list; (p = strchr(p, '*')); p++) {
    const char *from = p;
    while (from > list && from[-1] != ' ') from--;
    if (!strncmp(from, name, (size_t)(p - from))) return true;
  }
  return false;
}

static bool tidy_pure_may(const struct tidy_sym *s) {
  if (tidy_starts(s->name, "__asan_") || tidy_starts(s->name, "__ubsan_") ||
      tidy_starts(s->name, "__gcov") || tidy_match(tidy_pure, s->name))
    return true;
  for (size_t i = 0; i < sizeof tidy_extra / sizeof tidy_extra[0]; i++)
    if ((!strcmp(tidy_extra[i].where, s->folder) ||
         !strcmp(tidy_extra[i].where, s->object)) &&
        tidy_match(tidy_extra[i].names, s->name))
      return true;
  return false;
}

/* One line of readelf's section or symbol table. */
static void tidy_elf_line(const char *line, const char *folder,
                          const char *object, bool writable[256]) {
  unsigned idx;
  char name[256], flags[32];
  if (sscanf(line, " [%u] %255s %*s %*s %*s %*s %*s %31s", &idx, name,
             flags) == 3) {
    if (idx < 256)
      writable[idx] = strchr(flags, 'W') && !tidy_starts(name, ".data.rel.ro");
    return;
  }
  char type[16], bind[16], where[16];
  if (sscanf(line, " %*u: %*x %*s %15s %15s %*s %15s %255s", type, bind, where,
             name) != 4)
    return;
  bool global = !strcmp(bind, "GLOBAL") || !strcmp(bind, "WEAK");
  bool object_type = !strcmp(type, "OBJECT") || !strcmp(type, "TLS");
  if (!global && !object_type) return;
  if (tidy_starts(name, "__asan") || tidy_starts(name, "__odr")) return;
  if (tidy_sym_cnt == TIDY_SYM_MAX) tidy_die("too many symbols");
  unsigned at = (unsigned)strtoul(where, NULL, 10);
  tidy_syms[tidy_sym_cnt++] = (struct tidy_sym){
    .name = strdup(name), .folder = strdup(folder), .object = strdup(object),
    .defined = strcmp(where, "UND") != 0, .global = global,
    .writable = object_type && at && at < 256 && writable[at],
  };
}

/* readelf and not nm: nm shows the symbols of an LTO object before code is
** made from it, and so misses what the compiler itself calls. */
static void tidy_read_object(const char *dir, const char *folder,
                             const char *file) {
  char *cmd = tidy_text("readelf -SsW '%s/%s/%s.o' 2>/dev/null", dir, folder,
                        file);
  char *object = tidy_text("%s/%s", folder, file);
  FILE *p = popen(cmd, "r");
  if (!p) tidy_die("cannot run readelf");
  char *line = NULL;
  size_t cap = 0;
  bool writable[256] = {false};
  while (getline(&line, &cap, p) > 0)
    tidy_elf_line(line, folder, object, writable);
  if (pclose(p) != 0)
    tidy_fault(TIDY_PURITY, object, 1, "no object was built from it");
  free(line);
  free(object);
  free(cmd);
}

static int tidy_sym_cmp(const void *a, const void *b) {
  const struct tidy_sym *x = a, *y = b;
  return strcmp(x->name, y->name);
}

/* The folder whose object defines a global name; NULL: none of ours. */
static const char *tidy_owner(const char *name) {
  unsigned lo = 0, hi = tidy_sym_cnt;
  while (lo < hi) {
    unsigned mid = (lo + hi) / 2;
    if (strcmp(tidy_syms[mid].name, name) < 0) lo = mid + 1;
    else hi = mid;
  }
  for (; lo < tidy_sym_cnt && !strcmp(tidy_syms[lo].name, name); lo++)
    if (tidy_syms[lo].defined && tidy_syms[lo].global)
      return tidy_syms[lo].folder;
  return NULL;
}

static void tidy_check_undefined(const struct tidy_sym *s, const char *path) {
  const char *owner = tidy_owner(s->name);
  bool pure = tidy_layer(s->folder)->pure;
  if (owner) {
    if (!tidy_may(s->folder, owner))
      tidy_fault(TIDY_LAYER, path, 1, "uses %s of %s", s->name, owner);
    if (pure && strcmp(s->folder, "base") && tidy_starts(s->name, "log_"))
      tidy_fault(TIDY_PURITY, path, 1, "logs: %s", s->name);
  } else if (pure && !tidy_pure_may(s)) {
    tidy_fault(TIDY_PURITY, path, 1, "uses %s", s->name);
  } else if (strcmp(s->folder, "store") && tidy_starts(s->name, "sqlite3_")) {
    tidy_fault(TIDY_SQL, path, 1, "uses %s", s->name);
  }
}

static void tidy_check_defined(const struct tidy_sym *s, const char *path) {
  const struct tidy_layer *l = tidy_layer(s->folder);
  if (s->writable && l->pure && strcmp(s->folder, "base") &&
      strcmp(s->folder, "crypto") && strcmp(s->folder, "codec"))
    tidy_fault(TIDY_STATE, path, 1, "%s is a writable variable", s->name);
  if (!s->global) return;
  char lower[256];
  size_t n = 0;
  for (; s->name[n] && n < 255; n++)
    lower[n] = (char)tolower((unsigned char)s->name[n]);
  lower[n] = 0;
  char *list = strdup(l->names), *rest = list;
  bool ok = false;
  for (char *w; (w = strsep(&rest, " "));)
    ok = ok || (*w && tidy_starts(lower, w));
  free(list);
  if (!ok)
    tidy_fault(TIDY_PREFIX, path, 1, "exports %s", s->name);
}

static void tidy_objects(const char *dir) {
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_layer(f->folder) || !tidy_ends(f->path, ".c")) continue;
    const char *base = strrchr(f->path, '/') + 1;
    char *file = strndup(base, strlen(base) - 2);
    tidy_read_object(dir, f->folder, file);
    free(file);
  }
  qsort(tidy_syms, tidy_sym_cnt, sizeof tidy_syms[0], tidy_sym_cmp);
  for (unsigned i = 0; i < tidy_sym_cnt; i++) {
    const struct tidy_sym *s = &tidy_syms[i];
    char *path = tidy_text("src/%s.c", s->object);
    if (s->defined) tidy_check_defined(s, path);
    else tidy_check_undefined(s, path);
    free(path);
  }
}

/* Exported names that no other object and no test mentions. */
static void tidy_unused(void) {
  unsigned cnt = 0;
  for (unsigned i = 0, end; i < tidy_sym_cnt; i = end) {
    const struct tidy_sym *s = &tidy_syms[i];
    bool used = false;
    const struct tidy_sym *def = NULL;
    for (end = i; end < tidy_sym_cnt && !strcmp(tidy_syms[end].name, s->name);
         end++) {
      if (!tidy_syms[end].global) continue;
      if (tidy_syms[end].defined) def = &tidy_syms[end];
      else used = true;
    }
    if (!def || used || !strcmp(def->folder, "web") ||
        tidy_starts(s->name, "cmd_"))
      continue;
    for (unsigned k = 0; k < tidy_file_cnt && !used; k++)
      used = tidy_starts(tidy_files[k].path, "tests/") &&
             tidy_word(tidy_files[k].text, tidy_files[k].text, s->name);
    if (used) continue;
    printf("%s %s", cnt++ ? "," : "note: exported, used in its own file only:",
           s->name);
  }
  if (cnt) putchar('\n');
}

/* ---------------------------------------------------------------- words */

/* Everywhere in src/ but gen/ (build-host programs) and as said. */
static const struct {
  const char *word, *but; /* folder where it may stand; "" nowhere */
} tidy_banned[] = {
  {"strcpy", ""}, {"strcat", ""}, {"stpcpy", ""}, {"strncpy", ""},
  {"strncat", ""}, {"sprintf", ""}, {"vsprintf", ""}, {"gets", ""},
  {"scanf", ""}, {"sscanf", ""}, {"fscanf", ""}, {"strtok", ""},
  {"alloca", ""}, {"system", ""}, {"popen", ""}, {"tmpnam", ""},
  {"mktemp", ""}, {"atoi", ""}, {"atol", ""}, {"atof", ""}, {"rand", ""},
  {"srand", ""}, {"random", ""}, {"setjmp", ""}, {"longjmp", ""},
  {"localtime", ""}, {"gmtime", ""}, {"ctime", ""}, {"asctime", ""},
  {"getaddrinfo", ""}, {"gethostbyname", ""}, {"gethostbyaddr", ""},
  {"getnameinfo", ""}, {"getpwnam", ""}, {"getpwuid", ""}, {"getgrnam", ""},
  {"malloc", "base"}, {"calloc", "base"}, {"realloc", "base"},
  {"free", "base"}, {"strdup", "base"}, {"strndup", "base"},
  {"asprintf", "base"}, {"vasprintf", "base"},
};

static void tidy_words(const struct tidy_file *f) {
  for (size_t i = 0; i < sizeof tidy_banned / sizeof tidy_banned[0]; i++) {
    const char *w = tidy_banned[i].word;
    if (!strcmp(f->folder, tidy_banned[i].but)) continue;
    for (const char *p = f->code; (p = tidy_word(p, f->code, w)); p++) {
      const char *after = p + strlen(w);
      after += strspn(after, " ");
      bool member = p > f->code && (p[-1] == '.' || p[-1] == '>');
      if (*after == '(' && !member)
        tidy_fault(TIDY_BANNED, f->path, tidy_line_of(p, f->code),
                   "%s()", w);
    }
  }
}

/* Statements written outside sql/. */
static void tidy_sql(const struct tidy_file *f) {
  static const char *const verbs[] = {
    "\"SELECT ", "\"INSERT ", "\"UPDATE ", "\"DELETE FROM", "\"CREATE ",
    "\"PRAGMA ", "\"DROP ", "\"ALTER ", "\"REPLACE INTO",
  };
  if (!strcmp(f->folder, "store")) return;
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
    for (const char *p = f->text; (p = strstr(p, verbs[i])); p++)
      tidy_fault(TIDY_SQL, f->path, tidy_line_of(p, f->text),
                 "a statement outside sql/");
}

/* Split so that this file does not hold the words it looks for. */
static void tidy_markers(const struct tidy_file *f) {
  static const char *const words[] = {"TO" "DO", "FIX" "ME", "XX" "X",
                                      "HA" "CK", "not imple" "mented",
                                      "for n" "ow", "stu" "b"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    for (const char *p = f->text; (p = tidy_word(p, f->text, words[i])); p++)
      tidy_fault(TIDY_MARKER, f->path, tidy_line_of(p, f->text), "%s",
                 words[i]);
}

static void tidy_lines(const struct tidy_file *f) {
  unsigned no = 1, width = 0;
  bool c_like = tidy_is_c(f) || tidy_ends(f->path, ".def") ||
                tidy_ends(f->path, ".sql") || tidy_ends(f->path, ".mjs");
  for (size_t i = 0; i < f->len; i++) {
    unsigned char c = (unsigned char)f->text[i];
    if (c == '\r') tidy_fault(TIDY_BLANK, f->path, no, "CR");
    if (c == '\t' && !tidy_ends(f->path, ".in"))
      tidy_fault(TIDY_BLANK, f->path, no, "tab");
    if (c != '\n') {
      width += (c & 0xc0) != 0x80;
      continue;
    }
    if (i && (f->text[i - 1] == ' ' || f->text[i - 1] == '\t'))
      tidy_fault(TIDY_BLANK, f->path, no, "trailing blank");
    if (c_like && width > TIDY_WIDTH_MAX)
      tidy_fault(TIDY_WIDTH, f->path, no, "%u columns", width);
    no++;
    width = 0;
  }
  if (f->len && f->text[f->len - 1] != '\n')
    tidy_fault(TIDY_BLANK, f->path, no, "no newline at the end");
}

/* ------------------------------------------------------------ functions */

/* Is the brace at p the start of a function's body?  The last thing before
** it is then a closing parenthesis, attributes aside. */
static bool tidy_opens_function(const char *code, const char *p) {
  while (p > code && isspace((unsigned char)p[-1])) p--;
  return p > code && p[-1] == ')';
}

static void tidy_function(const struct tidy_file *f, const char *from,
                          const char *to) {
  unsigned first = tidy_line_of(from, f->code);
  unsigned cnt = tidy_line_of(to, f->code) - first + 1;
  tidy_fn_cnt++;
  if (cnt > tidy_fn_max) {
    tidy_fn_max = cnt;
    snprintf(tidy_fn_max_at, sizeof tidy_fn_max_at, "%s:%u", f->path, first);
  }
  if (cnt <= TIDY_LINE_MAX) return;
  tidy_fn_long++;
  /* The mark stands in the body or in the comment above the function. */
  const char *start = f->text + (from - f->code);
  for (int n = 0; start > f->text && n < 12; n += *--start == '\n') {}
  const char *end = f->text + (to - f->code);
  if (!memmem(start, (size_t)(end - start), "tidy: long, ", 12))
    tidy_fault(TIDY_LONG, f->path, first, "%u lines", cnt);
}

static void tidy_functions(const struct tidy_file *f) {
  unsigned depth = 0;
  const char *from = NULL;
  for (const char *p = f->code; *p; p++) {
    if (*p == '{') {
      if (!depth++) from = tidy_opens_function(f->code, p) ? p : NULL;
    } else if (*p == '}' && depth) {
      if (!--depth && from) tidy_function(f, from, p);
    }
  }
}

/* ---------------------------------------------------------------- names */

static void tidy_guard(const struct tidy_file *f) {
  char guard[256];
  size_t n = 0;
  for (const char *p = f->path + 4; *p && n < 254; p++)
    guard[n++] = tidy_is_word((unsigned char)*p)
      ? (char)toupper((unsigned char)*p) : '_';
  guard[n] = 0;
  size_t m = strlen(f->folder);
  const char *own = guard;
  if (*f->folder && !strncmp(f->path + 4, f->path + 5 + m, m)) own += m + 1;
  char *line = tidy_text("#ifndef %s\n#define %s\n", guard, guard);
  char *brief = tidy_text("#ifndef %s\n#define %s\n", own, own);
  if (!strstr(f->text, line) && !strstr(f->text, brief))
    tidy_fault(TIDY_NAME, f->path, 1, "the guard is not %s", guard);
  free(line);
  free(brief);
}

static void tidy_names(void) {
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_starts(f->path, "src/")) continue;
    if (!tidy_starts(f->text, "/*"))
      tidy_fault(TIDY_NAME, f->path, 1, "does not start with a comment");
    if (tidy_ends(f->path, ".h")) tidy_guard(f);
    for (unsigned k = 0; k < i; k++)
      if (tidy_starts(tidy_files[k].path, "src/") &&
          !strcmp(strrchr(tidy_files[k].path, '/'), strrchr(f->path, '/')))
        tidy_fault(TIDY_NAME, f->path, 1, "same name as %s",
                   tidy_files[k].path);
  }
}

/* ----------------------------------------------------------------- rows */

/* Is the name in a test?  quoted: only as 'name', "name", `name` or behind
** the binary's variable, since commands are plain words. */
static bool tidy_tested(const char *name, bool quoted) {
  size_t n = strlen(name);
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_starts(f->path, "tests/") || tidy_ends(f->path, ".json"))
      continue;
    const char *p = f->text;
    for (; (p = tidy_word(p, f->text, name)); p++) {
      if (!quoted) return true;
      if (p > f->text && strchr("'\"`", p[-1]) && strchr("'\"`", p[n]))
        return true;
      if (p - f->text > 12 && (!strncmp(p - 12, "CYBERMILES\" ", 12) ||
                               !strncmp(p - 11, "CYBERMILES ", 11)))
        return true;
    }
  }
  return false;
}

static void tidy_rows(void) {
  static const struct {
    const char *path, *macro;
    bool quoted;
  } tables[] = {
    {"src/rpc/method.def", "METHOD(", false},
    {"src/cmd/command.def", "COMMAND(", true},
  };
  for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
    const struct tidy_file *f = tidy_find(tables[i].path);
    if (!f) {
      tidy_fault(TIDY_ROW, tables[i].path, 1, "is not there");
      continue;
    }
    unsigned no = 1;
    for (const char *p = f->text; *p; no++) {
      if (tidy_starts(p, tables[i].macro)) {
        const char *s = p + strlen(tables[i].macro);
        s += strspn(s, " \"");
        size_t n = 0;
        while (tidy_is_word((unsigned char)s[n])) n++;
        char *name = strndup(s, n);
        if (!tidy_tested(name, tables[i].quoted))
          tidy_fault(TIDY_ROW, f->path, no, "%s is in no test", name);
        free(name);
      }
      const char *end = strchrnul(p, '\n');
      p = *end ? end + 1 : end;
    }
  }
}

/* ------------------------------------------------------ headers, others */

static void tidy_alone(const char *compiler) {
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_starts(f->path, "src/") || !tidy_ends(f->path, ".h")) continue;
    char *cmd = tidy_text("echo '#include \"%s\"' | %s -std=gnu11 -Wall "
      "-Wextra -Werror -fsyntax-only -I'%s/src' -xc - 2>&1 | head -n 5",
      f->path + 4, compiler, tidy_root);
    FILE *p = popen(cmd, "r");
    if (!p) tidy_die("cannot run %s", compiler);
    char line[512];
    if (fgets(line, sizeof line, p)) {
      line[strcspn(line, "\n")] = 0;
      tidy_fault(TIDY_ALONE, f->path, 1, "%s", line);
    }
    pclose(p);
    free(cmd);
  }
}

static void tidy_locks(void) {
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_ends(f->path, "package-lock.json")) continue;
    const char *p = strstr(f->text, "\"resolved\"");
    if (p)
      tidy_fault(TIDY_LOCK, f->path, tidy_line_of(p, f->text),
                 "set omit-lockfile-registry-resolved and make it again");
  }
}

static void tidy_stale(const char *objects) {
  bool any = false;
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    if (!tidy_starts(f->text, "/* Made by src/gen/")) continue;
    any = true;
    char *cmd = tidy_text("cmp -s '%s/%s' '%s/../gen/again/%s'", tidy_root,
                          f->path, objects, f->path);
    int status = system(cmd);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      tidy_fault(TIDY_STALE, f->path, 1, "differs from what the build makes");
    free(cmd);
  }
  tidy_skipped[TIDY_STALE] = !any;
}

int main(int argc, char **argv) {
  if (argc != 4) tidy_die("usage: tidy ROOT OBJECT-FOLDER COMPILER");
  tidy_root = argv[1];
  static const char *const tops[] = {"amalgamation", "src", "sql", "tests",
                                     "web"};
  for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++) tidy_walk(tops[i]);
  tidy_load("configure");
  tidy_load("Makefile.in");
  tidy_read_layers();
  tidy_layers_check();
  tidy_cycles();
  tidy_objects(argv[2]);
  tidy_unused();
  for (unsigned i = 0; i < tidy_file_cnt; i++) {
    const struct tidy_file *f = &tidy_files[i];
    bool in_src = tidy_starts(f->path, "src/");
    bool host = !strcmp(f->folder, "gen");
    if (!tidy_ends(f->path, ".json")) tidy_lines(f);
    if (!tidy_ends(f->path, ".json") && !tidy_ends(f->path, ".md"))
      tidy_markers(f);
    if (!in_src || !tidy_is_c(f)) continue;
    tidy_functions(f);
    if (!host) tidy_words(f);
    if (!host) tidy_sql(f);
  }
  tidy_names();
  tidy_rows();
  tidy_alone(argv[3]);
  tidy_locks();
  tidy_stale(argv[2]);

  unsigned passed = 0, failed = 0, skipped = 0;
  for (int i = 0; i < TIDY_RULE_CNT; i++) {
    printf("%-5s %-8s %s", tidy_fault_cnt[i] ? "FAIL" : tidy_skipped[i]
           ? "skip" : "ok", tidy_rule_name[i], tidy_rule_text[i]);
    if (tidy_fault_cnt[i]) printf(" (%u faults)", tidy_fault_cnt[i]);
    if (tidy_skipped[i]) printf(" (nothing to look at)");
    putchar('\n');
    if (tidy_fault_cnt[i]) failed++;
    else if (tidy_skipped[i]) skipped++;
    else passed++;
  }
  printf("%u functions, %u over %d lines, the longest %u (%s)\n", tidy_fn_cnt,
         tidy_fn_long, TIDY_LINE_MAX, tidy_fn_max, tidy_fn_max_at);
  printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
  return failed > 0;
}
