/* test_base_log.c - the lines of the log, read back from stderr. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "base/limits.h"
#include "base/log.h"

static char tl_text[3 * LIMIT_LOG_LINE];
static int tl_pipe[2], tl_stderr;

static void tl_start(void) {
  fflush(stderr);
  tl_stderr = dup(2);
  assert_int_equal(pipe(tl_pipe), 0);
  dup2(tl_pipe[1], 2);
}

static const char *tl_end(void) {
  dup2(tl_stderr, 2);
  close(tl_stderr);
  close(tl_pipe[1]);
  ssize_t n = read(tl_pipe[0], tl_text, sizeof(tl_text) - 1);
  close(tl_pipe[0]);
  tl_text[n > 0 ? n : 0] = 0;
  return tl_text;
}

static void log_event_when_text_then_columns(void **state) {
  (void)state;
  int y, mo, d, h, mi, s, ms;
  log_setup(3, LOG_TEXT);
  tl_start();
  log_event(LOG_INFO, "node", "block.committed", "height=%d txs=%d", 7, 3);
  log_event(LOG_DEBUG, "node", "not.shown", "x=1");
  const char *line = tl_end();
  assert_int_equal(sscanf(line, "%d-%d-%dT%d:%d:%d.%dZ", &y, &mo, &d, &h, &mi,
                          &s, &ms), 7);
  assert_true(y >= 2024 && mo <= 12 && d <= 31 && h < 24 && mi < 60 && s <= 60);
  assert_string_equal(line + 24,
                      " INFO  node   block.committed height=7 txs=3\n");
}

static void log_event_when_control_bytes_then_one_line(void **state) {
  (void)state;
  log_setup(3, LOG_TEXT);
  tl_start();
  log_event(LOG_WARN, "p2p", "peer.named", "name=\"%s\"", "a\nFATAL b\x1b[2J");
  assert_string_equal(tl_end() + 24,
                      " WARN  p2p    peer.named name=\"a?FATAL b?[2J\"\n");
}

static void log_on_when_verbosity_set_then_levels(void **state) {
  (void)state;
  for (int v = 0; v <= 5; v++) {
    log_setup(v, LOG_TEXT);
    for (int l = LOG_ERROR; l <= LOG_TRACE; l++)
      assert_int_equal(log_on((enum log_level)l), l <= v);
  }
}

static json_t *tl_json(const char *pairs) {
  log_setup(3, LOG_JSON);
  tl_start();
  log_event(LOG_ERROR, "store", "disk.full", "%s", pairs);
  const char *line = tl_end();
  json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
  if (!j) fail_msg("not JSON: %s", line);
  assert_int_equal(line[strlen(line) - 1], '\n');
  return j;
}

static void log_event_when_json_then_pairs_are_members(void **state) {
  (void)state;
  json_t *j = tl_json("n=12 neg=-5 ok=true hash=0x12 zip=007 "
                      "say=\"two words\" raw=\xc3\xa9\x01 alone");
  assert_string_equal(json_string_value(json_object_get(j, "level")), "ERROR");
  assert_string_equal(json_string_value(json_object_get(j, "module")), "store");
  assert_string_equal(json_string_value(json_object_get(j, "event")),
                      "disk.full");
  assert_int_equal(json_integer_value(json_object_get(j, "n")), 12);
  assert_int_equal(json_integer_value(json_object_get(j, "neg")), -5);
  assert_true(json_is_true(json_object_get(j, "ok")));
  assert_string_equal(json_string_value(json_object_get(j, "hash")), "0x12");
  assert_string_equal(json_string_value(json_object_get(j, "zip")), "007");
  assert_string_equal(json_string_value(json_object_get(j, "say")),
                      "two words");
  assert_int_equal(json_string_length(json_object_get(j, "raw")), 5);
  assert_string_equal(json_string_value(json_object_get(j, "text")), "alone");
  json_decref(j);
}

static void log_event_when_too_long_then_cut_and_whole(void **state) {
  (void)state;
  static char pairs[2 * LIMIT_LOG_LINE];
  memcpy(pairs, "a=1 b=", 6);
  memset(pairs + 6, 'x', LIMIT_LOG_LINE);
  json_t *j = tl_json(pairs);
  assert_int_equal(json_integer_value(json_object_get(j, "a")), 1);
  assert_null(json_object_get(j, "b"));
  json_decref(j);
  log_setup(3, LOG_TEXT);
  tl_start();
  log_event(LOG_INFO, "node", "long", "%s", pairs);
  const char *line = tl_end();
  assert_true(strlen(line) <= LIMIT_LOG_LINE);
  assert_int_equal(line[strlen(line) - 1], '\n');
}

static void vmodule_when_set_then_only_its_module_tells_more(void **state) {
  (void)state;
  struct errmsg msg;
  char text[64];
  log_setup(3, LOG_TEXT);
  assert_int_equal(log_vmodule("rpc=5,node=1", &msg), ERR_OK);
  assert_true(log_on(LOG_TRACE));
  tl_start();
  log_event(LOG_TRACE, "rpc", "shown", "x=1");
  log_event(LOG_INFO, "node", "not.shown", "x=1");
  log_event(LOG_DEBUG, "http", "not.shown", "x=1");
  assert_string_equal(tl_end() + 24, " TRACE rpc    shown x=1\n");
  static const char *const bad[] = {"rpc", "rpc=6", "=3", "rpc=55",
                                    "averyveryverylongname=1"};
  for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
    assert_int_equal(log_vmodule(bad[i], &msg), ERR_USAGE);
  }
  log_vmodule_now(text, sizeof text);
  assert_string_equal(text, "rpc=5,node=1");
  assert_int_equal(log_vmodule("", &msg), ERR_OK);
  assert_false(log_on(LOG_DEBUG));
}

static void event_when_it_has_secrets_then_stars(void **state) {
  (void)state;
  log_setup(3, LOG_TEXT);
  tl_start();
  log_event(LOG_WARN, "node", "a", "user=7 password=hunter2 b=1");
  log_event(LOG_WARN, "node", "b", "Token=\"a b c\" n=2 seed=x");
  const char *text = tl_end();
  assert_non_null(strstr(text, "a user=7 password=*** b=1\n"));
  assert_non_null(strstr(text, "b Token=*** n=2 seed=*\n"));
}

static void event_when_repeated_then_only_so_many(void **state) {
  (void)state;
  u32 lines = 0;
  log_setup(3, LOG_TEXT);
  fflush(stderr);
  FILE *f = tmpfile();
  int old = dup(2);
  dup2(fileno(f), 2);
  for (int i = 0; i < 1000; i++) log_event(LOG_WARN, "p2p", "again", "i=%d", i);
  log_event(LOG_WARN, "p2p", "other", "i=1");
  dup2(old, 2);
  close(old);
  rewind(f);
  while (fgets(tl_text, sizeof tl_text, f)) lines++;
  fclose(f);
  assert_int_equal(lines, LOG_RATE + 1);
}

static void event_when_journal_then_priority_for_time(void **state) {
  (void)state;
  log_setup(3, LOG_JOURNAL);
  tl_start();
  log_event(LOG_WARN, "p2p", "x", "i=1");
  assert_string_equal(tl_end(), "<4>p2p    x i=1\n");
  log_setup(3, LOG_TEXT);
}

static size_t tl_sunk;
static void tl_sink(const char *line, size_t len) {
  (void)line;
  tl_sunk += len;
}
static void event_when_sink_set_then_not_to_stderr(void **state) {
  (void)state;
  log_sink(tl_sink);
  tl_start();
  log_event(LOG_WARN, "p2p", "sunk", "i=1");
  log_sink(NULL);
  assert_string_equal(tl_end(), "");
  assert_true(tl_sunk > 24);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(log_event_when_text_then_columns),
      cmocka_unit_test(log_event_when_control_bytes_then_one_line),
      cmocka_unit_test(log_on_when_verbosity_set_then_levels),
      cmocka_unit_test(log_event_when_json_then_pairs_are_members),
      cmocka_unit_test(log_event_when_too_long_then_cut_and_whole),
      cmocka_unit_test(vmodule_when_set_then_only_its_module_tells_more),
      cmocka_unit_test(event_when_it_has_secrets_then_stars),
      cmocka_unit_test(event_when_repeated_then_only_so_many),
      cmocka_unit_test(event_when_journal_then_priority_for_time),
      cmocka_unit_test(event_when_sink_set_then_not_to_stderr),
  };
  return cmocka_run_group_tests_name("base_log", tests, NULL, NULL);
}
