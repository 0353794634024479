/* cmd_stack.c - see cmd_stack.h.
**
** Each thread in turn is sent a signal of its own (SIGRTMIN, which nothing else
** uses and no thread blocks); its handler walks the stack by the unwind tables
** that are in the program anyway, and leaves return addresses in one buffer
** made beforehand.  The handler calls nothing that allocates or takes a lock
** which the thread it interrupts could hold from elsewhere: the walk is done
** once at start, so that what it prepares on first use is there.  System calls
** go on (SA_RESTART); those that do not (poll, epoll_wait) are in loops
** everywhere.
**
** The buffer goes from hand to hand by one atomic word:
**   IDLE -> ASKED(thread)    the dumper, before it sends the signal
**   ASKED -> FILLING         that thread's handler; any other leaves it alone
**   FILLING -> DONE          the same, when the addresses are there
**   ASKED -> IDLE            the dumper, tired of waiting: a handler that comes
**                            later finds nothing to do
** so a thread that answers late can spoil nobody's trace.
**
** Names come from the symbol table of /proc/self/exe, which is this program
** even after its file was replaced.  Without one (stripped) an address is shown
** as +0x…, what addr2line -f -e takes.  Code in assembly without unwind tables
** ends a trace early.
*/
#include "cmd/cmd_stack.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <unwind.h>

#include "base/base.h"
#include "base/log.h"

#define STACK_SIGNAL SIGRTMIN
#define STACK_FRAMES 48u
#define STACK_WAIT_MS 500u
#define STACK_LINE 1800u /* fits LIMIT_LOG_LINE with what stands before it */

/* The word: 0 idle; else thread << 2 | state. */
enum { STACK_ASKED = 1, STACK_FILLING, STACK_DONE };
static struct {
  u64 word; /* atomic */
  uintptr_t pc[STACK_FRAMES];
  u32 cnt;
} stack_slot;

/*--------------------------------------------------------------- the walk */
/* The frame that a signal interrupted stands at its next instruction, all
** others after a call: those before it are the handler's. */
static _Unwind_Reason_Code stack_frame(struct _Unwind_Context *ctx,
                                       void *arg) {
  int interrupted = 0;
  uintptr_t pc = _Unwind_GetIPInfo(ctx, &interrupted);
  (void)arg;
  if (interrupted) stack_slot.cnt = 0;
  if (pc == 0 || stack_slot.cnt == STACK_FRAMES) return _URC_END_OF_STACK;
  stack_slot.pc[stack_slot.cnt++] = interrupted ? pc : pc - 1;
  return _URC_NO_REASON;
}

static void stack_answer(int sig) {
  int saved = errno;
  u64 id = (u64)syscall(SYS_gettid) << 2, asked = id | STACK_ASKED;
  (void)sig;
  if (__atomic_compare_exchange_n(&stack_slot.word, &asked, id | STACK_FILLING,
                                  false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    stack_slot.cnt = 0;
    _Unwind_Backtrace(stack_frame, NULL);
    __atomic_store_n(&stack_slot.word, id | STACK_DONE, __ATOMIC_RELEASE);
  }
  errno = saved;
}

void cmd_stack_init(void) {
  struct sigaction sa = {.sa_handler = stack_answer, .sa_flags = SA_RESTART};
  sigfillset(&sa.sa_mask);
  stack_slot.cnt = 0;
  _Unwind_Backtrace(stack_frame, NULL);
  sigaction(STACK_SIGNAL, &sa, NULL);
}

/* Has the thread fill the slot; false when it does not answer. */
static bool stack_ask(pid_t tid) {
  u64 asked = (u64)tid << 2 | STACK_ASKED, done = (u64)tid << 2 | STACK_DONE;
  struct timespec ms = {.tv_nsec = 1000000};
  __atomic_store_n(&stack_slot.word, asked, __ATOMIC_RELEASE);
  bool sent = syscall(SYS_tgkill, getpid(), tid, STACK_SIGNAL) == 0;
  for (u32 i = 0; sent && i < STACK_WAIT_MS; i++) {
    if (__atomic_load_n(&stack_slot.word, __ATOMIC_ACQUIRE) == done) break;
    nanosleep(&ms, NULL);
  }
  if (__atomic_compare_exchange_n(&stack_slot.word, &asked, 0, false,
                                  __ATOMIC_RELAXED, __ATOMIC_RELAXED))
    return false;
  while (__atomic_load_n(&stack_slot.word, __ATOMIC_ACQUIRE) != done)
    nanosleep(&ms, NULL); /* it is at it */
  __atomic_store_n(&stack_slot.word, 0, __ATOMIC_RELAXED);
  return true;
}

/*-------------------------------------------------------------- the names */
struct stack_names {
  const u8 *file;         /* NULL: no symbols */
  size_t len;
  const Elf64_Sym *sym;
  size_t sym_cnt;
  const char *text;
  size_t text_len;
  uintptr_t base;         /* where address 0 of the file lies in memory */
};
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static bool stack_within(const struct stack_names *n, const Elf64_Shdr *s) {
  return s->sh_offset <= n->len && s->sh_size <= n->len - s->sh_offset;
}

static void stack_symbols(struct stack_names *n) {
  const Elf64_Ehdr *eh = (const Elf64_Ehdr *)n->file;
  if (n->len < sizeof *eh || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0 ||
      eh->e_shoff > n->len ||
      (n->len - eh->e_shoff) / sizeof(Elf64_Shdr) < eh->e_shnum)
    return;
  const Elf64_Shdr *sh = (const Elf64_Shdr *)(n->file + eh->e_shoff);
  for (u32 i = 0; i < eh->e_shnum; i++) {
    if (sh[i].sh_type != SHT_SYMTAB || sh[i].sh_link >= eh->e_shnum) continue;
    const Elf64_Shdr *text = &sh[sh[i].sh_link];
    if (!stack_within(n, &sh[i]) || !stack_within(n, text)) continue;
    n->sym = (const Elf64_Sym *)(n->file + sh[i].sh_offset);
    n->sym_cnt = sh[i].sh_size / sizeof *n->sym;
    n->text = (const char *)n->file + text->sh_offset;
    n->text_len = text->sh_size;
    return;
  }
}

static void stack_names_open(struct stack_names *n) {
  memset(n, 0, sizeof *n);
  const Elf64_Phdr *ph =
      (const Elf64_Phdr *)((const u8 *)&__ehdr_start + __ehdr_start.e_phoff);
  n->base = (uintptr_t)&__ehdr_start;
  for (u32 i = 0; i < __ehdr_start.e_phnum; i++) {
    if (ph[i].p_type != PT_LOAD || ph[i].p_offset != 0) continue;
    n->base -= ph[i].p_vaddr;
    break;
  }
  struct stat st;
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  if (fstat(fd, &st) == 0 && st.st_size > 0) {
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p != MAP_FAILED) n->file = p, n->len = (size_t)st.st_size;
  }
  close(fd);
  if (n->file) stack_symbols(n);
}

static void stack_names_close(struct stack_names *n) {
  if (n->file) munmap((void *)n->file, n->len);
}

/* Appends " function+0x1c" or " +0x4a31c". */
static void stack_put_name(char *out, size_t size, const struct stack_names *n,
                           uintptr_t pc) {
  u64 at = pc - n->base;
  size_t len = strlen(out);
  for (size_t i = 0; i < n->sym_cnt; i++) {
    const Elf64_Sym *s = &n->sym[i];
    if (ELF64_ST_TYPE(s->st_info) != STT_FUNC || at < s->st_value ||
        at - s->st_value >= s->st_size || s->st_name >= n->text_len)
      continue;
    snprintf(out + len, size - len, "%s%.60s+0x%llx", len ? " " : "",
             n->text + s->st_name, (unsigned long long)(at - s->st_value));
    return;
  }
  snprintf(out + len, size - len, "%s+0x%llx", len ? " " : "",
           (unsigned long long)at);
}

/*---------------------------------------------------------------- the log */
static void stack_log(const struct stack_names *n, pid_t tid) {
  char line[STACK_LINE] = "";
  bool self = tid == (pid_t)syscall(SYS_gettid);
  if (self) {
    stack_slot.cnt = 0;
    _Unwind_Backtrace(stack_frame, NULL);
  } else if (!stack_ask(tid)) {
    log_event(LOG_WARN, "node", "state.stack", "id=%d frames=\"no answer\"",
              tid);
    return;
  }
  for (u32 i = 0; i < stack_slot.cnt; i++)
    stack_put_name(line, sizeof line, n, stack_slot.pc[i]);
  log_event(LOG_WARN, "node", "state.stack", "id=%d frames=\"%s\"", tid, line);
}

/* What the system says of it: state, what it waits for, ticks of processor. */
static void stack_log_thread(const char *id) {
  char path[320], text[512] = "", name[32] = "", waits[64] = "";
  snprintf(path, sizeof path, "/proc/self/task/%.200s/stat", id);
  FILE *f = fopen(path, "re");
  if (!f) return;
  if (!fgets(text, sizeof text, f)) text[0] = 0;
  fclose(f);
  const char *open = strchr(text, '('), *close = strrchr(text, ')');
  if (!open || !close) return;
  snprintf(name, sizeof name, "%.*s", (int)(close - open - 1), open + 1);
  /* The state is the third field, ticks are the 14th and 15th. */
  const char *ticks = close;
  for (u32 i = 2; ticks && i < 14; i++) ticks = strchr(ticks + 1, ' ');
  snprintf(path, sizeof path, "/proc/self/task/%.200s/wchan", id);
  f = fopen(path, "re");
  if (f && !fgets(waits, sizeof waits, f)) waits[0] = 0;
  if (f) fclose(f);
  char *rest = (char *)(ticks ? ticks : ""), state = close[1] ? close[2] : '?';
  unsigned long long user = strtoull(rest, &rest, 10);
  unsigned long long sys = strtoull(rest, &rest, 10);
  log_event(LOG_WARN, "node", "state.thread",
            "id=%.16s name=\"%s\" state=%c waits=\"%s\" cpu_ticks=%llu", id,
            name, state, waits, user + sys);
}

void cmd_stack_dump(void) {
  struct stack_names n;
  DIR *d = opendir("/proc/self/task");
  if (!d) return;
  stack_names_open(&n);
  for (const struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    stack_log_thread(e->d_name);
    stack_log(&n, (pid_t)strtol(e->d_name, NULL, 10));
  }
  stack_names_close(&n);
  closedir(d);
}

#undef STACK_SIGNAL
#undef STACK_FRAMES
#undef STACK_WAIT_MS
#undef STACK_LINE
