/* cmd_vector.h - what the runners of Ethereum's test files share: finding
** files, threads over them, values out of JSON, the report.
**
** With --json a case is one line on stdout, always with these members:
**   {"name":"..","fork":"..","index":0,"pass":true,"stateRoot":"0x..",
**    "logsHash":"0x..","error":null}
** error: a text where the case failed.  A blockchain test has no logsHash; what
** failed before there was a root has none: null. */
#ifndef CMD_VECTOR_H
#define CMD_VECTOR_H
#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"
#include "base/u256.h"
#include "chain/chain_exec.h"
#include "chain/chain_fork.h"
#include "codec/json.h"
#include "state/state.h"

struct cmd_vector_opt {
  bool json;         /* a line for each case; else failures and a table */
  bool trace;        /* EIP-3155 lines to stderr; one thread */
  const char *fork;  /* NULL: all */
};

/* One thread's things. */
struct cmd_vector {
  const struct cmd_vector_opt *opt;
  struct chain_exec *exec;
  struct arena arena;  /* cleared before each file */
  struct buf out;      /* printed after each file */
  struct cmd_vector_run *run;
};

struct cmd_vector_case {
  const char *name, *fork;
  u32 index;
  bool pass;
  bool has_root, has_logs;
  hash32 state_root, logs_hash;
  const char *error;   /* NULL: none */
};
void cmd_vector_report(struct cmd_vector *v, const struct cmd_vector_case *c);

/* Reads the options, walks the paths (files, or folders for *.json), calls
** file for each parsed one.  Exit code: failed when a case failed, a file
** could not be read, or nothing ran. */
int cmd_vector_main(int argc, char **argv, const char *usage,
                    void (*file)(struct cmd_vector *v, const json_t *root));

/* Values: "0x.." or "0x:bigint 0x..".  Missing: zero, empty. */
bool cmd_vector_has(const json_t *obj, const char *key);
bool cmd_vector_u256(u256 *out, const json_t *v); /* false: over 256 bits */
u256 cmd_vector_get_u256(const json_t *obj, const char *key);
u64 cmd_vector_get_u64(const json_t *obj, const char *key); /* saturates */
u256 cmd_vector_key(const char *text); /* of a storage object */
slice cmd_vector_bytes(struct arena *a, const json_t *v);
void cmd_vector_fixed(void *out, size_t len, const json_t *v);
addr20 cmd_vector_addr(const char *text);
hash32 cmd_vector_hash(const json_t *v);
/* `pre`, `alloc` and the like, into memory. */
void cmd_vector_alloc(struct state_mem *m, const json_t *accounts,
                      struct arena *a);
/* The first difference from the accounts expected; NULL: none. */
const char *cmd_vector_diff(struct state_mem *m, const json_t *want,
                            struct arena *a);
/* config.blobSchedule.NAME, if any, over rules. */
void cmd_vector_blobs(struct chain_rules *rules, const json_t *config,
                      const char *name);

/* EIP-3155 lines on stderr: one a step, and after a transaction its end. */
void cmd_trace_init(struct evm_tracer *t);
void cmd_trace_end(const struct cmd_vector_case *c, slice output,
                   u64 gas_used);
#endif
