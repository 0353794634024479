/* node_bytes.c - formats of what the store keeps.  Integers are big-endian;
** a varint is seven bits a byte, least first.
**
** Chunk of bodies or receipts: up to 64 entries of one block, as many as fit a
** page of the file (a larger one stands alone); its sequence number is the
** first entry's.
**   u16    cnt
**   u32    end of each entry, counted from the first one's start
**   u32    receipts only: log base of each entry
**   bytes  entries: body = sender (20), envelope; receipt as
**          chain_receipt_store writes it
** Chunk of a difference: state_diff_encode of a part of the block's accounts
** in their order, without codes (those have a table).  An account with many
** slots goes on in the next chunk, with its values again.  Sequence numbers
** count the chunks.
**
** Chunk of who was met (chain_meet.h), only of transactions that met anybody; as
** many of one block's as fit a page, its sequence number is the first's:
**   u32    place of the transaction in the block
**   u16    cnt, and so often: 0, address; or, of a creation, 1, address, creator
**
** Row of table account: key = keccak256(address);
**   20     address
**   u8     bits 0-5 bytes of balance, 64 has code, 128 has storage
**   varint nonce
**   bytes  balance without leading zeros
**   32     code hash, if it has code;  32 storage root, if it has storage
** Row of table slot: key = keccak256(address), keccak256(slot); value without
** leading zeros, never zero.
** Row of table node: key = 0 (account trie) or 1, keccak256(owner); the path,
** two nibbles a byte, an odd last one in the upper half; the count of nibbles
** (255: root edge).  Value as trie.c writes it.
**
** Index keys are the first 8 bytes: of the hash; of keccak256(address); of
** keccak256(slot) xor the next 8 bytes of keccak256(address); for logs of
** keccak256(0, address) and keccak256(1 + position, topic), told by chunk.  For
** addresses in transactions they are a mixture of the address's bytes and of
** what it was there: sender, other party, created.
** Two things with one index key only cost a second look.
*/
#include "node/node_bytes.h"

#include <stdlib.h>

#include "crypto/keccak.h"

#define BYTES_CHUNK_ENTRIES 64u
#define BYTES_CHUNK_FILL 8100u /* a row that fits one leaf page of 8 KiB */
#define BYTES_BODY_HEAD 20u
#define BYTES_UPPER 3u /* nibbles: of large tries, such nodes are over more
                       ** leaves than a page of the file has */
enum { BYTES_HAS_CODE = 64, BYTES_HAS_ROOT = 128 };

/*---------------------------------------------------------------- blocks */
struct bytes_piece { /* a chunk being made: place in the one buffer */
  u64 seq;
  size_t off, len;
};
struct bytes_list {
  struct bytes_piece *piece;
  u32 cnt, cap;
};
struct bytes_maker {
  struct buf out;
  struct bytes_list list[STORE_CHUNK_CNT];
};

static void bytes_close_chunk(struct bytes_maker *m, u32 kind, u64 seq,
                              size_t off) {
  struct bytes_list *l = &m->list[kind];
  if (l->cnt == l->cap) {
    l->cap = l->cap ? l->cap * 2 : 16;
    l->piece = mem_realloc(l->piece, l->cap * sizeof *l->piece);
  }
  l->piece[l->cnt++] = (struct bytes_piece){seq, off, m->out.len - off};
}

static void bytes_put_be32(struct buf *b, u32 v) {
  u8 t[4];
  store_be32(t, v);
  buf_put(b, t, 4);
}

/* cnt entries from entry on, whose ends are known, as one chunk. */
static void bytes_put_chunk(struct bytes_maker *m, u32 kind, u64 seq,
                            const u32 *end, const u32 *log_base, u32 cnt,
                            slice entries) {
  size_t off = m->out.len;
  u8 n[2] = {(u8)(cnt >> 8), (u8)cnt};
  buf_put(&m->out, n, 2);
  for (u32 i = 0; i < cnt; i++) bytes_put_be32(&m->out, end[i]);
  for (u32 i = 0; log_base && i < cnt; i++)
    bytes_put_be32(&m->out, log_base[i]);
  buf_put_slice(&m->out, entries);
  bytes_close_chunk(m, kind, seq, off);
}

static void bytes_put_bodies(struct bytes_maker *m,
                             const struct chain_block_result *res) {
  u32 end[BYTES_CHUNK_ENTRIES];
  u64 height = res->header.number;
  struct buf part;
  buf_init(&part, 0);
  for (u32 i = 0, first = 0; i < res->tx_cnt; i++) {
    const struct chain_tx *tx = res->tx[i];
    buf_put(&part, tx->sender.b, 20);
    buf_put_slice(&part, tx->raw);
    end[i - first] = (u32)part.len;
    u32 cnt = i - first + 1;
    size_t next = i + 1 < res->tx_cnt
                      ? res->tx[i + 1]->raw.len + BYTES_BODY_HEAD + 4 : 0;
    if (next && cnt < BYTES_CHUNK_ENTRIES &&
        2 + 4 * cnt + part.len + next <= BYTES_CHUNK_FILL)
      continue;
    bytes_put_chunk(m, STORE_BODY, STORE_SEQ(height, first), end, NULL, cnt,
                    buf_slice(&part));
    buf_clear(&part);
    first = i + 1;
  }
  buf_fini(&part);
}

/* A receipt's length is known only when it is written: one that does not fit
** any more begins the next chunk. */
static void bytes_put_receipts(struct bytes_maker *m,
                               const struct chain_block_result *res,
                               u32 *log_cnt) {
  u32 end[BYTES_CHUNK_ENTRIES], base[BYTES_CHUNK_ENTRIES], logs = 0;
  u64 height = res->header.number;
  struct buf part;
  buf_init(&part, 0);
  u32 first = 0;
  size_t done = 0; /* bytes of part that belong to first..i-1 */
  for (u32 i = 0; i < res->tx_cnt; i++) {
    chain_receipt_store(&part, &res->receipt[i]);
    u32 cnt = i - first;
    if (cnt && (cnt == BYTES_CHUNK_ENTRIES ||
                2 + 8 * (cnt + 1) + part.len > BYTES_CHUNK_FILL)) {
      bytes_put_chunk(m, STORE_RECEIPT, STORE_SEQ(height, first), end, base,
                      cnt, slice_of(part.ptr, done));
      memmove(part.ptr, part.ptr + done, part.len - done);
      part.len -= done;
      first = i;
      cnt = 0;
    }
    done = part.len;
    end[cnt] = (u32)done;
    base[cnt] = logs;
    logs += res->receipt[i].log_cnt;
  }
  if (res->tx_cnt)
    bytes_put_chunk(m, STORE_RECEIPT, STORE_SEQ(height, first), end, base,
                    res->tx_cnt - first, slice_of(part.ptr, done));
  *log_cnt = logs;
  buf_fini(&part);
}

static void bytes_put_met(struct buf *b, u32 idx,
                          const struct chain_receipt *r) {
  u8 cnt[2] = {(u8)(r->met_cnt >> 8), (u8)r->met_cnt};
  bytes_put_be32(b, idx);
  buf_put(b, cnt, 2);
  for (u32 k = 0; k < r->met_cnt; k++) {
    buf_put_u8(b, r->met[k].created);
    buf_put(b, r->met[k].addr.b, 20);
    if (r->met[k].created) buf_put(b, r->met[k].by.b, 20);
  }
}

static void bytes_put_mets(struct bytes_maker *m,
                           const struct chain_block_result *res) {
  size_t off = m->out.len;
  u32 first = 0;
  for (u32 i = 0; i < res->tx_cnt; i++) {
    const struct chain_receipt *r = &res->receipt[i];
    if (!r->met_cnt) continue;
    MUST(r->met_cnt < 65536);
    size_t len = m->out.len - off;
    if (len && len + 6 + 41 * (size_t)r->met_cnt > BYTES_CHUNK_FILL) {
      bytes_close_chunk(m, STORE_MET, STORE_SEQ(res->header.number, first),
                        off);
      off = m->out.len;
      len = 0;
    }
    if (!len) first = i;
    bytes_put_met(&m->out, i, r);
  }
  if (m->out.len > off)
    bytes_close_chunk(m, STORE_MET, STORE_SEQ(res->header.number, first), off);
}

/* About how many bytes state_diff_encode takes. */
static u32 bytes_account_weight(const struct state_diff_account *d) {
  u32 w = 26;
  const struct state_account *v[2] = {&d->old_val, &d->new_val};
  for (u32 i = 0; i < 2; i++) {
    if (!(i ? d->exists : d->existed)) continue;
    w += 4 + u256_bytes(&v[i]->balance);
    if (!hash32_eq(&v[i]->code_hash, &CRYPTO_KECCAK_EMPTY)) w += 32;
    if (!hash32_eq(&v[i]->storage_root, &CRYPTO_KECCAK_RLP_NIL)) w += 32;
  }
  return w;
}
static u32 bytes_slot_weight(const struct state_diff_slot *s) {
  u32 slot = s->hashed ? 32 : u256_bytes(&s->slot);
  return 3 + slot + u256_bytes(&s->old_val) +
         u256_bytes(&s->new_val);
}

struct bytes_diff_maker {
  struct bytes_maker *m;
  struct state_diff part; /* accounts of the chunk in work */
  u64 height;
  u32 weight, chunk;
};

static void bytes_diff_close(struct bytes_diff_maker *d) {
  if (!d->part.account_cnt) return;
  size_t off = d->m->out.len;
  state_diff_encode(&d->m->out, &d->part);
  bytes_close_chunk(d->m, STORE_DIFF, STORE_SEQ(d->height, d->chunk), off);
  d->part.account_cnt = 0;
  d->weight = 0;
  d->chunk++;
}

static void bytes_diff_account(struct bytes_diff_maker *d, u32 *slot_place,
                               const struct state_diff_account *acc) {
  u32 at = 0, head = bytes_account_weight(acc);
  if (d->weight + head > BYTES_CHUNK_FILL) bytes_diff_close(d);
  for (;;) {
    struct state_diff_account *p = &d->part.account[d->part.account_cnt++];
    *p = *acc;
    p->slot = at < acc->slot_cnt ? acc->slot + at : NULL;
    p->slot_cnt = 0;
    d->weight += head;
    while (at < acc->slot_cnt) {
      u32 w = bytes_slot_weight(&acc->slot[at]);
      if (d->weight + w > BYTES_CHUNK_FILL && p->slot_cnt) break;
      d->weight += w;
      slot_place[at++] = d->chunk;
      p->slot_cnt++;
    }
    if (at == acc->slot_cnt) return;
    bytes_diff_close(d);
  }
}

static err bytes_put_diff(struct bytes_maker *m, struct bytes_places *places,
                          const struct chain_block_result *res,
                          struct arena *a) {
  const struct state_diff *diff = &res->diff;
  size_t slots = 0;
  for (u32 i = 0; i < diff->account_cnt; i++)
    slots += diff->account[i].slot_cnt;
  struct bytes_diff_maker d = {.m = m, .height = res->header.number};
  d.part.account = arena_array(a, struct state_diff_account,
                               diff->account_cnt + 1);
  places->account = arena_array(a, u32, diff->account_cnt + 1);
  places->slot = arena_array(a, u32, slots + 1);
  if (!d.part.account || !places->account || !places->slot) return ERR_LIMIT;
  u32 *slot_place = places->slot;
  for (u32 i = 0; i < diff->account_cnt; i++) {
    bytes_diff_account(&d, slot_place, &diff->account[i]);
    /* Where its values stand last: the same in each of its chunks. */
    places->account[i] = d.chunk;
    slot_place += diff->account[i].slot_cnt;
  }
  bytes_diff_close(&d);
  return d.chunk < STORE_SEQ_BLOCK ? ERR_OK : ERR_LIMIT;
}

struct bytes_block_mem {
  struct store_block b;
  struct buf out;
  struct store_chunk *chunk;
  struct store_code *code;
};

static void bytes_block_free(struct store_block *b) {
  struct bytes_block_mem *mem = b->owner;
  buf_fini(&mem->out);
  mem_free(mem->chunk);
  mem_free(mem->code);
  mem_free(mem);
}

/* The buffer has stopped moving: pieces become slices. */
static void bytes_block_chunks(struct bytes_block_mem *mem,
                               struct bytes_maker *m) {
  u32 all = 0;
  for (u32 k = 0; k < STORE_CHUNK_CNT; k++) all += m->list[k].cnt;
  mem->chunk = mem_alloc((all + 1) * sizeof *mem->chunk);
  struct store_chunk *c = mem->chunk;
  for (u32 k = 0; k < STORE_CHUNK_CNT; k++) {
    mem->b.chunk[k] = c;
    mem->b.chunk_cnt[k] = m->list[k].cnt;
    for (u32 i = 0; i < m->list[k].cnt; i++, c++) {
      const struct bytes_piece *p = &m->list[k].piece[i];
      *c = (struct store_chunk){p->seq,
                                slice_of(mem->out.ptr + p->off, p->len)};
    }
    mem_free(m->list[k].piece);
  }
}

err bytes_block(struct store_block **out, struct bytes_places *places,
                const struct chain_block_result *res, slice proposal,
                slice commit, struct arena *a) {
  struct bytes_block_mem *mem = mem_alloc(sizeof *mem);
  struct bytes_maker m = {0};
  struct bytes_places unused;
  u64 tx_bytes = 0;
  if (res->tx_cnt >= STORE_SEQ_BLOCK) return ERR_LIMIT;
  buf_init(&m.out, 0);
  chain_header_encode(&m.out, &res->header);
  size_t header_len = m.out.len;
  buf_put_slice(&m.out, proposal);
  buf_put_slice(&m.out, commit);
  size_t code_at = m.out.len;
  for (u32 i = 0; i < res->diff.code_cnt; i++) {
    buf_put_slice(&m.out, res->diff.code[i].code);

  }
  bytes_put_bodies(&m, res);
  bytes_put_receipts(&m, res, &mem->b.log_cnt);
  bytes_put_mets(&m, res);
  err e = bytes_put_diff(&m, places ? places : &unused, res, a);
  mem->out = m.out;
  bytes_block_chunks(mem, &m);
  struct store_block *b = &mem->b;
  b->owner = mem;
  b->free = bytes_block_free;
  if (e) {
    bytes_block_free(b);
    return e;
  }
  b->height = res->header.number;
  b->hash = res->hash;
  b->header = slice_of(mem->out.ptr, header_len);
  b->proposal = slice_of(mem->out.ptr + header_len, proposal.len);
  b->commit = slice_of(mem->out.ptr + header_len + proposal.len, commit.len);
  b->tx_cnt = res->tx_cnt;
  for (u32 i = 0; i < res->tx_cnt; i++)
    tx_bytes += chain_tx_block_len(res->tx[i]);
  b->size = chain_block_size_of(header_len, tx_bytes, res->header.opt_cnt >= 2);
  mem->code = mem_alloc((res->diff.code_cnt + 1) * sizeof *mem->code);
  b->code = mem->code;
  b->code_cnt = res->diff.code_cnt;
  for (u32 i = 0; i < res->diff.code_cnt; i++) {
    size_t len = res->diff.code[i].code.len;
    mem->code[i] = (struct store_code){res->diff.code[i].hash,
                                       slice_of(mem->out.ptr + code_at, len)};
    code_at += len;
  }
  *out = b;
  return ERR_OK;
}

/* Entry i of the chunk whose entries begin behind `heads` words each. */
static err bytes_entry(slice *out, const struct store_chunk *c, u32 idx,
                       u32 words) {
  u32 first, cnt;
  TRY(bytes_chunk_span(&first, &cnt, c));
  if (idx < first || idx - first >= cnt) return ERR_CORRUPT;
  const u8 *ends = c->bytes.ptr + 2;
  size_t head = 2 + (size_t)4 * words * cnt;
  if (c->bytes.len < head) return ERR_CORRUPT;
  u32 i = idx - first;
  u32 from = i ? load_be32(ends + 4 * (i - 1)) : 0, to = load_be32(ends + 4 * i);
  if (from > to || to > c->bytes.len - head) return ERR_CORRUPT;
  *out = slice_of(c->bytes.ptr + head + from, to - from);
  return ERR_OK;
}

err bytes_chunk_span(u32 *first, u32 *cnt, const struct store_chunk *c) {
  if (c->bytes.len < 2) return ERR_CORRUPT;
  *first = STORE_SEQ_IDX(c->seq);
  *cnt = (u32)c->bytes.ptr[0] << 8 | c->bytes.ptr[1];
  return *cnt && *cnt <= BYTES_CHUNK_ENTRIES ? ERR_OK : ERR_CORRUPT;
}

err bytes_body(slice *raw, addr20 *sender, const struct store_chunk *c,
               u32 idx) {
  slice e;
  TRY(bytes_entry(&e, c, idx, 1));
  if (e.len < BYTES_BODY_HEAD) return ERR_CORRUPT;
  memcpy(sender->b, e.ptr, 20);
  *raw = slice_of(e.ptr + BYTES_BODY_HEAD, e.len - BYTES_BODY_HEAD);
  return ERR_OK;
}

err bytes_receipt(slice *receipt, u32 *log_base, const struct store_chunk *c,
                  u32 idx) {
  u32 first, cnt;
  TRY(bytes_entry(receipt, c, idx, 2));
  TRY(bytes_chunk_span(&first, &cnt, c));
  *log_base = load_be32(c->bytes.ptr + 2 + 4 * cnt + 4 * (idx - first));
  return ERR_OK;
}

err bytes_met(slice *at, struct bytes_met *out, struct arena *a) {
  if (at->len < 6) return ERR_CORRUPT;
  const u8 *p = at->ptr + 6, *end = at->ptr + at->len;
  out->idx = load_be32(at->ptr);
  out->cnt = (u32)at->ptr[4] << 8 | at->ptr[5];
  struct chain_met *met = arena_array(a, struct chain_met, out->cnt + 1);
  if (!met) return ERR_LIMIT;
  for (u32 i = 0; i < out->cnt; i++) {
    if (p == end || *p > 1 || end - p < (*p ? 41 : 21)) return ERR_CORRUPT;
    met[i].created = *p++;
    memcpy(met[i].addr.b, p, 20);
    p += 20;
    if (!met[i].created) continue;
    memcpy(met[i].by.b, p, 20);
    p += 20;
  }
  out->met = met;
  *at = slice_of(p, (size_t)(end - p));
  return ERR_OK;
}

/*------------------------------------------------------------ keyed rows */
u32 bytes_account_put(u8 out[BYTES_ACCOUNT_MAX], const addr20 *addr,
                      const struct state_account *a) {
  u8 be[32], *p = out + 21;
  u32 len = u256_bytes(&a->balance);
  u64 nonce = a->nonce;
  memcpy(out, addr->b, 20);
  out[20] = (u8)len;
  for (; nonce >= 0x80; nonce >>= 7) *p++ = (u8)(nonce | 0x80);
  *p++ = (u8)nonce;
  u256_to_be(be, &a->balance);
  memcpy(p, be + 32 - len, len);
  p += len;
  if (!hash32_eq(&a->code_hash, &CRYPTO_KECCAK_EMPTY)) {
    out[20] |= BYTES_HAS_CODE;
    memcpy(p, a->code_hash.b, 32);
    p += 32;
  }
  if (!hash32_eq(&a->storage_root, &CRYPTO_KECCAK_RLP_NIL)) {
    out[20] |= BYTES_HAS_ROOT;
    memcpy(p, a->storage_root.b, 32);
    p += 32;
  }
  return (u32)(p - out);
}

err bytes_account_get(struct state_account *out, addr20 *addr, slice val) {
  if (val.len < 22) return ERR_CORRUPT;
  const u8 *p = val.ptr + 21, *end = val.ptr + val.len;
  u8 flags = val.ptr[20];
  size_t len = flags & 63;
  u32 shift = 0;
  if (addr) memcpy(addr->b, val.ptr, 20);
  out->nonce = 0;
  do {
    if (p == end || shift > 63) return ERR_CORRUPT;
    out->nonce |= (u64)(*p & 0x7f) << shift;
    shift += 7;
  } while (*p++ & 0x80);
  size_t rest = len + (flags & BYTES_HAS_CODE ? 32 : 0) +
                (flags & BYTES_HAS_ROOT ? 32 : 0);
  if (len > 32 || (size_t)(end - p) != rest) return ERR_CORRUPT;
  u256_from_be_len(&out->balance, p, len);
  p += len;
  out->code_hash = CRYPTO_KECCAK_EMPTY;
  out->storage_root = CRYPTO_KECCAK_RLP_NIL;
  if (flags & BYTES_HAS_CODE) {
    memcpy(out->code_hash.b, p, 32);
    p += 32;
  }
  if (flags & BYTES_HAS_ROOT) memcpy(out->storage_root.b, p, 32);
  return ERR_OK;
}

void bytes_slot_key(u8 out[64], const hash32 *addr_hash, const hash32 *slot) {
  memcpy(out, addr_hash->b, 32);
  memcpy(out + 32, slot->b, 32);
}

u32 bytes_slot_put(u8 out[32], const u256 *v) {
  u8 be[32];
  u32 len = u256_bytes(v);
  u256_to_be(be, v);
  memcpy(out, be + 32 - len, len);
  return len;
}

err bytes_slot_get(u256 *out, slice val) {
  if (val.len == 0 || val.len > 32) return ERR_CORRUPT;
  u256_from_be_len(out, val.ptr, val.len);
  return ERR_OK;
}

u32 bytes_node_key(u8 out[BYTES_NODE_KEY_MAX], const hash32 *owner,
                   const u8 *path, u32 path_len) {
  u8 *p = out;
  *p++ = path_len <= BYTES_UPPER ? STORE_NODE
         : owner                 ? STORE_SLOT : STORE_ACCOUNT;
  if (owner) {
    memcpy(p, owner->b, 32);
    p += 32;
  }
  if (path_len == TRIE_ROOT_EDGE) {
    *p++ = 255;
    return (u32)(p - out);
  }
  MUST(path_len <= 64);
  for (u32 i = 0; i < path_len; i += 2)
    *p++ = (u8)(path[i] << 4 | (i + 1 < path_len ? path[i + 1] : 0));
  *p++ = (u8)path_len;
  /* As long as a leaf's key there it must not be. */
  if (p - out == (owner ? 65 : 33)) *p++ = 0;
  return (u32)(p - out);
}

err bytes_node_key_get(slice key, hash32 *owner, bool *has_owner, u8 path[64],
                       u32 *path_len) {
  if (key.len < 2) return ERR_CORRUPT;
  *has_owner = key.ptr[0] == STORE_SLOT ||
               (key.ptr[0] == STORE_NODE && key.len > 33);
  size_t at = *has_owner ? 33 : 1;
  if (key.len < at + 1) return ERR_CORRUPT;
  if (*has_owner) memcpy(owner->b, key.ptr + 1, 32);
  u32 len = key.ptr[key.len - 1];
  *path_len = len == 255 ? TRIE_ROOT_EDGE : len;
  if (len == 255) return ERR_OK;
  if (len > 64 || key.len != at + (len + 1) / 2 + 1) return ERR_CORRUPT;
  for (u32 i = 0; i < len; i++)
    path[i] = i & 1 ? key.ptr[at + i / 2] & 15 : key.ptr[at + i / 2] >> 4;
  return ERR_OK;
}

/*------------------------------------------------------------ index keys */
u64 bytes_key_hash(const hash32 *h) { return load_be64(h->b); }
u64 bytes_key_account(const hash32 *addr_hash) {
  return load_be64(addr_hash->b);
}
u64 bytes_key_slot(const hash32 *addr_hash, const hash32 *slot_hash) {
  return load_be64(addr_hash->b + 8) ^ load_be64(slot_hash->b);
}

/* The key of an address (tag 0) or of a topic (tag 1 + its place): the first
** eight bytes of keccak256(tag || it). */
struct bytes_tagged {
  u8 text[33], len;
};
static struct bytes_tagged bytes_tag(u8 tag, const void *p, u8 len) {
  struct bytes_tagged t = {.len = (u8)(1 + len)};
  t.text[0] = tag;
  memcpy(t.text + 1, p, len);
  return t;
}
static u64 bytes_key_tagged(struct bytes_tagged t) {
  hash32 h;
  crypto_keccak256(&h, t.text, t.len);
  return load_be64(h.b);
}
u64 bytes_key_log_addr(const addr20 *a) {
  return bytes_key_tagged(bytes_tag(0, a->b, 20));
}
u64 bytes_key_log_topic(u32 at, const hash32 *topic) {
  return bytes_key_tagged(bytes_tag((u8)(1 + at), topic->b, 32));
}

/* Keys into entries, several at a time. */
enum { BYTES_KEY_BATCH = 16 };
struct bytes_key_batch {
  struct bytes_tagged t[BYTES_KEY_BATCH];
  u32 cnt;
  struct store_entry *out; /* the next */
};
static void bytes_key_flush(struct bytes_key_batch *q) {
  slice in[BYTES_KEY_BATCH];
  hash32 h[BYTES_KEY_BATCH];
  for (u32 i = 0; i < q->cnt; i++)
    in[i] = slice_of(q->t[i].text, q->t[i].len);
  crypto_keccak256_batch(h, in, q->cnt);
  for (u32 i = 0; i < q->cnt; i++) (q->out++)->key = load_be64(h[i].b);
  q->cnt = 0;
}
static void bytes_key_ask(struct bytes_key_batch *q, struct bytes_tagged t) {
  if (q->cnt == BYTES_KEY_BATCH) bytes_key_flush(q);
  q->t[q->cnt++] = t;
}

u32 bytes_log_entries_max(const struct chain_receipt *r, u32 cnt) {
  u32 n = 0;
  for (u32 i = 0; i < cnt; i++)
    for (u32 k = 0; k < r[i].log_cnt; k++) n += 1 + r[i].log[k].topic_cnt;
  return n;
}

static int bytes_u64_cmp(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return x < y ? -1 : x > y;
}

u32 bytes_log_entries(struct store_entry *out, u64 chunk_seq,
                      const struct chain_receipt *r, u32 cnt) {
  struct bytes_key_batch q = {.out = out};
  const addr20 *last = NULL;
  u32 kept = 0;
  for (u32 i = 0; i < cnt; i++) {
    for (u32 k = 0; k < r[i].log_cnt; k++) {
      const struct state_log *l = &r[i].log[k];
      if (!last || !addr20_eq(last, &l->addr))
        bytes_key_ask(&q, bytes_tag(0, l->addr.b, 20));
      last = &l->addr;
      for (u32 t = 0; t < l->topic_cnt; t++)
        bytes_key_ask(&q, bytes_tag((u8)(1 + t), l->topic[t].b, 32));
    }
  }
  bytes_key_flush(&q);
  u32 n = (u32)(q.out - out);
  for (u32 i = 0; i < n; i++) out[i].seq = chunk_seq;
  qsort(out, n, sizeof *out, bytes_u64_cmp);
  for (u32 i = 0; i < n; i++)
    if (i == 0 || out[i].key != out[kept - 1].key) out[kept++] = out[i];
  return kept;
}

/* Whoever can choose an address can also send to one: hashing would guard
** nothing here. */
static u64 bytes_key_addr(u8 tag, const addr20 *a) {
  u64 tail = load_be64(a->b + 12) * 0x9e3779b97f4a7c15u;
  return (load_be64(a->b) ^ tail) + (u64)tag * 0xd1342543de82ef95u;
}
u64 bytes_key_sender(const addr20 *a) { return bytes_key_addr(0, a); }
u64 bytes_key_party(const addr20 *a) { return bytes_key_addr(1, a); }
u64 bytes_key_created(const addr20 *a) { return bytes_key_addr(2, a); }

u32 bytes_addr_entries_max(const struct chain_receipt *r, u32 cnt) {
  u32 n = 0;
  for (u32 i = 0; i < cnt; i++) n += 2 + r[i].has_created + 2 * r[i].met_cnt;
  return n;
}

u32 bytes_addr_entries(struct store_entry *out, u64 seq, const addr20 *sender,
                       const addr20 *to, const struct chain_receipt *r) {
  u32 n = 0, kept = 1;
  out[n++] = (struct store_entry){bytes_key_sender(sender), seq};
  if (to) out[n++].key = bytes_key_party(to);
  if (r->has_created) {
    out[n++].key = bytes_key_party(&r->created);
    out[n++].key = bytes_key_created(&r->created);
  }
  for (u32 i = 0; i < r->met_cnt; i++) {
    out[n++].key = bytes_key_party(&r->met[i].addr);
    if (r->met[i].created) out[n++].key = bytes_key_created(&r->met[i].addr);
  }
  if (n > 2) qsort(out + 1, n - 1, sizeof *out, bytes_u64_cmp);
  for (u32 i = 1; i < n; i++)
    if (i == 1 || out[i].key != out[kept - 1].key)
      out[kept++] = (struct store_entry){out[i].key, seq};
  return kept;
}
