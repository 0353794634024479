/* test_cmd_notify.c - what a service manager hears: datagrams to sockets of
** both kinds; and of a whole node from its start to its stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "cmd/cmd.h"

static int tn_listen(const char *name) {
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  size_t n = strlen(name);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  memcpy(sa.sun_path, name, n);
  if (name[0] == '@') sa.sun_path[0] = 0; else unlink(name);
  assert_int_equal(
      bind(fd, (struct sockaddr *)&sa,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)), 0);
  setenv("NOTIFY_SOCKET", name, 1);
  return fd;
}

/* The next datagram; NULL after a while without one. */
static const char *tn_next(int fd) {
  static char text[2048];
  struct pollfd p = {fd, POLLIN, 0};
  if (poll(&p, 1, 60000) <= 0) return NULL;
  ssize_t n = recv(fd, text, sizeof text - 1, 0);
  text[n > 0 ? n : 0] = 0;
  return text;
}

static void notify_when_socket_is_abstract_then_heard(void **state) {
  (void)state;
  char name[64];
  snprintf(name, sizeof name, "@cybermiles-test-%d", (int)getpid());
  int fd = tn_listen(name);
  cmd_notify("READY=1\nSTATUS=%s", "all well");
  assert_string_equal(tn_next(fd), "READY=1\nSTATUS=all well");
  close(fd);
}

static void notify_when_socket_is_a_path_then_heard(void **state) {
  (void)state;
  int fd = tn_listen("/tmp/cybermiles-test-notify");
  cmd_notify("STOPPING=1");
  assert_string_equal(tn_next(fd), "STOPPING=1");
  close(fd);
  unlink("/tmp/cybermiles-test-notify");
  cmd_notify("nobody hears");
  unsetenv("NOTIFY_SOCKET");
  cmd_notify("nobody asked");
}

static void watchdog_when_it_is_for_another_process_then_off(void **state) {
  (void)state;
  char pid[24];
  unsetenv("NOTIFY_SOCKET");
  setenv("WATCHDOG_USEC", "5000000", 1);
  assert_int_equal(cmd_notify_watchdog_us(), 0);
  setenv("NOTIFY_SOCKET", "@x", 1);
  assert_int_equal(cmd_notify_watchdog_us(), 5000000);
  setenv("WATCHDOG_PID", "1", 1);
  assert_int_equal(cmd_notify_watchdog_us(), 0);
  snprintf(pid, sizeof pid, "%d", (int)getpid());
  setenv("WATCHDOG_PID", pid, 1);
  assert_int_equal(cmd_notify_watchdog_us(), 5000000);
  unsetenv("WATCHDOG_PID");
  unsetenv("WATCHDOG_USEC");
}

/* Reads until one has the word; others may come between. */
static void tn_until(int fd, const char *word) {
  const char *text;
  while ((text = tn_next(fd))) {
    if (strstr(text, word)) return;
  }
  fail_msg("never heard %s", word);
}

static void node_when_it_runs_then_tells_each_step(void **state) {
  (void)state;
  char name[64];
  int status = 0;
  const char *binary = getenv("CYBERMILES");
  if (!binary || access(binary, X_OK) != 0) {
    printf("SKIP: the program was not built\n");
    skip();
  }
  snprintf(name, sizeof name, "@cybermiles-node-%d", (int)getpid());
  int fd = tn_listen(name);
  setenv("WATCHDOG_USEC", "600000", 1);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    int quiet = freopen("/dev/null", "w", stdout) != NULL &&
                freopen("/dev/null", "w", stderr) != NULL;
    if (quiet) {
      execl(binary, binary, "dev", "--http.port", "0", "--ipcdisable", NULL);
    }
    _exit(99);
  }
  tn_until(fd, "READY=1");
  tn_until(fd, "WATCHDOG=1");
  tn_until(fd, "WATCHDOG=1");
  kill(pid, SIGHUP);
  tn_until(fd, "RELOADING=1");
  tn_until(fd, "READY=1");
  kill(pid, SIGTERM);
  tn_until(fd, "STOPPING=1");
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  close(fd);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(notify_when_socket_is_abstract_then_heard),
      cmocka_unit_test(notify_when_socket_is_a_path_then_heard),
      cmocka_unit_test(watchdog_when_it_is_for_another_process_then_off),
      cmocka_unit_test(node_when_it_runs_then_tells_each_step),
  };
  return cmocka_run_group_tests_name("cmd_notify", tests, NULL, NULL);
}
