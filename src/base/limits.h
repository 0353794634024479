/* limits.h - the rows of limits.def as constants and as a table. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H
#include "base/base.h"

enum {
#define LIMIT(name, value, what) name = (value),
#include "base/limits.def"
#undef LIMIT
};

struct limit_row {
  const char *name;
  u64 value;
  const char *what;
};
extern const struct limit_row limit_rows[];
extern const u32 limit_row_cnt;
#endif
