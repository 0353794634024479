/* node_scratch.c - see node_scratch.h.
**
** Each large chunk is a part of the file of its own, mapped shared.  Its room
** is taken on the disk beforehand: a mapped page for which there is none would
** end the program.  Small chunks are not worth a mapping.
*/
#include "node/node_scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define SCRATCH_LEAST (1u << 20)
#define SCRATCH_PAGE 65536u /* of any machine's pages a multiple */

static void *scratch_map(struct node_scratch *s, size_t len) {
  if (s->fd < 0 || posix_fallocate(s->fd, (off_t)s->len, (off_t)len) != 0)
    return NULL;
  void *p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
                 (off_t)s->len);
  if (p == MAP_FAILED) return NULL;
  s->len += len;
  return p;
}

static void *scratch_take(void *ctx, size_t size) {
  struct node_scratch *s = ctx;
  size_t len = (size + SCRATCH_PAGE - 1) & ~(size_t)(SCRATCH_PAGE - 1);
  void *p = size >= SCRATCH_LEAST ? scratch_map(s, len) : NULL;
  if (!p) return mem_realloc(NULL, size);
  if (s->part_cnt == s->part_cap) {
    s->part_cap = s->part_cap ? s->part_cap * 2 : 16;
    s->part = mem_realloc(s->part, s->part_cap * sizeof *s->part);
  }
  s->part[s->part_cnt++] = (struct node_scratch_part){p, len};
  return p;
}

static void scratch_give(void *ctx, void *p) {
  struct node_scratch *s = ctx;
  for (u32 i = 0; i < s->part_cnt; i++) {
    if (s->part[i].ptr != p) continue;
    munmap(p, s->part[i].len);
    s->part[i] = s->part[--s->part_cnt];
    return;
  }
  mem_free(p);
}

static void scratch_rest(void *ctx) {
  const struct node_scratch *s = ctx;
  for (u32 i = 0; i < s->part_cnt; i++)
    madvise(s->part[i].ptr, s->part[i].len, MADV_DONTNEED);
}

void node_scratch_open(struct node_scratch *s, const char *beside) {
  char path[4096];
  *s = (struct node_scratch){
      .fd = -1, .home = {s, scratch_take, scratch_give, scratch_rest}};
  int len = snprintf(path, sizeof path, "%s.scratch-%d", beside, (int)getpid());
  if (len < 0 || (size_t)len >= sizeof path) return;
  s->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (s->fd >= 0) unlink(path);
}

void node_scratch_close(struct node_scratch *s) {
  MUST(s->part_cnt == 0);
  if (s->fd >= 0) close(s->fd);
  mem_free(s->part);
}
