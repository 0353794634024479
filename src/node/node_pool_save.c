/* node_pool_save.c - the pool in the file; see node_pool.h.
**
** A row is what a sender gave and when.  Whether it is still valid, and who
** sent it, is found out again at start.
*/
#include "node/node_pool_int.h"

void node_pool_save(struct node_pool *p, struct node_pool_saving *out,
                    u64 before_ms, u64 now_ms, u32 cnt_max, struct arena *a) {
  out->row_cnt = out->gone_cnt = 0;
  out->row = arena_array(a, struct store_pool_row, cnt_max);
  out->gone = arena_array(a, u64, cnt_max);
  pthread_mutex_lock(&p->lock);
  struct pool_tx *t = p->oldest;
  while (t && !t->taken && t->arrival_ms + LIMIT_POOL_KEEP_MS < now_ms) {
    pool_remove(p, t);
    t = p->oldest;
  }
  while (p->unsaved && out->row_cnt < cnt_max &&
         p->unsaved->arrival_ms < before_ms) {
    t = p->unsaved;
    out->row[out->row_cnt++] = (struct store_pool_row){
      .id = t->id, .arrival_ms = t->arrival_ms,
      .raw = arena_copy_slice(a, t->tx.raw)};
    t->saved = true;
    p->unsaved = t->newer;
  }
  while (p->gone_cnt > 0 && out->gone_cnt < cnt_max) {
    out->gone[out->gone_cnt++] = p->gone[--p->gone_cnt];
  }
  pthread_mutex_unlock(&p->lock);
}

struct pool_restoring {
  struct node_pool *p;
  const struct store_pool_row *row;
  u32 cnt;
  struct pool_tx **tx;
};
static void pool_restore_group(void *arg, u32 group) {
  const struct pool_restoring *r = arg;
  u32 at = group * CRYPTO_RECOVER_GROUP, left = r->cnt - at;
  u32 cnt = left < CRYPTO_RECOVER_GROUP ? left : CRYPTO_RECOVER_GROUP;
  struct node_submit_result out[CRYPTO_RECOVER_GROUP];
  err errs[CRYPTO_RECOVER_GROUP];
  slice raw[CRYPTO_RECOVER_GROUP];
  for (u32 i = 0; i < cnt; i++) raw[i] = r->row[at + i].raw;
  node_pool_prepare(r->p, r->tx + at, out, errs, raw, cnt);
}

u32 node_pool_restore(struct node_pool *p, const struct store_pool_row *rows,
                      u32 cnt, const struct par *par) {
  struct pool_restoring r = {p, rows, cnt,
                             mem_alloc(sizeof(struct pool_tx *) * (cnt + 1))};
  u32 kept = 0;
  par_run(par, pool_restore_group, &r,
          (cnt + CRYPTO_RECOVER_GROUP - 1) / CRYPTO_RECOVER_GROUP);
  p->gone = mem_realloc(p->gone, sizeof *p->gone * (p->gone_cap + cnt + 1));
  p->gone_cap += cnt + 1;
  for (u32 i = 0; i < cnt; i++) {
    struct node_submit_result out;
    struct pool_tx *t = r.tx[i];
    if (rows[i].id > p->last_id) p->last_id = rows[i].id;
    if (t) {
      t->id = rows[i].id;
      t->arrival_ms = rows[i].arrival_ms;
      t->saved = true;
    }
    if (t && node_pool_add(p, &out, t) == ERR_OK) {
      kept++;
    } else {
      p->gone[p->gone_cnt++] = rows[i].id;
    }
  }
  mem_free(r.tx);
  return kept;
}
