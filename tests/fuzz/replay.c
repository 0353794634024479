/* replay.c - main() for a fuzzer built without a fuzzing engine, so that
** every kept input is tested on each "make check" with any compiler.
**
** Feeds LLVMFuzzerTestOneInput the empty input, each file of
** SRCDIR/tests/fuzz/corpus/NAME (NAME: the program's own, without fuzz_) and
** 2,000 inputs made from those by a fixed sequence of small damages; with no
** corpus, from zero bytes.  Prints TAP.  A crash ends the program, which the
** runner counts as a failure; the last line printed names the input.
** Limits: 4,096 kept inputs, 1 MiB each.
*/
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLAY_FILE_MAX 4096
#define REPLAY_BYTE_MAX (1u << 20)
#define REPLAY_DAMAGED 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct replay_input {
  uint8_t *data;
  size_t len;
};
static struct replay_input replay_inputs[REPLAY_FILE_MAX + 1];
static unsigned replay_cnt;

static uint64_t replay_seed = 0x9e3779b97f4a7c15u;
static uint64_t replay_next(uint64_t below) {
  replay_seed ^= replay_seed << 13;
  replay_seed ^= replay_seed >> 7;
  replay_seed ^= replay_seed << 17;
  return replay_seed % below;
}

/* A heap copy of exactly len bytes, so that a sanitizer sees any overrun. */
static void replay_run(const uint8_t *data, size_t len) {
  uint8_t *copy = malloc(len ? len : 1);
  if (!copy) abort();
  if (len) memcpy(copy, data, len);
  LLVMFuzzerTestOneInput(copy, len);
  free(copy);
}

static void replay_load(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f || replay_cnt > REPLAY_FILE_MAX) {
    printf("Bail out! %s\n", path);
    exit(1);
  }
  uint8_t *p = malloc(REPLAY_BYTE_MAX);
  if (!p) abort();
  size_t len = fread(p, 1, REPLAY_BYTE_MAX, f);
  fclose(f);
  replay_inputs[replay_cnt++] = (struct replay_input){p, len};
}

static void replay_damage(unsigned i) {
  static uint8_t buf[REPLAY_BYTE_MAX];
  const struct replay_input *in = &replay_inputs[i % replay_cnt];
  size_t len = in->len;
  if (len) memcpy(buf, in->data, len);
  if (len < 4) {
    memset(buf + len, 0, 64 - len);
    len = 1 + replay_next(64);
  }
  for (uint64_t n = 1 + replay_next(8); n; n--) {
    size_t at = replay_next(len);
    switch (replay_next(4)) {
      case 0: buf[at] = (uint8_t)replay_next(256); break;
      case 1: buf[at] ^= (uint8_t)(1u << replay_next(8)); break;
      case 2: buf[at] = replay_next(2) ? 0xff : 0x00; break;
      default: len = 1 + replay_next(len); break;
    }
  }
  replay_run(buf, len);
}

int main(int argc, char **argv) {
  (void)argc;
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char *name = strrchr(argv[0], '/');
  name = name ? name + 1 : argv[0];
  const char *root = getenv("SRCDIR");
  char dir[2048], path[4096];
  snprintf(dir, sizeof dir, "%s/tests/fuzz/corpus/%s", root ? root : ".",
           name + (strncmp(name, "fuzz_", 5) ? 0 : 5));
  struct dirent **list = NULL;
  int cnt = scandir(dir, &list, NULL, alphasort);
  replay_inputs[replay_cnt++] = (struct replay_input){NULL, 0};
  printf("empty input\n");
  replay_run(NULL, 0);
  int done = 0;
  for (int i = 0; i < cnt; i++) {
    if (list[i]->d_name[0] != '.') {
      snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
      replay_load(path);
      printf("input %s\n", list[i]->d_name);
      replay_run(replay_inputs[replay_cnt - 1].data,
                 replay_inputs[replay_cnt - 1].len);
      printf("ok %d - %s\n", ++done, list[i]->d_name);
    }
    free(list[i]);
  }
  free(list);
  printf("damaged inputs\n");
  for (unsigned i = 0; i < REPLAY_DAMAGED; i++) replay_damage(i);
  printf("ok %d - damaged_inputs\n1..%d\n", done + 1, done + 1);
  for (unsigned i = 0; i < replay_cnt; i++) free(replay_inputs[i].data);
  return 0;
}
