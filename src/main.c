/* main.c - the program: everything is in cmd/. */
#include <malloc.h>

#include "cmd/cmd.h"

int main(int argc, char **argv) {
#ifdef M_ARENA_MAX
  /* glibc would give each thread a heap of its own, which keeps what it had at
  ** its largest: tens of megabytes over a dozen threads. */
  mallopt(M_ARENA_MAX, 2);
#endif
  return cmd_main(argc, argv);
}
