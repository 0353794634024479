/* cmd_state.h - the cases of a file of Ethereum state tests, for what runs them
** as tests (cmd_statetest.c) and as benchmarks (cmd_bench_evm.c). */
#ifndef CMD_STATE_H
#define CMD_STATE_H
#include "cmd/cmd_vector.h"

struct cmd_state_case {
  struct cmd_vector *v;
  const json_t *test, *tx, *post;
  enum evm_fork fork;
  struct chain_rules rules;
  struct chain_header header;
  struct cmd_vector_case report; /* name, fork and index are set */
};
/* Calls run for each case of the fork v->opt says; what run takes from
** v->arena is given back. */
void cmd_state_each(struct cmd_vector *v, const json_t *root,
                    void (*run)(struct cmd_state_case *c));
/* The case's transaction; false when it is malformed.  *fault: set to a bug
** of ours. */
bool cmd_state_transaction(struct cmd_state_case *c, struct chain_tx *tx,
                           const char **fault);
/* Starts the case's block on v->exec. */
void cmd_state_begin(struct cmd_state_case *c, const struct state_source *src);
/* What is wrong with the outcome (not formed: verdict CHAIN_SIGNATURE), NULL
** when nothing; fills roots of the report and applies the changes to mem, the
** source. */
const char *cmd_state_check(struct cmd_state_case *c, struct state_mem *mem,
                            const struct chain_outcome *out);
#endif
