/* fuzz_rpc.c - the input is a JSON-RPC body, answered by a dev chain with one
** contract.  Every reply is JSON (or nothing), the scanner's and the parser's
** replies are equal, and every reply object has either a result or an error.
**
** Bodies with eth_sendRawTransaction go one way only, since the second
** submission has another answer than the first. */
#include "base/log.h"
#include "chain/chain_tx.h"
#include "codec/json.h"
#include "crypto/secp256k1.h"
#include "node/node.h"
#include "rpc/rpc.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t len);

static struct rpc_server *fuzz_rpc;
static struct node *fuzz_node;
static char fuzz_dir[64], fuzz_path[96];

static void fuzz_end(void) {
  rpc_close(fuzz_rpc);
  node_close(fuzz_node);
  unlink(fuzz_path);
  rmdir(fuzz_dir);
}

/* Stores and logs what it is called with. */
static void fuzz_deploy(void) {
  static const u8 init[] = {0x60, 0x0c, 0x80, 0x60, 0x0b, 0x60, 0x00, 0x39,
                            0x60, 0x00, 0xf3, 0x60, 0x00, 0x35, 0x80, 0x60,
                            0x00, 0x55, 0x36, 0x60, 0x00, 0xa1, 0x00};
  struct arena a;
  struct chain_tx tx = {.type = 2, .gas_limit = 100000, .protected = true,
                        .chain_id = node_info(fuzz_node)->chain_id,
                        .data = {init, sizeof init}};
  struct node_submit_result r;
  addr20 from;
  u8 key[32];
  arena_init(&a, 4096, 0);
  node_dev_account(fuzz_node, 0, &from, key);
  MUST(chain_tx_sign(&tx, key, &a) == ERR_OK);
  MUST(node_submit(fuzz_node, &r, tx.raw) == ERR_OK);
  MUST(node_wait_head(fuzz_node, 0, 10000));
  arena_fini(&a);
}

static void fuzz_begin(void) {
  struct errmsg msg;
  crypto_init(NULL);
  log_setup(0, LOG_TEXT);
  snprintf(fuzz_dir, sizeof fuzz_dir, "/tmp/cybermiles-fuzz-XXXXXX");
  MUST(mkdtemp(fuzz_dir));
  snprintf(fuzz_path, sizeof fuzz_path, "%s/t.db", fuzz_dir);
  struct node_config nc = {.db_path = fuzz_path, .dev = true, .worker_cnt = 1};
  MUST(node_open(&fuzz_node, &nc, &msg) == ERR_OK);
  fuzz_deploy();
  struct rpc_config rc = {.gas_cap = 200000, .batch_max = 16,
                          .response_max = 1 << 20};
  fuzz_rpc = rpc_open(fuzz_node, &rc);
  atexit(fuzz_end);
}

static void fuzz_check_reply(const json_t *j) {
  if (json_is_array(j)) {
    for (size_t i = 0; i < json_array_size(j); i++) {
      MUST(!json_is_array(json_array_get(j, i)));
      fuzz_check_reply(json_array_get(j, i));
    }
    return;
  }
  MUST(json_is_object(j));
  MUST(!json_object_get(j, "result") != !json_object_get(j, "error"));
  MUST(json_object_get(j, "id"));
}

/* Methods whose answer two calls in a row need not agree on. */
static bool fuzz_is_steady(const u8 *data, size_t len) {
  static const char *const odd[] = {"Raw", "pending", "ilter", "evm_", "hardhat_",
                                    "anvil_", "\\u"};
  for (size_t i = 0; i < len; i++) {
    for (u32 k = 0; k < ARRAY_LEN(odd); k++) {
      size_t n = strlen(odd[k]);
      if (i + n <= len && memcmp(data + i, odd[k], n) == 0) return false;
    }
  }
  return true;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t len) {
  static const struct rpc_peer peer = {.access = RPC_PUBLIC};
  struct buf one, two;
  if (!fuzz_rpc) fuzz_begin();
  buf_init(&one, 0);
  buf_init(&two, 0);
  rpc_handle(fuzz_rpc, &one, slice_of(data, len), &peer);
  if (one.len) {
    json_t *j = json_read(buf_slice(&one), NULL);
    MUST(j);
    fuzz_check_reply(j);
    json_decref(j);
  }
  if (fuzz_is_steady(data, len)) {
    rpc_handle_plain(fuzz_rpc, &two, slice_of(data, len), &peer);
    MUST(slice_eq(buf_slice(&one), buf_slice(&two)));
  }
  /* Blocks that come by themselves would make the next answers differ. */
  node_dev_interval(fuzz_node, 0);
  node_dev_automine(fuzz_node, true);
  buf_fini(&one);
  buf_fini(&two);
  return 0;
}
