/* rpc_group.c - see rpc_group.h.  Both files have a line each,
** NAME:PASSWORD:NUMBER:...; what is longer than a line of ours is passed over. */
#include "rpc/rpc_group.h"

#include <stdio.h>
#include <stdlib.h>

/* NAME:PASSWORD:NUMBER:... taken apart in place. */
static bool group_line(char *line, u32 *id) {
  char *second = strchr(line, ':'), *third, *end;
  if (!second || !(third = strchr(second + 1, ':'))) return false;
  *second = 0;
  unsigned long number = strtoul(third + 1, &end, 10);
  *id = (u32)number;
  return end > third + 1 && *end == ':' && number <= UINT32_MAX;
}

/* The first line of this name, or (NULL) of this number: the other is set. */
static bool group_find(const char *file, const char *name, char out[64],
                       u32 *id) {
  char line[4096];
  u32 number;
  FILE *f = fopen(file, "re");
  bool found = false;
  while (f && !found && fgets(line, sizeof line, f)) {
    if (!group_line(line, &number)) continue;
    found = name ? strcmp(line, name) == 0 : number == *id;
  }
  if (f) fclose(f);
  if (found) *id = number;
  if (found && out) snprintf(out, 64, "%.63s", line);
  return found;
}

bool rpc_group_id(u32 *id, const char *file, const char *name) {
  char *end;
  unsigned long number = strtoul(name, &end, 10);
  if (name[0] >= '0' && name[0] <= '9' && !*end && number < UINT32_MAX) {
    *id = (u32)number;
    return true;
  }
  return group_find(file, name, NULL, id);
}

const char *rpc_group_name(char out[80], const char *file, u32 id) {
  char name[64] = "";
  bool known = group_find(file, NULL, name, &id);
  snprintf(out, 80, known ? "%s (%u)" : "%s%u", name, id);
  return out;
}
