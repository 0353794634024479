/* proj_make.h - for tests and benchmarks of projections: events of the modules
** of commerce with values by the names of their parameters and fields, given
** to the tables as a block's logs. */
#ifndef PROJ_PROJ_MAKE_H
#define PROJ_PROJ_MAKE_H
#include "crypto/keccak.h"
#include "proj/proj.h"

struct proj_make {
  struct proj *proj;
  struct proj_block b;
  u64 log_idx;
  u64 id, seed;   /* what "id", "order", "listing" are; other values' */
  hash32 doc;     /* what "doc" is */
  u64 state;      /* what "state" is; 0: 1 */
  u64 apart;      /* seconds between the making of two numbers; 0: 1 */
};

static inline u64 proj_make_value(const struct proj_make *m, const char *name,
                                  size_t len) {
  u64 h = 1469598103934665603u;
#define IS(s) (len == sizeof(s) - 1 && !memcmp(name, s, len))
  if (IS("id") || IS("order") || IS("listing")) return m->id;
  if (IS("state") && m->state) return m->state;
  if (IS("state") || IS("active") || IS("kind") || IS("side")) return 1;
  if (IS("index") || IS("variant") || IS("later") || IS("givenBack")) return 0;
  if (IS("counter") || IS("delta") || IS("weight")) return 1;
  if (IS("createdAt") || IS("created_at"))
    return 1000000 + m->id * (m->apart ? m->apart : 1);
  if (IS("category")) return m->id % 20;
  if (IS("stars")) return 1 + m->seed % 5;
  if (IS("stock")) return 1 + m->seed % 100;
  if (IS("seller") || IS("buyer") || IS("party")) return 1 + m->seed % 50;
  if (IS("token") || IS("ship_table")) return 0;
  if (IS("price") || IS("total") || IS("held"))
    return 1000 + m->seed * 7919 % 100000;
  if (IS("amount")) return 10;
#undef IS
  for (size_t i = 0; i < len; i++) h = (h ^ (u8)name[i]) * 1099511628211u;
  return (h + m->seed) % 1000;
}
static inline void proj_make_word(const struct proj_make *m, u8 out[32],
                                  const char *name, size_t len) {
  memset(out, 0, 32);
  if (len == 3 && !memcmp(name, "doc", 3)) memcpy(out, m->doc.b, 32);
  else store_be64(out + 24, proj_make_value(m, name, len));
}
static inline void proj_make_u64(struct buf *b, u64 v) {
  u8 word[32] = {0};
  store_be64(word + 24, v);
  buf_put(b, word, 32);
}
/* abi.encode of a record; arrays have one element. */
static inline void proj_make_record(const struct proj_make *m, struct buf *b,
                                    const struct module_record *r) {
  struct module_component c;
  u8 word[32];
  u32 cnt = 0, at = 0;
  while (module_record_component(&c, r, cnt)) cnt++;
  if (module_record_is_dynamic(r)) proj_make_u64(b, 32);
  u32 tail = 32 * cnt;
  for (u32 i = 0; module_record_component(&c, r, i); i++) {
    if (!c.array) {
      proj_make_word(m, word, c.name, c.name_len);
      buf_put(b, word, 32);
      continue;
    }
    proj_make_u64(b, tail);
    for (at = 0; c.array->item->field[at].name; at++) continue;
    tail += 32 + 32 * at;
  }
  for (u32 i = 0; module_record_component(&c, r, i); i++) {
    if (!c.array) continue;
    proj_make_u64(b, 1);
    for (at = 0; c.array->item->field[at].name; at++) {
      const char *name = c.array->item->field[at].name;
      proj_make_word(m, word, name, strlen(name));
      buf_put(b, word, 32);
    }
  }
}

/* The event as a log, whose data are put into b; what is dynamic is the record,
** or one struct. */
static inline struct state_log proj_make_log(const struct proj_make *m,
                                             struct buf *b, u32 module,
                                             const char *event,
                                             const struct module_record *r) {
  const struct module_def *def = proj_module(module);
  const struct module_message *msg = NULL;
  struct state_log log = {.topic_cnt = 1};
  struct buf sig, tail;
  u32 heads = 0;
  for (u32 i = 0; i < def->row_cnt; i++)
    if (def->row[i].kind == MODULE_ROW_EVENT &&
        !strcmp(def->row[i].message->name, event))
      msg = def->row[i].message;
  MUST(msg);
  buf_init(&sig, 0);
  buf_init(&tail, 0);
  module_signature(&sig, msg->name, msg->param);
  crypto_keccak256(&log.topic[0], sig.ptr, sig.len);
  for (const struct module_param *p = msg->param; p->name; p++)
    heads += !p->indexed;
  for (const struct module_param *p = msg->param; p->name; p++) {
    u8 word[32];
    if (module_is_dynamic(p)) {
      proj_make_u64(b, 32 * heads + tail.len);
      if (p->kind == MODULE_BYTES && r) {
        struct buf rec;
        buf_init(&rec, 0);
        proj_make_record(m, &rec, r);
        proj_make_u64(&tail, rec.len);
        buf_put_slice(&tail, buf_slice(&rec));
        buf_fini(&rec);
      } else if (p->kind == MODULE_STRUCTS) {
        proj_make_u64(&tail, 1);
        for (const struct module_param *f = p->sub->param; f->name; f++) {
          proj_make_word(m, word, f->name, strlen(f->name));
          buf_put(&tail, word, 32);
        }
      } else {
        proj_make_u64(&tail, 0);
      }
      continue;
    }
    proj_make_word(m, word, p->name, strlen(p->name));
    if (p->indexed) memcpy(log.topic[log.topic_cnt++].b, word, 32);
    else buf_put(b, word, 32);
  }
  buf_put_slice(b, buf_slice(&tail));
  module_address(&log.addr, def->number);
  log.data = buf_slice(b);
  buf_fini(&sig);
  buf_fini(&tail);
  return log;
}

/* The event given to the tables. */
static inline err proj_make_event(struct proj_make *m, u32 module,
                                  const char *event,
                                  const struct module_record *r) {
  hash32 tx = {{7}};
  struct buf b;
  buf_init(&b, 0);
  struct state_log log = proj_make_log(m, &b, module, event, r);
  err e = proj_log(m->proj, &m->b, &tx, 0, m->log_idx++, &log);
  buf_fini(&b);
  return e;
}
#endif
