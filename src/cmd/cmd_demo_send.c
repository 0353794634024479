/* cmd_demo_send.c - how the demo shop's people act: documents, transactions,
** blocks, and what a block said; see cmd_demo_int.h. */
#include "cmd/cmd_demo_int.h"
#include "chain/chain_edit.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include <stdarg.h>
#include <stdio.h>

#define DEMO_GAS 1500000u

/*------------------------------------------------------------- documents */

const char *cmd_demo_keep(struct demo *d, slice bytes) {
  static const struct rpc_peer peer = {.access = RPC_KEY};
  hash32 h;
  char *out = arena_alloc(&d->mem, 67);
  struct buf body, reply;
  buf_init(&body, 0);
  buf_init(&reply, 0);
  crypto_keccak256(&h, bytes.ptr, bytes.len);
  memcpy(out, "0x", 2);
  hex_encode(out + 2, h.b, 32);
  buf_put_str(&body, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"content_put\","
                     "\"params\":[\"0x");
  u8 *room = buf_room(&body, 2 * bytes.len);
  MUST(room);
  hex_encode((char *)room, bytes.ptr, bytes.len);
  body.len += 2 * bytes.len;
  buf_put_str(&body, "\"]}");
  rpc_handle(d->rpc, &reply, buf_slice(&body), &peer);
  buf_fini(&body);
  buf_fini(&reply);
  return out;
}

const char *cmd_demo_text(struct demo *d, const char *key, const char *text) {
  return cmd_demo_keep(d, slice_str(arena_printf(&d->mem, "{\"%s\":\"%s\"}",
                                                 key, text)));
}

/*-------------------------------------------------------------- sending */

static struct chain_tx demo_tx(struct demo *d, u64 nonce, u32 module,
                               u64 value_m) {
  struct chain_tx tx = {
    .type = 2, .protected = true, .has_to = true, .nonce = nonce,
    .chain_id = node_info(d->n)->chain_id,
    .gas_limit = DEMO_GAS, .gas_price = u256_from(2000000000),
    .max_priority_fee = u256_from(1000000000),
  };
  u256 milli = u256_from(1000000000000000ull), v = u256_from(value_m);
  u256_mul(&tx.value, &v, &milli);
  module_address(&tx.to, module);
  return tx;
}

/* A signed one goes to the pool; method: for messages, lasts. */
static err demo_submit(struct demo *d, const struct chain_tx *tx, u64 *id,
                       const char *event, const char *method) {
  struct node_submit_result r;
  MUST(d->sent_cnt < DEMO_SENT_MAX);
  err e = node_submit(d->n, &r, tx->raw);
  if (e < 0) return err_say(d->msg, e, "%s: %s", method, r.msg.text);
  struct demo_sent *s = &d->sent[d->sent_cnt++];
  *s = (struct demo_sent){.hash = tx->hash, .id = id, .method = method};
  if (event) crypto_keccak256(&s->event, event, strlen(event));
  return ERR_OK;
}

static err demo_sign(struct demo *d, struct chain_tx *tx, u32 who, u64 *id,
                     const char *event, const char *method) {
  MUST(chain_tx_sign(tx, d->key[who], &d->mem) == ERR_OK);
  TRY(demo_submit(d, tx, id, event, method));
  d->nonce[who]++;
  return ERR_OK;
}

static err demo_encoded(struct demo *d, struct chain_tx *tx, u32 who, u64 *id,
                        const char *event, const char *method, const char *fmt,
                        va_list ap) {
  char args[4096];
  struct buf data;
  int len = vsnprintf(args, sizeof args, fmt, ap);
  MUST(len >= 0 && (size_t)len < sizeof args);
  buf_init(&data, 0);
  err e = cmd_demo_encode(&data, &d->mem, method, args, d->msg);
  tx->data = buf_slice(&data);
  if (e == ERR_OK) e = demo_sign(d, tx, who, id, event, method);
  buf_fini(&data);
  return e;
}

err cmd_demo_send(struct demo *d, u32 who, u32 module, u64 value_m, u64 *id,
                  const char *event, const char *method, const char *fmt, ...) {
  struct chain_tx tx = demo_tx(d, d->nonce[who], module, value_m);
  va_list ap;
  va_start(ap, fmt);
  err e = demo_encoded(d, &tx, who, id, event, method, fmt, ap);
  va_end(ap);
  return e;
}

err cmd_demo_call(struct demo *d, u32 who, const addr20 *to, const char *method,
                  const char *fmt, ...) {
  struct chain_tx tx = demo_tx(d, d->nonce[who], 0, 0);
  va_list ap;
  tx.to = *to;
  va_start(ap, fmt);
  err e = demo_encoded(d, &tx, who, NULL, NULL, method, fmt, ap);
  va_end(ap);
  return e;
}

err cmd_demo_create(struct demo *d, u32 who, slice code) {
  struct chain_tx tx = demo_tx(d, d->nonce[who], 0, 0);
  tx.has_to = false;
  tx.data = code;
  return demo_sign(d, &tx, who, NULL, NULL, "a contract");
}

err cmd_demo_give(struct demo *d, u32 who, u32 to, u64 value_m) {
  struct chain_tx tx = demo_tx(d, d->nonce[who], 0, value_m);
  tx.to = d->addr[to];
  return demo_sign(d, &tx, who, NULL, NULL, "a gift");
}

err cmd_demo_govern(struct demo *d, u32 module, const char *method,
                    const char *args) {
  /* Genesis makes modules' accounts with nonce 1. */
  struct chain_tx tx = demo_tx(d, 1 + d->governed, module, 0);
  struct buf data;
  module_address(&tx.sender, MODULE_GOVERNANCE);
  buf_init(&data, 0);
  err e = node_dev_impersonate(d->n, &tx.sender);
  if (e < 0) err_say(d->msg, e, "this chain's genesis lets nobody act for "
                     "governance (switch dev_edits)");
  if (e == ERR_OK) e = cmd_demo_encode(&data, &d->mem, method, args, d->msg);
  tx.data = buf_slice(&data);
  if (e == ERR_OK) {
    chain_tx_make_unsigned(&tx, &d->mem);
    e = demo_submit(d, &tx, NULL, NULL, method);
  }
  d->governed += e == ERR_OK;
  buf_fini(&data);
  return e;
}

/*--------------------------------------------------------------- blocks */

static err demo_receipt(struct demo *d, struct node_read *r,
                        const struct demo_sent *s) {
  struct node_tx_place at;
  struct chain_receipt receipt;
  struct chain_tx tx;
  u64 base;
  err e = node_read_tx_place(r, &at, &s->hash);
  if (e == ERR_OK) e = node_read_tx(r, &tx, &receipt, &base, &at, &d->mem);
  if (e < 0) return err_say(d->msg, e, "%s is in no block", s->method);
  if (!receipt.success) {
    return err_say(d->msg, ERR_INVALID_TX, "%s reverted in block %llu",
                   s->method, (unsigned long long)at.number);
  }
  for (u32 i = 0; s->id && i < receipt.log_cnt; i++) {
    const struct state_log *log = &receipt.log[i];
    if (log->topic_cnt < 2 || !hash32_eq(&log->topic[0], &s->event)) continue;
    *s->id = load_be64(log->topic[1].b + 24);
    return ERR_OK;
  }
  return s->id ? err_say(d->msg, ERR_INPUT, "%s told no id", s->method)
               : ERR_OK;
}

err cmd_demo_block(struct demo *d, u64 ms) {
  struct node_read *r;
  node_dev_set_time(d->n, d->begin_ms + ms);
  TRY(node_dev_mine(d->n, 1, 0));
  TRY(node_read_begin(d->n, &r));
  err e = ERR_OK;
  for (u32 i = 0; e == ERR_OK && i < d->sent_cnt; i++) {
    e = demo_receipt(d, r, &d->sent[i]);
  }
  node_read_end(r);
  d->sent_cnt = 0;
  arena_clear(&d->mem);
  if (e == ERR_OK && d->progress && d->progress->stop)
    e = err_say(d->msg, ERR_CLOSED, "the node is being stopped");
  return e;
}

static err demo_read(const struct state_source *src, u32 module,
                     const struct module_record *t, const u256 *key,
                     void *out) {
  u256 v[MODULE_RECORD_SLOTS], at, one = u256_from(1);
  addr20 addr;
  hash32 addr_hash, h;
  module_address(&addr, module);
  crypto_keccak256(&addr_hash, addr.b, 20);
  module_slot_of(&at, t->type, key);
  for (u32 i = 0; i < module_record_slots(t); i++) {
    hash32 word = u256_hash32(&at);
    crypto_keccak256(&h, word.b, 32);
    TRY(src->slot(src->ctx, &v[i], &addr, &addr_hash, &at, &h));
    u256_add(&at, &at, &one);
  }
  module_record_unpack(t, out, v);
  return ERR_OK;
}

err cmd_demo_record(struct demo *d, u32 module, const struct module_record *t,
                    const u256 *key, void *out) {
  struct node_read *r;
  struct state_source src;
  TRY(node_read_begin(d->n, &r));
  err e = node_read_state(r, &src, node_read_head(r));
  if (e == ERR_OK) e = demo_read(&src, module, t, key, out);
  node_read_end(r);
  return e < 0 ? err_say(d->msg, e, "cannot read a record") : ERR_OK;
}
#undef DEMO_GAS
