/* bench_rpc.c - what a JSON-RPC call costs without any transport, in the
** calling thread's own time, as JSON lines; the best of several runs.  Simple
** requests are also timed through the JSON parser, without the short cut. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "bench/bench_time.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "rpc/rpc.h"

enum { BENCH_RUNS = 5, BENCH_CALLS = 2000 };

static struct rpc_server *bench_rpc;
typedef void bench_fn(struct rpc_server *s, struct buf *out, slice body,
                      const struct rpc_peer *peer);

static void bench_call(const char *name, bench_fn *fn, const char *method,
                       const char *params) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC};
  char body[512];
  struct buf out;
  double best = 1e9;
  snprintf(body, sizeof body,
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
           method, params);
  buf_init(&out, 0);
  for (int r = 0; r < BENCH_RUNS; r++) {
    double start = bench_cpu();
    for (int i = 0; i < BENCH_CALLS; i++) {
      buf_clear(&out);
      fn(bench_rpc, &out, slice_str(body), &peer);
    }
    double took = (bench_cpu() - start) / BENCH_CALLS;
    if (took < best) best = took;
  }
  printf("{\"name\":\"rpc_%s\",\"value\":%.2f,\"unit\":\"us\"}\n", name,
         best * 1e6);
  buf_fini(&out);
}

#define A0 "\"0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266\""

int main(void) {
  char dir[] = "/tmp/cybermiles-bench-XXXXXX", path[64];
  struct node *node;
  struct errmsg msg = {.text = ""};
  crypto_init(NULL);
  log_setup(1, LOG_TEXT);
  if (!mkdtemp(dir)) return 1;
  snprintf(path, sizeof path, "%s/t.db", dir);
  struct node_config nc = {.db_path = path, .dev = true};
  if (node_open(&node, &nc, &msg) < 0) {
    fprintf(stderr, "%s\n", msg.text);
    return 1;
  }
  bench_rpc = rpc_open(node, NULL);
  bench_call("chain_id", rpc_handle, "eth_chainId", "[]");
  bench_call("chain_id_parser", rpc_handle_plain, "eth_chainId", "[]");
  bench_call("get_balance", rpc_handle, "eth_getBalance",
             "[" A0 ",\"latest\"]");
  bench_call("get_balance_parser", rpc_handle_plain, "eth_getBalance",
             "[" A0 ",\"latest\"]");
  bench_call("get_block", rpc_handle, "eth_getBlockByNumber",
             "[\"latest\",false]");
  bench_call("call", rpc_handle, "eth_call",
             "[{\"data\":\"0x60016000526020600060003e\"},\"latest\"]");
  bench_call("estimate_transfer", rpc_handle, "eth_estimateGas",
             "[{\"from\":" A0 ",\"to\":" A0 "}]");
  rpc_close(bench_rpc);
  node_close(node);
  unlink(path);
  rmdir(dir);
  return 0;
}
