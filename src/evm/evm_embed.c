/* evm_embed.c - code run alone, for a host that executes the messages it makes
** itself (as EVMC hosts do).
**
** The host may call back for such a message before its call returns: then the
** next frame is used, above the one that waits (e->outer), as in evm_run.
** Messages are refused here (depth, balance) before the host sees them.
** Code comes without its hash; it is found again by a fingerprint and compared
** byte by byte, and code that another has the fingerprint of is analysed each
** time. */
#include "evm/evm_msg.h"

/* Has the host execute the message in the next frame. */
static void evm_embed_call(struct evm *e, struct evm_frame *f,
                           struct evm_result *out) {
  /* The frame of the message may be used for it, and so be overwritten. */
  const struct evm_msg m = f[1].msg;
  struct evm_frame *outer = e->outer;
  *out = (struct evm_result){.status = evm_msg_refusal(e, &m),
                             .gas_left = m.gas};
  if (out->status == EVM_SUCCESS) {
    e->outer = f;
    e->host.call(e->host.ctx, out, &m);
    e->outer = outer;
  }
  f[1].msg.kind = m.kind;
  evm_msg_resume(f, out);
}

void evm_run_code(struct evm *e, struct evm_result *out,
                  const struct evm_msg *msg, slice code) {
  struct evm_frame *f = e->outer ? e->outer + 1 : e->frame;
  u32 depth = (u32)(f - e->frame);
  *out = (struct evm_result){.status = EVM_CALL_DEPTH, .gas_left = msg->gas};
  if (depth > EVM_DEPTH_MAX) return;
  if (depth == 0) evm_give_back(e);
  else if (depth > e->depth_top) e->depth_top = depth;
  f->msg = *msg;
  f->base = e->outer ? e->outer->sp + 1 : e->stack;
  f->code = evm_cache_pin_bytes(&e->cache, code, e->cool);
  bool cached = f->code != NULL;
  if (!cached) {
    evm_code_set(&f->init, code, e->cool);
    f->code = &f->init;
  }
  evm_msg_start_code(f);
  evm_start(e, f);
  while (!evm_continue(e, f)) evm_embed_call(e, f, out);
  if (cached) evm_cache_unpin(f->code);
  bool keeps = f->status == EVM_SUCCESS || f->status == EVM_REVERT;
  *out = (struct evm_result){.status = f->status,
                             .gas_left = keeps ? f->gas : 0,
                             .output = f->output};
}
