/* cmd_csv.h - blocks as comma-separated values (RFC 4180): a first line of
** column names, then a line each, ended by CR LF.
**
**   --rows blocks        number, hash, parent_hash, time, proposer, transactions,
**                        gas_used, gas_limit, base_fee, size, state_root,
**                        transactions_root, receipts_root
**   --rows transactions  block, index, time, hash, type, from, to, created,
**                        value, amount, nonce, gas_limit, gas_used, status, logs,
**                        method, data_bytes
**   --rows rlp           number, hash, rlp: whole blocks, which import takes back
**
** time is UTC (2026-11-23T05:18:45.123Z); value is in wei, amount the same in
** whole coins, exact; status is 1, or 0 when it failed (empty before Byzantium);
** to is empty where a contract was created, method the data's first four bytes.
**
** Safe to open in a spreadsheet: a field is empty or a number, a time, or 0x and
** hex digits, so none can begin a formula or needs quoting.  What has more than
** 15 digits loses the last ones there unless the column is taken for text.
*/
#ifndef CMD_CMD_CSV_H
#define CMD_CMD_CSV_H
#include "base/buf.h"
#include "cmd/cmd_stream.h"
#include "node/node_export.h"

enum cmd_csv_rows { CMD_CSV_BLOCKS, CMD_CSV_TXS, CMD_CSV_RLP };
/* Whether path's ending says CSV: .csv, and .csv.gz and .csv.zst. */
bool cmd_csv_named(const char *path);
/* "blocks", "transactions", "rlp"; ERR_USAGE. */
err cmd_csv_rows(enum cmd_csv_rows *out, const char *name, struct errmsg *msg)
    MUST_USE;
/* Append the line of names; the lines of one block. */
void cmd_csv_head(struct buf *out, enum cmd_csv_rows rows);
err cmd_csv_block(struct buf *out, enum cmd_csv_rows rows,
                  struct node_export *x, u64 height, struct errmsg *msg)
    MUST_USE;

/* Reads the column rlp of such a file, whatever others stand beside it. */
struct cmd_csv_in {
  struct cmd_stream *f;
  const char *path;
  struct buf line;
  u64 row;            /* lines read */
  u32 column;
};
/* The next block's bytes, appended to out; *end after the last. */
err cmd_csv_next(struct cmd_csv_in *in, struct buf *out, bool *end,
                 struct errmsg *msg) MUST_USE;
#endif
