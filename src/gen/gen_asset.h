/* gen_asset.h - the dashboard's files, as bytes.
**
** One row per file of the bundle, sorted by path (memcmp order), so that a
** path is found by binary search.  The rows are written at build by embed.c.
*/
#ifndef GEN_GEN_ASSET_H
#define GEN_GEN_ASSET_H
#include "base/base.h"

struct gen_asset {
  const char *path; /* as in the URL: "/index.html", "/app-1F2A.js" */
  const char *type; /* content type: "text/html; charset=utf-8" */
  const u8 *gz;     /* the same bytes, gzip; NULL where it saves nothing */
  size_t gz_len;
  const u8 *raw;
  size_t raw_len;
  const char *etag; /* quoted, strong, from the bytes: "\"9f86d081884c7d65\"" */
};

extern const struct gen_asset gen_asset[];
extern const u32 gen_asset_cnt;

#endif
