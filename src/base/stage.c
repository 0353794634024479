/* stage.c - see stage.h. */
#include "base/stage.h"

const char *const stage_name[STAGE_CNT] = {
#define STAGE(name, what) #name,
#include "base/stage.def"
#undef STAGE
};
_Thread_local u8 stage_at;
void (*stage_left)(u8 was);
