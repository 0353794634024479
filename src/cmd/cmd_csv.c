/* cmd_csv.c - see cmd_csv.h.  A column is a row of a table: its name and what
** writes its field. */
#include "cmd/cmd_csv.h"

#include <stdio.h>
#include <time.h>

#include "codec/hex.h"

#define CSV_LINE_MAX (136u << 20) /* a block of 64 MiB in hex, and some */
#define CSV_COIN_DIGITS 18

struct csv_row {
  const struct node_block *b;
  const struct chain_tx *tx;
  const struct chain_receipt *receipt;
  u32 idx;
  slice rlp;
};

/*---------------------------------------------------------------- fields */
static void csv_num(struct buf *out, u64 n) {
  buf_printf(out, "%llu", (unsigned long long)n);
}
static void csv_hex(struct buf *out, const void *p, size_t len) {
  buf_put_hex(out, slice_of(p, len));
}
static void csv_time(struct buf *out, const struct chain_header *h) {
  u64 ms = chain_header_time_ms(h);
  time_t s = (time_t)(ms / 1000);
  struct tm t;
  char text[40];
  if (!gmtime_r(&s, &t)) return;
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &t);
  buf_printf(out, "%s.%03uZ", text, (u32)(ms % 1000));
}
static void csv_u256(struct buf *out, const u256 *v) {
  char text[80];
  u256_to_dec(text, v);
  buf_put_str(out, text);
}
/* Wei in coins, to the last digit. */
static void csv_amount(struct buf *out, const u256 *wei) {
  char text[80];
  u256_to_dec(text, wei);
  size_t n = strlen(text), whole = n > CSV_COIN_DIGITS ? n - CSV_COIN_DIGITS : 0;
  while (n > whole && text[n - 1] == '0') n--;
  if (whole) buf_put(out, text, whole);
  else buf_put_u8(out, '0');
  if (n == whole) return;
  buf_put_u8(out, '.');
  for (size_t i = strlen(text); i < CSV_COIN_DIGITS; i++) buf_put_u8(out, '0');
  buf_put(out, text + whole, n - whole);
}
static void csv_status(struct buf *out, const struct chain_receipt *r) {
  static const hash32 none;
  if (hash32_eq(&r->post_state, &none)) csv_num(out, r->success);
}

/* Columns: name, and what is written, of r. */
#define CSV_BLOCKS(COL) \
  COL(number, csv_num(out, r->b->header.number)) \
  COL(hash, csv_hex(out, r->b->hash.b, 32)) \
  COL(parent_hash, csv_hex(out, r->b->header.parent_hash.b, 32)) \
  COL(time, csv_time(out, &r->b->header)) \
  COL(proposer, csv_hex(out, r->b->header.coinbase.b, 20)) \
  COL(transactions, csv_num(out, r->b->tx_cnt)) \
  COL(gas_used, csv_num(out, r->b->header.gas_used)) \
  COL(gas_limit, csv_num(out, r->b->header.gas_limit)) \
  COL(base_fee, csv_u256(out, &r->b->header.base_fee)) \
  COL(size, csv_num(out, r->b->size)) \
  COL(state_root, csv_hex(out, r->b->header.state_root.b, 32)) \
  COL(transactions_root, csv_hex(out, r->b->header.txs_root.b, 32)) \
  COL(receipts_root, csv_hex(out, r->b->header.receipts_root.b, 32))
#define CSV_TXS(COL) \
  COL(block, csv_num(out, r->b->header.number)) \
  COL(index, csv_num(out, r->idx)) \
  COL(time, csv_time(out, &r->b->header)) \
  COL(hash, csv_hex(out, r->tx->hash.b, 32)) \
  COL(type, csv_num(out, r->tx->type)) \
  COL(from, csv_hex(out, r->tx->sender.b, 20)) \
  COL(to, if (r->tx->has_to) csv_hex(out, r->tx->to.b, 20)) \
  COL(created, if (r->receipt->has_created) \
                 csv_hex(out, r->receipt->created.b, 20)) \
  COL(value, csv_u256(out, &r->tx->value)) \
  COL(amount, csv_amount(out, &r->tx->value)) \
  COL(nonce, csv_num(out, r->tx->nonce)) \
  COL(gas_limit, csv_num(out, r->tx->gas_limit)) \
  COL(gas_used, csv_num(out, r->receipt->gas_used)) \
  COL(status, csv_status(out, r->receipt)) \
  COL(logs, csv_num(out, r->receipt->log_cnt)) \
  COL(method, if (r->tx->has_to && r->tx->data.len >= 4) \
                csv_hex(out, r->tx->data.ptr, 4)) \
  COL(data_bytes, csv_num(out, r->tx->data.len))
#define CSV_RLP(COL) \
  COL(number, csv_num(out, r->b->header.number)) \
  COL(hash, csv_hex(out, r->b->hash.b, 32)) \
  COL(rlp, csv_hex(out, r->rlp.ptr, r->rlp.len))

#define CSV_NAME(name, put) "," #name
#define CSV_FIELD(name, put) \
  buf_put_u8(out, ','); \
  put;
#define CSV_LINE(list) \
  static void csv_line_##list(struct buf *out, const struct csv_row *r) { \
    size_t at = out->len; \
    list(CSV_FIELD) \
    if (out->over) return; \
    memmove(out->ptr + at, out->ptr + at + 1, out->len - at - 1); \
    out->len--; \
    buf_put_str(out, "\r\n"); \
  }
CSV_LINE(CSV_BLOCKS)
CSV_LINE(CSV_TXS)
CSV_LINE(CSV_RLP)

static const struct {
  const char *name, *head; /* after a comma */
} csv_rows[] = {
  [CMD_CSV_BLOCKS] = {"blocks", CSV_BLOCKS(CSV_NAME)},
  [CMD_CSV_TXS] = {"transactions", CSV_TXS(CSV_NAME)},
  [CMD_CSV_RLP] = {"rlp", CSV_RLP(CSV_NAME)},
};

/*---------------------------------------------------------------- writing */
bool cmd_csv_named(const char *path) {
  static const char *const packed[] = {"", ".gz", ".zst"};
  size_t n = strlen(path);
  for (size_t i = 0; i < ARRAY_LEN(packed); i++) {
    char end[12];
    size_t k = (size_t)snprintf(end, sizeof end, ".csv%s", packed[i]);
    if (n > k && strcmp(path + n - k, end) == 0) return true;
  }
  return false;
}

err cmd_csv_rows(enum cmd_csv_rows *out, const char *name,
                 struct errmsg *msg) {
  for (u32 i = 0; i < ARRAY_LEN(csv_rows); i++) {
    if (strcmp(name, csv_rows[i].name) != 0) continue;
    *out = (enum cmd_csv_rows)i;
    return ERR_OK;
  }
  return err_say(msg, ERR_USAGE, "--rows %s: there are blocks, transactions "
                 "and rlp", name);
}

void cmd_csv_head(struct buf *out, enum cmd_csv_rows rows) {
  buf_put_str(out, csv_rows[rows].head + 1);
  buf_put_str(out, "\r\n");
}

err cmd_csv_block(struct buf *out, enum cmd_csv_rows rows,
                  struct node_export *x, u64 height, struct errmsg *msg) {
  struct node_block b;
  struct csv_row r = {.b = &b};
  struct arena a;
  struct buf rlp;
  u32 flags = rows == CMD_CSV_TXS ? NODE_WITH_TXS | NODE_WITH_RECEIPTS : 0;
  arena_init(&a, 1 << 16, 0);
  buf_init(&rlp, 0);
  err e = node_export_read(x, &b, height, flags, &a, msg);
  if (!e && rows == CMD_CSV_RLP) e = node_export_block(x, &rlp, height, msg);
  r.rlp = buf_slice(&rlp);
  if (!e && rows == CMD_CSV_BLOCKS) csv_line_CSV_BLOCKS(out, &r);
  if (!e && rows == CMD_CSV_RLP) csv_line_CSV_RLP(out, &r);
  for (; !e && rows == CMD_CSV_TXS && r.idx < b.tx_cnt; r.idx++) {
    r.tx = &b.tx[r.idx];
    r.receipt = &b.receipt[r.idx];
    csv_line_CSV_TXS(out, &r);
  }
  buf_fini(&rlp);
  arena_fini(&a);
  return e;
}

/*---------------------------------------------------------------- reading */
static err csv_in_line(struct cmd_csv_in *in, bool *end, struct errmsg *msg) {
  buf_clear(&in->line);
  *end = false;
  for (;;) {
    u8 c;
    size_t got;
    TRY(cmd_stream_read(in->f, &c, 1, &got, msg));
    if (got == 0) *end = in->line.len == 0;
    if (got == 0 || c == '\n') break;
    /* No field of ours has a quote, a spreadsheet may have put some. */
    if (c != '\r' && c != '"') buf_put_u8(&in->line, c);
    if (in->line.len > CSV_LINE_MAX)
      return err_say(msg, ERR_INPUT, "%s: line %llu is too long", in->path,
                     (unsigned long long)in->row + 1);
  }
  in->row++;
  return ERR_OK;
}

/* The line's field of that number; empty: there is none. */
static slice csv_in_field(const struct cmd_csv_in *in, u32 column) {
  slice s = buf_slice(&in->line);
  for (;; column--) {
    const u8 *comma = s.len ? memchr(s.ptr, ',', s.len) : NULL;
    size_t len = comma ? (size_t)(comma - s.ptr) : s.len;
    if (column == 0) return slice_of(s.ptr, len);
    if (!comma) return slice_of(NULL, 0);
    s = slice_of(comma + 1, s.len - len - 1);
  }
}

static err csv_in_head(struct cmd_csv_in *in, bool *end, struct errmsg *msg) {
  TRY(csv_in_line(in, end, msg));
  for (slice f; (f = csv_in_field(in, in->column)).len; in->column++)
    if (f.len == 3 && memcmp(f.ptr, "rlp", 3) == 0) return ERR_OK;
  return err_say(msg, ERR_INPUT, "%s has no column rlp: only what \"export "
                 "--rows rlp\" wrote holds whole blocks", in->path);
}

err cmd_csv_next(struct cmd_csv_in *in, struct buf *out, bool *end,
                 struct errmsg *msg) {
  *end = false;
  if (in->row == 0) TRY(csv_in_head(in, end, msg));
  do TRY(csv_in_line(in, end, msg));
  while (in->line.len == 0 && !*end);
  if (*end) return ERR_OK;
  err e = hex_data(out, csv_in_field(in, in->column));
  return e < 0 || out->len == 0
             ? err_say(msg, ERR_INPUT, "%s: line %llu: its rlp is no block",
                       in->path, (unsigned long long)in->row)
             : ERR_OK;
}

#undef CSV_LINE_MAX
#undef CSV_COIN_DIGITS
#undef CSV_BLOCKS
#undef CSV_TXS
#undef CSV_RLP
#undef CSV_NAME
#undef CSV_FIELD
#undef CSV_LINE
