/* rpc_content.c - content_put, content_get, content_status: documents, images
** and other bytes by their keccak256 (src/proj/proj.h).
**
** Anybody who reaches the port may put content: 64 pieces and 16 MiB a minute
** from one address, besides what is held in all (PROJ_HOLD_BYTES).  Over that
** the answer is -32005 and says when to go on.  Who has a key or
** the Unix socket has no such limit. */
#include <pthread.h>

#include "rpc/rpc_commerce.h"

#define CONTENT_PEERS 1024u
#define CONTENT_MINUTE_MS 60000u
#define CONTENT_MINUTE_CNT 64u
#define CONTENT_MINUTE_BYTES (16u << 20)

struct content_peer {
  u64 key, since_ms, bytes;
  u32 cnt;
};
static struct {
  pthread_mutex_t lock;
  struct content_peer peer[CONTENT_PEERS];
} content_rate = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* The address's row: its own, an empty or old one, or the one it shares. */
static struct content_peer *content_peer_of(u64 key, u64 now_ms) {
  struct content_peer *first = NULL;
  for (u32 i = 0; i < 8; i++) {
    struct content_peer *p = &content_rate.peer[(key + i) % CONTENT_PEERS];
    if (p->key == key) return p;
    if (!first && (!p->key || now_ms - p->since_ms > CONTENT_MINUTE_MS))
      first = p;
  }
  return first ? first : &content_rate.peer[key % CONTENT_PEERS];
}
/* 0, or the seconds to wait. */
static u64 content_wait_s(u64 from, size_t len) {
  u64 now = node_clock_ms(), key = from | 1, wait = 0;
  pthread_mutex_lock(&content_rate.lock);
  struct content_peer *p = content_peer_of(key, now);
  if (now < p->since_ms || now - p->since_ms > CONTENT_MINUTE_MS)
    *p = (struct content_peer){key, now, 0, 0};
  if (p->cnt >= CONTENT_MINUTE_CNT || p->bytes + len > CONTENT_MINUTE_BYTES) {
    wait = (p->since_ms + CONTENT_MINUTE_MS - now) / 1000 + 1;
  } else {
    p->cnt++;
    p->bytes += len;
  }
  pthread_mutex_unlock(&content_rate.lock);
  return wait;
}

static void content_until(struct jsonw *w, u64 until) {
  if (until) jsonw_kv_u64(w, "until", until);
  else jsonw_kv_null(w, "until");
}

err rpc_do_content_put(struct rpc_call *c) {
  struct proj_content out;
  struct errmsg msg = {""};
  slice bytes = c->arg[0].bytes;
  const struct rpc_peer *peer = c->batch->peer;
  u64 wait = peer->access == RPC_PUBLIC
                 ? content_wait_s(peer->from, bytes.len) : 0;
  if (wait)
    return rpc_fail(c, RPC_ERR_LIMIT, "content: at most %u pieces and %u bytes "
                    "a minute; go on in %llu s", CONTENT_MINUTE_CNT,
                    CONTENT_MINUTE_BYTES, (unsigned long long)wait);
  rpc_view_drop(c);
  err e = node_content_put(c->node, &out, bytes, &msg);
  if (e == ERR_INPUT) return rpc_fail(c, RPC_ERR_PARAMS, "%s", msg.text);
  if (e == ERR_LIMIT) return rpc_fail(c, RPC_ERR_LIMIT, "%s", msg.text);
  if (e < 0) return rpc_fail_err(c, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_kv_hex(w, "hash", hash32_slice(&out.hash));
  jsonw_kv_str(w, "type", out.type);
  jsonw_kv_u64(w, "size", out.size);
  content_until(w, out.until);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_content_get(struct rpc_call *c) {
  struct rpc_shop q;
  struct proj_content got;
  TRY(rpc_shop_begin(c, &q));
  err e = proj_content_get(q.s, &got, &c->arg[0].hash, c->a);
  struct jsonw *w = &c->w;
  if (e == ERR_NOT_FOUND) {
    jsonw_null(w);
    return ERR_OK;
  }
  if (e < 0) return rpc_shop_fail(&q, e);
  jsonw_obj(w);
  jsonw_kv_hex(w, "hash", hash32_slice(&got.hash));
  jsonw_kv_str(w, "type", got.type);
  jsonw_kv_u64(w, "size", got.size);
  content_until(w, got.until);
  jsonw_kv_hex(w, "bytes", got.bytes);
  jsonw_key(w, "document");
  if (!strcmp(got.type, "application/json")) jsonw_raw(w, got.bytes);
  else jsonw_null(w);
  jsonw_obj_end(w);
  return ERR_OK;
}

err rpc_do_content_status(struct rpc_call *c) {
  struct rpc_shop q;
  struct proj_content got;
  TRY(rpc_shop_begin(c, &q));
  err e = proj_content_get(q.s, &got, &c->arg[0].hash, NULL);
  if (e < 0 && e != ERR_NOT_FOUND) return rpc_shop_fail(&q, e);
  struct jsonw *w = &c->w;
  jsonw_obj(w);
  jsonw_kv_hex(w, "hash", hash32_slice(&c->arg[0].hash));
  jsonw_kv_bool(w, "known", proj_content_known(q.s, &c->arg[0].hash));
  jsonw_kv_bool(w, "here", e == ERR_OK);
  if (e == ERR_OK) {
    jsonw_kv_str(w, "type", got.type);
    jsonw_kv_u64(w, "size", got.size);
  } else {
    jsonw_kv_null(w, "type");
    jsonw_kv_null(w, "size");
  }
  content_until(w, e == ERR_OK ? got.until : 0);
  jsonw_obj_end(w);
  return ERR_OK;
}
#undef CONTENT_PEERS
#undef CONTENT_MINUTE_MS
#undef CONTENT_MINUTE_CNT
#undef CONTENT_MINUTE_BYTES
