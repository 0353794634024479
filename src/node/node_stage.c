/* node_stage.c - the processor time of each stage (base/stage.h).
**
** When a thread leaves a stage, what it has spent since it entered goes to
** that stage's sum: each microsecond is counted once.  A switch asks the
** thread's CPU clock, a system call of some 300 ns; hence only where it is
** wanted (--metrics.expensive).  STAGE_other is the rest of what the process
** has used: threads that say nothing, and what is not yet summed.
*/
#include <stdatomic.h>
#include <time.h>

#include "node/node.h"

static struct {
  bool on;
  double start_s;               /* the process' when measuring began */
  _Atomic u64 ns[STAGE_CNT];
  _Atomic u64 sync_ns;          /* time, not processor time */
} nstage;
static _Thread_local u64 nstage_since_ns, nstage_wall_ns;

static u64 nstage_clock(clockid_t id) {
  struct timespec t;
  clock_gettime(id, &t);
  return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

static void nstage_left(u8 was) {
  u64 now = nstage_clock(CLOCK_THREAD_CPUTIME_ID);
  u64 wall = nstage_clock(CLOCK_MONOTONIC);
  atomic_fetch_add_explicit(&nstage.ns[was], now - nstage_since_ns,
                            memory_order_relaxed);
  if (was == STAGE_sync)
    atomic_fetch_add_explicit(&nstage.sync_ns, wall - nstage_wall_ns,
                              memory_order_relaxed);
  nstage_since_ns = now;
  nstage_wall_ns = wall;
}

void node_stage_measure(void) {
  struct node_process p;
  node_process(&p);
  nstage.start_s = p.cpu_s;
  nstage.on = true;
  stage_left = nstage_left;
}

bool node_stage_read(double cpu_s[STAGE_CNT], double *sync_s) {
  struct node_process p;
  if (!nstage.on) return false;
  node_process(&p);
  double rest = p.cpu_s - nstage.start_s;
  for (u32 i = STAGE_other + 1; i < STAGE_CNT; i++) {
    cpu_s[i] = (double)atomic_load(&nstage.ns[i]) * 1e-9;
    rest -= cpu_s[i];
  }
  cpu_s[STAGE_other] = rest > 0 ? rest : 0;
  *sync_s = (double)atomic_load(&nstage.sync_ns) * 1e-9;
  return true;
}
