/* node_run.c - executing on the state of a view: single calls, and runs of
** several messages (replays, simulations) that rpc drives itself.
**
** A run is one machine on the state after a block.  The maker's thread ends it
** when its time is up, by the machine's interrupt; the view's own limit moves
** along, so that a run may take longer than plain reading.  Nothing is kept.
*/
#include "node/node_int.h"
#include "node/node_state_int.h"

static void nrun_block_hash(void *ctx, hash32 *out, u64 number) {
  struct node_read *r = ctx;
  if (store_read_hash(r->r->store, out, number) < 0)
    memset(out, 0, sizeof *out);
}

const struct chain_genesis *node_genesis(const struct node *n) {
  return &n->genesis;
}

struct chain_hashes node_run_hashes(struct node_read *r) {
  return (struct chain_hashes){r, nrun_block_hash};
}

err node_run_begin(struct node_read *r, struct chain_exec **out, u64 number,
                   const struct chain_rules *rules,
                   const struct chain_header *header, u32 timeout_ms) {
  struct state_source src;
  struct chain_hashes hashes = node_run_hashes(r);
  u64 end_us = nstate_clock_us() + (u64)timeout_ms * 1000;
  bool brief = timeout_ms <= NODE_RUN_BRIEF_MS;
  if (end_us > r->deadline_us || brief) r->deadline_us = end_us;
  TRY(node_read_state(r, &src, number));
  if (!r->exec) r->exec = chain_exec_open(nstate_clock_us());
  r->call.deadline_us = end_us;
  r->call.brief = brief;
  nstate_call_begin(r->ns, &r->call);
  evm_set_interrupt(chain_exec_evm(r->exec), &r->call.stop);
  chain_exec_begin(r->exec, rules, header, &hashes, &src);
  *out = r->exec;
  return ERR_OK;
}

err node_run_check(struct node_read *r) {
  if (atomic_load(&r->call.stop) || evm_interrupted(chain_exec_evm(r->exec)))
    return ERR_TIMEOUT;
  TRY(nstate_read_time(r));
  return state_error(chain_exec_state(r->exec));
}

void node_run_end(struct node_read *r) {
  struct evm *evm = chain_exec_evm(r->exec);
  evm_set_interrupt(evm, NULL);
  evm_set_tracer(evm, NULL);
  nstate_call_end(r->ns, &r->call);
}

/* The header that the call sees: of the block itself, or of one to come. */
static err nrun_call_header(struct node_read *r, struct chain_header *h,
                            u64 number, bool pending) {
  hash32 hash;
  TRY(node_read_header(r, h, &hash, number));
  if (!pending) return ERR_OK;
  if (node_is_plain(r->n)) {
    struct chain_rules rules;
    struct chain_header head = *h;
    node_plain_next(r->n, h, &rules, &head, &hash);
    return ERR_OK;
  }
  u64 now_s = node_dev_clock_ms(r->n) / 1000;
  h->parent_hash = hash;
  h->number++;
  if (now_s > h->timestamp) h->timestamp = now_s;
  return ERR_OK;
}

void node_run_rules(const struct node *n, struct chain_rules *out,
                    const struct chain_header *h) {
  chain_rules_for(out, &n->genesis, h);
}

err node_run_world(struct node_read *r, struct chain_rules *rules,
                   struct chain_header *h, u64 number, bool pending) {
  TRY(nrun_call_header(r, h, number, pending));
  node_run_rules(r->n, rules, h);
  rules->system_calls = rules->history_call = false;
  return ERR_OK;
}

err node_run_keep(struct chain_outcome *o, struct arena *a) {
  struct state_log *log = arena_copy(a, o->log, o->log_cnt * sizeof *log);
  o->output = arena_copy_slice(a, o->output);
  for (u32 i = 0; log && i < o->log_cnt; i++)
    log[i].data = arena_copy_slice(a, o->log[i].data);
  o->log = log;
  return a->over ? ERR_LIMIT : ERR_OK;
}

err node_read_call(struct node_read *r, struct chain_outcome *out, u64 number,
                   bool pending, const struct chain_tx *tx, u32 timeout_ms,
                   const struct evm_tracer *tracer, struct arena *a) {
  struct chain_header h;
  struct chain_rules rules;
  struct chain_exec *x;
  TRY(node_run_world(r, &rules, &h, number, pending));
  TRY(node_run_begin(r, &x, number, &rules, &h, timeout_ms));
  evm_set_tracer(chain_exec_evm(x), tracer);
  chain_exec_call(x, out, tx);
  err e = node_run_check(r);
  if (!e) e = node_run_keep(out, a);
  node_run_end(r);
  return e;
}
