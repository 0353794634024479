/* cmd_config.c - the configuration file, and `config show | check`.
**
** The file is --config FILE, else cybermiles.toml beside the database when it
** is there.  Its form is a part of TOML: a key is an option's name, a table's
** header stands before the keys below it.
**
**   # what follows a number sign is for people
**   verbosity = 4
**   [http]
**   addr = "0.0.0.0"
**   port = 8545
**   vhosts = ["shop.local", "localhost"]
**
** Values: "text" with \" \\ \t \n \uXXXX (ASCII), 'text' as it is, whole
** numbers (also 0x..., 8_545), true and false, and lists of texts, which are
** joined by commas, over several lines too.  All else is refused, and so are
** unknown keys, keys given twice and values of the wrong kind, each with its
** line.  At most CONFIG_MAX bytes.
*/
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "codec/json.h"
#include "cmd/cmd.h"
#include "cmd/cmd_setting.h"

#define CONFIG_MAX 262144u
#define CONFIG_KEY_MAX 128u
#define CONFIG_NAME "cybermiles.toml"

/*---------------------------------------------------------------- reading */

struct config_text {
  const char *at, *end, *path;
  u32 line;
  struct errmsg *msg;
};

static err config_bad(const struct config_text *t, const char *what) {
  return err_say(t->msg, ERR_USAGE, "%s:%u: %s", t->path, t->line, what);
}

static void config_blanks(struct config_text *t) {
  while (t->at < t->end && (*t->at == ' ' || *t->at == '\t')) t->at++;
}

/* Blanks, a comment, the line's end. */
static err config_line_end(struct config_text *t) {
  config_blanks(t);
  if (t->at < t->end && *t->at == '#') {
    while (t->at < t->end && *t->at != '\n') t->at++;
  }
  if (t->at < t->end && *t->at == '\r') t->at++;
  if (t->at == t->end) return ERR_OK;
  if (*t->at != '\n') return config_bad(t, "more than a value on the line");
  t->at++;
  t->line++;
  return ERR_OK;
}

/* The same, any number of lines. */
static err config_skip(struct config_text *t) {
  for (;;) {
    config_blanks(t);
    if (t->at == t->end || !strchr("#\r\n", *t->at)) return ERR_OK;
    TRY(config_line_end(t));
  }
}

static bool config_is_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* Appends a key to what is there already. */
static err config_key(struct config_text *t, char key[CONFIG_KEY_MAX]) {
  size_t len = strlen(key), from = len;
  if (len) key[len++] = '.', from++;
  bool quoted = t->at < t->end && *t->at == '"';
  t->at += quoted;
  while (t->at < t->end && config_is_key(*t->at)) {
    if (len == CONFIG_KEY_MAX - 1) return config_bad(t, "the key is too long");
    key[len++] = *t->at++;
  }
  key[len] = 0;
  if (quoted && (t->at == t->end || *t->at++ != '"')) {
    return config_bad(t, "a quote is missing after the key");
  }
  return len > from ? ERR_OK : config_bad(t, "a key is wanted");
}

static err config_escape(struct config_text *t, struct buf *out) {
  static const char from[] = "\"\\tnbrf", to[] = "\"\\\t\n\b\r\f";
  char c = t->at < t->end ? *t->at++ : 0;
  const char *p = c ? strchr(from, c) : NULL;
  if (p) {
    buf_put_u8(out, (u8)to[p - from]);
    return ERR_OK;
  }
  u32 v = 0;
  for (u32 i = 0; c == 'u' && i < 4; i++) {
    char d = t->at < t->end ? *t->at++ : 0;
    u32 digit = d >= '0' && d <= '9' ? (u32)(d - '0')
                : (d | 32) >= 'a' && (d | 32) <= 'f' ? (u32)((d | 32) - 'a' + 10)
                                                     : 255;
    v = digit > 15 ? 0 : v * 16 + digit;
  }
  if (v == 0 || v > 127) {
    return config_bad(t, "after a backslash only \" \\ t n b r f and u00XX are "
                         "known");
  }
  buf_put_u8(out, (u8)v);
  return ERR_OK;
}

static err config_string(struct config_text *t, struct buf *out) {
  char quote = *t->at++;
  for (;;) {
    if (t->at == t->end || *t->at == '\n') {
      return config_bad(t, "the text has no end on its line");
    }
    char c = *t->at++;
    if (c == quote) return ERR_OK;
    if ((u8)c < 0x20 && c != '\t') {
      return config_bad(t, "a control character in a text");
    }
    if (c == '\\' && quote == '"') {
      TRY(config_escape(t, out));
    } else {
      buf_put_u8(out, (u8)c);
    }
  }
}

static err config_list(struct config_text *t, struct buf *out) {
  bool first = true;
  t->at++;
  for (;;) {
    TRY(config_skip(t));
    if (t->at == t->end) return config_bad(t, "the list has no end");
    if (*t->at == ']') break;
    if (*t->at != '"' && *t->at != '\'') {
      return config_bad(t, "a list is of texts in quotes");
    }
    if (!first) buf_put_u8(out, ',');
    first = false;
    TRY(config_string(t, out));
    TRY(config_skip(t));
    if (t->at < t->end && *t->at == ',') t->at++;
    else if (t->at == t->end || *t->at != ']') {
      return config_bad(t, "a comma or ] is wanted in the list");
    }
  }
  t->at++;
  return ERR_OK;
}

/* A bare word: a number (underscores taken out), true, false. */
static err config_word(struct config_text *t, struct buf *out) {
  const char *from = t->at;
  while (t->at < t->end && !strchr(" \t\r\n#,]", *t->at)) t->at++;
  size_t len = (size_t)(t->at - from);
  bool number = len && from[0] >= '0' && from[0] <= '9';
  bool ok = number || (len == 4 && memcmp(from, "true", 4) == 0) ||
            (len == 5 && memcmp(from, "false", 5) == 0);
  if (number && len > 1 && from[0] == '0' && from[1] != 'x') ok = false;
  if (!ok) {
    return config_bad(t, "a value is a text in quotes, a whole number, true, "
                         "false or a list of texts");
  }
  for (size_t i = 0; i < len; i++) {
    if (from[i] != '_') buf_put_u8(out, (u8)from[i]);
  }
  return ERR_OK;
}

/* What kind of value the key takes is seen by its row alone; but a number in
** quotes, or a text without, is a mistake. */
static err config_kind(const struct config_text *t, const char *key,
                       bool text) {
  const struct cmd_flag *f;
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
    if (strcmp(f->name, key) != 0 || text == (f->kind == CMD_KIND_STR)) continue;
    return err_say(t->msg, ERR_USAGE, "%s:%u: %s is %s", t->path, t->line, key,
                   f->kind == CMD_KIND_STR   ? "a text: write it in quotes"
                   : f->kind == CMD_KIND_U64 ? "a number: no quotes"
                                             : "true or false: no quotes");
  }
  return ERR_OK;
}

static err config_pair(struct config_text *t, struct cmd *c,
                       const char *table) {
  char key[CONFIG_KEY_MAX];
  struct buf val;
  u32 line = t->line;
  snprintf(key, sizeof key, "%s", table);
  TRY(config_key(t, key));
  config_blanks(t);
  if (t->at == t->end || *t->at != '=') {
    return config_bad(t, "= is wanted after the key");
  }
  t->at++;
  config_blanks(t);
  char first = t->at < t->end ? *t->at : 0;
  bool text = first && strchr("\"'[", first);
  buf_init(&val, CONFIG_MAX);
  err e = first == '[' ? config_list(t, &val)
          : text       ? config_string(t, &val)
                       : config_word(t, &val);
  if (e == ERR_OK) e = config_kind(t, key, text);
  struct errmsg why = {""};
  if (e == ERR_OK) {
    /* The settings point to it for good. */
    e = cmd_flag_from_file(c, key, mem_strdup(buf_cstr(&val)), line, &why);
    if (e < 0) err_say(t->msg, e, "%s:%u: %.400s", t->path, line, why.text);
  }
  buf_fini(&val);
  return e < 0 ? e : config_line_end(t);
}

static err config_read(struct config_text *t, struct cmd *c) {
  char table[CONFIG_KEY_MAX] = "";
  for (;;) {
    TRY(config_skip(t));
    if (t->at == t->end) return ERR_OK;
    if (*t->at != '[') {
      TRY(config_pair(t, c, table));
      continue;
    }
    t->at++;
    config_blanks(t);
    table[0] = 0;
    TRY(config_key(t, table));
    config_blanks(t);
    if (t->at == t->end || *t->at != ']') {
      return config_bad(t, "] is wanted after the table's name");
    }
    t->at++;
    TRY(config_line_end(t));
  }
}

/* The file to read, or "". */
static err config_find(struct cmd *c, struct errmsg *msg) {
  const char *db = c->cfg.db ? c->cfg.db : "";
  const char *slash = strrchr(db, '/');
  int len;
  if (c->cfg.config) {
    len = snprintf(c->config_path, sizeof c->config_path, "%s", c->cfg.config);
  } else if (c->cfg.datadir) {
    len = snprintf(c->config_path, sizeof c->config_path, "%s/" CONFIG_NAME,
                   c->cfg.datadir);
  } else {
    len = snprintf(c->config_path, sizeof c->config_path, "%.*s" CONFIG_NAME,
                   slash ? (int)(slash + 1 - db) : 0, db);
  }
  if (len >= (int)sizeof c->config_path) {
    return err_say(msg, ERR_USAGE, "the configuration file's path is too long");
  }
  if (!c->cfg.config && access(c->config_path, F_OK) != 0) {
    c->config_path[0] = 0;
  }
  return ERR_OK;
}

err cmd_config_load(struct cmd *c, struct errmsg *msg) {
  u8 *text;
  size_t len;
  TRY(config_find(c, msg));
  if (!c->config_path[0]) return ERR_OK;
  TRY(cmd_read_file(&text, &len, c->config_path, CONFIG_MAX, msg));
  struct config_text t = {(char *)text, (char *)text + len, c->config_path, 1,
                          msg};
  err e = memchr(text, 0, len) ? config_bad(&t, "it is no text")
                               : config_read(&t, c);
  mem_free(text);
  return e;
}

/*---------------------------------------------------------------- showing */

static const char *const config_origins[] = {
  [CMD_DEFAULT] = "default", [CMD_FILE] = "file", [CMD_ENV] = "environment",
  [CMD_OPTION] = "option"};

static void config_put_value(struct jsonw *w, const struct cmd *c, u32 i) {
  char number[24];
  const char *v = cmd_flag_text(c, i, number);
  if (cmd_flag_at(i)->kind == CMD_KIND_STR) jsonw_str(w, v);
  else jsonw_raw(w, slice_str(v));
}

static void config_put_kept(void *ctx, const char *name, slice json) {
  struct jsonw *w = ctx;
  jsonw_key(w, name);
  jsonw_obj(w);
  jsonw_key(w, "value");
  jsonw_raw(w, json);
  jsonw_kv_str(w, "origin", "database");
  jsonw_obj_end(w);
}

static void config_show_json(const struct cmd *c) {
  const struct cmd_flag *f;
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  jsonw_obj(&w);
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
    if (!cmd_flag_is_setting(f->name)) continue;
    jsonw_key(&w, f->name);
    jsonw_obj(&w);
    jsonw_key(&w, "value");
    config_put_value(&w, c, i);
    jsonw_kv_str(&w, "origin", config_origins[c->origin[i]]);
    if (c->origin[i] == CMD_FILE) {
      jsonw_kv_str(&w, "file", c->config_path);
      jsonw_kv_u64(&w, "line", c->line[i]);
    }
    jsonw_obj_end(&w);
  }
  cmd_setting_each(c, config_put_kept, &w);
  jsonw_obj_end(&w);
  printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
}

static void config_print_kept(void *ctx, const char *name, slice json) {
  bool *first = ctx;
  if (*first)
    printf("# Set on the dashboard, or over the Unix socket:\n");
  *first = false;
  int used = printf("# %s = %.*s", name, (int)json.len, (const char *)json.ptr);
  printf("%*s# database\n", used < 44 ? 44 - used : 1, "");
}

/* In the file's own form, so that it can be kept as one; what the database
** keeps are comments. */
static void config_show(const struct cmd *c) {
  const struct cmd_flag *f;
  printf("# The settings in force; configuration file: %s\n",
         c->config_path[0] ? c->config_path : "none");
  for (u32 i = 0; (f = cmd_flag_at(i)); i++) {
    if (!cmd_flag_is_setting(f->name)) continue;
    struct buf line;
    struct jsonw w;
    buf_init(&line, 0);
    jsonw_init(&w, &line);
    config_put_value(&w, c, i);
    int used = printf("%s = %s", f->name, buf_cstr(&line));
    printf("%*s# %s", used < 44 ? 44 - used : 1, "",
           config_origins[c->origin[i]]);
    if (c->origin[i] == CMD_FILE) printf(", line %u", c->line[i]);
    printf("\n");
    buf_fini(&line);
  }
  bool first = true;
  cmd_setting_each(c, config_print_kept, &first);
}

/* What is wrong was told before a command runs: here all is well. */
int cmd_config(struct cmd *c) {
  bool show = strcmp(c->arg[0], "show") == 0;
  if (!show && strcmp(c->arg[0], "check") != 0) {
    fprintf(stderr, "cybermiles: usage: cybermiles config show | check\n");
    return EXIT_USAGE;
  }
  if (show && c->cfg.json) {
    config_show_json(c);
  } else if (show) {
    config_show(c);
  } else if (c->cfg.json) {
    printf("{\"ok\":true}\n");
  } else if (c->config_path[0]) {
    printf("%s is in order\n", c->config_path);
  } else {
    printf("no configuration file; options and environment are in order\n");
  }
  return EXIT_DONE;
}

#undef CONFIG_MAX
#undef CONFIG_KEY_MAX
#undef CONFIG_NAME
