/* embed.c - build-host program that turns files into C tables.
**
**   embed sql OUT.c FILE.sql...     -> gen_sql[]    (gen_sql.h)
**   embed web OUT.c FOLDER          -> gen_asset[]  (gen_asset.h)
**   embed version OUT.c VERSION COMMIT SOURCE-HASH  (gen_version.h)
**
** Rows are sorted by name in memcmp order, so the output depends on the
** input's names and bytes alone.  Bytes become string literals with octal
** escapes: a compiler reads them ten times faster than lists of numbers.
** Assets are compressed here, once, by "gzip -9n"; a gzip form that saves
** less than a tenth is dropped.  OUT.c is rewritten only when it changes.
** Limits: 512 files, 32 MiB a file.  Every failure ends with status 1 and
** one line.
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMBED_FILE_MAX 512
#define EMBED_BYTE_MAX (32u << 20)

struct embed_file {
  char *name; /* row key */
  char *path; /* where to read it */
};

static struct embed_file embed_files[EMBED_FILE_MAX];
static unsigned embed_file_cnt;

static void embed_die(const char *fmt, ...) {
  va_list ap;
  va_start(ap, fmt);
  fputs("embed: ", stderr);
  vfprintf(stderr, fmt, ap);
  fputc('\n', stderr);
  va_end(ap);
  exit(1);
}

static char *embed_text(const char *fmt, ...) {
  char *s = NULL;
  va_list ap;
  va_start(ap, fmt);
  if (vasprintf(&s, fmt, ap) < 0) embed_die("out of memory");
  va_end(ap);
  return s;
}

/* Reads to the end; the result ends with a NUL that len does not count. */
static unsigned char *embed_slurp(FILE *f, const char *what, size_t *len) {
  size_t cap = 1 << 16, n = 0, got;
  unsigned char *p = malloc(cap);
  if (!p) embed_die("out of memory");
  while ((got = fread(p + n, 1, cap - n - 1, f)) > 0) {
    n += got;
    if (n > EMBED_BYTE_MAX) embed_die("%s: over 32 MiB", what);
    if (cap - n < 2) p = realloc(p, cap *= 2);
    if (!p) embed_die("out of memory");
  }
  if (ferror(f)) embed_die("%s: cannot read", what);
  p[n] = 0;
  *len = n;
  return p;
}

static unsigned char *embed_read(const char *path, size_t *len) {
  FILE *f = fopen(path, "rb");
  if (!f) embed_die("%s: cannot open", path);
  unsigned char *p = embed_slurp(f, path, len);
  fclose(f);
  return p;
}

static unsigned char *embed_gzip(const char *path, size_t *len) {
  char *cmd = embed_text("gzip -9nc '%s'", path);
  FILE *f = popen(cmd, "r");
  if (!f) embed_die("cannot run gzip");
  unsigned char *p = embed_slurp(f, path, len);
  if (pclose(f) != 0) embed_die("%s: gzip failed", path);
  free(cmd);
  return p;
}

static void embed_add(char *name, char *path) {
  if (embed_file_cnt == EMBED_FILE_MAX) embed_die("over 512 files");
  if (strpbrk(path, "'\"\\\n")) embed_die("%s: odd name", path);
  embed_files[embed_file_cnt++] = (struct embed_file){name, path};
}

/* Adds what is under dir, with URL paths that start with prefix. */
static void embed_walk(const char *dir, const char *prefix) {
  DIR *d = opendir(dir);
  if (!d) embed_die("%s: cannot open", dir);
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    char *path = embed_text("%s/%s", dir, e->d_name);
    char *name = embed_text("%s/%s", prefix, e->d_name);
    struct stat st;
    if (stat(path, &st) != 0) embed_die("%s: cannot look at it", path);
    if (S_ISDIR(st.st_mode)) {
      embed_walk(path, name);
    } else {
      embed_add(name, path);
    }
  }
  closedir(d);
}

static int embed_cmp(const void *a, const void *b) {
  return strcmp(((const struct embed_file *)a)->name,
                ((const struct embed_file *)b)->name);
}

static void embed_sort(void) {
  qsort(embed_files, embed_file_cnt, sizeof embed_files[0], embed_cmp);
  for (unsigned i = 1; i < embed_file_cnt; i++)
    if (!strcmp(embed_files[i - 1].name, embed_files[i].name))
      embed_die("%s: twice", embed_files[i].name);
}

static const char *embed_type(const char *name) {
  static const char *const types[][2] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".xml", "application/xml"},
  };
  const char *dot = strrchr(name, '.');
  for (size_t i = 0; dot && i < sizeof types / sizeof types[0]; i++)
    if (!strcmp(dot, types[i][0])) return types[i][1];
  return "application/octet-stream";
}

/* One string literal a line; a line ends after a newline or 72 columns. */
static void embed_bytes(FILE *out, const unsigned char *p, size_t len) {
  size_t col = 0;
  for (size_t i = 0; i < len; i++) {
    if (!col) col = (size_t)fprintf(out, "\n  \"");
    unsigned char c = p[i];
    if (c == '\n') {
      col += (size_t)fprintf(out, "\\n");
    } else if (c == '"' || c == '\\') {
      col += (size_t)fprintf(out, "\\%c", c);
    } else if (c >= 32 && c < 127 && c != '?') {
      fputc(c, out);
      col++;
    } else {
      col += (size_t)fprintf(out, "\\%03o", c);
    }
    if (c == '\n' || col > 72) {
      fputc('"', out);
      col = 0;
    }
  }
  if (col) fputc('"', out);
  if (!len) fputs(" \"\"", out);
}

/* FNV-1a, 64 bits, over type and bytes: tells versions of one file apart. */
static uint64_t embed_hash(const char *type, const unsigned char *p, size_t n) {
  uint64_t h = 0xcbf29ce484222325u;
  for (; *type; type++) h = (h ^ (unsigned char)*type) * 0x100000001b3u;
  for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001b3u;
  return h;
}

static void embed_sql(FILE *out) {
  fprintf(out, "#include \"gen/gen_sql.h\"\n\n"
    "const struct gen_sql gen_sql[] = {\n");
  for (unsigned i = 0; i < embed_file_cnt; i++) {
    size_t len;
    unsigned char *p = embed_read(embed_files[i].path, &len);
    if (memchr(p, 0, len)) embed_die("%s: NUL byte", embed_files[i].path);
    fprintf(out, "{\"%s\",", embed_files[i].name);
    embed_bytes(out, p, len);
    fprintf(out, "},\n");
    free(p);
  }
  if (!embed_file_cnt) fprintf(out, "{0, 0},\n");
  fprintf(out, "};\nconst u32 gen_sql_cnt = %u;\n", embed_file_cnt);
}

static void embed_web(FILE *out) {
  fprintf(out, "#include \"gen/gen_asset.h\"\n\n");
  char *rows = embed_text("%s", "");
  for (unsigned i = 0; i < embed_file_cnt; i++) {
    const struct embed_file *f = &embed_files[i];
    size_t len, gz_len;
    unsigned char *p = embed_read(f->path, &len);
    unsigned char *gz = embed_gzip(f->path, &gz_len);
    const char *type = embed_type(f->name);
    fprintf(out, "static const u8 gen_asset_raw_%u[] =", i);
    embed_bytes(out, p, len);
    fprintf(out, ";\n");
    int small = gz_len < len - len / 10;
    if (small) {
      fprintf(out, "static const u8 gen_asset_gz_%u[] =", i);
      embed_bytes(out, gz, gz_len);
      fprintf(out, ";\n");
    }
    char *gz_ref = small ? embed_text("gen_asset_gz_%u, %zu", i, gz_len)
                         : embed_text("0, 0");
    char *more = embed_text(
      "%s{\"%s\", \"%s\", %s,\n gen_asset_raw_%u, %zu, \"\\\"%016llx\\\"\"},\n",
      rows, f->name, type, gz_ref, i, len,
      (unsigned long long)embed_hash(type, p, len));
    free(gz_ref);
    free(rows);
    free(p);
    free(gz);
    rows = more;
  }
  if (!embed_file_cnt) embed_die("the bundle is empty");
  fprintf(out, "\nconst struct gen_asset gen_asset[] = {\n%s};\n"
    "const u32 gen_asset_cnt = %u;\n", rows, embed_file_cnt);
  free(rows);
}

static void embed_version(FILE *out, char **arg) {
  fprintf(out, "#include \"gen/gen_version.h\"\n\n"
    "const char gen_version[] = \"%s\";\n"
    "const char gen_version_commit[] = \"%s\";\n"
    "const char gen_version_source[] =\n  \"%s\";\n", arg[0], arg[1], arg[2]);
}

/* Renames tmp to path, or drops it when path has the same bytes already. */
static void embed_replace(const char *tmp, const char *path) {
  FILE *old = fopen(path, "rb");
  if (old) {
    size_t a_len, b_len;
    unsigned char *a = embed_slurp(old, path, &a_len);
    fclose(old);
    unsigned char *b = embed_read(tmp, &b_len);
    int same = a_len == b_len && !memcmp(a, b, a_len);
    free(a);
    free(b);
    if (same && unlink(tmp) == 0) return;
  }
  if (rename(tmp, path) != 0) embed_die("%s: cannot write", path);
}

int main(int argc, char **argv) {
  if (argc < 3) embed_die("usage: embed sql|web|version OUT.c ...");
  const char *kind = argv[1], *path = argv[2];
  char *tmp = embed_text("%s.tmp", path);
  FILE *out = fopen(tmp, "wb");
  if (!out) embed_die("%s: cannot write", tmp);
  fprintf(out, "/* Made by src/gen/embed.c: do not edit. */\n");
  if (!strcmp(kind, "sql")) {
    for (int i = 3; i < argc; i++) {
      const char *base = strrchr(argv[i], '/');
      char *name = embed_text("%s", base ? base + 1 : argv[i]);
      size_t len = strlen(name);
      if (len < 5 || strcmp(name + len - 4, ".sql"))
        embed_die("%s: not .sql", argv[i]);
      name[len - 4] = 0;
      embed_add(name, argv[i]);
    }
    embed_sort();
    embed_sql(out);
  } else if (!strcmp(kind, "web") && argc == 4) {
    embed_walk(argv[3], "");
    embed_sort();
    embed_web(out);
  } else if (!strcmp(kind, "version") && argc == 6) {
    embed_version(out, argv + 3);
  } else {
    embed_die("usage: embed sql|web|version OUT.c ...");
  }
  if (fflush(out) != 0 || fclose(out) != 0) embed_die("%s: disk full", tmp);
  embed_replace(tmp, path);
  free(tmp);
  return 0;
}
