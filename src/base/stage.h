/* stage.h - at which stage of its work a thread is, for whoever measures.
**
** Code says which stage it enters, and enters again what was before when it
** is through; a clock, if any, is behind stage_left (node/node_stage.c), so
** that pure code stays pure.  While nobody measures that costs one branch.
** Threads begin in STAGE_other; who runs pieces of another thread's work
** enters that one's stage_at.
*/
#ifndef BASE_STAGE_H
#define BASE_STAGE_H
#include "base/base.h"

enum stage {
#define STAGE(name, what) STAGE_##name,
#include "base/stage.def"
#undef STAGE
  STAGE_CNT
};
extern const char *const stage_name[STAGE_CNT];

extern _Thread_local u8 stage_at;
/* Called before a thread leaves a stage; set before there are threads, or
** NULL: nobody measures. */
extern void (*stage_left)(u8 was);

/* Returns the stage that was. */
static inline u8 stage_enter(u8 to) {
  u8 was = stage_at;
  if (LIKELY(!stage_left) || to == was) return was;
  stage_left(was);
  stage_at = to;
  return was;
}
#endif
