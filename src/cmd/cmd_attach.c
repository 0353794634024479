/* cmd_attach.c - `attach`: a console of a running node, over its Unix socket
** or, with a URL, over HTTP.
**
** A line is a request, in any of the forms
**   eth_getBlockByNumber latest false
**   eth.getBalance("0x...", "latest")
**   txpool_status
** Parameters are JSON, or else taken as texts; where a method wants a number
** in hex, a decimal one is changed.  Methods and their parameters are those
** that the node tells (rpc_discover).  A password that is missing is asked
** for; lines that use keys are not kept in the history.
**
** Words of the console: help [METHOD], exit.  Without a terminal each line of
** standard input is a request, and one that fails makes the exit code 1.
*/
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/cmd_edit.h"
#include "codec/json.h"
#include "rpc/rpc_client.h"
#include "rpc/rpc_ipc.h"

#define ATTACH_REPLY_MAX (256u << 20)
#define ATTACH_MS 120000u
#define ATTACH_HISTORY ".cybermiles_history"
#define ATTACH_PARAM_MAX 16u
#define ATTACH_LINE_MAX (16u << 20)

struct attach {
  const char *url;              /* NULL: the socket */
  struct rpc_ipc_client ipc;
  char path[4096];
  json_t *methods;              /* of rpc_discover */
  bool tty, colour;
};

/*---------------------------------------------------------------- showing */

enum attach_paint { ATTACH_KEY, ATTACH_STRING, ATTACH_NUMBER, ATTACH_WORD,
                    ATTACH_DIM, ATTACH_BAD };
static const char *const attach_paints[] = {
  [ATTACH_KEY] = "\x1b[36m", [ATTACH_STRING] = "\x1b[32m",
  [ATTACH_NUMBER] = "\x1b[33m", [ATTACH_WORD] = "\x1b[35m",
  [ATTACH_DIM] = "\x1b[2m", [ATTACH_BAD] = "\x1b[31m"};

static void attach_paint(const struct attach *a, enum attach_paint p,
                         const char *text) {
  if (a->colour) fputs(attach_paints[p], stdout);
  fputs(text, stdout);
  if (a->colour) fputs("\x1b[0m", stdout);
}

static int attach_dump_part(const char *text, size_t len, void *to) {
  buf_put(to, text, len);
  return 0;
}
static void attach_dump(struct buf *out, const json_t *j) {
  json_dump_callback(j, attach_dump_part, out, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void attach_scalar(const struct attach *a, enum attach_paint p,
                          const json_t *j) {
  struct buf text;
  buf_init(&text, 0);
  attach_dump(&text, j);
  attach_paint(a, p, buf_cstr(&text));
  buf_fini(&text);
}

/* A number in hex is followed by what people read, on a terminal. */
static void attach_decimal(const struct attach *a, const json_t *j) {
  const char *s = json_string_value(j);
  u256 v;
  char dec[96];
  if (!a->tty || !s || s[0] != '0' || s[1] != 'x' || strlen(s) > 34) return;
  if (u256_parse(&v, s, strlen(s)) < 0 || s[2] == 0) return;
  u256_to_dec(dec + 2, &v);
  memcpy(dec, "  ", 2);
  attach_paint(a, ATTACH_DIM, dec);
}

static void attach_value(const struct attach *a, const json_t *j, int depth) {
  size_t n = json_is_array(j) ? json_array_size(j) : json_object_size(j);
  if (json_is_object(j) && n) {
    const char *key;
    json_t *val;
    size_t i = 0;
    printf("{\n");
    json_object_foreach((json_t *)j, key, val) {
      json_t *k = json_string(key);
      printf("%*s", 2 * depth + 2, "");
      attach_scalar(a, ATTACH_KEY, k);
      json_decref(k);
      printf(": ");
      attach_value(a, val, depth + 1);
      printf("%s\n", ++i < n ? "," : "");
    }
    printf("%*s}", 2 * depth, "");
  } else if (json_is_array(j) && n) {
    printf("[\n");
    for (size_t i = 0; i < n; i++) {
      printf("%*s", 2 * depth + 2, "");
      attach_value(a, json_array_get(j, i), depth + 1);
      printf("%s\n", i + 1 < n ? "," : "");
    }
    printf("%*s]", 2 * depth, "");
  } else {
    attach_scalar(a, json_is_string(j)   ? ATTACH_STRING
                     : json_is_number(j) ? ATTACH_NUMBER
                                         : ATTACH_WORD, j);
    if (depth == 0) attach_decimal(a, j);
  }
}

static void attach_note(void *ctx, slice text) {
  json_t *j = json_read(text, NULL);
  const json_t *p = json_object_get(j, "params");
  attach_value(ctx, p ? p : j, 0);
  printf("\n");
  fflush(stdout);
  if (j) json_decref(j);
}

static bool attach_readable(void *ctx) {
  struct attach *a = ctx;
  struct errmsg msg;
  if (rpc_ipc_listen(&a->ipc, attach_note, a, &msg) == ERR_OK) return true;
  fprintf(stderr, "cybermiles: %s\n", msg.text);
  return false;
}

/*----------------------------------------------------------------- asking */

static err attach_send(struct attach *a, struct buf *reply, slice request,
                       struct errmsg *msg) {
  if (a->url) {
    return rpc_client_post(reply, a->url, request, ATTACH_REPLY_MAX, ATTACH_MS,
                           msg);
  }
  return rpc_ipc_ask(&a->ipc, reply, request, ATTACH_REPLY_MAX, ATTACH_MS,
                     attach_note, a, msg);
}

static err attach_ask(struct attach *a, json_t **out, const char *method,
                      json_t *params, struct errmsg *msg) {
  struct buf reply;
  json_t *rq = json_pack("{s:s,s:i,s:s,s:O}", "jsonrpc", "2.0", "id", 1,
                         "method", method, "params", params);
  struct buf text;
  buf_init(&text, 0);
  attach_dump(&text, rq);
  json_decref(rq);
  buf_init(&reply, 0);
  err e = attach_send(a, &reply, buf_slice(&text), msg);
  mem_wipe(text.ptr, text.len);
  buf_fini(&text);
  *out = e < 0 ? NULL : json_read(buf_slice(&reply), msg);
  if (e == ERR_OK && !*out) e = ERR_INPUT;
  buf_fini(&reply);
  return e;
}

static err attach_discover(struct attach *a, struct errmsg *msg) {
  json_t *reply, *none = json_array();
  err e = attach_ask(a, &reply, "rpc_discover", none, msg);
  json_decref(none);
  if (e < 0) return e;
  json_t *list = json_object_get(json_object_get(reply, "result"), "methods");
  a->methods = json_is_array(list) ? json_incref(list) : json_array();
  json_decref(reply);
  return ERR_OK;
}

static const json_t *attach_find(const struct attach *a, const char *name) {
  for (size_t i = 0; i < json_array_size(a->methods); i++) {
    const json_t *m = json_array_get(a->methods, i);
    const char *is = json_string_value(json_object_get(m, "name"));
    if (is && strcmp(is, name) == 0) return m;
  }
  return NULL;
}

/*--------------------------------------------------------------- the line */

/* Names that consoles of other nodes have for some methods. */
static const char *const attach_alias[][2] = {
  {"eth_getBlock", "eth_getBlockByNumber"},
  {"eth_getTransaction", "eth_getTransactionByHash"},
  {"eth_getUncle", "eth_getUncleByBlockNumberAndIndex"},
  {"eth_getBlockTransactionCount", "eth_getBlockTransactionCountByNumber"},
};

/* The method's name, up to a blank or a bracket; *rest: what follows. */
static void attach_name(char out[128], const char *line, const char **rest) {
  size_t n = strcspn(line, " \t(");
  snprintf(out, 128, "%.*s", (int)(n < 120 ? n : 120), line);
  *rest = line + n;
  char *dot = strchr(out, '.');
  if (dot && !strchr(out, '_')) *dot = '_';
  for (size_t i = 0; i < ARRAY_LEN(attach_alias); i++) {
    if (strcmp(out, attach_alias[i][0]) == 0) {
      snprintf(out, 128, "%s", attach_alias[i][1]);
    }
  }
}

/* The length of one parameter: to a blank or comma outside brackets and
** quotes. */
static size_t attach_word(const char *s, bool commas) {
  size_t i = 0;
  u32 depth = 0;
  char quote = 0;
  for (; s[i]; i++) {
    if (quote) {
      if (s[i] == '\\' && s[i + 1]) i++;
      else if (s[i] == quote) quote = 0;
    } else if (s[i] == '"' || s[i] == '\'') {
      quote = s[i];
    } else if (s[i] == '{' || s[i] == '[') {
      depth++;
    } else if ((s[i] == '}' || s[i] == ']') && depth) {
      depth--;
    } else if (depth == 0 && (commas ? s[i] == ',' : s[i] == ' ' ||
                                                     s[i] == '\t')) {
      break;
    }
  }
  return i;
}

static json_t *attach_param(const char *s, size_t len) {
  while (len && (s[len - 1] == ' ' || s[len - 1] == '\t')) len--;
  json_t *j = json_read(slice_of(s, len), NULL);
  if (j) return j;
  if (len > 1 && s[0] == '\'' && s[len - 1] == '\'') s++, len -= 2;
  return json_stringn(s, len);
}

/* A decimal number where one in hex is wanted. */
static json_t *attach_suit(const json_t *method, size_t i, json_t *val) {
  const json_t *p = json_array_get(json_object_get(method, "params"), i);
  const char *words = json_string_value(json_object_get(p, "description"));
  if (!json_is_integer(val) || !words || json_integer_value(val) < 0) return val;
  if ((!strstr(words, "0x-hex") && !strstr(words, "height")) ||
      strstr(words, "decimal")) {
    return val;
  }
  char text[24];
  snprintf(text, sizeof text, "0x%llx", (long long)json_integer_value(val));
  json_decref(val);
  return json_string(text);
}

static json_t *attach_params(const json_t *method, const char *rest) {
  json_t *list = json_array();
  char *copy = NULL;
  bool call = *rest == '(';
  if (call) {
    copy = mem_strdup(rest + 1);
    char *end = strrchr(copy, ')');
    if (end) *end = 0;
    rest = copy;
  }
  for (size_t i = 0; i < ATTACH_PARAM_MAX; i++) {
    rest += strspn(rest, " \t");
    if (!*rest) break;
    size_t len = attach_word(rest, call);
    json_array_append_new(list,
                          attach_suit(method, i, attach_param(rest, len)));
    rest += len;
    if (call && *rest == ',') rest++;
  }
  mem_free(copy);
  return list;
}

/* Asks for a password that the method wants and the line does not have. */
static bool attach_password(const struct attach *a, const json_t *method,
                            json_t *params) {
  const json_t *want = json_object_get(method, "params");
  size_t i = json_array_size(params);
  const json_t *p = json_array_get(want, i);
  const char *name = json_string_value(json_object_get(p, "name"));
  char text[EDIT_LINE_MAX];
  if (!a->tty || !name || strcmp(name, "password") != 0 ||
      !json_is_true(json_object_get(p, "required"))) {
    return true;
  }
  bool ok = edit_secret("Password: ", text) == EDIT_LINE;
  if (ok) json_array_append_new(params, json_string(text));
  mem_wipe(text, sizeof text);
  return ok;
}

static bool attach_is_secret(const char *line) {
  return strncmp(line, "personal", 8) == 0 || strstr(line, "sign") ||
         strstr(line, "assword");
}

/*------------------------------------------------------------------- help */

static void attach_usage(const struct attach *a, const json_t *m) {
  const json_t *params = json_object_get(m, "params");
  const char *text = json_string_value(json_object_get(m, "summary"));
  attach_paint(a, ATTACH_KEY, json_string_value(json_object_get(m, "name")));
  for (size_t i = 0; i < json_array_size(params); i++) {
    const json_t *p = json_array_get(params, i);
    bool must = json_is_true(json_object_get(p, "required"));
    printf(must ? " %s" : " [%s]",
           json_string_value(json_object_get(p, "name")));
  }
  printf("\n  %s\n", text ? text : "");
  for (size_t i = 0; i < json_array_size(params); i++) {
    const json_t *p = json_array_get(params, i);
    printf("  %s: %s\n", json_string_value(json_object_get(p, "name")),
           json_string_value(json_object_get(p, "description")));
  }
}

static void attach_help(const struct attach *a, const char *what) {
  char name[128];
  const char *rest;
  what += strspn(what, " \t");
  attach_name(name, what, &rest);
  const json_t *m = name[0] ? attach_find(a, name) : NULL;
  if (m) {
    attach_usage(a, m);
    return;
  }
  if (!name[0]) {
    printf("A line is a method and its parameters:\n"
           "  eth_getBlockByNumber latest false\n"
           "  eth.getBalance(\"0x...\", \"latest\")\n"
           "Tab completes; help METHOD tells its parameters; exit ends.\n\n");
  }
  for (size_t i = 0; i < json_array_size(a->methods); i++) {
    m = json_array_get(a->methods, i);
    const char *is = json_string_value(json_object_get(m, "name"));
    const char *text = json_string_value(json_object_get(m, "summary"));
    if (strncmp(is, name, strlen(name)) != 0) continue;
    printf("  %-40s %s\n", is, text ? text : "");
  }
}

/* What may have been meant by a method that the node does not have. */
static void attach_hint(const struct attach *a, const char *name) {
  const char *near = NULL;
  u32 best = 5;
  for (size_t i = 0; i < json_array_size(a->methods); i++) {
    const char *is = json_string_value(
        json_object_get(json_array_get(a->methods, i), "name"));
    u32 d = cmd_distance(name, is);
    if (d < best) best = d, near = is;
  }
  if (near) fprintf(stderr, "(did you mean %s?  help lists the methods)\n", near);
  else fprintf(stderr, "(help lists the methods)\n");
}

/*---------------------------------------------------------------- running */

/* One line: false when it failed. */
static bool attach_run(struct attach *a, const char *line) {
  struct errmsg msg = {""};
  char name[128];
  const char *rest;
  json_t *reply = NULL;
  attach_name(name, line, &rest);
  const json_t *method = attach_find(a, name);
  json_t *params = attach_params(method, rest);
  if (!attach_password(a, method, params)) {
    json_decref(params);
    return false;
  }
  err e = attach_ask(a, &reply, name, params, &msg);
  json_decref(params);
  if (e < 0) {
    fprintf(stderr, "cybermiles: %s\n", msg.text);
    return false;
  }
  const json_t *error = json_object_get(reply, "error");
  if (error) {
    const char *text = json_string_value(json_object_get(error, "message"));
    const json_t *data = json_object_get(error, "data");
    fflush(stdout);
    fprintf(stderr, "%serror %lld: %s%s\n", a->colour ? "\x1b[31m" : "",
            (long long)json_integer_value(json_object_get(error, "code")),
            text ? text : "", a->colour ? "\x1b[0m" : "");
    if (data) json_dumpf(data, stderr, JSON_ENCODE_ANY), fputc('\n', stderr);
    if (!method && !data) attach_hint(a, name);
  } else {
    attach_value(a, json_object_get(reply, "result"), 0);
    printf("\n");
  }
  fflush(stdout);
  json_decref(reply);
  return !error;
}

static void attach_complete(void *ctx, const char *word, size_t len,
                            void (*add)(void *to, const char *text),
                            void *to) {
  static const char *const words[] = {"exit", "help"};
  struct attach *a = ctx;
  size_t dot = 0;
  while (dot < len && word[dot] != '.') dot++;
  for (size_t i = 0; i < ARRAY_LEN(words); i++) {
    if (strncmp(words[i], word, len) == 0) add(to, words[i]);
  }
  for (size_t i = 0; i < json_array_size(a->methods); i++) {
    const json_t *m = json_array_get(a->methods, i);
    char name[128];
    snprintf(name, sizeof name, "%s",
             json_string_value(json_object_get(m, "name")));
    char *bar = strchr(name, '_');
    if (dot < len && bar) *bar = '.';
    if (strncmp(name, word, len) == 0) add(to, name);
  }
}

static void attach_history_path(char out[4096]) {
  const char *home = getenv("HOME");
  int len = snprintf(out, 4096, "%s/" ATTACH_HISTORY, home ? home : "");
  if (!home || !home[0] || len >= 4096) out[0] = 0;
}

static int attach_console(struct attach *a) {
  struct edit e;
  char history[4096], line[EDIT_LINE_MAX];
  attach_history_path(history);
  edit_init(&e, history[0] ? history : NULL);
  e.complete = attach_complete;
  e.readable = attach_readable;
  e.ctx = a;
  e.fd = a->url ? -1 : a->ipc.fd;
  printf("Connected to %s; help lists the methods, exit ends.\n",
         a->url ? a->url : a->path);
  for (;;) {
    enum edit_got got = edit_read(&e, "> ", line);
    if (got == EDIT_END) break;
    const char *s = line + strspn(line, " \t");
    if (got == EDIT_CANCEL || !*s) continue;
    if (!attach_is_secret(s)) edit_keep(&e, s);
    if (strcmp(s, "exit") == 0 || strcmp(s, "quit") == 0) break;
    if (strncmp(s, "help", 4) == 0 && (!s[4] || s[4] == ' ')) {
      attach_help(a, s + 4);
    } else {
      attach_run(a, s);
    }
    mem_wipe(line, sizeof line);
    if (!a->url && e.fd < 0) break;
  }
  edit_fini(&e);
  return EXIT_DONE;
}

/* One line without its end; false at the end of all. */
static bool attach_line(struct buf *line) {
  int ch;
  buf_clear(line);
  while ((ch = getchar()) != EOF && ch != '\n') {
    if (ch != '\r' && ch != 0) buf_put_u8(line, (u8)ch);
  }
  return ch != EOF || line->len > 0;
}

/* Lines of standard input. */
static int attach_lines(struct attach *a) {
  struct buf line;
  bool ok = true;
  buf_init(&line, ATTACH_LINE_MAX);
  while (attach_line(&line)) {
    const char *s = buf_cstr(&line);
    s += strspn(s, " \t");
    if (!*s || *s == '#') continue;
    if (strcmp(s, "exit") == 0) break;
    if (strncmp(s, "help", 4) == 0 && (!s[4] || s[4] == ' ')) {
      attach_help(a, s + 4);
    } else {
      ok &= attach_run(a, s);
    }
  }
  buf_fini(&line);
  return ok ? EXIT_DONE : EXIT_FAILED;
}

int cmd_attach(struct cmd *c) {
  struct attach a = {.url = NULL};
  struct errmsg msg = {""};
  const char *to = c->arg_cnt ? c->arg[0] : NULL;
  err e = ERR_OK;
  if (to && strncmp(to, "http:", 5) == 0) {
    a.url = to;
  } else if (to) {
    snprintf(a.path, sizeof a.path, "%s", to);
  } else {
    e = cmd_ipc_path(a.path, sizeof a.path, c, &msg);
  }
  if (e == ERR_OK && !a.url) e = rpc_ipc_open(&a.ipc, a.path, &msg);
  if (e == ERR_NOT_FOUND) {
    char why[400];
    snprintf(why, sizeof why, "%.380s", msg.text);
    err_say(&msg, e, "%s: start it, or give its socket or URL (cybermiles "
            "attach SOCKET)", why);
  }
  if (e == ERR_OK) e = attach_discover(&a, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  a.colour = isatty(1) && !getenv("NO_COLOR");
  a.tty = isatty(0) && isatty(1) && !c->cfg.exec;
  int code = c->cfg.exec ? (attach_run(&a, c->cfg.exec) ? EXIT_DONE
                                                        : EXIT_FAILED)
             : a.tty     ? attach_console(&a)
                         : attach_lines(&a);
  json_decref(a.methods);
  if (!a.url) rpc_ipc_close(&a.ipc);
  return code;
}

#undef ATTACH_REPLY_MAX
#undef ATTACH_MS
#undef ATTACH_HISTORY
#undef ATTACH_PARAM_MAX
#undef ATTACH_LINE_MAX
