/* gen_sql.h - the schema and the named statements of sql/, as strings.
**
** One row per file of sql/, sorted by name: first query_*, then schema_001,
** schema_001, ... in the order they are applied.  The rows are written at
** build by embed.c.
*/
#ifndef GEN_GEN_SQL_H
#define GEN_GEN_SQL_H
#include "base/base.h"

struct gen_sql {
  const char *name; /* the file's name without .sql: "schema_001" */
  const char *text; /* the whole file, comments too, ends with NUL */
};

extern const struct gen_sql gen_sql[];
extern const u32 gen_sql_cnt;

#endif
