/* cmd_doctor.c - `doctor`: looks at what a node stands on, beside a running
** node too, and says of each thing whether it is well ("ok"), to be known
** ("warn") or wrong ("fail").  The exit code is 1 when something is wrong.
**
** What a network file system does to SQLite's locks and syncs ruins databases:
** so `run` refuses one too (cmd_check_place). */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "cmd/cmd.h"
#include "codec/json.h"
#include "node/node.h"
#include "rpc/rpc_client.h"
#include "store/store.h"

#define DOCTOR_SYNCS 20u
#define DOCTOR_SYNC_WARN_US 20000u
#define DOCTOR_SYNC_FAIL_US 500000u

enum doctor_state { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };
static const char *const doctor_words[] = {"ok", "warn", "fail"};

struct doctor {
  struct cmd *c;
  struct jsonw *w; /* NULL: lines for people */
  json_t *status;  /* of the running node, or NULL */
  u32 cnt[3];
};

static void doctor_say(struct doctor *d, const char *check,
                       enum doctor_state state, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void doctor_say(struct doctor *d, const char *check,
                       enum doctor_state state, const char *fmt, ...) {
  char text[768];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  d->cnt[state]++;
  if (!d->w) {
    printf("%-5s %-11s %s\n", doctor_words[state], check, text);
    return;
  }
  jsonw_obj(d->w);
  jsonw_kv_str(d->w, "check", check);
  jsonw_kv_str(d->w, "state", doctor_words[state]);
  jsonw_kv_str(d->w, "text", text);
  jsonw_obj_end(d->w);
}

/* The folder of the database. */
static void doctor_folder(const struct cmd *c, char out[4096]) {
  const char *slash = strrchr(c->db_path, '/');
  snprintf(out, 4096, "%.*s", slash ? (int)(slash - c->db_path) : 1,
           slash ? c->db_path : ".");
  if (!out[0]) memcpy(out, "/", 2);
}

/*------------------------------------------------------------ file systems */

static const struct {
  u32 magic;
  const char *name;
  bool network;
} doctor_systems[] = {
  {0x6969, "NFS", true},        {0x517b, "SMB", true},
  {0xff534d42, "CIFS", true},   {0xfe534d42, "SMB2", true},
  {0x01021997, "9p", true},     {0x5346414f, "AFS", true},
  {0x73757245, "Coda", true},   {0x00c36400, "Ceph", true},
  {0x564c, "NCP", true},        {0x47504653, "GPFS", true},
  {0x0bd00bd0, "Lustre", true}, {0x65735546, "FUSE", false},
  {0x01021994, "tmpfs", false}, {0xef53, "ext4", false},
  {0x58465342, "XFS", false},   {0x9123683e, "btrfs", false},
  {0x2fc12fc1, "ZFS", false},   {0xf2f52010, "F2FS", false},
  {0x794c7630, "overlay", false},
};

static const char *doctor_system(const char *folder, bool *network) {
  static char other[32];
  struct statfs fs;
  *network = false;
  if (statfs(folder, &fs) != 0) return NULL;
  for (size_t i = 0; i < ARRAY_LEN(doctor_systems); i++) {
    if (doctor_systems[i].magic != (u32)fs.f_type) continue;
    *network = doctor_systems[i].network;
    return doctor_systems[i].name;
  }
  snprintf(other, sizeof other, "type %#x", (u32)fs.f_type);
  return other;
}

err cmd_check_place(const struct cmd *c, struct errmsg *msg) {
  char folder[4096];
  bool network;
  doctor_folder(c, folder);
  const char *name = doctor_system(folder, &network);
  if (!name || !network) return ERR_OK;
  return err_say(msg, ERR_REFUSED, "%.300s is on a network file system (%s), "
                 "whose locks do not protect a database: use a disk of this "
                 "machine", folder, name);
}

static void doctor_file_system(struct doctor *d, const char *folder) {
  bool network;
  const char *name = doctor_system(folder, &network);
  if (!name) {
    doctor_say(d, "filesystem", DOCTOR_FAIL, "%.200s: %s", folder,
               strerror(errno));
  } else if (network) {
    doctor_say(d, "filesystem", DOCTOR_FAIL,
               "%s is a network file system: databases are ruined there", name);
  } else if (strcmp(name, "tmpfs") == 0) {
    doctor_say(d, "filesystem", DOCTOR_WARN,
               "tmpfs is in memory: a restart of the machine empties it");
  } else if (strcmp(name, "FUSE") == 0) {
    doctor_say(d, "filesystem", DOCTOR_WARN,
               "FUSE: make sure that it is no network file system");
  } else {
    doctor_say(d, "filesystem", DOCTOR_OK, "%s", name);
  }
}

static void doctor_space(struct doctor *d, const char *folder) {
  struct statvfs fs;
  struct stat st;
  if (statvfs(folder, &fs) != 0) return;
  u64 left = (u64)fs.f_bavail * fs.f_frsize, floor = d->c->cfg.disk_floor << 20;
  u64 file = stat(d->c->db_path, &st) == 0 ? (u64)st.st_size : 0;
  enum doctor_state s = left < floor         ? DOCTOR_FAIL
                        : left < (1ull << 30) || left < file ? DOCTOR_WARN
                                                             : DOCTOR_OK;
  doctor_say(d, "space", s, "%llu MB free%s", (unsigned long long)left >> 20,
             s == DOCTOR_FAIL   ? ", below --disk.floor: no blocks are made"
             : s == DOCTOR_WARN ? ": little; a backup here needs as much as the "
                                  "database"
                                : "");
}

static u64 doctor_us(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (u64)ts.tv_sec * 1000000 + (u64)ts.tv_nsec / 1000;
}

static int doctor_u64_cmp(const void *a, const void *b) {
  u64 x = *(const u64 *)a, y = *(const u64 *)b;
  return (x > y) - (x < y);
}

/* What a commit waits for: a small write and its sync. */
static void doctor_disk(struct doctor *d, const char *folder) {
  char path[4200];
  u8 page[4096] = {1};
  u64 us[DOCTOR_SYNCS];
  snprintf(path, sizeof path, "%s/.cybermiles-doctor-XXXXXX", folder);
  int fd = mkstemp(path);
  if (fd < 0) {
    doctor_say(d, "disk", DOCTOR_FAIL, "cannot write in %.200s: %s", folder,
               strerror(errno));
    return;
  }
  unlink(path);
  bool ok = true;
  for (u32 i = 0; ok && i < DOCTOR_SYNCS; i++) {
    u64 start = doctor_us();
    ok = write(fd, page, sizeof page) == (ssize_t)sizeof page &&
         fdatasync(fd) == 0;
    us[i] = doctor_us() - start;
  }
  int why = errno;
  close(fd);
  if (!ok) {
    doctor_say(d, "disk", DOCTOR_FAIL, "writing in %.200s: %s", folder,
               strerror(why));
    return;
  }
  qsort(us, DOCTOR_SYNCS, sizeof us[0], doctor_u64_cmp);
  u64 mid = us[DOCTOR_SYNCS / 2], worst = us[DOCTOR_SYNCS - 1];
  doctor_say(d, "disk", mid > DOCTOR_SYNC_FAIL_US   ? DOCTOR_FAIL
                        : mid > DOCTOR_SYNC_WARN_US ? DOCTOR_WARN
                                                    : DOCTOR_OK,
             "a write and its sync take %.2f ms, at most %.2f ms",
             (double)mid * 1e-3, (double)worst * 1e-3);
}

/*------------------------------------------------------------ clock, port */

static void doctor_clock(struct doctor *d) {
  struct timex t = {.modes = 0};
  int state = adjtimex(&t);
  u64 now = node_clock_ms();
  u64 head = (u64)json_integer_value(json_object_get(d->status, "headTimeMs"));
  if (now < 1767225600000ull) {
    doctor_say(d, "clock", DOCTOR_FAIL, "it stands before the year 2026");
  } else if (head > now + 2000 &&
             !json_is_true(json_object_get(d->status, "dev"))) {
    doctor_say(d, "clock", DOCTOR_FAIL,
               "it is %llu ms behind the newest block",
               (unsigned long long)(head - now));
  } else if (state < 0) {
    doctor_say(d, "clock", DOCTOR_WARN, "whether it is kept right is not known");
  } else if (state == TIME_ERROR || (t.status & STA_UNSYNC)) {
    doctor_say(d, "clock", DOCTOR_WARN,
               "nothing keeps it right: start chrony, or systemd-timesyncd");
  } else {
    doctor_say(d, "clock", DOCTOR_OK, "kept right, within %ld ms",
               t.maxerror / 1000);
  }
}

static void doctor_port_running(struct doctor *d, const char *url) {
  struct rpc_client_url u;
  struct errmsg msg = {""};
  int fd;
  if (!url || !url[0]) {
    doctor_say(d, "port", DOCTOR_OK, "the node's HTTP port is closed");
    return;
  }
  char plain[160];
  snprintf(plain, sizeof plain, "http%s", strstr(url, "://") ? strstr(url, "://")
                                                            : "://");
  if (rpc_client_parse(&u, plain, &msg) < 0 ||
      rpc_client_connect(&fd, &u, 3000, &msg) < 0) {
    doctor_say(d, "port", DOCTOR_FAIL, "%s", msg.text);
    return;
  }
  close(fd);
  doctor_say(d, "port", DOCTOR_OK, "the node takes connections at %s", url);
}

static void doctor_port(struct doctor *d) {
  const struct cmd_config *cfg = &d->c->cfg;
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons((u16)cfg->http_port)};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_port = htons((u16)cfg->http_port)};
  struct sockaddr *sa = (struct sockaddr *)&in;
  socklen_t len = sizeof in;
  const char *addr = cfg->http_addr ? cfg->http_addr : "127.0.0.1";
  if (d->status) {
    doctor_port_running(
        d, json_string_value(json_object_get(d->status, "http")));
    return;
  }
  if (strcmp(addr, "localhost") == 0) addr = "127.0.0.1";
  if (inet_pton(AF_INET, addr, &in.sin_addr) != 1) {
    if (inet_pton(AF_INET6, addr, &in6.sin6_addr) != 1) {
      doctor_say(d, "port", DOCTOR_FAIL, "--http.addr %.100s is no IP address",
                 addr);
      return;
    }
    sa = (struct sockaddr *)&in6, len = sizeof in6;
  }
  int one = 1, fd = socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bool ok = fd >= 0 && bind(fd, sa, len) == 0;
  int why = errno;
  if (fd >= 0) close(fd);
  doctor_say(d, "port", ok ? DOCTOR_OK : DOCTOR_FAIL, "%.100s port %llu: %s",
             addr, (unsigned long long)cfg->http_port,
             ok ? "free" : strerror(why));
}

/*---------------------------------------------------------------- the file */

static void doctor_modes(struct doctor *d, const char *folder) {
  struct stat st;
  if (stat(d->c->db_path, &st) == 0 && (st.st_mode & 077)) {
    doctor_say(d, "keys", DOCTOR_FAIL, "others may read %.200s, which holds keys "
               "(mode %03o): chmod 600", d->c->db_path,
               (unsigned)st.st_mode & 0777);
  } else if (stat(folder, &st) == 0 && (st.st_mode & 022) &&
             !(st.st_mode & S_ISVTX)) {
    doctor_say(d, "keys", DOCTOR_FAIL, "others may put files into %.200s (mode "
               "%03o): chmod go-w", folder, (unsigned)st.st_mode & 0777);
  } else {
    doctor_say(d, "keys", DOCTOR_OK, "only their owner may read them");
  }
}

static void doctor_database(struct doctor *d) {
  struct store *s;
  struct store_reader *r;
  struct errmsg msg = {""}, closing;
  struct store_standing st;
  err e = store_open(&s, d->c->db_path, STORE_READ_ONLY, &msg);
  if (e == ERR_NOT_FOUND) {
    doctor_say(d, "database", DOCTOR_WARN, "%.200s is not made yet",
               d->c->db_path);
    return;
  }
  if (e < 0) {
    doctor_say(d, "database", DOCTOR_FAIL, "%s", msg.text);
    return;
  }
  e = store_reader_open(&r, s, 0, &msg);
  if (e == ERR_OK) {
    e = store_reader_begin(r, &st);
    if (e == ERR_OK) e = store_integrity(r, &msg);
    store_reader_end(r);
    store_reader_close(r);
  }
  if (e < 0) {
    doctor_say(d, "database", DOCTOR_FAIL, "%s",
               msg.text[0] ? msg.text : err_text(e));
  } else {
    doctor_say(d, "database", DOCTOR_OK, "its structure is whole, height %lld",
               (long long)st.head);
  }
  if (store_close(s, &closing) < 0) {
    doctor_say(d, "database", DOCTOR_WARN, "%s", closing.text);
  }
}

static void doctor_node(struct doctor *d) {
  const char *failure =
      json_string_value(json_object_get(d->status, "failure"));
  struct rlimit files;
  if (failure) {
    doctor_say(d, "node", DOCTOR_FAIL, "%s", failure);
  } else {
    doctor_say(d, "node", DOCTOR_OK, d->status ? "running, height %lld"
                                               : "not running",
               (long long)json_integer_value(
                   json_object_get(d->status, "height")));
  }
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_max < 8192) {
    doctor_say(d, "files", DOCTOR_WARN, "only %llu files may be open: "
               "LimitNOFILE=65536, or ulimit -n",
               (unsigned long long)files.rlim_max);
  }
}

int cmd_doctor(struct cmd *c) {
  struct doctor d = {.c = c};
  struct buf out;
  struct jsonw w;
  struct errmsg msg;
  json_t *reply = NULL;
  char folder[4096];
  buf_init(&out, 0);
  jsonw_init(&w, &out);
  if (c->cfg.json) {
    d.w = &w;
    jsonw_obj(&w);
    jsonw_key(&w, "checks");
    jsonw_arr(&w);
  }
  doctor_folder(c, folder);
  if (cmd_ask_node(&reply, c, "node_status", "[]", &msg) == ERR_OK) {
    d.status = json_object_get(reply, "result");
  }
  doctor_node(&d);
  doctor_clock(&d);
  doctor_port(&d);
  doctor_file_system(&d, folder);
  doctor_space(&d, folder);
  doctor_disk(&d, folder);
  doctor_modes(&d, folder);
  doctor_database(&d);
  if (reply) json_decref(reply);
  if (d.w) {
    jsonw_arr_end(&w);
    jsonw_kv_bool(&w, "ok", d.cnt[DOCTOR_FAIL] == 0);
    jsonw_obj_end(&w);
    printf("%s\n", buf_cstr(&out));
  } else if (d.cnt[DOCTOR_FAIL]) {
    printf("%u of %u checks failed\n", d.cnt[DOCTOR_FAIL],
           d.cnt[0] + d.cnt[1] + d.cnt[2]);
  }
  buf_fini(&out);
  return d.cnt[DOCTOR_FAIL] ? EXIT_FAILED : EXIT_DONE;
}

#undef DOCTOR_SYNCS
#undef DOCTOR_SYNC_WARN_US
#undef DOCTOR_SYNC_FAIL_US
