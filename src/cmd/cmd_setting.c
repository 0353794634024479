/* cmd_setting.c - what is set on the dashboard or over the Unix socket and kept
** in the database, as `config show` tells it beside the settings of the
** command line: a row of setting_rows each.  Secrets stay in the file: of the
** mail server its password is left out, of webhooks, users and tokens only how
** many there are is told.  Read beside a running node too. */
#include "cmd/cmd_setting.h"

#include "codec/json.h"
#include "node/node.h"
#include "store/store_notify.h"
#include "store/store_user.h"

/* A setting of the file as JSON; NULL: it is not set. */
static json_t *setting_read(struct store *s, const char *name) {
  struct buf b;
  buf_init(&b, 0);
  json_t *j = store_meta_get(s, &b, name) == ERR_OK
                  ? json_read(buf_slice(&b), NULL) : NULL;
  mem_wipe(b.ptr, b.len);
  buf_fini(&b);
  return j;
}

static const char *setting_str(const json_t *j, const char *key) {
  const char *s = json_string_value(json_object_get(j, key));
  return s ? s : "";
}

static err setting_mail(struct jsonw *w, struct store *s) {
  json_t *j = setting_read(s, "smtp");
  if (setting_str(j, "host")[0])
    jsonw_printf(w, "%.200s:%lld, %.20s, from %.200s", setting_str(j, "host"),
                 (long long)json_integer_value(json_object_get(j, "port")),
                 setting_str(j, "security"), setting_str(j, "from"));
  else
    jsonw_str(w, "");
  if (j) json_decref(j);
  return ERR_OK;
}

/* How many texts of the dashboard are the operator's own. */
static err setting_texts(struct jsonw *w, struct store *s) {
  json_t *j = setting_read(s, "texts");
  const char *language;
  json_t *texts;
  u64 cnt = 0;
  json_object_foreach(j, language, texts) cnt += json_object_size(texts);
  jsonw_u64(w, cnt);
  if (j) json_decref(j);
  return ERR_OK;
}

#define SETTING_COUNT(name, list) \
  static err name(struct jsonw *w, struct store *s) { \
    u32 cnt = 0; \
    TRY(list(s, NULL, 0, &cnt)); \
    jsonw_u64(w, cnt); \
    return ERR_OK; \
  }
SETTING_COUNT(setting_hooks, store_hook_list)
SETTING_COUNT(setting_users, store_user_list)
SETTING_COUNT(setting_tokens, store_token_list)
#undef SETTING_COUNT

static const struct {
  const char *name;
  err (*put)(struct jsonw *w, struct store *s);
} setting_rows[] = {
  {"mail.server", setting_mail}, {"webhooks", setting_hooks},
  {"texts", setting_texts},      {"users", setting_users},
  {"tokens", setting_tokens},
};

void cmd_setting_each(const struct cmd *c,
                      void (*fn)(void *ctx, const char *name, slice json),
                      void *ctx) {
  struct errmsg msg;
  struct store *s;
  if (store_open(&s, c->db_path, STORE_READ_ONLY, &msg) < 0) return;
  for (size_t i = 0; i < ARRAY_LEN(setting_rows); i++) {
    struct buf b;
    struct jsonw w;
    buf_init(&b, 0);
    jsonw_init(&w, &b);
    if (setting_rows[i].put(&w, s) == ERR_OK)
      fn(ctx, setting_rows[i].name, buf_slice(&b));
    buf_fini(&b);
  }
  store_abandon(s);
}
