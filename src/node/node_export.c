/* node_export.c - see node_export.h.
**
** Reads like any reader: a snapshot is held for at most NEXPORT_HOLD_MS, so that
** the log of a running node does not grow while a long chain is written out.
*/
#include "node/node_export.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "node/node_int.h"
#include "node/node_state_int.h"

#define NEXPORT_HOLD_MS 1000u

struct node_export {
  struct store *store;
  struct store_reader *r;
  struct store_standing st;
  struct node n;     /* none that runs: what reading asks of it, its genesis */
  struct arena a;
  struct buf settings;
  bool begun;
  u64 begun_ms;
};

static err nexport_begin(struct node_export *x) {
  u64 now = node_clock_ms();
  if (x->begun && now - x->begun_ms < NEXPORT_HOLD_MS) return ERR_OK;
  if (x->begun) store_reader_end(x->r);
  x->begun = false;
  TRY(store_reader_begin(x->r, &x->st));
  x->begun = true;
  x->begun_ms = now;
  return ERR_OK;
}

err node_export_open(struct node_export **out, const char *db_path,
                     struct errmsg *msg) {
  struct node_export *x = mem_alloc(sizeof *x);
  slice text;
  *out = NULL;
  arena_init(&x->a, 1 << 16, 0);
  buf_init(&x->settings, 0);
  err e = store_open(&x->store, db_path, STORE_READ_ONLY, msg);
  if (!e) e = store_reader_open(&x->r, x->store, 0, msg);
  if (!e) {
    e = nexport_begin(x);
    if (!e && x->st.head < 0) e = ERR_NOT_FOUND;
    if (!e) e = store_read_meta(x->r, &text, "genesis");
    if (!e) buf_put_slice(&x->settings, text);
    if (e) err_say(msg, e, "%s holds no chain", db_path);
  }
  if (!e)
    e = chain_genesis_parse_settings(&x->n.genesis, buf_slice(&x->settings),
                                     &x->a, msg);
  if (e) {
    node_export_close(x);
    return e;
  }
  *out = x;
  return ERR_OK;
}

void node_export_close(struct node_export *x) {
  if (!x) return;
  if (x->r) store_reader_close(x->r);
  if (x->store) store_abandon(x->store);
  buf_fini(&x->settings);
  arena_fini(&x->a);
  mem_free(x);
}

u64 node_export_head(const struct node_export *x) { return (u64)x->st.head; }
u64 node_export_first(const struct node_export *x) {
  return x->st.oldest_body;
}
/* Legacy envelopes are lists, typed ones byte strings. */
static err nexport_bodies_cb(void *ctx, const struct store_chunk *c) {
  struct buf *out = ctx;
  u32 first, cnt;
  TRY(bytes_chunk_span(&first, &cnt, c));
  for (u32 i = 0; i < cnt; i++) {
    slice raw;
    addr20 sender;
    TRY(bytes_body(&raw, &sender, c, first + i));
    if (raw.len && raw.ptr[0] >= 0xc0) rlp_put_raw(out, raw);
    else rlp_put_slice(out, raw);
  }
  return ERR_OK;
}

struct nexport_genesis {
  struct buf *out;
  struct node_export *x;
  struct map code; /* hashes met */
  struct arena a;
};
static err nexport_diff_cb(void *ctx, const struct store_chunk *c) {
  struct nexport_genesis *g = ctx;
  struct state_diff d;
  TRY(state_diff_decode(&d, c->bytes, &g->a));
  for (u32 i = 0; i < d.account_cnt; i++) {
    const hash32 *h = &d.account[i].new_val.code_hash;
    if (!hash32_eq(h, &CRYPTO_KECCAK_EMPTY)) map_put(&g->code, h->b, NULL);
  }
  rlp_put_slice(g->out, c->bytes);
  return ERR_OK;
}

static err nexport_genesis(struct node_export *x, struct buf *out) {
  struct nexport_genesis g = {.out = out, .x = x};
  const void *key;
  void *val;
  size_t it = 0;
  map_init(&g.code, 32, 1, 0, 0);
  arena_init(&g.a, 1 << 16, 0);
  rlp_put_slice(out, buf_slice(&x->settings));
  size_t list = rlp_list_open(out);
  err e = store_read_chunks(x->r, STORE_DIFF, STORE_SEQ(0, 0),
                            STORE_SEQ(0, STORE_SEQ_BLOCK), nexport_diff_cb, &g);
  rlp_list_close(out, list);
  list = rlp_list_open(out);
  while (!e && map_next(&g.code, &it, &key, &val)) {
    hash32 h;
    slice code;
    memcpy(h.b, key, 32);
    e = store_read_code(x->r, &code, &h);
    if (!e) rlp_put_slice(out, code);
  }
  rlp_list_close(out, list);
  map_fini(&g.code);
  arena_fini(&g.a);
  return e;
}

static err nexport_rest(struct node_export *x, struct buf *out, u64 height) {
  slice proposal, commit;
  TRY(store_read_proposal(x->r, &proposal, &commit, height));
  if (!x->n.genesis.own && proposal.len) {
    rlp_put_raw(out, proposal);
    return ERR_OK;
  }
  rlp_put_raw(out, slice_of((const u8 *)"\xc0", 1));
  if (!x->n.genesis.own) return ERR_OK; /* a genesis */
  rlp_put_raw(out, slice_of((const u8 *)"\xc0", 1));
  if (height == 0) return nexport_genesis(x, out);
  rlp_put_slice(out, proposal);
  rlp_put_slice(out, commit);
  return ERR_OK;
}

err node_export_block(struct node_export *x, struct buf *out, u64 height,
                      struct errmsg *msg) {
  struct store_block_row row;
  err e = nexport_begin(x);
  size_t all = rlp_list_open(out);
  if (!e) e = store_read_block(x->r, &row, height);
  if (!e) rlp_put_raw(out, row.header);
  size_t txs = rlp_list_open(out);
  if (!e)
    e = store_read_chunks(x->r, STORE_BODY, STORE_SEQ(height, 0),
                          STORE_SEQ(height, STORE_SEQ_BLOCK),
                          nexport_bodies_cb, out);
  rlp_list_close(out, txs);
  if (!e) e = nexport_rest(x, out, height);
  rlp_list_close(out, all);
  return e < 0 ? err_say(msg, e, "block %llu cannot be read: %s",
                         (unsigned long long)height, err_text(e)) : ERR_OK;
}

err node_export_read(struct node_export *x, struct node_block *out, u64 height,
                     u32 flags, struct arena *a, struct errmsg *msg) {
  struct nstate_reader conn = {.store = x->r};
  struct node_read r = {.n = &x->n, .r = &conn, .deadline_us = UINT64_MAX};
  err e = nexport_begin(x);
  r.st = x->st;
  if (!e) e = node_read_block(&r, out, height, flags, a);
  return e < 0 ? err_say(msg, e, "block %llu cannot be read: %s",
                         (unsigned long long)height, err_text(e)) : ERR_OK;
}

/*--------------------------------------------------- a chain out of block 0 */
static err nadopt_diff(struct state_diff *d, slice list, struct arena *a) {
  u32 cnt, parts = 0;
  TRY(rlp_count(list, &cnt));
  struct state_diff *part = arena_array(a, struct state_diff, cnt + 1);
  for (; parts < cnt; parts++) {
    slice bytes;
    TRY(rlp_read_str(&list, &bytes));
    TRY(state_diff_decode(&part[parts], bytes, a));
    d->account_cnt += part[parts].account_cnt;
  }
  d->account = arena_array(a, struct state_diff_account, d->account_cnt + 1);
  u32 n = 0;
  for (u32 p = 0; p < parts; p++) {
    for (u32 i = 0; i < part[p].account_cnt; i++) {
      const struct state_diff_account *acc = &part[p].account[i];
      struct state_diff_account *last = n ? &d->account[n - 1] : NULL;
      int order = last ? hash32_cmp(&last->key, &acc->key) : -1;
      if (order > 0) return ERR_CORRUPT;
      if (order < 0) {
        d->account[n++] = *acc;
        continue;
      }
      struct state_diff_slot *slot = arena_array(
          a, struct state_diff_slot, last->slot_cnt + acc->slot_cnt);
      memcpy(slot, last->slot, last->slot_cnt * sizeof *slot);
      memcpy(slot + last->slot_cnt, acc->slot, acc->slot_cnt * sizeof *slot);
      last->slot = slot;
      last->slot_cnt += acc->slot_cnt;
    }
  }
  d->account_cnt = n;
  return ERR_OK;
}

static err nadopt_codes(struct state_diff *d, slice list, struct arena *a) {
  TRY(rlp_count(list, &d->code_cnt));
  d->code = arena_array(a, struct state_diff_code, d->code_cnt + 1);
  for (u32 i = 0; i < d->code_cnt; i++) {
    TRY(rlp_read_str(&list, &d->code[i].code));
    crypto_keccak256(&d->code[i].hash, d->code[i].code.ptr,
                     d->code[i].code.len);
  }
  return ERR_OK;
}

/* The block's parts; ERR_UNSUPPORTED: not block 0 of an own chain. */
static err nadopt_decode(struct chain_block_result *res, slice *settings,
                         slice rlp, struct arena *a) {
  struct rlp_item header;
  slice in, diffs, codes, none;
  TRY(rlp_read_list(&rlp, &in));
  TRY(rlp_read(&in, &header));
  TRY(chain_header_decode(&res->header, header.raw));
  crypto_keccak256(&res->hash, header.raw.ptr, header.raw.len);
  for (u32 i = 0; i < 3; i++)
    if (in.len == 0 || rlp_read_list(&in, &none) < 0) return ERR_UNSUPPORTED;
  if (res->header.number != 0 || in.len == 0) return ERR_UNSUPPORTED;
  TRY(rlp_read_str(&in, settings));
  TRY(rlp_read_list(&in, &diffs));
  TRY(rlp_read_list(&in, &codes));
  TRY(rlp_end(in));
  TRY(nadopt_diff(&res->diff, diffs, a));
  return nadopt_codes(&res->diff, codes, a);
}

static err nadopt_write(struct node *n, struct chain_block_result *res,
                        slice settings, struct arena *a, struct errmsg *msg) {
  struct store_block *block = NULL;
  const struct store_meta meta[] = {{"genesis", settings}};
  hash32 want = res->header.state_root;
  err e = state_commit(&res->root, &res->diff, node_state_source(n->state),
                       NULL, a);
  if (e == ERR_OK && !hash32_eq(&res->root.root, &want))
    return err_say(msg, ERR_INVALID_BLOCK,
                   "block 0: its state does not give its state root");
  if (e == ERR_OK)
    e = node_state_apply(n->state, &block, res, slice_of(NULL, 0),
                         slice_of(NULL, 0));
  if (e == ERR_OK) {
    block->meta = meta;
    block->meta_cnt = 1;
    e = store_append(n->store, &block, 1);
  }
  if (e == ERR_OK) node_state_durable(n->state, 0);
  store_block_free(block);
  return e < 0 ? err_say(msg, e, "cannot write the first block: %s",
                         err_text(e)) : ERR_OK;
}

err node_adopt(const char *db_path, slice block0, struct errmsg *msg) {
  struct node n = {.db_path = (char *)db_path};
  struct chain_block_result res;
  struct node_state_config sc = {.reader_cnt = 1};
  struct store_standing st;
  struct errmsg ignored;
  struct arena a;
  slice settings;
  memset(&res, 0, sizeof res);
  arena_init(&a, 1 << 18, 0);
  err e = nadopt_decode(&res, &settings, block0, &a);
  if (e) e = err_say(msg, e, "the file does not begin with block 0 of a "
                     "CyberMiles chain: make its chain first, by "
                     "\"cybermiles init --genesis FILE --db %s\"", db_path);
  if (!e) e = chain_genesis_parse_settings(&n.genesis, settings, &a, msg);
  if (!e) e = store_open(&n.store, db_path, STORE_CREATE, msg);
  if (e) {
    arena_fini(&a);
    return e;
  }
  store_standing(n.store, &st);
  if (st.head >= 0) e = err_say(msg, ERR_EXISTS, "%s holds a chain", db_path);
  sc.store = n.store;
  if (!e) e = node_state_open(&n.state, &sc, msg);
  if (!e) e = nadopt_write(&n, &res, settings, &a, msg);
  if (n.state) {
    err closed = node_state_close(n.state, e < 0, e < 0 ? &ignored : msg);
    if (!e) e = closed;
  }
  err closed = store_close(n.store, e < 0 ? &ignored : msg);
  arena_fini(&a);
  return e ? e : closed;
}
#undef NEXPORT_HOLD_MS
