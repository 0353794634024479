/* rpc_admin.c - administration over the Unix socket: admin_*, node_*, and
** debug_verbosity, debug_vmodule. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/log_tail.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "gen/gen_version.h"
#include "node/node_token.h"
#include "rpc/rpc_call.h"

static void admin_urls(struct rpc_call *c, char http[128], char ipc[256]) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  http[0] = ipc[0] = 0;
  if (h && h->urls) h->urls(h->ctx, http, 128, ipc, 256);
}

/* The database's whole path. */
static const char *admin_db(struct rpc_call *c) {
  const char *path = node_info(c->node)->db_path;
  char *real = arena_alloc_raw(c->a, PATH_MAX);
  return realpath(path, real) ? real : path;
}

err rpc_do_admin_datadir(struct rpc_call *c) {
  const char *path = admin_db(c);
  const char *end = strrchr(path, '/');
  if (!end) {
    jsonw_str(&c->w, ".");
  } else {
    jsonw_str_len(&c->w, slice_of(path, end == path ? 1 : (size_t)(end - path)));
  }
  return ERR_OK;
}

static u32 admin_port(const char *url) {
  const char *colon = strrchr(url, ':');
  u32 port = 0;
  while (colon && colon[1] >= '0' && colon[1] <= '9') {
    port = port * 10 + (u32)(*++colon - '0');
  }
  return port;
}

/* The chain as geth's admin_nodeInfo tells it. */
static err admin_put_chain(struct rpc_call *c, struct jsonw *w) {
  const struct node_info *info = node_info(c->node);
  struct node_read *r;
  struct chain_header h;
  hash32 head;
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &head, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_obj(w);
  jsonw_key(w, "cybermiles");
  jsonw_obj(w);
  jsonw_kv_u64(w, "network", info->network_id);
  jsonw_kv_u64(w, "chainId", info->chain_id);
  jsonw_kv_u64(w, "difficulty", 0);
  jsonw_kv_hex(w, "genesis", hash32_slice(&info->genesis_hash));
  jsonw_kv_hex(w, "head", hash32_slice(&head));
  jsonw_kv_u64(w, "height", h.number);
  jsonw_obj_end(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

/* The node's id is the hash of its operator's address and the genesis. */
err rpc_do_admin_nodeInfo(struct rpc_call *c) {
  const struct node_info *info = node_info(c->node);
  struct jsonw *w = &c->w;
  char http[128], ipc[256];
  u8 id[52];
  hash32 hash;
  admin_urls(c, http, ipc);
  memcpy(id, info->operator_addr.b, 20);
  memcpy(id + 20, info->genesis_hash.b, 32);
  crypto_keccak256(&hash, id, sizeof id);
  jsonw_obj(w);
  jsonw_key(w, "id");
  char hex[67];
  hex_encode(hex, hash.b, 32);
  jsonw_str_len(w, slice_of(hex, 64));
  jsonw_kv_str(w, "name", rpc_client_version());
  jsonw_kv_str(w, "enode", "");
  jsonw_kv_str(w, "enr", "");
  jsonw_kv_str(w, "ip", "127.0.0.1");
  jsonw_kv_str(w, "listenAddr", http);
  jsonw_key(w, "ports");
  jsonw_obj(w);
  jsonw_kv_u64(w, "discovery", 0);
  jsonw_kv_u64(w, "listener", 0);
  jsonw_kv_u64(w, "http", admin_port(http));
  jsonw_obj_end(w);
  jsonw_key(w, "protocols");
  TRY(admin_put_chain(c, w));
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_admin_peers(struct rpc_call *c) {
  jsonw_arr(&c->w);
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

/*-------------------------------------------------------------- HTTP port */

static const char *admin_text(struct rpc_call *c, u32 i) {
  return c->arg[i].given ? arena_printf(c->a, "%.*s", (int)c->arg[i].text.len,
                                        (const char *)c->arg[i].text.ptr)
                         : NULL;
}

err rpc_do_admin_startHTTP(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  struct errmsg msg = {.text = ""};
  u64 port = c->arg[1].given ? c->arg[1].num : 0;
  if (!h || !h->start_http) return rpc_fail(c, RPC_ERR_SERVER, "cannot");
  if (port > 65535) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 1: a port is 1 to "
                    "65535");
  }
  rpc_view_drop(c);
  err e = h->start_http(h->ctx, admin_text(c, 0), (u32)port, admin_text(c, 2),
                        admin_text(c, 4), &msg);
  if (e < 0) return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_admin_stopHTTP(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  if (!h || !h->stop_http) return rpc_fail(c, RPC_ERR_SERVER, "cannot");
  jsonw_bool(&c->w, h->stop_http(h->ctx) >= 0);
  return ERR_OK;
}

/*------------------------------------------------------------------ users */

err rpc_do_admin_users(struct rpc_call *c) {
  struct store_user *list = arena_array(c->a, struct store_user,
                                        NODE_USERS_MAX);
  struct jsonw *w = &c->w;
  u32 cnt = 0;
  rpc_view_drop(c);
  err e = node_user_list(c->node, list, NODE_USERS_MAX, &cnt);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_arr(w);
  for (u32 i = 0; i < cnt && i < NODE_USERS_MAX; i++) {
    jsonw_obj(w);
    jsonw_kv_str(w, "name", list[i].name);
    jsonw_kv_str(w, "role", node_role_name(list[i].role));
    jsonw_kv_u64(w, "createdMs", list[i].created_ms);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  mem_wipe(list, NODE_USERS_MAX * sizeof *list);
  return ERR_OK;
}

/* The password as it is kept, of what was given: itself, or what is kept. */
static err admin_hash(struct rpc_call *c, char out[STORE_PASSWORD_MAX],
                      char *given) {
  err e = ERR_OK;
  if (node_password_is_hash(given)) {
    snprintf(out, STORE_PASSWORD_MAX, "%s", given);
    return ERR_OK;
  }
  const char *weak = node_password_weak(given);
  if (weak) return rpc_fail(c, RPC_ERR_PARAMS, "%s", weak);
  e = node_password_hash(out, given);
  mem_wipe(given, strlen(given));
  return e < 0 ? rpc_fail_err(c, e) : ERR_OK;
}

/* The table of the HTTP port is made anew. */
static err admin_users_changed(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  if (h && h->users) h->users(h->ctx);
  return ERR_OK;
}

static err admin_user(struct rpc_call *c, enum node_user_act act) {
  bool make = act == NODE_USER_MAKE;
  char hash[STORE_PASSWORD_MAX] = "";
  struct errmsg msg = {.text = ""};
  struct node_user_change change = {
    .act = act, .name = admin_text(c, 0),
    .role = make ? admin_text(c, 2) : NULL,
    .hash = hash, .from = "administration",
  };
  rpc_view_drop(c);
  if (act != NODE_USER_DROP_TOTP)
    TRY(admin_hash(c, hash, (char *)admin_text(c, 1)));
  err e = node_user_change(c->node, &change, &msg);
  mem_wipe(hash, sizeof hash);
  if (e < 0) return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  jsonw_bool(&c->w, true);
  return admin_users_changed(c);
}

err rpc_do_admin_createUser(struct rpc_call *c) {
  return admin_user(c, NODE_USER_MAKE);
}
err rpc_do_admin_resetUser(struct rpc_call *c) {
  return admin_user(c, NODE_USER_RESET);
}
err rpc_do_admin_dropTwoFactor(struct rpc_call *c) {
  return admin_user(c, NODE_USER_DROP_TOTP);
}

err rpc_do_admin_createToken(struct rpc_call *c) {
  struct errmsg msg;
  struct node_token_new t = {
    .user = admin_text(c, 0), .name = admin_text(c, 1),
    .scopes = admin_text(c, 2), .days = c->arg[3].given ? c->arg[3].num : 0,
    .from = "administration",
  };
  rpc_view_drop(c);
  if (node_token_make(c->node, &t, &msg) < 0)
    return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  jsonw_obj(&c->w);
  jsonw_kv_u64(&c->w, "id", t.id);
  jsonw_kv_str(&c->w, "token", t.text);
  jsonw_obj_end(&c->w);
  mem_wipe(t.text, sizeof t.text);
  return admin_users_changed(c);
}

err rpc_do_admin_revokeToken(struct rpc_call *c) {
  struct errmsg msg;
  rpc_view_drop(c);
  if (node_token_revoke(c->node, c->arg[0].num, "administration", &msg) < 0)
    return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  jsonw_bool(&c->w, true);
  return admin_users_changed(c);
}

static const char *admin_user_name(const struct store_user *list, u32 cnt,
                                   u64 id) {
  for (u32 i = 0; i < cnt && i < NODE_USERS_MAX; i++)
    if (list[i].id == id) return list[i].name;
  return "";
}

err rpc_do_admin_tokens(struct rpc_call *c) {
  struct store_user *user = arena_array(c->a, struct store_user,
                                        NODE_USERS_MAX);
  struct store_token *list = arena_array(c->a, struct store_token,
                                         NODE_TOKENS_MAX);
  struct jsonw *w = &c->w;
  u32 users = 0, cnt = 0;
  rpc_view_drop(c);
  err e = node_user_list(c->node, user, NODE_USERS_MAX, &users);
  if (e == ERR_OK) e = node_token_list(c->node, list, NODE_TOKENS_MAX, &cnt);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_arr(w);
  for (u32 i = 0; i < cnt && i < NODE_TOKENS_MAX; i++) {
    jsonw_obj(w);
    jsonw_kv_u64(w, "id", list[i].id);
    jsonw_kv_str(w, "user", admin_user_name(user, users, list[i].user));
    jsonw_kv_str(w, "name", list[i].name);
    jsonw_kv_str(w, "scopes", list[i].rights);
    jsonw_kv_u64(w, "createdMs", list[i].created_ms);
    jsonw_kv_u64(w, "usedMs", list[i].used_ms);
    jsonw_kv_u64(w, "untilMs", list[i].until_ms);
    jsonw_obj_end(w);
  }
  jsonw_arr_end(w);
  mem_wipe(user, NODE_USERS_MAX * sizeof *user);
  return ERR_OK;
}

/*------------------------------------------------------------------ peers */

static err admin_no_peers(struct rpc_call *c) {
  return rpc_fail(c, RPC_ERR_SERVER, "this node has no peers: its chain is "
                  "made by its one validator");
}
err rpc_do_admin_addPeer(struct rpc_call *c) { return admin_no_peers(c); }
err rpc_do_admin_addTrustedPeer(struct rpc_call *c) { return admin_no_peers(c); }
/* As geth's: what is no peer is gone. */
err rpc_do_admin_removePeer(struct rpc_call *c) {
  jsonw_bool(&c->w, true);
  return ERR_OK;
}
err rpc_do_admin_removeTrustedPeer(struct rpc_call *c) {
  return rpc_do_admin_removePeer(c);
}

/*---------------------------------------------------------------- logging */

err rpc_do_debug_verbosity(struct rpc_call *c) {
  u64 level = c->arg[0].num;
  if (level > 5) {
    return rpc_fail(c, RPC_ERR_PARAMS,
                    "invalid argument 0: the level is 0 to 5");
  }
  log_verbosity_set((int)level);
  log_event(LOG_INFO, "node", "log.verbosity", "level=%d", (int)level);
  jsonw_null(&c->w);
  return ERR_OK;
}

err rpc_do_debug_vmodule(struct rpc_call *c) {
  struct errmsg msg;
  if (log_vmodule(admin_text(c, 0), &msg) < 0) {
    return rpc_fail(c, RPC_ERR_PARAMS, "invalid argument 0: %.300s", msg.text);
  }
  jsonw_null(&c->w);
  return ERR_OK;
}

err rpc_do_node_log(struct rpc_call *c) {
  u64 max = c->arg[0].given ? c->arg[0].num : LOG_TAIL_LINES;
  if (max > LOG_TAIL_LINES) max = LOG_TAIL_LINES;
  char (*line)[LOG_TAIL_LINE] = arena_alloc_raw(c->a, max * LOG_TAIL_LINE + 1);
  u32 cnt = log_tail(line, (u32)max);
  jsonw_arr(&c->w);
  for (u32 i = 0; i < cnt; i++) jsonw_str(&c->w, line[i]);
  jsonw_arr_end(&c->w);
  return ERR_OK;
}

/*----------------------------------------------------------------- status */

err rpc_do_node_backup(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  struct errmsg msg = {.text = ""};
  if (!h || !h->backup) return rpc_fail(c, RPC_ERR_SERVER, "cannot");
  if (h->backup(h->ctx, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  }
  jsonw_str(&c->w, msg.text);
  return ERR_OK;
}

err rpc_do_node_backupDone(struct rpc_call *c) {
  err e = node_backup_done(c->node);
  if (e < 0) return rpc_fail_err(c, e);
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_node_claim(struct rpc_call *c) {
  struct errmsg msg = {.text = ""};
  rpc_view_drop(c);
  if (node_claim(c->node, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  }
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

err rpc_do_node_reload(struct rpc_call *c) {
  const struct rpc_host *h = rpc_host_of(c->batch->server);
  struct errmsg msg = {.text = ""};
  if (!h || !h->reload) return rpc_fail(c, RPC_ERR_SERVER, "cannot");
  if (h->reload(h->ctx, &msg) < 0) {
    return rpc_fail(c, RPC_ERR_SERVER, "%.300s", msg.text);
  }
  jsonw_bool(&c->w, true);
  return ERR_OK;
}

static void admin_put_process(struct jsonw *w) {
  struct node_process p;
  node_process(&p);
  jsonw_key(w, "process");
  jsonw_obj(w);
  jsonw_key(w, "cpuSeconds");
  jsonw_double(w, p.cpu_s);
  jsonw_kv_u64(w, "residentBytes", p.rss_bytes);
  jsonw_kv_u64(w, "heapBytes", p.heap_bytes);
  jsonw_kv_u64(w, "mappedBytes", p.mapped_bytes);
  jsonw_kv_u64(w, "threads", p.threads);
  jsonw_kv_u64(w, "openFiles", p.fds);
  jsonw_kv_u64(w, "openFilesMax", p.fds_max);
  jsonw_obj_end(w);
}

static void admin_put_stat(struct jsonw *w, const struct node_stat *s) {
  jsonw_kv_u64(w, "tablesAt", s->flushed);
  jsonw_kv_u64(w, "pending", s->pool.pending);
  jsonw_kv_u64(w, "queued", s->pool.queued);
  jsonw_kv_u64(w, "poolBytes", s->pool.bytes);
  jsonw_kv_u64(w, "fileBytes", s->file_bytes);
  jsonw_kv_u64(w, "walBytes", s->wal_bytes);
  jsonw_kv_u64(w, "diskFreeBytes", s->disk_free_bytes);
  jsonw_kv_bool(w, "diskLow", s->disk_low);
  jsonw_kv_u64(w, "cacheBytes", s->cache_bytes);
  jsonw_kv_u64(w, "overlayBytes", s->overlay_bytes);
  jsonw_kv_u64(w, "readers", s->reader_cnt);
  jsonw_kv_u64(w, "readersBusy", s->reader_busy);
  jsonw_kv_u64(w, "startedMs", s->started_ms);
  jsonw_kv_u64(w, "nowMs", node_clock_ms());
  jsonw_key(w, "lastBackupMs");
  if (s->backup_ms) jsonw_u64(w, s->backup_ms); else jsonw_null(w);
  jsonw_kv_u64(w, "backupEverySeconds", s->backup_every_s);
  jsonw_kv_u64(w, "backupFailures", s->backup_failures);
}

err rpc_do_node_status(struct rpc_call *c) {
  const struct node_info *info = node_info(c->node);
  struct jsonw *w = &c->w;
  struct node_stat s;
  struct node_read *r;
  struct chain_header h;
  struct errmsg msg = {.text = ""};
  hash32 head;
  char http[128], ipc[256], modules[256];
  TRY(rpc_read(c, &r));
  err e = node_read_header(r, &h, &head, node_read_head(r));
  if (e < 0) return rpc_fail_err(c, e);
  node_stat(c->node, &s);
  admin_urls(c, http, ipc);
  log_vmodule_now(modules, sizeof modules);
  jsonw_obj(w);
  jsonw_kv_str(w, "version", gen_version);
  jsonw_kv_str(w, "commit", gen_version_commit);
  jsonw_kv_u64(w, "chainId", info->chain_id);
  jsonw_kv_u64(w, "networkId", info->network_id);
  jsonw_kv_hex(w, "genesisHash", hash32_slice(&info->genesis_hash));
  jsonw_kv_bool(w, "dev", info->dev);
  jsonw_kv_hex(w, "operator", addr20_slice(&info->operator_addr));
  jsonw_kv_str(w, "db", admin_db(c));
  jsonw_kv_str(w, "http", http);
  jsonw_kv_str(w, "ipc", ipc);
  jsonw_kv_u64(w, "height", h.number);
  jsonw_kv_hex(w, "headHash", hash32_slice(&head));
  jsonw_kv_u64(w, "headTimeMs", chain_header_time_ms(&h));
  jsonw_kv_u64(w, "oldestState", node_read_oldest_state(r));
  jsonw_kv_u64(w, "peers", 0);
  admin_put_stat(w, &s);
  admin_put_process(w);
  jsonw_kv_u64(w, "verbosity", (u64)log_verbosity_now());
  jsonw_kv_str(w, "vmodule", modules);
  jsonw_key(w, "fenced");
  if (node_is_fenced(c->node, &msg)) jsonw_str(w, msg.text);
  else jsonw_null(w);
  jsonw_key(w, "failure");
  if (node_failed(c->node, &msg) < 0) jsonw_str(w, msg.text);
  else jsonw_null(w);
  jsonw_obj_end(w);
  return ERR_OK;
}
