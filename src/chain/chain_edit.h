/* chain_edit.h - what only the blocks of a development chain may hold: changes
** of the state without a contract that makes them, and transactions of senders
** whose keys nobody has.
**
** The genesis switch "dev_edits" makes both legal (chain_rules.dev_edits); on
** any other chain the one has no valid signature and the other, lacking that,
** no sender.  Both are transactions of the ordinary envelopes, so blocks,
** roots, receipts, traces and replays know nothing of them but here.
**
** Unsigned form: s = 0, which no signature has, and r = the sender's address.
**
** An edit is an unsigned transaction from CHAIN_EDIT_SENDER to CHAIN_EDIT_ADDR
** whose data is rlp([[kind, address, ...], ...]):
**   [1, address, wei]         balance
**   [2, address, nonce]       nonce
**   [3, address, code]        code; empty takes it away
**   [4, address, slot, value] one storage slot
** applied in order, all or (malformed) none; it uses the gas of its data.  An
** account that is left with storage and nothing else gets nonce 1: an empty
** one would be cleared with its storage when next touched (EIP-161).
*/
#ifndef CHAIN_EDIT_H
#define CHAIN_EDIT_H
#include "base/buf.h"
#include "chain/chain_tx.h"
#include "state/state.h"

extern const addr20 CHAIN_EDIT_SENDER, CHAIN_EDIT_ADDR;

/* Whether it has the unsigned form for the sender that it has. */
bool chain_tx_is_unsigned(const struct chain_tx *tx);
/* For who follows rules with dev_edits, where chain_tx_sender found no
** signature: the sender of the unsigned form.  ERR_SIGNATURE when it is not
** that. */
err chain_tx_unsigned_sender(struct chain_tx *tx) MUST_USE;
/* Gives tx the unsigned form for its sender: sets sig, v, hash; raw into the
** arena. */
void chain_tx_make_unsigned(struct chain_tx *tx, struct arena *a);

bool chain_edit_is(const struct chain_tx *tx);
/* An edit with the data and nonce; raw into the arena. */
void chain_edit_make(struct chain_tx *out, u64 chain_id, u64 nonce, slice data,
                     struct arena *a);
/* Applies the data within a transaction begun; ERR_INPUT and nothing done when
** it is malformed. */
err chain_edit_apply(struct state *s, slice data) MUST_USE;

enum chain_edit_kind { CHAIN_EDIT_BALANCE = 1, CHAIN_EDIT_NONCE,
                       CHAIN_EDIT_CODE, CHAIN_EDIT_SLOT };
/* One item of the list. */
void chain_edit_put_balance(struct buf *out, const addr20 *a, const u256 *wei);
void chain_edit_put_nonce(struct buf *out, const addr20 *a, u64 nonce);
void chain_edit_put_code(struct buf *out, const addr20 *a, slice code);
void chain_edit_put_slot(struct buf *out, const addr20 *a, const u256 *slot,
                         const u256 *v);
#endif
