/* cmd_run.c - run and dev: the node with its HTTP port and its Unix socket,
** until a signal.
**
** Signals are blocked in every thread and taken here one by one:
**   INT, TERM  the first stops in order (requests finished, block finished,
**              one file left) and tells each second what it waits for; a second
**              one ends the process at once (130, 143)
**   HUP        reads the settings again and heeds those that can change while
**              running (run_reload), reopens the log's file, reads certificates
**   USR1       tells the log how the node is: heights, pool, memory, and where
**              each thread is (cmd_stack.c)
**   PIPE       ignored
** A service manager is told of each step (cmd_notify.c), and its watchdog is
** fed as long as the writer's thread turns.
**
** The JSON-RPC server is made here and shared by both doors, so that the HTTP
** port can be closed and opened while the node runs (admin_stopHTTP).  With
** --ui.addr or --ui.port the dashboard, its users and its HTTPS stand at a port
** of their own, and the other has JSON-RPC and what is public.
*/
#include "base/log.h"
#include "cmd/cmd.h"
#include "cmd/cmd_schedule.h"
#include "cmd/cmd_demo.h"
#include "cmd/cmd_qr.h"
#include "cmd/cmd_stack.h"
#include "codec/hex.h"
#include "gen/gen_version.h"
#include "node/node.h"
#include "notify/notify.h"
#include "rpc/rpc.h"
#include "rpc/rpc_ipc.h"
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
  sigaddset(set, SIGUSR1);
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

static u64 run_monotonic_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

/* The demo shop, loaded beside a running node. */
struct run_demo {
  pthread_t thread;
  bool begun, ended;
  err error;
  struct errmsg msg;
  struct cmd_demo_progress progress;
};

/* A running node and its doors. */
struct run {
  struct cmd *c;
  struct node *node;
  struct rpc_server *rpc;
  struct rpc_ipc *ipc;
  struct cmd_schedule *backups;
  char ipc_path[4096];  /* "": none */
  struct rpc_host host;
  struct notify *notify;
  pthread_mutex_t lock; /* guards the following */
  struct arena texts;   /* of doors opened by administration */
  struct http *http;    /* NULL: closed */
  struct http *ui;      /* the dashboard by itself; NULL: it is at http */
  bool stop_http;       /* asked for: the main thread does it */
  bool reload;
  struct run_demo demo;
};

#define RUN_URL_MAX 80u

/* The dashboard has an address or a port of its own. */
static bool run_ui_apart(const struct cmd *c) {
  return c->cfg.ui_addr || c->origin[CMD_FLAG_ui_port] != CMD_DEFAULT;
}
static const char *run_ui_addr(const struct cmd *c) {
  return c->cfg.ui_addr ? c->cfg.ui_addr : c->cfg.http_addr;
}

/* The listening address as a browser elsewhere would type it; the first that
** other machines reach goes to out (size RUN_URL_MAX), else out is empty. */
static void run_print_urls(const char *what, const char *addr,
                           const struct http *h, char *out) {
  bool any = strcmp(addr, "0.0.0.0") == 0 || strcmp(addr, "::") == 0;
  out[0] = 0;
  if (!any) {
    printf("%s: %s\n", what, http_url(h));
    if (strncmp(addr, "127.", 4) != 0 && strcmp(addr, "::1") != 0) {
      snprintf(out, RUN_URL_MAX, "%s", http_url(h));
    }
    return;
  }
  const char *scheme = strncmp(http_url(h), "https", 5) == 0 ? "https" : "http";
  printf("%s: %s://127.0.0.1:%u\n", what, scheme, http_port(h));
  struct ifaddrs *list = NULL;
  if (getifaddrs(&list) != 0) return;
  for (struct ifaddrs *i = list; i; i = i->ifa_next) {
    char text[INET_ADDRSTRLEN];
    if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET) continue;
    if (i->ifa_flags & IFF_LOOPBACK) continue;
    inet_ntop(AF_INET, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, text,
              sizeof text);
    printf("%*s%s://%s:%u\n", (int)strlen(what) + 2, "", scheme, text,
           http_port(h));
    if (!out[0]) {
      snprintf(out, RUN_URL_MAX, "%s://%s:%u", scheme, text, http_port(h));
    }
  }
  freeifaddrs(list);
}

/* On a terminal also as a QR code, where a phone could come at all; the code is
** behind #, which browsers do not send. */
static void run_print_setup(const struct http *h, const char *url) {
  char link[RUN_URL_MAX + 32];
  struct cmd_qr qr;
  const char *code = http_setup_code(h);
  if (!code[0]) return;
  printf("First set-up: open /setup there; code %s, for 30 minutes\n", code);
  if (!isatty(STDOUT_FILENO)) return;
  if (!url[0]) {
    printf("  From a phone or another machine: start with --http.addr 0.0.0.0\n");
    return;
  }
  snprintf(link, sizeof link, "%s/setup#%s", url, code);
  if (!cmd_qr_make(&qr, link)) return;
  printf("  or with a phone in the same network:\n");
  cmd_qr_print(stdout, &qr);
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

static void run_print_doors(const struct cmd *c, const struct run *r) {
  struct http *ui = r->ui ? r->ui : r->http;
  char url[RUN_URL_MAX] = "";
  if (r->http)
    run_print_urls(r->ui ? "JSON-RPC" : "Dashboard and JSON-RPC",
                   c->cfg.http_addr, r->http, url);
  if (r->ui) run_print_urls("Dashboard", run_ui_addr(c), r->ui, url);
  if (ui) run_print_authority(ui);
  if (ui) run_print_setup(ui, url);
  if (r->ipc_path[0]) printf("Unix socket: %s\n", r->ipc_path);
}

static void run_print_banner(const struct cmd *c, const struct run *r) {
  struct node *n = r->node;
  const struct node_info *info = node_info(n);
  char addr[43], hash[65];
  struct node_stat s;
  node_stat(n, &s);
  hex_addr(addr, &info->operator_addr);
  hex_encode(hash, info->genesis_hash.b, 32);
  hash[64] = 0;
  printf("CyberMiles %s\n", gen_version);
  if (info->dev) run_print_dev(n);
  printf("Chain id %llu, genesis 0x%s\nHeight: %llu\n",
         (unsigned long long)info->chain_id, hash,
         (unsigned long long)s.height);
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
  struct errmsg why;
  if (node_is_fenced(n, &why))
    printf("NOT SIGNING: this file is not where it was at home: %s.  Two nodes "
           "that sign with one key fork the chain and are punished.  If no other "
           "copy runs: start once with --claim, or press the button on the "
           "dashboard's page Node\n", why.text);
  run_print_doors(c, r);
  fflush(stdout);
}

static struct node_config run_node_config(const struct cmd *c, bool dev) {
  return (struct node_config){
    .db_path = c->db_path,
    .dev = dev,
    .dev_period_s = c->cfg.dev_period,
    .scratch = dev && !c->db_given,
    .dev_credits = c->cfg.dev_credits,
    .dev_age_s = dev && c->cfg.demo_shop ? CMD_DEMO_DAYS * 86400ull : 0,
    .network_id = c->cfg.networkid,
    .allow_unprotected = c->cfg.allow_unprotected,
    .cache_bytes = c->cfg.cache << 20,
    .pool_tx_max = c->cfg.txpool_max,
    .lane_cnt = (u32)c->cfg.lanes,
    .disk_floor = c->cfg.disk_floor << 20,
    .archive = c->cfg.archive,
    .light_kdf = c->cfg.light_kdf,
    .claim = c->cfg.claim,
    .history_state = c->cfg.history_state,
    .history_blocks = c->cfg.history_blocks,
    .no_addresses = !c->cfg.index_addresses,
  };
}

static struct rpc_config run_rpc_config(const struct cmd *c) {
  return (struct rpc_config){
    .batch_max = (u32)c->cfg.rpc_batch,
    .gas_cap = c->cfg.rpc_gascap,
    .evm_timeout_ms = (u32)(c->cfg.rpc_evmtimeout * 1000),
    .spaces = c->cfg.http_api,
  };
}

/* A port that has the dashboard speaks HTTPS where that is asked for; one that
** has it alone grants other origins nothing. */
static err run_http(struct http **h, const struct cmd *c, bool ui,
                    const struct run *r, struct errmsg *msg) {
  bool apart = run_ui_apart(c);
  u64 port = ui ? c->cfg.ui_port : c->cfg.http_port;
  struct http_config cfg = {
    .server = r->rpc,
    .no_ui = apart && !ui,
    .option = ui ? "ui" : "http",
    .addr = ui ? run_ui_addr(c) : c->cfg.http_addr,
    .port = port ? (u32)port : HTTP_PORT_ANY,
    .vhosts = c->cfg.http_vhosts,
    .proxies = c->cfg.http_proxies,
    .corsdomain = ui ? NULL : c->cfg.http_corsdomain,
    .tls = apart && !ui ? "off" : c->cfg.ui_tls,
    .tls_cert = c->cfg.ui_tls_cert,
    .tls_key = c->cfg.ui_tls_key,
    .acme_url = c->cfg.ui_acme_url,
    .acme_mail = c->cfg.ui_acme_mail,
    .net_ca = c->cfg.notify_ca,
    .net_local = c->cfg.notify_local,
    .wal_max = c->cfg.wal_max << 20,
    .backup_age_s = c->cfg.backup_age * 3600,
    .no_metrics = !c->cfg.metrics,
    .metrics_addr = ui && c->cfg.http ? NULL : c->cfg.metrics_addr,
    .metrics_port = (u32)c->cfg.metrics_port,
    .no_ws = !c->cfg.ws,
    .ws_origins = ui ? NULL : c->cfg.ws_origins,
    .rpc = run_rpc_config(c),
  };
  return http_start(h, &cfg, r->node, msg);
}

/*--------------------------------------------------------------- demo shop */

static void *run_demo_main(void *arg) {
  struct run *r = arg;
  struct errmsg msg = {""};
  err e = cmd_demo_fill(r->node, r->rpc, &r->demo.progress, &msg);
  pthread_mutex_lock(&r->lock);
  r->demo.ended = true;
  r->demo.error = e;
  r->demo.msg = msg;
  pthread_mutex_unlock(&r->lock);
  return NULL;
}

/* Under the lock. */
static err run_demo_begin(struct run *r, struct errmsg *msg) {
  TRY(cmd_demo_check(r->node, msg));
  r->demo.progress.day = 0;
  r->demo.ended = false;
  r->demo.begun = pthread_create(&r->demo.thread, NULL, run_demo_main, r) == 0;
  return r->demo.begun ? ERR_OK : err_say(msg, ERR_LIMIT, "no thread for it");
}

static err run_load_demo(void *ctx, u32 *day, u32 *days, struct errmsg *msg) {
  struct run *r = ctx;
  err e = ERR_OK;
  pthread_mutex_lock(&r->lock);
  if (r->demo.begun && r->demo.ended && r->demo.error < 0) {
    pthread_join(r->demo.thread, NULL); /* it may be tried again */
    r->demo.begun = false;
    e = r->demo.error;
    *msg = r->demo.msg;
  } else if (!r->demo.begun) {
    e = run_demo_begin(r, msg);
  }
  *days = CMD_DEMO_DAYS;
  *day = r->demo.ended ? CMD_DEMO_DAYS : r->demo.progress.day;
  pthread_mutex_unlock(&r->lock);
  return e;
}

static void run_stop_demo(struct run *r) {
  r->demo.progress.stop = true;
  if (r->demo.begun) pthread_join(r->demo.thread, NULL);
}

/*------------------------------------------------- what administration asks */

static err run_start_http(void *ctx, const char *addr, u32 port,
                          const char *cors, const char *vhosts,
                          struct errmsg *msg) {
  struct run *r = ctx;
  struct cmd c = *r->c;
  pthread_mutex_lock(&r->lock);
  /* http_start keeps what it is given. */
  if (addr) c.cfg.http_addr = arena_printf(&r->texts, "%s", addr);
  if (port) c.cfg.http_port = port;
  if (cors) c.cfg.http_corsdomain = arena_printf(&r->texts, "%s", cors);
  if (vhosts) c.cfg.http_vhosts = arena_printf(&r->texts, "%s", vhosts);
  err e = r->http ? err_say(msg, ERR_EXISTS, "HTTP server already running on %s",
                            http_url(r->http))
                  : run_http(&r->http, &c, false, r, msg);
  if (e == ERR_OK) {
    log_event(LOG_INFO, "http", "http.opened", "url=%s", http_url(r->http));
  }
  pthread_mutex_unlock(&r->lock);
  return e;
}

static err run_stop_http(void *ctx) {
  struct run *r = ctx;
  pthread_mutex_lock(&r->lock);
  err e = r->http ? ERR_OK : ERR_NOT_FOUND;
  r->stop_http = r->http != NULL;
  pthread_mutex_unlock(&r->lock);
  return e;
}

static err run_ask_reload(void *ctx, struct errmsg *msg) {
  struct run *r = ctx;
  struct cmd now;
  err e = cmd_reread(&now, r->c, msg);
  if (e < 0) return e;
  pthread_mutex_lock(&r->lock);
  r->reload = true;
  pthread_mutex_unlock(&r->lock);
  return ERR_OK;
}

static err run_backup(void *ctx, struct errmsg *msg) {
  struct run *r = ctx;
  if (!r->backups) return err_say(msg, ERR_INPUT, "a development chain is not "
                                  "copied: run cybermiles backup");
  return cmd_schedule_now(r->backups, msg);
}

static void run_users(void *ctx) {
  struct run *r = ctx;
  pthread_mutex_lock(&r->lock);
  if (r->http) http_auth_reload(r->http);
  if (r->ui) http_auth_reload(r->ui);
  pthread_mutex_unlock(&r->lock);
}

static void run_urls(void *ctx, char *http, size_t http_size, char *ipc,
                     size_t ipc_size) {
  struct run *r = ctx;
  pthread_mutex_lock(&r->lock);
  snprintf(http, http_size, "%s", r->http ? http_url(r->http) : "");
  pthread_mutex_unlock(&r->lock);
  snprintf(ipc, ipc_size, "%s", r->ipc_path);
}

/* The socket at its usual place is a convenience: without it the node runs. */
static err run_ipc(struct run *r, struct errmsg *msg) {
  char path[4096];
  if (r->c->cfg.ipc_disable) return ERR_OK;
  err e = cmd_ipc_path(path, sizeof path, r->c, msg);
  if (e == ERR_OK)
    e = rpc_ipc_start(&r->ipc, path, r->c->cfg.ipc_group, r->rpc, msg);
  if (e == ERR_OK) {
    snprintf(r->ipc_path, sizeof r->ipc_path, "%s", path);
  } else if (!r->c->cfg.ipc_path && !r->c->cfg.ipc_group) {
    log_event(LOG_WARN, "ipc", "ipc.none", "reason=\"%s\"", msg->text);
    e = ERR_OK;
  }
  return e;
}

/*---------------------------------------------------------------- signals */

/* Only what can change while all runs: levels of the log, host names and
** origins, certificates; the rest is told to wait for a start. */
static void run_reload(struct run *r) {
  struct cmd now;
  struct errmsg msg = {""};
  cmd_notify("RELOADING=1\nMONOTONIC_USEC=%llu",
             (unsigned long long)run_monotonic_us());
  err e = cmd_reread(&now, r->c, &msg);
  if (e == ERR_OK) e = cmd_log_reopen(&msg);
  pthread_mutex_lock(&r->lock);
  if (e == ERR_OK && r->http) {
    http_policy_reload(r->http, now.cfg.http_vhosts, now.cfg.http_corsdomain);
    e = http_tls_reload(r->http, &msg);
  }
  if (e == ERR_OK && r->ui) {
    http_policy_reload(r->ui, now.cfg.http_vhosts, NULL);
    e = http_tls_reload(r->ui, &msg);
  }
  pthread_mutex_unlock(&r->lock);
  if (e < 0) {
    log_event(LOG_ERROR, "node", "reload.failed", "reason=\"%s\"", msg.text);
  } else {
    log_event(LOG_INFO, "node", "reloaded", "verbosity=%d",
              log_verbosity_now());
    for (u32 i = 0; i < CMD_FLAG_CNT; i++) {
      static const char live[] =
          " verbosity vmodule log.format http.vhosts http.corsdomain ";
      char was[24], is[24], word[72];
      const char *name = cmd_flag_at(i)->name;
      snprintf(word, sizeof word, " %.64s ", name);
      if (strstr(live, word) || strcmp(cmd_flag_text(r->c, i, was),
                                       cmd_flag_text(&now, i, is)) == 0) {
        continue;
      }
      log_event(LOG_WARN, "node", "reload.waits",
                "setting=%s note=\"heeded at the next start\"", name);
    }
  }
  cmd_notify("READY=1");
}

static void run_dump(struct run *r) {
  struct node_stat s;
  struct node_process p;
  struct rpc_tally t;
  char http[128], ipc[256];
  node_stat(r->node, &s);
  node_process(&p);
  rpc_tally(r->rpc, &t);
  run_urls(r, http, sizeof http, ipc, sizeof ipc);
#define N(x) (unsigned long long)(x)
  log_event(LOG_WARN, "node", "state.chain",
            "height=%llu tables_at=%llu pending=%llu queued=%llu "
            "disk_low=%s backup_ms=%llu", N(s.height), N(s.flushed),
            N(s.pool.pending), N(s.pool.queued), s.disk_low ? "true" : "false",
            N(s.backup_ms));
  log_event(LOG_WARN, "node", "state.bytes",
            "resident=%llu heap=%llu mapped=%llu cache=%llu overlay=%llu "
            "pool=%llu file=%llu wal=%llu disk_free=%llu", N(p.rss_bytes),
            N(p.heap_bytes), N(p.mapped_bytes), N(s.cache_bytes),
            N(s.overlay_bytes), N(s.pool.bytes), N(s.file_bytes),
            N(s.wal_bytes), N(s.disk_free_bytes));
  log_event(LOG_WARN, "node", "state.doors",
            "http=\"%s\" ipc=\"%s\" ipc_connections=%u requests=%llu "
            "files=%u readers=%u readers_busy=%u threads=%u", http, ipc,
            r->ipc ? rpc_ipc_conn_cnt(r->ipc) : 0, N(t.cnt), p.fds,
            s.reader_cnt, s.reader_busy, p.threads);
#undef N
  cmd_stack_dump();
}

/* What was asked for by administration. */
static void run_asked(struct run *r) {
  pthread_mutex_lock(&r->lock);
  struct http *h = r->stop_http ? r->http : NULL;
  bool reload = r->reload;
  if (h) r->http = NULL;
  r->stop_http = r->reload = false;
  pthread_mutex_unlock(&r->lock);
  if (h) {
    http_stop(h);
    log_event(LOG_INFO, "http", "http.closed", "reason=\"asked for\"");
  }
  if (reload) run_reload(r);
}

/* Feeds the manager's watchdog while the node's threads turn. */
static void run_feed(struct run *r, u64 every_us, u64 *fed_us) {
  u64 now = run_monotonic_us();
  if (every_us == 0 || now - *fed_us < every_us / 3) return;
  u64 beat = node_beat_ms(r->node), clock = node_clock_ms();
  if (clock > beat && clock - beat > every_us / 2000 + 2000) return;
  *fed_us = now;
  struct node_stat s;
  node_stat(r->node, &s);
  cmd_notify("WATCHDOG=1\nSTATUS=height %llu, %llu waiting",
             (unsigned long long)s.height, (unsigned long long)s.pool.pending);
}

/* Until a signal to stop, or until the node itself can go no further. */
static int run_wait(struct run *r, const sigset_t *set) {
  u64 watchdog_us = cmd_notify_watchdog_us(), fed_us = 0;
  for (;;) {
    struct errmsg msg = {""};
    struct timespec tick = {.tv_nsec = 200000000};
    int sig = sigtimedwait(set, NULL, &tick);
    err e = node_failed(r->node, &msg);
    if (e < 0) return cmd_fail(e, &msg);
    if (sig == SIGINT || sig == SIGTERM) {
      log_event(LOG_INFO, "node", "stopping", "signal=%d", sig);
      return EXIT_DONE;
    }
    if (sig == SIGHUP) run_reload(r);
    if (sig == SIGUSR1) run_dump(r);
    run_asked(r);
    run_feed(r, watchdog_us, &fed_us);
  }
}

/*--------------------------------------------------------------- stopping */

/* Tells each second that the end is still to come. */
struct run_farewell {
  pthread_mutex_t lock;
  pthread_cond_t cond;
  const char *waits_for;
  bool done;
};

static void *run_farewell_main(void *arg) {
  struct run_farewell *f = arg;
  u32 s = 0;
  pthread_mutex_lock(&f->lock);
  while (!f->done) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_cond_timedwait(&f->cond, &f->lock, &until) == 0) continue;
    log_event(LOG_INFO, "node", "stopping", "seconds=%u waits_for=\"%s\"", ++s,
              f->waits_for);
    cmd_notify("STATUS=stopping: %s\nEXTEND_TIMEOUT_USEC=30000000",
               f->waits_for);
  }
  pthread_mutex_unlock(&f->lock);
  return NULL;
}

static void run_farewell_at(struct run_farewell *f, const char *waits_for) {
  pthread_mutex_lock(&f->lock);
  f->waits_for = waits_for;
  f->done = !waits_for;
  pthread_cond_signal(&f->cond);
  pthread_mutex_unlock(&f->lock);
}

static void run_stop(struct run *r) {
  struct run_farewell f = {.lock = PTHREAD_MUTEX_INITIALIZER,
                           .cond = PTHREAD_COND_INITIALIZER,
                           .waits_for = "requests of the Unix socket"};
  pthread_t teller;
  cmd_notify("STOPPING=1\nSTATUS=stopping");
  bool tells = pthread_create(&teller, NULL, run_farewell_main, &f) == 0;
  cmd_schedule_stop(r->backups);
  rpc_hurry(r->rpc);
  rpc_ipc_stop(r->ipc);
  run_farewell_at(&f, "requests of the HTTP port");
  http_stop(r->http);
  http_stop(r->ui);
  run_stop_demo(r);
  notify_stop(r->notify);
  rpc_close(r->rpc);
  run_farewell_at(&f, "the last block, the tables and the file");
  node_close(r->node);
  run_farewell_at(&f, NULL);
  if (tells) pthread_join(teller, NULL);
}

/*---------------------------------------------------------------- running */

static err run_notify(struct run *r, struct errmsg *msg) {
  const char *ca = r->c->cfg.notify_ca;
  struct notify_config cfg = {
    .net = {.ca_file = ca && ca[0] ? ca : NULL,
            .local = r->c->cfg.notify_local},
    .source = rpc_notify_events, .source_ctx = r->node};
  TRY(notify_start(&r->notify, r->node, &cfg, msg));
  rpc_notify_set(r->rpc, r->notify);
  return ERR_OK;
}

static err run_open(struct run *r, bool dev, struct errmsg *msg) {
  struct node_config cfg = run_node_config(r->c, dev);
  struct rpc_config rpc = run_rpc_config(r->c);
  TRY(cmd_log_open(r->c, msg));
  TRY(cmd_check_place(r->c, msg));
  if (r->c->cfg.metrics_expensive) node_stage_measure();
  TRY(node_open(&r->node, &cfg, msg));
  r->rpc = rpc_open(r->node, &rpc);
  r->host = (struct rpc_host){r, run_start_http, run_stop_http, run_ask_reload,
                              run_backup, run_users, run_urls, run_load_demo};
  rpc_host_set(r->rpc, &r->host);
  TRY(run_notify(r, msg));
  if (dev && r->c->cfg.demo_shop) {
    TRY(cmd_demo_fill(r->node, r->rpc, NULL, msg));
  }
  if (r->c->cfg.http) TRY(run_http(&r->http, r->c, false, r, msg));
  if (run_ui_apart(r->c)) TRY(run_http(&r->ui, r->c, true, r, msg));
  TRY(run_ipc(r, msg));
  return dev ? ERR_OK : cmd_schedule_start(&r->backups, r->c, r->node, msg);
}

static void run_log_banner(struct run *r) {
  const struct node_info *info = node_info(r->node);
  struct node_stat s;
  char http[128], ipc[256], hash[65];
  node_stat(r->node, &s);
  run_urls(r, http, sizeof http, ipc, sizeof ipc);
  hex_encode(hash, info->genesis_hash.b, 32);
  hash[64] = 0;
  log_event(LOG_INFO, "node", "ready",
            "version=%s commit=%s chain_id=%llu genesis=0x%s db=\"%s\" "
            "height=%llu http=\"%s\" ws=\"%s%s\" ipc=\"%s\" admin=\"%s\" "
            "pid=%d", gen_version, gen_version_commit,
            (unsigned long long)info->chain_id, hash, info->db_path,
            (unsigned long long)s.height, http, http[0] ? "ws" : "",
            http[0] ? http + 4 : "", ipc, r->ui ? http_url(r->ui) : http,
            (int)getpid());
  cmd_notify("READY=1\nSTATUS=height %llu, %s\nMAINPID=%d",
             (unsigned long long)s.height, http[0] ? http : ipc,
             (int)getpid());
}

static int run_node(struct cmd *c, bool dev) {
  sigset_t set;
  struct run r = {.c = c, .lock = PTHREAD_MUTEX_INITIALIZER};
  arena_init(&r.texts, 1 << 10, 0);
  struct errmsg msg = {""};
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  run_signals_block(&set);
  cmd_stack_init();
  err e = run_open(&r, dev, &msg);
  int code = EXIT_DONE;
  if (e < 0) {
    code = cmd_fail(e, &msg);
  } else {
    run_print_banner(c, &r);
    run_log_banner(&r);
    code = run_wait(&r, &set);
  }
  run_signals_force();
  run_stop(&r);
  arena_fini(&r.texts);
  return code;
}

int cmd_run(struct cmd *c) {
  return c->cfg.dev ? cmd_dev(c) : run_node(c, false);
}

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

#undef RUN_URL_MAX
