/* evm_msg.h - the life of a message, for evm.c. */
#ifndef EVM_MSG_H
#define EVM_MSG_H
#include "evm/evm_int.h"

/* Starts f->msg.  True: the frame has code to run.  False: it is over
** already (refused, precompile, no code) and r holds the result. */
bool evm_msg_begin(struct evm *e, struct evm_frame *f, struct evm_result *r);
/* Why a message does not even begin; EVM_SUCCESS: it may. */
enum evm_status evm_msg_refusal(struct evm *e, const struct evm_msg *m);
/* f->code is to run f->msg. */
void evm_msg_start_code(struct evm_frame *f);
/* The frame's code ended with f->status and f->output. */
void evm_msg_end(struct evm *e, struct evm_frame *f, struct evm_result *r);
/* Gives the result of frame f + 1 to f, which made the call. */
void evm_msg_resume(struct evm_frame *f, const struct evm_result *r);
#endif
