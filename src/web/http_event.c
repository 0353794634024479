/* http_event.c - server-sent events: new heads and the pool's size.
**
** One thread makes each event once, as text, into a ring; a reader is a place
** in that ring.  libmicrohttpd asks a reader for bytes: there are some, or the
** connection is suspended until the next event resumes it, so that waiting
** readers hold no thread.  A reader that falls a whole ring behind is cut off
** (its browser connects again).  A reader that went away is noticed at the
** next event, at the latest the heartbeat's.
**
** Between two heads told lie at least HTTP_EVENT_GAP_MS: a chain that makes a
** block per transaction would else tell more than anybody reads.
*/
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "codec/json.h"
#include "web/http_int.h"

struct http_event {
  u32 len;
  char text[HTTP_EVENT_TEXT_MAX];
};

/* One connection.  All but conn is guarded by event_lock. */
struct http_reader {
  struct http *h;
  struct MHD_Connection *conn;
  struct http_reader *prev, *next;
  u64 seq;              /* the event being sent, or next */
  u32 at;               /* bytes of it already sent */
  bool greeted;         /* hello is sent */
  bool suspended;
  struct http_event hello;
};

/*----------------------------------------------------------------- texts */

static void event_text(struct http_event *e, const char *name, u64 id,
                       const struct buf *data) {
  int n = snprintf(e->text, sizeof e->text, "event: %s\n", name);
  if (id) {
    n += snprintf(e->text + n, sizeof e->text - (size_t)n, "id: %llu\n",
                  (unsigned long long)id);
  }
  n += snprintf(e->text + n, sizeof e->text - (size_t)n, "data: %.*s\n\n",
                (int)data->len, (const char *)data->ptr);
  MUST((size_t)n < sizeof e->text);
  e->len = (u32)n;
}

static void event_put_pool(struct jsonw *w, struct http *h) {
  struct node_pool_stat pool;
  node_pool_stat(h->node, &pool);
  jsonw_kv_u64(w, "pending", pool.pending);
  jsonw_kv_u64(w, "queued", pool.queued);
}

static void event_make_pool(struct http_event *e, struct http *h,
                            const char *name, bool with_height) {
  struct buf data;
  struct jsonw w;
  buf_init(&data, 0);
  jsonw_init(&w, &data);
  jsonw_obj(&w);
  if (with_height) jsonw_kv_u64(&w, "height", rpc_height(h->rpc));
  event_put_pool(&w, h);
  jsonw_obj_end(&w);
  event_text(e, name, 0, &data);
  buf_fini(&data);
}

static void event_put_head(struct jsonw *w, struct http *h,
                           const struct node_block *b) {
  jsonw_obj(w);
  jsonw_kv_u64(w, "number", b->header.number);
  jsonw_kv_hex(w, "hash", hash32_slice(&b->hash));
  jsonw_kv_u64(w, "timeMs", chain_header_time_ms(&b->header));
  jsonw_kv_u64(w, "txCount", b->tx_cnt);
  jsonw_kv_u64(w, "gasUsed", b->header.gas_used);
  event_put_pool(w, h);
  jsonw_obj_end(w);
}

/* The newest head; false when it cannot be read just now. */
static bool event_make_head(struct http_event *e, struct http *h) {
  struct node_read *r;
  struct node_block b;
  struct arena a;
  struct buf data;
  struct jsonw w;
  if (node_read_begin(h->node, &r) < 0) return false;
  arena_init(&a, 4096, 0);
  buf_init(&data, 0);
  bool ok = node_read_block(r, &b, node_read_head(r), 0, &a) >= 0;
  if (ok) {
    jsonw_init(&w, &data);
    event_put_head(&w, h, &b);
    event_text(e, "head", b.header.number, &data);
  }
  node_read_end(r);
  buf_fini(&data);
  arena_fini(&a);
  return ok;
}

/*---------------------------------------------------------------- telling */

/* Appends to the ring and wakes every waiting reader. */
static void event_tell(struct http *h, const struct http_event *e) {
  pthread_mutex_lock(&h->event_lock);
  h->ring[h->event_seq % HTTP_EVENT_RING] = *e;
  h->event_seq++;
  for (struct http_reader *r = h->readers; r; r = r->next) {
    if (!r->suspended) continue;
    r->suspended = false;
    MHD_resume_connection(r->conn);
  }
  pthread_mutex_unlock(&h->event_lock);
}

/* What the thread remembers between its turns. */
struct event_told {
  u64 head;
  struct node_pool_stat pool;
  u64 beat_ms, head_ms;
};

static void event_turn(struct http *h, struct event_told *t, u64 head) {
  struct http_event e;
  struct node_pool_stat pool;
  u64 now = node_clock_ms();
  node_pool_stat(h->node, &pool);
  /* Lower: a development chain was taken back. */
  if (head != t->head && event_make_head(&e, h)) {
    event_tell(h, &e);
    t->head = head;
    t->head_ms = t->beat_ms = now;
    t->pool = pool;
  } else if (pool.pending != t->pool.pending ||
             pool.queued != t->pool.queued) {
    event_make_pool(&e, h, "pending", false);
    event_tell(h, &e);
    t->pool = pool;
    t->beat_ms = now;
  } else if (now - t->beat_ms >= HTTP_HEARTBEAT_MS) {
    e.len = (u32)snprintf(e.text, sizeof e.text, ": \n\n");
    event_tell(h, &e);
    t->beat_ms = now;
  }
}

/* Waits for a head other than known, at most a second. */
static u64 event_wait(struct http *h, u64 known) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec++;
  pthread_mutex_lock(&h->head_lock);
  if (h->head == known) {
    pthread_cond_timedwait(&h->head_wake, &h->head_lock, &until);
  }
  u64 head = h->head;
  pthread_mutex_unlock(&h->head_lock);
  return head;
}

static void *event_run(void *arg) {
  struct http *h = arg;
  struct event_told told = {.head = h->head, .beat_ms = node_clock_ms()};
  for (;;) {
    u64 head = event_wait(h, told.head);
    pthread_mutex_lock(&h->event_lock);
    bool stop = h->event_stop, anyone = h->readers != NULL;
    pthread_mutex_unlock(&h->event_lock);
    if (stop) return NULL;
    if (!anyone) {
      told.head = head;
      continue;
    }
    u64 now = node_clock_ms();
    if (now - told.head_ms < HTTP_EVENT_GAP_MS) {
      usleep((HTTP_EVENT_GAP_MS - (u32)(now - told.head_ms)) * 1000);
    }
    event_turn(h, &told, head);
  }
}

/* On the writer's thread: only notes it. */
static void event_on_block(void *ctx, u64 head) {
  struct http *h = ctx;
  pthread_mutex_lock(&h->head_lock);
  h->head = head;
  h->head_ms = node_clock_ms();
  pthread_cond_signal(&h->head_wake);
  pthread_mutex_unlock(&h->head_lock);
}

u64 http_events_head_age(struct http *h) {
  pthread_mutex_lock(&h->head_lock);
  u64 now = node_clock_ms(), at = h->head_ms;
  pthread_mutex_unlock(&h->head_lock);
  return now > at ? now - at : 0;
}

/*---------------------------------------------------------------- readers */

static ssize_t event_copy(struct http_reader *r, const struct http_event *e,
                          char *out, size_t max, bool *done) {
  size_t n = e->len - r->at;
  if (n > max) n = max;
  memcpy(out, e->text + r->at, n);
  r->at += (u32)n;
  *done = r->at == e->len;
  if (*done) r->at = 0;
  return (ssize_t)n;
}

static ssize_t event_on_read(void *cls, uint64_t pos, char *out, size_t max) {
  struct http_reader *r = cls;
  struct http *h = r->h;
  ssize_t n = 0;
  bool done;
  (void)pos;
  pthread_mutex_lock(&h->event_lock);
  if (h->event_stop || h->event_seq > r->seq + HTTP_EVENT_RING) {
    n = MHD_CONTENT_READER_END_OF_STREAM;
  } else if (!r->greeted) {
    n = event_copy(r, &r->hello, out, max, &done);
    r->greeted = done;
  } else if (r->seq < h->event_seq) {
    n = event_copy(r, &h->ring[r->seq % HTTP_EVENT_RING], out, max, &done);
    if (done) r->seq++;
  } else {
    r->suspended = true;
    MHD_suspend_connection(r->conn);
  }
  pthread_mutex_unlock(&h->event_lock);
  return n;
}

static void event_on_free(void *cls) {
  struct http_reader *r = cls;
  struct http *h = r->h;
  pthread_mutex_lock(&h->event_lock);
  if (r->prev) {
    r->prev->next = r->next;
  } else {
    h->readers = r->next;
  }
  if (r->next) r->next->prev = r->prev;
  h->reader_cnt--;
  pthread_mutex_unlock(&h->event_lock);
  mem_free(r);
}

/* A reader in the list; NULL when there are too many. */
static struct http_reader *event_reader_make(struct http_request *rq) {
  struct http *h = rq->h;
  struct http_reader *r = mem_alloc(sizeof *r);
  r->h = h;
  r->conn = rq->conn;
  event_make_pool(&r->hello, h, "status", true);
  memmove(r->hello.text + 13, r->hello.text, r->hello.len);
  memcpy(r->hello.text, "retry: 2000\n\n", 13);
  r->hello.len += 13;
  pthread_mutex_lock(&h->event_lock);
  bool ok = h->reader_cnt < h->cfg.event_max && !h->event_stop;
  if (ok) {
    r->seq = h->event_seq;
    r->next = h->readers;
    if (r->next) r->next->prev = r;
    h->readers = r;
    h->reader_cnt++;
  }
  pthread_mutex_unlock(&h->event_lock);
  if (ok) return r;
  mem_free(r);
  return NULL;
}

enum MHD_Result http_events_send(struct http_request *rq) {
  static const char busy[] = "too many readers of events\n";
  struct http_reader *reader = event_reader_make(rq);
  struct MHD_Response *r;
  u32 status = MHD_HTTP_OK;
  if (reader) {
    r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096,
                                          event_on_read, reader,
                                          event_on_free);
    MUST(r);
    MHD_add_response_header(r, "Content-Type", "text/event-stream");
    MHD_add_response_header(r, "X-Accel-Buffering", "no");
  } else {
    r = MHD_create_response_from_buffer(sizeof busy - 1, (void *)busy,
                                        MHD_RESPMEM_PERSISTENT);
    status = MHD_HTTP_SERVICE_UNAVAILABLE;
    MHD_add_response_header(r, "Content-Type", "text/plain; charset=utf-8");
  }
  MHD_add_response_header(r, "Cache-Control", "no-store");
  http_add_security(rq, r);
  enum MHD_Result ok = MHD_queue_response(rq->conn, status, r);
  MHD_destroy_response(r);
  return ok;
}

/*----------------------------------------------------------- start and stop */

void http_events_start(struct http *h) {
  pthread_mutex_init(&h->head_lock, NULL);
  pthread_cond_init(&h->head_wake, NULL);
  pthread_mutex_init(&h->event_lock, NULL);
  h->ring = mem_alloc(HTTP_EVENT_RING * sizeof *h->ring);
  h->head = rpc_height(h->rpc);
  h->head_ms = node_clock_ms();
  h->watch = node_watch(h->node, event_on_block, h);
  MUST(pthread_create(&h->event_thread, NULL, event_run, h) == 0);
}

void http_events_stop(struct http *h) {
  node_unwatch(h->node, h->watch);
  pthread_mutex_lock(&h->event_lock);
  h->event_stop = true;
  for (struct http_reader *r = h->readers; r; r = r->next) {
    if (!r->suspended) continue;
    r->suspended = false;
    MHD_resume_connection(r->conn);
  }
  pthread_mutex_unlock(&h->event_lock);
  pthread_mutex_lock(&h->head_lock);
  h->head++; /* wakes the thread */
  pthread_cond_signal(&h->head_wake);
  pthread_mutex_unlock(&h->head_lock);
  pthread_join(h->event_thread, NULL);
}

void http_events_free(struct http *h) {
  MUST(!h->readers);
  mem_free(h->ring);
  pthread_cond_destroy(&h->head_wake);
  pthread_mutex_destroy(&h->head_lock);
  pthread_mutex_destroy(&h->event_lock);
}
