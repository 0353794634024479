/* cmd_db.c - init, account, backup, verify: work on the file, node or not.
**
** init, account: the node must not run (the file has one writer; a running
** node's keys are managed from its dashboard).  backup: beside a running node
** too, as a reader.  verify: reads only, at any time.
*/
#include "cmd/cmd.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "crypto/keystore.h"
#include "crypto/secp256k1.h"
#include "node/node_keystore.h"
#include "node/node.h"
#include "node/node_state.h"
#include "store/store.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB_GENESIS_MAX (512u << 20)
#define DB_GENESIS_LONG (16u << 20) /* from here on reading it takes a while */
#define DB_KEYFILE_MAX 65536
#define DB_PASSWORD_MAX 256
#define DB_KEYS_MAX 1000

static void db_print_json(struct buf *out) {
  printf("%s\n", buf_cstr(out));
  buf_fini(out);
}

static void db_progress(const char *what, u32 percent, u32 *shown) {
  if (!isatty(2) || percent == *shown) return;
  *shown = percent;
  fprintf(stderr, "\r%s %u %%%s", what, percent, percent == 100 ? "\n" : "");
}

/*------------------------------------------------------------------ init */

/* A genesis of millions of accounts is mapped, and what was walked over is let
** go of: it comes back from the file when it is looked at again. */
struct db_text {
  u8 *ptr;
  size_t len, mapped; /* 0: in memory of its own */
  u64 passed;         /* some of it several times */
};

static err db_text_open(struct db_text *t, const char *path,
                        struct errmsg *msg) {
  struct stat st;
  *t = (struct db_text){0};
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
      st.st_size > 0 && st.st_size <= DB_GENESIS_MAX) {
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p != MAP_FAILED) {
      t->ptr = p;
      t->len = t->mapped = (size_t)st.st_size;
    }
  }
  if (fd >= 0) close(fd);
  if (t->mapped) return ERR_OK;
  TRY(cmd_read_file(&t->ptr, &t->len, path, DB_GENESIS_MAX, msg));
  return t->len ? ERR_OK : err_say(msg, ERR_INPUT, "%s is empty", path);
}

static void db_text_passed(void *ctx, slice text) {
  struct db_text *t = ctx;
  t->passed += text.len;
  if (isatty(2) && t->len >= DB_GENESIS_LONG)
    fprintf(stderr, "\rreading the genesis: %llu MB looked at",
            (unsigned long long)(t->passed >> 20));
  /* Faults bring pages around with them: all go. */
  if (t->mapped) madvise(t->ptr, t->mapped, MADV_DONTNEED);
}

static void db_text_close(struct db_text *t) {
  if (t->mapped) munmap(t->ptr, t->mapped); else mem_free(t->ptr);
}

static void db_init_progress(void *ctx, u32 percent) {
  db_progress("writing the genesis state:           ", percent, ctx);
}

int cmd_init(struct cmd *c) {
  struct errmsg msg = {""};
  struct db_text text = {0};
  const struct json_watch watch = {db_text_passed, &text};
  u32 shown = 101;
  struct node_create what = {.watch = &watch,
                             .light_kdf = c->cfg.light_kdf,
                             .progress = db_init_progress,
                             .progress_ctx = &shown};
  struct node_created made;
  char password[DB_PASSWORD_MAX], addr[43];
  err e = ERR_OK;
  crypto_init(NULL);
  if (c->cfg.wizard) e = cmd_wizard(c, &msg);
  if (e == ERR_OK && c->cfg.genesis) {
    e = db_text_open(&text, c->cfg.genesis, &msg);
    if (e == ERR_OK) what.genesis = slice_of(text.ptr, text.len);
  }
  if (e == ERR_OK && c->cfg.password) {
    e = cmd_password(password, sizeof password, c, "Password", true, &msg);
    what.password = password;
  }
  if (e == ERR_OK) e = node_create(&made, c->db_path, &what, &msg);
  mem_wipe(password, sizeof password);
  db_text_close(&text);
  if (e < 0) return cmd_fail(e, &msg);
  hex_addr(addr, &made.operator_addr);
  struct buf out;
  buf_init(&out, 0);
  if (c->cfg.json) {
    struct jsonw w;
    jsonw_init(&w, &out);
    jsonw_obj(&w);
    jsonw_kv_str(&w, "db", c->db_path);
    jsonw_kv_u64(&w, "chainId", made.chain_id);
    jsonw_kv_hex(&w, "genesisHash", hash32_slice(&made.genesis_hash));
    if (!made.plain) jsonw_kv_str(&w, "operator", addr);
    if (made.first_password[0]) {
      jsonw_kv_str(&w, "password", made.first_password);
    }
    jsonw_obj_end(&w);
  } else {
    buf_printf(&out, "Made %s\nChain id %llu, genesis ", c->db_path,
               (unsigned long long)made.chain_id);
    buf_put_hex(&out, hash32_slice(&made.genesis_hash));
    if (made.plain) {
      buf_put_str(&out, "\nPlain Ethereum rules, read-only: its blocks come "
                        "from \"cybermiles import FILE\"");
    } else {
      buf_printf(&out, "\nOperator account: %s", addr);
    }
    if (made.first_password[0]) {
      buf_printf(&out, "\nIts password, shown only this once: %s",
                 made.first_password);
    }
  }
  db_print_json(&out);
  return EXIT_DONE;
}

/*--------------------------------------------------------------- account */

static err db_account_put(struct store *s, addr20 *addr, const u8 key[32],
                          const struct cmd *c, struct errmsg *msg) {
  char password[DB_PASSWORD_MAX];
  struct keystore_random random;
  struct buf json;
  TRY(crypto_key_addr(addr, key));
  TRY(cmd_password(password, sizeof password, c, "Password of the account",
                   true, msg));
  node_random(&random, sizeof random);
  buf_init(&json, 0);
  err e = keystore_encrypt(&json, key, slice_str(password),
                           keystore_n(c->cfg.light_kdf), &random);
  mem_wipe(password, sizeof password);
  if (e == ERR_OK) e = store_key_put(s, addr, buf_slice(&json));
  buf_fini(&json);
  return e < 0 ? err_say(msg, e, "cannot store the key: %s", err_text(e))
               : ERR_OK;
}

/* words: empty, or where they are to be told. */
static err db_account_new(struct store *s, addr20 *addr, const struct cmd *c,
                          char words[CRYPTO_MNEMONIC_SIZE],
                          struct errmsg *msg) {
  u8 key[32], entropy[16];
  err e = ERR_OK;
  if (c->cfg.mnemonic) {
    node_random(entropy, sizeof entropy);
    e = crypto_mnemonic_make(words, entropy, sizeof entropy);
    if (e == ERR_OK) e = crypto_mnemonic_key(key, words, 0);
    if (e < 0) err_say(msg, e, "cannot make words: %s", err_text(e));
    mem_wipe(entropy, sizeof entropy);
  } else {
    do node_random(key, 32); while (!crypto_seckey_valid(key));
  }
  if (e == ERR_OK) e = db_account_put(s, addr, key, c, msg);
  mem_wipe(key, sizeof key);
  return e;
}

static err db_key_of_words(u8 key[32], slice text, const struct cmd *c,
                           struct errmsg *msg) {
  char words[CRYPTO_MNEMONIC_SIZE];
  if (c->cfg.mnemonic_index > INT32_MAX)
    return err_say(msg, ERR_USAGE, "--mnemonic.index is at most %d", INT32_MAX);
  TRY(crypto_mnemonic_read(words, text, msg));
  err e = crypto_mnemonic_key(key, words, (u32)c->cfg.mnemonic_index);
  mem_wipe(words, sizeof words);
  return e < 0 ? err_say(msg, e, "no key of these words: %s", err_text(e)) : e;
}

/* A Web3 JSON file is kept as it is once its password was proven; a file of
** one hexadecimal key, or of words, is put under a new password. */
static err db_account_import(struct store *s, addr20 *addr,
                             const struct cmd *c, const char *path,
                             struct errmsg *msg) {
  u8 *text, key[32];
  size_t len;
  char password[DB_PASSWORD_MAX];
  if (strcmp(path, "-") == 0) path = "/dev/stdin";
  TRY(cmd_read_file(&text, &len, path, DB_KEYFILE_MAX, msg));
  size_t n = len;
  while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) n--;
  const char *hex = (const char *)text;
  bool prefixed = n == 66 && hex[0] == '0' && hex[1] == 'x';
  err e;
  if (n == 64 || prefixed) {
    e = hex_decode(key, hex + (prefixed ? 2 : 0), 64);
    if (e == ERR_OK && !crypto_seckey_valid(key)) e = ERR_INPUT;
    if (e < 0) {
      err_say(msg, e, "%s holds no valid secp256k1 key", path);
    } else {
      e = db_account_put(s, addr, key, c, msg);
    }
  } else if (n > 0 && memchr(hex, ' ', n) && hex[0] != '{') {
    e = db_key_of_words(key, slice_of(text, n), c, msg);
    if (e == ERR_OK) e = db_account_put(s, addr, key, c, msg);
  } else {
    e = cmd_password(password, sizeof password, c, "Password of the key file",
                     false, msg);
    if (e == ERR_OK) {
      e = keystore_decrypt(key, slice_of(text, len), slice_str(password), msg);
    }
    mem_wipe(password, sizeof password);
    if (e == ERR_OK) e = crypto_key_addr(addr, key);
    if (e == ERR_OK) e = store_key_put(s, addr, slice_of(text, len));
  }
  mem_wipe(key, sizeof key);
  mem_wipe(text, len);
  mem_free(text);
  return e;
}

static err db_account_export(struct store *s, const char *text,
                             struct errmsg *msg) {
  addr20 addr;
  struct buf json;
  if (hex_parse_addr(&addr, slice_str(text)) < 0) {
    return err_say(msg, ERR_USAGE,
                   "%s is no address (0x and 40 hexadecimal digits; mixed case "
                   "must match its checksum)", text);
  }
  buf_init(&json, 0);
  err e = store_key_get(s, &json, &addr);
  if (e == ERR_NOT_FOUND) {
    err_say(msg, e, "no key of %s here; cybermiles account list shows all",
            text);
  }
  if (e == ERR_OK) printf("%s\n", buf_cstr(&json));
  buf_fini(&json);
  return e;
}

static err db_account_list(struct store *s, const struct cmd *c) {
  addr20 *list = mem_alloc(sizeof *list * DB_KEYS_MAX);
  u32 cnt = 0;
  err e = store_key_list(s, list, DB_KEYS_MAX, &cnt);
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  jsonw_arr(&w);
  for (u32 i = 0; e == ERR_OK && i < cnt; i++) {
    char text[43];
    hex_addr(text, &list[i]);
    if (c->cfg.json) jsonw_str(&w, text); else printf("%s\n", text);
  }
  jsonw_arr_end(&w);
  if (c->cfg.json) printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
  mem_free(list);
  return e;
}

/* The old password proves the right to set a new one (--password.new). */
static err db_account_passwd(struct store *s, addr20 *addr,
                             const struct cmd *c, const char *text,
                             struct errmsg *msg) {
  char password[DB_PASSWORD_MAX];
  struct cmd fresh = *c;
  struct buf json;
  u8 key[32];
  fresh.cfg.password = c->cfg.password_new;
  if (hex_parse_addr(addr, slice_str(text)) < 0) {
    return err_say(msg, ERR_USAGE, "%s is no address", text);
  }
  buf_init(&json, 0);
  err e = store_key_get(s, &json, addr);
  if (e < 0) err_say(msg, e, "no key of %s here", text);
  if (e == ERR_OK) {
    e = cmd_password(password, sizeof password, c, "Password it has", false,
                     msg);
  }
  if (e == ERR_OK) {
    e = keystore_decrypt(key, buf_slice(&json), slice_str(password), msg);
  }
  mem_wipe(password, sizeof password);
  buf_fini(&json);
  if (e == ERR_OK) e = db_account_put(s, addr, key, &fresh, msg);
  mem_wipe(key, sizeof key);
  return e;
}

enum { DB_NEW, DB_LIST, DB_IMPORT, DB_EXPORT, DB_PASSWD };
static const struct { const char *name; u32 arg_cnt; } db_account_verbs[] = {
  [DB_NEW] = {"new", 1}, [DB_LIST] = {"list", 1}, [DB_IMPORT] = {"import", 2},
  [DB_EXPORT] = {"export", 2}, [DB_PASSWD] = {"passwd", 2},
};

int cmd_account(struct cmd *c) {
  u32 verb = 0;
  while (verb < ARRAY_LEN(db_account_verbs) &&
         (strcmp(db_account_verbs[verb].name, c->arg[0]) != 0 ||
          db_account_verbs[verb].arg_cnt != c->arg_cnt)) {
    verb++;
  }
  if (verb == ARRAY_LEN(db_account_verbs)) {
    fprintf(stderr, "cybermiles: usage: cybermiles account new | list | "
                    "import FILE | export ADDRESS | passwd ADDRESS\n");
    return EXIT_USAGE;
  }
  struct errmsg msg = {""}, closing;
  struct store *s;
  addr20 addr;
  char text[43], words[CRYPTO_MNEMONIC_SIZE] = "";
  crypto_init(NULL);
  bool reads = verb == DB_LIST || verb == DB_EXPORT;
  err e = store_open(&s, c->db_path, reads ? STORE_READ_ONLY : STORE_CREATE,
                     &msg);
  if (e < 0) return cmd_fail(e, &msg);
  switch (verb) {
    case DB_NEW: e = db_account_new(s, &addr, c, words, &msg); break;
    case DB_LIST: e = db_account_list(s, c); break;
    case DB_IMPORT: e = db_account_import(s, &addr, c, c->arg[1], &msg); break;
    case DB_PASSWD: e = db_account_passwd(s, &addr, c, c->arg[1], &msg); break;
    default: e = db_account_export(s, c->arg[1], &msg); break;
  }
  if (e == ERR_OK && !reads) {
    hex_addr(text, &addr);
    if (!c->cfg.json) printf("%s%s%s\n", words, words[0] ? "\n" : "", text);
    else if (!words[0]) printf("{\"address\":\"%s\"}\n", text);
    else printf("{\"address\":\"%s\",\"mnemonic\":\"%s\"}\n", text, words);
  }
  mem_wipe(words, sizeof words);
  err closed = store_close(s, &closing);
  if (e == ERR_OK && closed < 0) e = closed, msg = closing;
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}

/*-------------------------------------------------------- backup, verify */

static void db_verify_progress(void *ctx, u64 height, u64 head) {
  db_progress("verifying", head ? (u32)(height * 100 / head) : 100, ctx);
}

int cmd_verify(struct cmd *c) {
  struct errmsg msg = {""};
  u32 shown = 101;
  crypto_init(NULL);
  struct node_verified head;
  err e = node_state_verify(c->db_path, c->cfg.deep, &head, db_verify_progress,
                            &shown, &msg);
  if (c->cfg.json) {
    struct buf out;
    struct jsonw w;
    buf_init(&out, 0);
    jsonw_init(&w, &out);
    jsonw_obj(&w);
    jsonw_kv_bool(&w, "ok", e == ERR_OK);
    if (e < 0) {
      jsonw_kv_str(&w, "error", msg.text);
    } else {
      jsonw_kv_u64(&w, "height", head.height);
      jsonw_kv_hex(&w, "hash", hash32_slice(&head.hash));
    }
    jsonw_obj_end(&w);
    db_print_json(&out);
  } else if (e == ERR_OK) {
    char hash[65] = "";
    hex_encode(hash, head.hash.b, 32);
    printf("%s is whole up to block %llu, 0x%s: every block, root and index "
           "holds\n", c->db_path, (unsigned long long)head.height, hash);
  }
  return e < 0 ? cmd_fail(e, &msg) : EXIT_DONE;
}
