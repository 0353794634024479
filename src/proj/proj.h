/* proj.h - projections: tables in SQL that follow the events of the commerce
** modules, and content: the documents whose hashes those events name.
**
** What is where
**   proj_table.def   the tables; proj_event.def: which event changes which
**   proj_state.def   words of states, and what happens at their deadlines
**   proj.c           the tables' engine; proj_content.c: content
**
** Rows are written in the transaction that appends the block (store_project),
** so they are there exactly when the block is; a block that cannot have events
** of the modules (by its bloom) costs one row.  The table `projection` tells
** with which block each module's tables stand ("*": all of them), and by which
** schema they were made (PROJ_SCHEMA, raised with every change of the .def
** files).  Rows are made of events and content alone: cutting blocks off, and
** `reindex`, clear a module's tables and read its events again.
**
** A struct proj belongs to the writer's thread.  Reading: any store_reader.
*/
#ifndef PROJ_PROJ_H
#define PROJ_PROJ_H
#include "base/base.h"
#include "chain/chain_block.h"
#include "module/module.h"
#include "store/store_table.h"

#define PROJ_SCHEMA 11u

enum proj_module {
  PROJ_IDENTITY, PROJ_PLATFORMS, PROJ_MARKET, PROJ_ORDERS, PROJ_MEDIATION,
  PROJ_COURT, PROJ_MODULE_CNT
};
#define PROJ_ALL ((1u << PROJ_MODULE_CNT) - 1)
const struct module_def *proj_module(u32 m);
/* "identity", "market"; PROJ_MODULE_CNT: unknown. */
const char *proj_module_name(u32 m);
u32 proj_module_find(const char *name);
/* By the address's last two bytes; PROJ_MODULE_CNT: none of them. */
u32 proj_module_of(const addr20 *a);

enum proj_table {
#define TABLE(name, module, index, columns) PROJ_T_##name,
#define FTS(name, module, table, columns)
#include "proj/proj_table.def"
#undef TABLE
#undef FTS
  PROJ_TABLE_CNT
};
const struct store_table_def *proj_table(u32 t);

/*---------------------------------------------------------------- writing */
struct proj;
/* Makes the tables that are missing. */
err proj_open(struct proj **out, struct store *s, struct errmsg *msg) MUST_USE;
void proj_close(struct proj *p);
/* The modules, as bits, that may have logs in a block. */
u32 proj_wants(const struct proj *p, const struct bloom256 *bloom);
struct proj_block {
  u64 height, time_s;
  hash32 hash;
  u32 modules;   /* whose events are taken */
};
/* Within the writer's transaction: one block's logs of the modules in order,
** then the end.  place: of the transaction in the block; log_idx: in the
** block. */
err proj_log(struct proj *p, const struct proj_block *b, const hash32 *tx,
             u32 place, u64 log_idx, const struct state_log *log) MUST_USE;
/* whole: the tables of all modules stand here. */
err proj_block_end(struct proj *p, const struct proj_block *b, bool whole)
    MUST_USE;
/* Where a module's tables stand; -1: to be made from the start. */
err proj_stands(struct proj *p, i64 *height, hash32 *hash, u32 module)
    MUST_USE;
err proj_stands_all(struct proj *p, i64 *height, hash32 *hash) MUST_USE;
/* Clears the tables of modules: they stand at -1, without most of their indexes
** until proj_filled. */
err proj_clear(struct proj *p, u32 modules) MUST_USE;
err proj_filled(struct proj *p) MUST_USE;
/* Modules whose tables are being made anew, and up to where they are; 0: none.
** Kept in the file. */
err proj_making(struct proj *p, i64 *height, u32 *modules) MUST_USE;
err proj_making_set(struct proj *p, i64 height, u32 modules) MUST_USE;

/*---------------------------------------------------------------- content
** A document is canonical JSON of at most PROJ_DOC_MAX bytes: UTF-8, keys
** ascending by code point and none twice, no blanks, integers only.  A blob is
** an image, PDF or opaque bytes (ciphertext) of at most PROJ_BLOB_MAX.
** Its name is keccak256 of the bytes.  It is kept for good when an event or a
** kept document names it, else for PROJ_HOLD_S; all that is only held is at
** most PROJ_HOLD_BYTES. */
#define PROJ_DOC_MAX (16u << 10)
#define PROJ_BLOB_MAX (512u << 10)
#define PROJ_HOLD_S 86400u
#define PROJ_HOLD_BYTES (256ull << 20)
/* The type by its first bytes: "application/json" (canonical), "image/jpeg",
** "image/png", "image/webp", "image/gif", "application/pdf",
** "application/octet-stream"; NULL with why it is refused: what a browser
** would run (SVG, HTML, XML), JSON that is not canonical, too large, a picture of
** more than 2^25 points or with more than 16 KiB packed beside it. */
const char *proj_content_type(slice bytes, struct errmsg *why);
/* Whether text is canonical JSON; msg says where not. */
bool proj_json_canonical(slice text, struct errmsg *msg);

struct proj_content {
  hash32 hash;
  char type[32];
  u64 size;
  u64 until;   /* seconds; 0: kept for good */
  slice bytes; /* of proj_content_get: a view */
};
/* Stores content in a transaction of its own.  ERR_INPUT: refused, msg says
** why; ERR_LIMIT: no room. */
err proj_content_put(struct proj *p, struct proj_content *out, slice bytes,
                     u64 now_s, struct errmsg *msg) MUST_USE;
/* The documents of the first courts and rules are always there.
** ERR_NOT_FOUND. */
err proj_content_get(struct store_reader *r, struct proj_content *out,
                     const hash32 *hash, struct arena *a) MUST_USE;
/* An event names it. */
bool proj_content_known(struct store_reader *r, const hash32 *hash);

/*---------------------------------------------------------------- reading */
/* The word of a state, and what comes at its deadline; NULL: none. */
const char *proj_state_word(u32 module, u8 type, u8 state);
const char *proj_state_exit(u32 module, u8 type, u8 state);
/* The number of a word; false: no such. */
bool proj_state_number(u32 module, u8 type, const char *word, u8 *out);
/* Who is to act: "seller"; by the module's own table. */
const char *proj_owner_word(u32 module, u8 type,
                            const struct module_header *h);
err proj_query(struct store_reader *r, const struct store_query *q,
               store_row_fn *row, void *ctx) MUST_USE;
err proj_named(struct store_reader *r, const char *name,
               const struct store_val *val, u32 cnt, store_row_fn *row,
               void *ctx) MUST_USE;
#endif
