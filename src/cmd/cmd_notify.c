/* cmd_notify.c - tells a service manager how the node is, as systemd's
** sd_notify does: one datagram of NAME=VALUE lines to the Unix socket that
** $NOTIFY_SOCKET names; a name that begins with '@' is in the abstract space.
** Nothing is told where the variable is not set. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cmd/cmd.h"

void cmd_notify(const char *fmt, ...) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  const char *name = getenv("NOTIFY_SOCKET");
  char text[1024];
  va_list ap;
  if (!name || (name[0] != '/' && name[0] != '@') ||
      strlen(name) >= sizeof sa.sun_path) {
    return;
  }
  va_start(ap, fmt);
  int len = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  if (len < 0 || len >= (int)sizeof text) return;
  size_t n = strlen(name);
  memcpy(sa.sun_path, name, n);
  if (name[0] == '@') sa.sun_path[0] = 0;
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  ssize_t sent = sendto(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT,
                        (struct sockaddr *)&sa,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
  (void)sent; /* nobody hears: the manager is gone */
  close(fd);
}

u64 cmd_notify_watchdog_us(void) {
  const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
  if (!text || !getenv("NOTIFY_SOCKET")) return 0;
  if (pid && strtoull(pid, NULL, 10) != (unsigned long long)getpid()) return 0;
  return strtoull(text, NULL, 10);
}
