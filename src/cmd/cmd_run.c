/* cmd_run.c - run and dev: the node with its port, until a signal.
**
** Signals are blocked in every thread and taken here one by one: the first
** INT or TERM stops in order (requests finished, block finished, one file
** left), a second one ends the process at once; HUP is heeded by nothing yet
** and ignored; PIPE is ignored.
*/
#include "base/log.h"
#include "cmd/cmd.h"
#include "codec/hex.h"
#include "gen/gen_version.h"
#include "node/node.h"
#include "rpc/rpc.h"
#include "web/http.h"
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static void run_forced(int sig) { _exit(128 + sig); }

static void run_signals_block(sigset_t *set) {
  sigemptyset(set);
  sigaddset(set, SIGINT);
  sigaddset(set, SIGTERM);
  sigaddset(set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, set, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static void run_signals_force(void) {
  struct sigaction sa = {.sa_handler = run_forced};
  sigset_t set;
  sigaction(SIGINT, &sa, NULL);
  sigaction(SIGTERM, &sa, NULL);
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* The listening address as a browser elsewhere would type it. */
static void run_print_urls(const struct cmd *c, const struct http *h) {
  bool any = strcmp(c->cfg.http_addr, "0.0.0.0") == 0 ||
             strcmp(c->cfg.http_addr, "::") == 0;
  if (!any) {
    printf("Dashboard and JSON-RPC: %s\n", http_url(h));
    return;
  }
  const char *scheme = strncmp(http_url(h), "https", 5) == 0 ? "https" : "http";
  printf("Dashboard and JSON-RPC: %s://127.0.0.1:%u\n", scheme, http_port(h));
  struct ifaddrs *list = NULL;
  if (getifaddrs(&list) != 0) return;
  for (struct ifaddrs *i = list; i; i = i->ifa_next) {
    char text[INET_ADDRSTRLEN];
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET) continue;
    if (i->ifa_flags & IFF_LOOPBACK) continue;
    inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, text,
              sizeof text);
    printf("                        %s://%s:%u\n", scheme, text, http_port(h));
  }
  freeifaddrs(list);
}

static void run_print_authority(struct http *h) {
  char print[96];
  if (!http_tls_ca(h, NULL, print)) return;
  printf("Certificate to trust: /ca.crt there, SHA-256 %s\n", print);
}

static void run_print_dev(const struct node *n) {
  char addr[43], key[65];
  u8 secret[32];
  printf("\nAccounts, 10,000 CMT each (everyone knows these keys: never use "
         "them elsewhere)\n");
  for (u32 i = 0; i < node_dev_cnt(n); i++) {
    addr20 a;
    node_dev_account(n, i, &a, secret);
    hex_addr(addr, &a);
    hex_encode(key, secret, 32);
    key[64] = 0;
    printf("  (%u) %s  0x%s\n", i, addr, key);
  }
  printf("Mnemonic: %s\n\n", NODE_DEV_MNEMONIC);
}

static void run_print_banner(const struct cmd *c, struct node *n,
                             struct http *h) {
  const struct node_info *info = node_info(n);
  char addr[43], hash[65];
  hex_addr(addr, &info->operator_addr);
  hex_encode(hash, info->genesis_hash.b, 32);
  hash[64] = 0;
  printf("CyberMiles %s\n", gen_version);
  if (info->dev) run_print_dev(n);
  printf("Chain id %llu, genesis 0x%s\n", (unsigned long long)info->chain_id,
         hash);
  printf("Database: %s%s\n", info->db_path,
         info->dev && !c->db_given ? " (deleted at the end; keep it with --db FILE)"
                                   : "");
  if (node_is_plain(n)) {
    printf("Plain Ethereum rules, read-only: no blocks are made here, they "
           "come from \"cybermiles import FILE\"\n");
  } else if (!info->dev) {
    printf("Operator account: %s\n", addr);
  }
  if (info->first_password[0]) {
    printf("Its password, shown only this once: %s\n", info->first_password);
  }
  run_print_urls(c, h);
  run_print_authority(h);
  fflush(stdout);
}

static struct node_config run_node_config(const struct cmd *c, bool dev) {
  return (struct node_config){
    .db_path = c->db_path,
    .dev = dev,
    .dev_period_s = c->cfg.dev_period,
    .scratch = dev && !c->db_given,
    .dev_credits = c->cfg.dev_credits,
    .network_id = c->cfg.networkid,
    .allow_unprotected = c->cfg.allow_unprotected,
    .cache_bytes = c->cfg.cache << 20,
    .pool_tx_max = c->cfg.txpool_max,
    .lane_cnt = (u32)c->cfg.lanes,
    .archive = c->cfg.archive,
  };
}

static err run_http(struct http **h, const struct cmd *c, struct node *n,
                    struct errmsg *msg) {
  if (c->cfg.http_port > 65535) {
    return err_say(msg, ERR_USAGE, "--http.port must be 0 to 65535");
  }
  struct http_config cfg = {
    .addr = c->cfg.http_addr,
    .port = c->cfg.http_port ? (u32)c->cfg.http_port : HTTP_PORT_ANY,
    .vhosts = c->cfg.http_vhosts,
    .corsdomain = c->cfg.http_corsdomain,
    .tls = c->cfg.ui_tls,
    .tls_cert = c->cfg.ui_tls_cert,
    .tls_key = c->cfg.ui_tls_key,
    .rpc = {.batch_max = (u32)c->cfg.rpc_batch,
            .gas_cap = c->cfg.rpc_gascap,
            .evm_timeout_ms = (u32)(c->cfg.rpc_evmtimeout * 1000)},
  };
  return http_start(h, &cfg, n, msg);
}

/* Until a signal, or until the node itself can go no further. */
static int run_wait(struct node *n, const sigset_t *set) {
  for (;;) {
    struct errmsg msg = {""};
    struct timespec tick = {.tv_nsec = 500000000};
    int sig = sigtimedwait(set, NULL, &tick);
    err e = node_failed(n, &msg);
    if (e < 0) return cmd_fail(e, &msg);
    if (sig == SIGINT || sig == SIGTERM) {
      log_event(LOG_INFO, "node", "stopping", "signal=%d", sig);
      return EXIT_DONE;
    }
  }
}

static int run_node(struct cmd *c, bool dev) {
  sigset_t set;
  struct node *n = NULL;
  struct http *h = NULL;
  struct errmsg msg = {""};
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  run_signals_block(&set);
  struct node_config cfg = run_node_config(c, dev);
  err e = node_open(&n, &cfg, &msg);
  if (e < 0) return cmd_fail(e, &msg);
  e = run_http(&h, c, n, &msg);
  if (e < 0) {
    node_close(n);
    return cmd_fail(e, &msg);
  }
  run_print_banner(c, n, h);
  int code = run_wait(n, &set);
  run_signals_force();
  http_stop(h);
  node_close(n);
  return code;
}

int cmd_run(struct cmd *c) { return run_node(c, false); }

/* Without --db the chain lives in a folder of its own under TMPDIR and goes
** with the process. */
int cmd_dev(struct cmd *c) {
  if (c->db_given) return run_node(c, true);
  char dir[1024];
  const char *tmp = getenv("TMPDIR");
  snprintf(dir, sizeof dir, "%s/cybermiles-dev-XXXXXX",
           tmp && tmp[0] ? tmp : "/tmp");
  if (!mkdtemp(dir)) {
    struct errmsg msg;
    err_say(&msg, ERR_READ_ONLY,
            "cannot make a folder in %s: give the database's place with "
            "--db FILE", tmp && tmp[0] ? tmp : "/tmp");
    return cmd_fail(ERR_READ_ONLY, &msg);
  }
  snprintf(c->db_path, sizeof c->db_path, "%s/dev.db", dir);
  int code = run_node(c, true);
  unlink(c->db_path);
  rmdir(dir);
  return code;
}
