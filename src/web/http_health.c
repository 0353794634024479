/* http_health.c - GET /readyz: whether the node does what it is for, and why
** not.
**
** Looked at: that no part has failed; that the node is not fenced; the age of
** the newest block (not on a development chain, which makes none without
** transactions, nor where others are the validators); that the writer's thread turns;
** room on the disk (--disk.floor); the size of the write-ahead log (--ready.wal);
** our clock, which must not be behind the newest block's; the age of the last
** backup (--ready.backup-age).
*/
#include <stdio.h>

#include "codec/json.h"
#include "web/http_int.h"

#define HEALTH_HEAD_MS 60000u  /* head older: not ready */
#define HEALTH_BEAT_MS 30000u  /* the writer has not turned for */
#define HEALTH_CLOCK_MS 2000u  /* the head is ahead of our clock by */

struct health {
  struct node_stat s;
  u64 now, head_ms; /* the newest block's time; 0: not known */
  u64 heard_age_ms;
};

static void health_look(struct health *e, struct http *h) {
  struct node_read *r;
  struct chain_header header;
  hash32 hash;
  memset(e, 0, sizeof *e);
  node_stat(h->node, &e->s);
  e->heard_age_ms = http_events_head_age(h);
  if (node_read_begin(h->node, &r) == ERR_OK) {
    if (node_read_header(r, &header, &hash, node_read_head(r)) == ERR_OK) {
      e->head_ms = chain_header_time_ms(&header);
    }
    node_read_end(r);
  }
  e->now = node_clock_ms();
}

static u64 health_age(const struct health *e, u64 ms) {
  return e->now > ms ? e->now - ms : 0;
}

/* Writes the reasons; returns how many. */
static u32 health_reasons(struct jsonw *w, const struct health *e,
                          struct http *h) {
  struct errmsg msg = {.text = ""};
  u32 cnt = 0;
  bool makes = !node_info(h->node)->dev && e->s.validates;
  u64 backup_s = h->cfg.backup_age_s;
  if (node_failed(h->node, &msg) < 0) {
    jsonw_str(w, msg.text), cnt++;
  }
  if (node_is_fenced(h->node, NULL)) {
    jsonw_str(w, "a copied or moved validator's file: it signs nothing until "
                 "it is claimed; \"cybermiles status\" tells more"), cnt++;
  } else if (makes && e->heard_age_ms > HEALTH_HEAD_MS) {
    jsonw_printf(w, "no block for %llu s",
                 (unsigned long long)e->heard_age_ms / 1000), cnt++;
  }
  u64 beat = node_beat_ms(h->node); /* 0: it has just begun */
  if (beat && health_age(e, beat) > HEALTH_BEAT_MS) {
    jsonw_str(w, "the database takes no writes for over 30 s"), cnt++;
  }
  if (e->s.disk_low) {
    jsonw_printf(w, "only %llu MB free on the disk: no blocks are made",
                 (unsigned long long)e->s.disk_free_bytes >> 20), cnt++;
  }
  if (e->s.wal_bytes > h->cfg.wal_max) {
    jsonw_printf(w, "the write-ahead log has grown to %llu MB",
                 (unsigned long long)e->s.wal_bytes >> 20), cnt++;
  }
  if (!node_info(h->node)->dev && e->head_ms > e->now + HEALTH_CLOCK_MS) {
    jsonw_printf(w, "the clock is %llu ms behind the newest block",
                 (unsigned long long)(e->head_ms - e->now)), cnt++;
  }
  if (backup_s && health_age(e, e->s.backup_ms) / 1000 > backup_s) {
    jsonw_printf(w, e->s.backup_ms ? "the last backup is %llu h old"
                                   : "there is no backup",
                 (unsigned long long)health_age(e, e->s.backup_ms) / 3600000);
    cnt++;
  }
  return cnt;
}

void http_api_ready(struct http_request *rq) {
  struct http *h = rq->h;
  struct health e;
  struct jsonw w, list;
  struct buf reasons;
  health_look(&e, h);
  buf_init(&reasons, 0);
  jsonw_init(&list, &reasons);
  jsonw_arr(&list);
  u32 cnt = health_reasons(&list, &e, h);
  jsonw_arr_end(&list);
  jsonw_init(&w, &rq->reply);
  jsonw_obj(&w);
  jsonw_kv_bool(&w, "ready", cnt == 0);
  jsonw_key(&w, "reasons");
  jsonw_raw(&w, buf_slice(&reasons));
  jsonw_kv_u64(&w, "height", rpc_height(h->rpc));
  jsonw_key(&w, "checks");
  jsonw_obj(&w);
  jsonw_kv_u64(&w, "headAgeMs", health_age(&e, e.head_ms));
  jsonw_kv_u64(&w, "clockBehindMs",
               e.head_ms > e.now ? e.head_ms - e.now : 0);
  jsonw_kv_u64(&w, "writerAgeMs", health_age(&e, node_beat_ms(h->node)));
  jsonw_kv_u64(&w, "diskFreeBytes", e.s.disk_free_bytes);
  jsonw_kv_u64(&w, "walBytes", e.s.wal_bytes);
  jsonw_key(&w, "lastBackupAgeMs");
  if (e.s.backup_ms) jsonw_u64(&w, health_age(&e, e.s.backup_ms));
  else jsonw_null(&w);
  jsonw_kv_u64(&w, "peers", 0);
  jsonw_kv_str(&w, "validator", !e.s.validates ? "none"
                                : e.s.fenced   ? "fenced"
                                               : "signing");
  jsonw_obj_end(&w);
  jsonw_obj_end(&w);
  buf_fini(&reasons);
  rq->type = "application/json";
  rq->status = cnt ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
}

#undef HEALTH_HEAD_MS
#undef HEALTH_BEAT_MS
#undef HEALTH_CLOCK_MS
