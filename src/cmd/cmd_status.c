/* cmd_status.c - `status`: what a running node is doing, asked over its Unix
** socket; or, when nobody listens there, where the file stands. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "chain/chain_block.h"
#include "cmd/cmd.h"
#include "codec/hex.h"
#include "codec/json.h"
#include "node/node.h"
#include "rpc/rpc_ipc.h"
#include "store/store.h"

#define STATUS_REPLY_MAX (4u << 20)
#define STATUS_MS 10000u

static u64 status_num(const json_t *j, const char *key) {
  return (u64)json_integer_value(json_object_get(j, key));
}
static const char *status_str(const json_t *j, const char *key) {
  const char *s = json_string_value(json_object_get(j, key));
  return s ? s : "";
}

static const char *status_bytes(char out[32], u64 n) {
  static const char *const unit[] = {"B", "KB", "MB", "GB", "TB"};
  double v = (double)n;
  u32 i = 0;
  while (v >= 1000 && i < ARRAY_LEN(unit) - 1) v /= 1000, i++;
  snprintf(out, 32, i ? "%.1f %s" : "%.0f %s", v, unit[i]);
  return out;
}

static const char *status_age(char out[48], u64 from_ms, u64 now_ms) {
  u64 s = now_ms > from_ms ? (now_ms - from_ms) / 1000 : 0;
  if (s < 120) snprintf(out, 48, "%" PRIu64 " s", s);
  else if (s < 7200) snprintf(out, 48, "%" PRIu64 " min", s / 60);
  else if (s < 172800) snprintf(out, 48, "%" PRIu64 " h", s / 3600);
  else snprintf(out, 48, "%" PRIu64 " days", s / 86400);
  return out;
}

static void status_print(const json_t *r) {
  const json_t *p = json_object_get(r, "process");
  const char *failure = status_str(r, "failure");
  u64 now = status_num(r, "nowMs"), backup = status_num(r, "lastBackupMs");
  char a[48], b[48], c[32], d[32], e[32];
  printf("Running %s: CyberMiles %s, chain %" PRIu64 "%s\n",
         status_age(a, status_num(r, "startedMs"), now),
         status_str(r, "version"), status_num(r, "chainId"),
         json_is_true(json_object_get(r, "dev")) ? " (development)" : "");
  printf("Height      %" PRIu64 ", %s old, %.18s...\n", status_num(r, "height"),
         status_age(b, status_num(r, "headTimeMs"), now),
         status_str(r, "headHash"));
  printf("Waiting     %" PRIu64 " transactions, %" PRIu64 " more behind gaps\n",
         status_num(r, "pending"), status_num(r, "queued"));
  printf("Database    %s\n            %s, log %s, %s free%s\n",
         status_str(r, "db"), status_bytes(c, status_num(r, "fileBytes")),
         status_bytes(d, status_num(r, "walBytes")),
         status_bytes(e, status_num(r, "diskFreeBytes")),
         json_is_true(json_object_get(r, "diskLow"))
             ? ": TOO LITTLE, no blocks are made" : "");
  u64 every = status_num(r, "backupEverySeconds") / 3600;
  u64 failed = status_num(r, "backupFailures");
  printf("Last backup %s%s", backup ? status_age(a, backup, now) : "never",
         backup ? " ago" : every ? "" : ": cybermiles backup DEST");
  if (every) printf(", one every %" PRIu64 " h", every);
  if (failed) printf(", %" PRIu64 " FAILED", failed);
  printf("\n");
  printf("Memory      %s (cache %s, changes %s), %" PRIu64 " threads, %" PRIu64
         " files\n",
         status_bytes(c, status_num(p, "residentBytes")),
         status_bytes(d, status_num(r, "cacheBytes")),
         status_bytes(e, status_num(r, "overlayBytes")),
         status_num(p, "threads"), status_num(p, "openFiles"));
  printf("HTTP        %s\nUnix socket %s\n",
         status_str(r, "http")[0] ? status_str(r, "http") : "closed",
         status_str(r, "ipc"));
  if (status_str(r, "fenced")[0])
    printf("NOT SIGNING %s; if no other copy runs: cybermiles attach --exec "
           "node_claim\n", status_str(r, "fenced"));
  if (failure[0]) printf("FAILED      %s\n", failure);
}

/* Whether the node's file is the one that was asked about: another node may
** have its socket in the same folder. */
static bool status_same_file(const struct cmd *c, const char *db) {
  struct stat a, b;
  if (!c->db_given) return true;
  return stat(c->db_path, &a) == 0 && stat(db, &b) == 0 &&
         a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

err cmd_ask_node(json_t **out, const struct cmd *c, const char *method,
                 const char *params, struct errmsg *msg) {
  char path[4096], text[1024];
  struct rpc_ipc_client client;
  struct buf reply;
  TRY(cmd_ipc_path(path, sizeof path, c, msg));
  TRY(rpc_ipc_open(&client, path, msg));
  err e = ERR_OK;
  *out = NULL;
  for (u32 i = 0; e == ERR_OK && i < 2; i++) {
    /* First whether it is the right one. */
    snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
             "\"%s\",\"params\":%s}", i ? method : "node_status",
             i ? params : "[]");
    buf_init(&reply, 0);
    e = rpc_ipc_ask(&client, &reply, slice_str(text), STATUS_REPLY_MAX,
                    STATUS_MS, NULL, NULL, msg);
    if (*out) json_decref(*out);
    *out = e < 0 ? NULL : json_read(buf_slice(&reply), msg);
    if (e == ERR_OK && !*out) e = ERR_INPUT;
    buf_fini(&reply);
    if (e == ERR_OK && i == 0 &&
        !status_same_file(c, status_str(json_object_get(*out, "result"),
                                        "db"))) {
      e = err_say(msg, ERR_NOT_FOUND, "no node runs on %s", c->db_path);
    }
  }
  rpc_ipc_close(&client);
  mem_wipe(text, sizeof text);
  if (e < 0 && *out) {
    json_decref(*out);
    *out = NULL;
  }
  return e;
}

/* Of a running node; ERR_NOT_FOUND when none listens. */
static err status_running(const struct cmd *c, int *code, struct errmsg *msg) {
  json_t *j;
  TRY(cmd_ask_node(&j, c, "node_status", "[]", msg));
  err e = ERR_OK;
  json_t *r = json_object_get(j, "result");
  if (r && c->cfg.json) {
    json_object_set_new(r, "running", json_true());
    json_dumpf(r, stdout, JSON_INDENT(2));
    printf("\n");
  } else if (r) {
    status_print(r);
  } else if (e == ERR_OK) {
    e = err_say(msg, ERR_IO, "the node gave no status");
  }
  *code = r && status_str(r, "failure")[0] ? EXIT_FAILED : EXIT_DONE;
  json_decref(j);
  return e;
}

static err status_head(struct store *s, struct chain_header *h, hash32 *hash,
                       struct errmsg *msg) {
  struct store_reader *r;
  struct store_standing st;
  struct store_block_row row;
  TRY(store_reader_open(&r, s, 0, msg));
  err e = store_reader_begin(r, &st);
  if (e == ERR_OK && st.head < 0) {
    e = err_say(msg, ERR_NOT_FOUND, "the file has no chain yet");
  } else if (e == ERR_OK) {
    e = store_read_block(r, &row, (u64)st.head);
    if (e == ERR_OK) {
      *hash = row.hash;
      e = chain_header_decode(h, row.header);
    }
    if (e < 0) err_say(msg, e, "cannot read the last block: %s", err_text(e));
  }
  store_reader_end(r);
  store_reader_close(r);
  return e;
}

static err status_stopped(const struct cmd *c, struct errmsg *msg) {
  struct store *s;
  struct chain_header h = {0};
  struct errmsg closing;
  hash32 hash = {{0}};
  char hex[67] = "0x", age[48];
  TRY(store_open(&s, c->db_path, STORE_READ_ONLY, msg));
  err e = status_head(s, &h, &hash, msg);
  if (store_close(s, &closing) < 0 && e == ERR_OK) e = ERR_IO, *msg = closing;
  if (e < 0) return e;
  hex_encode(hex + 2, hash.b, 32);
  hex[66] = 0;
  u64 time_ms = chain_header_time_ms(&h), now = node_clock_ms();
  if (c->cfg.json) {
    struct buf out;
    struct jsonw w;
    buf_init(&out, 0);
    jsonw_init(&w, &out);
    jsonw_obj(&w);
    jsonw_kv_bool(&w, "running", false);
    jsonw_kv_str(&w, "db", c->db_path);
    jsonw_kv_u64(&w, "height", h.number);
    jsonw_kv_str(&w, "headHash", hex);
    jsonw_kv_u64(&w, "headTimeMs", time_ms);
    jsonw_kv_u64(&w, "nowMs", now);
    jsonw_obj_end(&w);
    printf("%s\n", buf_cstr(&out));
    buf_fini(&out);
  } else {
    printf("Not running (or without its Unix socket)\n"
           "Database    %s\nHeight      %" PRIu64 ", %s old, %.18s...\n",
           c->db_path, h.number, status_age(age, time_ms, now), hex);
  }
  return ERR_OK;
}

int cmd_status(struct cmd *c) {
  struct errmsg msg = {""};
  int code = EXIT_DONE;
  err e = status_running(c, &code, &msg);
  if (e == ERR_NOT_FOUND || e == ERR_RANGE) e = status_stopped(c, &msg);
  return e < 0 ? cmd_fail(e, &msg) : code;
}

#undef STATUS_REPLY_MAX
#undef STATUS_MS
