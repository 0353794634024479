/* evm.c - the machine: opening, what a block and a transaction fix, memory of
** frames, and running a message with all it calls.
**
** evm_run is the only loop over frames: the interpreter returns to it for
** every call, so depth costs no C stack.  After a run buffers of more than
** EVM_KEEP bytes are given back, so one greedy transaction does not stay in
** memory; the first frames, which most code runs in, keep EVM_KEEP_FIRST each,
** or the system's zeroing of fresh pages would be half of what such code
** takes. */
#include "evm/evm_fast.h"
#include "evm/evm_msg.h"

enum {
  EVM_KEEP = 256 << 10,
  EVM_FIRST = 4, EVM_KEEP_FIRST = 4 << 20,
  EVM_CLEAN = 512,
  EVM_LEAP = 1 << 20
};

struct evm *evm_open(void) {
  struct evm *e = mem_alloc(sizeof *e);
  /* Behind the last frame's words, room for a block's spare slots. */
  size_t words = (size_t)(EVM_DEPTH_MAX + 3) * EVM_STACK_MAX;
  e->frame = mem_alloc((EVM_DEPTH_MAX + 2) * sizeof *e->frame);
  e->stack_mem = mem_alloc(words * sizeof(u256));
  /* Word 0 of a cache line, with a line to spare below. */
  e->stack = (u256 *)(((uintptr_t)e->stack_mem + 127) & ~(uintptr_t)63);
  evm_cache_init(&e->cache);
  e->rules.fork = EVM_FORK_CNT;
  e->cool = EVM_FAST_COOL;
  e->mod[0].cool = e->mod[1].cool = UINT32_MAX; /* modulus 0 is never hot */
  return e;
}

void evm_close(struct evm *e) {
  if (!e) return;
  for (u32 i = 0; i < EVM_DEPTH_MAX + 2; i++) {
    mem_free(e->frame[i].mem);
    evm_code_fini(&e->frame[i].init);
  }
  evm_cache_fini(&e->cache);
  evm_fast_fini(e);
  mem_free(e->frame);
  mem_free(e->stack_mem);
  mem_free(e);
}

void evm_forget(struct evm *e) {
  evm_cache_fini(&e->cache);
  evm_cache_init(&e->cache);
}

void evm_block_begin(struct evm *e, enum evm_fork fork,
                     const struct evm_block *block,
                     const struct evm_host *host) {
  MUST(fork < EVM_FORK_CNT);
  if (e->rules.fork != fork) {
    evm_rules_make(&e->rules, fork);
    evm_loop_labels(e);
  }
  e->block = *block;
  e->host = *host;
  e->move_cnt = 0;
}

struct evm_block *evm_block_now(struct evm *e) { return &e->block; }

void evm_set_moves(struct evm *e, const struct evm_move *list, u32 cnt) {
  e->move = list;
  e->move_cnt = cnt;
}

void evm_tx_begin(struct evm *e, const struct evm_tx *tx) {
  e->tx = *tx;
  e->ripemd_touched = false;
  evm_cache_trim(&e->cache);
}

void evm_set_tracer(struct evm *e, const struct evm_tracer *tracer) {
  e->tracer = tracer;
}

void evm_set_interrupt(struct evm *e, const atomic_bool *flag) {
  e->interrupt = flag;
}

bool evm_interrupted(const struct evm *e) { return e->interrupted; }

/*------------------------------------------------------ memory of a frame */

/* A leap to a size whose room the system gives zeroed is taken as such: 4 GB
** that a contract reaches across cost what it touches of them. */
static void evm_mem_fit(struct evm_frame *f, size_t len) {
  size_t cap = f->mem_cap * 2;
  if (cap < 4096) cap = 4096;
  if (len > cap && len >= EVM_LEAP) {
    u8 *mem = mem_alloc(len);
    if (f->mem_len) memcpy(mem, f->mem, f->mem_len);
    mem_free(f->mem);
    f->mem = mem;
    f->mem_cap = f->mem_clean = len;
    return;
  }
  if (cap < len) cap = len;
  f->mem = mem_realloc(f->mem, cap);
  f->mem_cap = cap;
}

/* Zeros up to len and some way beyond, so that growing by a word, as compiled
** code does all the time, is seldom more than an addition. */
void evm_mem_clean(struct evm_frame *f, size_t len) {
  if (len > f->mem_cap) evm_mem_fit(f, len);
  if (len <= f->mem_clean) return;
  size_t ahead = f->mem_cap - len < EVM_CLEAN ? f->mem_cap - len : EVM_CLEAN;
  memset(f->mem + f->mem_clean, 0, len + ahead - f->mem_clean);
  f->mem_clean = len + ahead;
}

u8 *evm_mem_room(struct evm_frame *f, size_t len) {
  f->mem_len = f->mem_reach = 0;
  if (len > f->mem_cap) evm_mem_fit(f, len);
  f->mem_clean = 0; /* the caller writes there */
  return f->mem;
}

void evm_copy_padded(u8 *dst, u64 len, slice src, const u256 *src_off) {
  u64 got = 0;
  if (u256_fits64(src_off) && src_off->w[0] < src.len) {
    got = src.len - src_off->w[0];
    if (got > len) got = len;
    memcpy(dst, src.ptr + src_off->w[0], got);
  }
  if (got < len) memset(dst + got, 0, len - got);
}

void evm_give_back(struct evm *e) {
  for (u32 i = 0; i <= e->depth_top; i++) {
    struct evm_frame *f = &e->frame[i];
    if (f->mem_cap > (i < EVM_FIRST ? EVM_KEEP_FIRST : EVM_KEEP)) {
      mem_free(f->mem);
      f->mem = NULL;
      f->mem_cap = 0;
    }
    if (f->init.cap > EVM_KEEP) evm_code_fini(&f->init);
  }
  e->depth_top = 0;
}

/*-------------------------------------------------------------------- run */

/* Has the frame's code translated and the frame go on there, at pc. */
static void evm_make_fast(struct evm *e, struct evm_frame *f) {
  struct evm_code *code = f->code;
  struct evm_fast *fast = evm_fast_make(e, code);
  if (!fast) return;
  if (code == &f->init) code->fast = fast;
  else evm_cache_grown(&e->cache, code, fast);
  f->in = evm_fast_at(fast, (u64)(f->pc - code->bytes));
}

void evm_start(struct evm *e, struct evm_frame *f) {
  struct evm_code *code = f->code;
  if (UNLIKELY(e->tracer)) return;
  if (code->fast && code->fast->fork != e->rules.fork) {
    evm_cache_grown(&e->cache, code, NULL);
    code->cool = e->cool;
  }
  if (code->fast) f->in = evm_fast_at(code->fast, 0);
  else if (code->cool == 0 || --code->cool == 0) evm_make_fast(e, f);
}

bool evm_continue(struct evm *e, struct evm_frame *f) {
  if (UNLIKELY(e->tracer)) return evm_loop_traced(e, f) == EVM_EXIT_DONE;
  for (;;) {
    switch (f->in ? evm_loop_fast(e, f) : evm_loop_plain(e, f)) {
      case EVM_EXIT_DONE: return true;
      case EVM_EXIT_CALL: return false;
      case EVM_EXIT_HOT: evm_make_fast(e, f); break;
      case EVM_EXIT_COLD: break;
    }
  }
}

/* Runs the message in first, whose base is set, with all that it calls. */
static void evm_run_frames(struct evm *e, struct evm_frame *first,
                           struct evm_result *out) {
  struct evm_frame *f = first;
  bool running = evm_msg_begin(e, f, out);
  if (running) evm_start(e, f);
  for (;;) {
    if (running) {
      if (!evm_continue(e, f)) {
        struct evm_frame *callee = f + 1;
        callee->base = f->sp + 1;
        f = callee;
        if (f->msg.depth > e->depth_top) e->depth_top = f->msg.depth;
        running = evm_msg_begin(e, f, out);
        if (running) evm_start(e, f);
        continue;
      }
      evm_msg_end(e, f, out);
    }
    if (f == first) return;
    f--;
    evm_msg_resume(f, out);
    running = true;
  }
}

void evm_run(struct evm *e, struct evm_result *out, const struct evm_msg *msg) {
  struct evm_frame *f = e->frame;
  evm_give_back(e);
  e->interrupted = false;
  e->nested = 0;
  f->msg = *msg;
  f->msg.depth = 0;
  f->base = e->stack;
  evm_run_frames(e, f, out);
}

void evm_run_nested(struct evm *e, struct evm_frame *f,
                    struct evm_result *out) {
  struct evm_frame *callee = f + 1;
  u32 depth = f->msg.depth + 1;
  *out = (struct evm_result){.status = EVM_CALL_DEPTH,
                             .gas_left = callee->msg.gas};
  if (depth > EVM_DEPTH_MAX || e->nested >= EVM_NESTED_MAX) return;
  callee->msg.depth = depth;
  callee->base = f->base; /* a native frame has no words */
  if (depth > e->depth_top) e->depth_top = depth;
  e->nested++;
  evm_run_frames(e, callee, out);
  e->nested--;
}
