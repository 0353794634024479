/* cmd_service.c - `service`: what a service manager and a monitor need, printed
** from tables, for the operator to look at and to put where it belongs:
** a systemd unit, a Grafana dashboard, alert rules of Prometheus. */
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd/cmd.h"
#include "codec/json.h"

/*---------------------------------------------------------- systemd's unit */

/* One line of the unit: what for is a comment above it, where there is one. */
static const struct service_line {
  const char *key, *val, *why;
} service_lines[] = {
  {"Type", "notify", "it tells itself when it is ready (sd_notify)"},
  {"NotifyAccess", "main", NULL},
  {"ExecReload", "/bin/kill -HUP $MAINPID", NULL},
  {"WatchdogSec", "60", "killed when its threads do not turn for so long"},
  {"TimeoutStartSec", "600", "after a crash the tables are brought up to date"},
  {"TimeoutStopSec", "180", "a stop finishes the block and leaves one file"},
  {"KillSignal", "SIGTERM", NULL},
  {"Restart", "on-failure", NULL},
  {"RestartSec", "5", NULL},
  {"RestartPreventExitStatus", "2 3 5",
   "wrong settings, a damaged file, refused for safety: a restart mends none"},
  {"UMask", "0077", NULL},
  {"LimitNOFILE", "65536", NULL},
  {"LimitCORE", "0", "a core holds keys"},
  {"OOMScoreAdjust", "-500", NULL},
  {"NoNewPrivileges", "yes", "the rest is to keep a fault within bounds"},
  {"CapabilityBoundingSet", "", NULL},
  {"AmbientCapabilities", "", NULL},
  {"ProtectSystem", "strict", NULL},
  {"ProtectHome", "yes", NULL},
  {"PrivateTmp", "yes", NULL},
  {"PrivateDevices", "yes", NULL},
  {"PrivateUsers", "yes", NULL},
  {"ProtectClock", "yes", NULL},
  {"ProtectHostname", "yes", NULL},
  {"ProtectControlGroups", "yes", NULL},
  {"ProtectKernelLogs", "yes", NULL},
  {"ProtectKernelModules", "yes", NULL},
  {"ProtectKernelTunables", "yes", NULL},
  {"ProtectProc", "invisible", NULL},
  {"RestrictNamespaces", "yes", NULL},
  {"RestrictRealtime", "yes", NULL},
  {"RestrictSUIDSGID", "yes", NULL},
  {"RestrictAddressFamilies", "AF_INET AF_INET6 AF_UNIX AF_NETLINK", NULL},
  {"LockPersonality", "yes", NULL},
  {"MemoryDenyWriteExecute", "yes", NULL},
  {"RemoveIPC", "yes", NULL},
  {"SystemCallArchitectures", "native", NULL},
  {"SystemCallFilter", "@system-service", NULL},
  {"SystemCallErrorNumber", "EPERM", NULL},
};

static void service_unit(const struct cmd *c) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  printf("# Put this into /etc/systemd/system/cybermiles.service, then\n"
         "#   systemctl daemon-reload && systemctl enable --now cybermiles\n"
         "# The database is in /var/lib/cybermiles, and so is cybermiles.toml, "
         "if you make one.\n"
         "[Unit]\nDescription=CyberMiles node\n"
         "Documentation=man:cybermiles(1)\n"
         "Wants=network-online.target\nAfter=network-online.target\n"
         "StartLimitIntervalSec=300\nStartLimitBurst=10\n\n[Service]\n");
  if (c->cfg.datadir) {
    printf("User=cybermiles\nExecStart=%s run --datadir %s --log.format "
           "journal\nReadWritePaths=%s\n", self, c->cfg.datadir,
           c->cfg.datadir);
  } else {
    printf("DynamicUser=yes\nStateDirectory=cybermiles\n"
           "StateDirectoryMode=0700\nWorkingDirectory=%%S/cybermiles\n"
           "ExecStart=%s run --datadir %%S/cybermiles --log.format journal\n",
           self);
  }
  for (size_t i = 0; i < ARRAY_LEN(service_lines); i++) {
    const struct service_line *l = &service_lines[i];
    if (l->why) printf("# %s\n", l->why);
    printf("%s=%s\n", l->key, l->val);
  }
  printf("\n[Install]\nWantedBy=multi-user.target\n");
}

/*------------------------------------------------------ Grafana's dashboard */

static const struct service_panel {
  const char *title, *unit, *expr, *legend;
} service_panels[] = {
  {"Height", "none", "ethereum_blockchain_height", "height"},
  {"Age of the newest block", "s", "cybermiles_head_age_seconds", "age"},
  {"Between blocks", "s", "cybermiles_consensus_block_interval_seconds",
   "interval"},
  {"Transactions that wait", "none",
   "{__name__=~\"cybermiles_txpool_(pending|queued)\"}", "{{__name__}}"},
  {"Gas a second", "none", "rate(cybermiles_evm_gas_total[5m])", "gas/s"},
  {"JSON-RPC requests a second", "reqps",
   "sum by (method) (rate(cybermiles_rpc_requests_total[5m]))", "{{method}}"},
  {"JSON-RPC errors a second", "reqps",
   "sum by (code) (rate(cybermiles_rpc_requests_total{code!=\"0\"}[5m]))",
   "{{code}}"},
  {"JSON-RPC, 99 of 100 within", "s",
   "histogram_quantile(0.99, rate(cybermiles_rpc_duration_seconds_bucket[5m]))",
   "p99"},
  {"Database and its log", "bytes",
   "{__name__=~\"cybermiles_db_(file|wal)_bytes\"}", "{{__name__}}"},
  {"Room on the disk", "bytes", "cybermiles_disk_free_bytes", "free"},
  {"Writes of blocks", "s", "cybermiles_db_commit_seconds", "commit"},
  {"Checkpoints", "s", "cybermiles_db_checkpoint_seconds", "checkpoint"},
  {"Age of the last backup", "s",
   "time() - cybermiles_backup_last_success_timestamp", "age"},
  {"Memory", "bytes", "process_resident_memory_bytes", "resident"},
  {"Processor", "percentunit", "rate(process_cpu_seconds_total[5m])", "cores"},
  {"Files and sockets", "none", "process_open_fds", "open"},
};

static void service_put_panel(struct jsonw *w, u32 i) {
  const struct service_panel *p = &service_panels[i];
  jsonw_obj(w);
  jsonw_kv_u64(w, "id", i + 1);
  jsonw_kv_str(w, "type", "timeseries");
  jsonw_kv_str(w, "title", p->title);
  jsonw_key(w, "datasource");
  jsonw_raw(w, slice_str("{\"type\":\"prometheus\",\"uid\":\"${source}\"}"));
  jsonw_key(w, "gridPos");
  jsonw_obj(w);
  jsonw_kv_u64(w, "x", i % 3 * 8);
  jsonw_kv_u64(w, "y", i / 3 * 7);
  jsonw_kv_u64(w, "w", 8);
  jsonw_kv_u64(w, "h", 7);
  jsonw_obj_end(w);
  jsonw_key(w, "fieldConfig");
  jsonw_obj(w);
  jsonw_key(w, "defaults");
  jsonw_obj(w);
  jsonw_kv_str(w, "unit", p->unit);
  jsonw_kv_u64(w, "min", 0);
  jsonw_obj_end(w);
  jsonw_key(w, "overrides");
  jsonw_raw(w, slice_str("[]"));
  jsonw_obj_end(w);
  jsonw_key(w, "targets");
  jsonw_arr(w);
  jsonw_obj(w);
  jsonw_kv_str(w, "refId", "A");
  jsonw_kv_str(w, "expr", p->expr);
  jsonw_kv_str(w, "legendFormat", p->legend);
  jsonw_obj_end(w);
  jsonw_arr_end(w);
  jsonw_obj_end(w);
}

static void service_grafana(void) {
  struct buf out;
  struct jsonw w;
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  jsonw_obj(&w);
  jsonw_kv_str(&w, "title", "CyberMiles node");
  jsonw_kv_str(&w, "uid", "cybermiles-node");
  jsonw_kv_u64(&w, "schemaVersion", 38);
  jsonw_kv_u64(&w, "version", 1);
  jsonw_kv_str(&w, "refresh", "10s");
  jsonw_key(&w, "time");
  jsonw_raw(&w, slice_str("{\"from\":\"now-6h\",\"to\":\"now\"}"));
  jsonw_key(&w, "templating");
  jsonw_raw(&w, slice_str(
      "{\"list\":[{\"name\":\"source\",\"label\":\"Source\","
      "\"type\":\"datasource\",\"query\":\"prometheus\"}]}"));
  jsonw_key(&w, "panels");
  jsonw_arr(&w);
  for (u32 i = 0; i < ARRAY_LEN(service_panels); i++) service_put_panel(&w, i);
  jsonw_arr_end(&w);
  jsonw_obj_end(&w);
  printf("%s\n", buf_cstr(&out));
  buf_fini(&out);
}

/*------------------------------------------------------------- alert rules */

static const struct service_alert {
  const char *name, *expr, *lasts, *severity, *text;
} service_alerts[] = {
  {"CyberMilesDown", "up{job=\"cybermiles\"} == 0", "2m", "critical",
   "The node answers no more: systemctl status cybermiles tells why."},
  {"CyberMilesNoBlocks", "cybermiles_head_age_seconds > 120", "1m", "critical",
   "No block for two minutes: see cybermiles status and /readyz."},
  {"CyberMilesDiskFull",
   "cybermiles_disk_low == 1 or predict_linear(cybermiles_disk_free_bytes[6h], "
   "86400) < 0", "10m", "critical",
   "The disk is full, or will be within a day: make room, or prune."},
  {"CyberMilesNoBackup",
   "time() - cybermiles_backup_last_success_timestamp > 172800 or "
   "cybermiles_backup_interval_seconds > 0 and time() - "
   "cybermiles_backup_last_success_timestamp > "
   "2 * cybermiles_backup_interval_seconds", "1h", "warning",
   "No verified backup for two days, or twice the time of --backup.every: "
   "cybermiles backup DEST."},
  {"CyberMilesSlowCommits",
   "cybermiles_db_commit_seconds > 0.5 or cybermiles_db_wal_bytes > 1.5e9",
   "10m", "warning",
   "Writing blocks is slow, or the log is not taken in: cybermiles doctor."},
};

static void service_alerts_print(void) {
  printf("# Rules for Prometheus, with a scrape job that is named cybermiles:\n"
         "#   scrape_configs: [{job_name: cybermiles, static_configs: "
         "[{targets: ['127.0.0.1:8545']}]}]\n"
         "groups:\n  - name: cybermiles\n    rules:\n");
  for (size_t i = 0; i < ARRAY_LEN(service_alerts); i++) {
    const struct service_alert *a = &service_alerts[i];
    printf("      - alert: %s\n        expr: '%s'\n        for: %s\n"
           "        labels: {severity: %s}\n"
           "        annotations: {summary: '%s'}\n", a->name, a->expr, a->lasts,
           a->severity, a->text);
  }
}

int cmd_service(struct cmd *c) {
  const char *what = c->arg[0];
  if (strcmp(what, "print") == 0 || strcmp(what, "install") == 0) {
    service_unit(c);
  } else if (strcmp(what, "grafana") == 0) {
    service_grafana();
  } else if (strcmp(what, "alerts") == 0) {
    service_alerts_print();
  } else {
    fprintf(stderr, "cybermiles: usage: cybermiles service print | grafana | "
                    "alerts\n");
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}
