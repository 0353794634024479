/* node_scratch.h - an arena's home for what is larger than memory should be:
** pages of a file that has no name, which leave memory when nobody needs them
** for a while and come back when they are looked at.
*/
#ifndef NODE_NODE_SCRATCH_H
#define NODE_NODE_SCRATCH_H
#include "base/arena.h"

struct node_scratch {
  struct arena_home home; /* for arena_init's arena; see base/arena.h */
  int fd;                 /* -1: none, all is on the heap */
  u64 len;
  struct node_scratch_part {
    void *ptr;
    size_t len;
  } *part;
  u32 part_cnt, part_cap;
};
/* The file lies in the directory of the file `beside`; where it cannot be made,
** or there is no more room, memory is the heap's.  s stays where it is. */
void node_scratch_open(struct node_scratch *s, const char *beside);
void node_scratch_close(struct node_scratch *s); /* after its arenas */
#endif
