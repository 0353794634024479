/* test_store_open.c - opening, refusing, closing to one file. */
#include "store_util.h"

#include <sys/wait.h>

#include "gen/gen_sql.h"

static void file_when_closed_then_stands_alone(void **state) {
  (void)state;
  struct store *s = util_open();
  struct store_standing st;
  store_standing(s, &st);
  assert_int_equal(st.head, -1);
  assert_int_equal(st.flushed, -1);
  assert_int_equal(util_append(s, 0, 5), ERR_OK);
  assert_true(util_exists("-wal"));
  assert_int_equal(store_close(s, NULL), ERR_OK);
  assert_true(util_exists(""));
  assert_false(util_exists("-wal"));
  assert_false(util_exists("-shm"));
  assert_false(util_exists("-journal"));
  s = util_open();
  store_standing(s, &st);
  assert_int_equal(st.head, 5);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

static void file_when_missing_then_not_found(void **state) {
  (void)state;
  struct store *s;
  struct errmsg msg;
  assert_int_equal(store_open(&s, util_path, 0, &msg), ERR_NOT_FOUND);
  assert_false(util_exists(""));
  assert_int_equal(store_open(&s, "/nonexistent/folder/x.db", STORE_CREATE,
                              &msg), ERR_NOT_FOUND);
}

static void file_when_foreign_then_refused_and_untouched(void **state) {
  (void)state;
  struct store *s;
  struct errmsg msg;
  FILE *f = fopen(util_path, "wb");
  assert_non_null(f);
  for (int i = 0; i < 300; i++) fputs("not a database\n", f);
  fclose(f);
  assert_int_equal(store_open(&s, util_path, STORE_CREATE, &msg),
                   ERR_NOT_OURS);
  unlink(util_path);
  sqlite3 *db;
  assert_int_equal(sqlite3_open(util_path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "CREATE TABLE t(x)", NULL, NULL, NULL),
                   SQLITE_OK);
  sqlite3_close(db);
  struct stat a, b;
  assert_int_equal(stat(util_path, &a), 0);
  assert_int_equal(store_open(&s, util_path, STORE_CREATE, &msg),
                   ERR_NOT_OURS);
  assert_int_equal(stat(util_path, &b), 0);
  assert_int_equal(a.st_size, b.st_size);
  assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
  assert_int_equal(store_open(&s, util_dir, STORE_CREATE, &msg),
                   ERR_NOT_OURS);
}

static void schema_when_newer_then_refused(void **state) {
  (void)state;
  struct store *s = util_open();
  struct errmsg msg;
  assert_int_equal(store_close(s, NULL), ERR_OK);
  sqlite3 *db;
  assert_int_equal(sqlite3_open(util_path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL,
                                NULL), SQLITE_OK);
  sqlite3_close(db);
  assert_int_equal(store_open(&s, util_path, STORE_CREATE, &msg), ERR_NEWER);
  assert_non_null(strstr(msg.text, "99"));
}

static void file_when_open_elsewhere_then_locked(void **state) {
  (void)state;
  struct store *s = util_open(), *t;
  struct errmsg msg;
  assert_int_equal(store_open(&t, util_path, STORE_CREATE, &msg), ERR_LOCKED);
  /* Reading beside a running node is allowed. */
  assert_int_equal(util_append(s, 0, 3), ERR_OK);
  assert_int_equal(store_open(&t, util_path, STORE_READ_ONLY, &msg), ERR_OK);
  struct store_standing st;
  store_standing(t, &st);
  assert_int_equal(st.head, 3);
  assert_int_equal(store_close(t, NULL), ERR_OK);
  assert_int_equal(util_append(s, 4, 4), ERR_OK);
  assert_int_equal(store_close(s, NULL), ERR_OK);
  assert_false(util_exists("-wal"));
}

/* Without root's rights, in a folder and with a file of others. */
static void place_when_not_writable_then_read_only(void **state) {
  (void)state;
  struct store *s = util_open();
  assert_int_equal(store_close(s, NULL), ERR_OK);
  chmod(util_path, 0444);
  chmod(util_dir, 0555);
  pid_t pid = fork();
  if (pid == 0) {
    char other[128];
    if (getuid() == 0 && setuid(65534) != 0) _exit(9);
    err a = store_open(&s, util_path, STORE_CREATE, NULL);
    snprintf(other, sizeof other, "%s/new.db", util_dir);
    err b = store_open(&s, other, STORE_CREATE, NULL);
    chmod(util_dir, 0755);
    _exit(a != ERR_READ_ONLY ? 1 : b != ERR_READ_ONLY ? 2 : 0);
  }
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  chmod(util_dir, 0755);
  assert_int_equal(status, 0);
}

static void settings_when_written_then_read_back(void **state) {
  (void)state;
  struct store *s = util_open();
  struct buf b;
  buf_init(&b, 0);
  assert_int_equal(store_meta_get(s, &b, "genesis"), ERR_NOT_FOUND);
  assert_int_equal(store_meta_put(s, "genesis", slice_str("one")), ERR_OK);
  assert_int_equal(store_meta_put(s, "genesis", slice_str("two")), ERR_OK);
  assert_int_equal(store_meta_put(s, "empty", slice_of(NULL, 0)), ERR_OK);
  addr20 a1 = {{1}}, a2 = {{2}}, got[4];
  u32 cnt;
  assert_int_equal(store_key_put(s, &a2, slice_str("{2}")), ERR_OK);
  assert_int_equal(store_key_put(s, &a1, slice_str("{1}")), ERR_OK);
  assert_int_equal(store_key_put(s, &a2, slice_str("{2b}")), ERR_OK);
  store_abandon(s);
  s = util_open();
  assert_int_equal(store_meta_get(s, &b, "genesis"), ERR_OK);
  assert_true(slice_eq(buf_slice(&b), slice_str("two")));
  buf_clear(&b);
  assert_int_equal(store_meta_get(s, &b, "empty"), ERR_OK);
  assert_int_equal(b.len, 0);
  assert_int_equal(store_key_list(s, got, 4, &cnt), ERR_OK);
  assert_int_equal(cnt, 2);
  assert_true(addr20_eq(&got[0], &a2));
  assert_int_equal(store_key_get(s, &b, &a2), ERR_OK);
  assert_true(slice_eq(buf_slice(&b), slice_str("{2b}")));
  assert_int_equal(store_key_del(s, &a2), ERR_OK);
  assert_int_equal(store_key_get(s, &b, &a2), ERR_NOT_FOUND);
  assert_int_equal(store_meta_del(s, "empty"), ERR_OK);
  assert_int_equal(store_meta_get(s, &b, "empty"), ERR_NOT_FOUND);
  buf_fini(&b);
  assert_int_equal(store_close(s, NULL), ERR_OK);
}

/* Both ways: a statement without a row would never be prepared, a row without
** a statement stops the opening. */
static void statements_when_in_files_then_in_table(void **state) {
  (void)state;
  static const char *const names[] = {
#define STMT(name, who) #name,
#include "store/store_stmt.def"
#undef STMT
  };
  u32 marks = 0;
  for (u32 i = 0; i < gen_sql_cnt; i++) {
    if (strncmp(gen_sql[i].name, "query_", 6) != 0) continue;
    if (strcmp(gen_sql[i].name, "query_proj") == 0) continue; /* by src/proj */
    for (const char *p = gen_sql[i].text; (p = strstr(p, "\n-- ")); p++) {
      size_t n = strspn(p + 4, "abcdefghijklmnopqrstuvwxyz0123456789_");
      if (p[4 + n] != '\n') continue;
      bool found = false;
      for (u32 k = 0; k < ARRAY_LEN(names); k++)
        found |= strlen(names[k]) == n && memcmp(names[k], p + 4, n) == 0;
      if (!found) print_message("%.*s\n", (int)n, p + 4);
      assert_true(found);
      marks++;
    }
  }
  assert_int_equal(marks, ARRAY_LEN(names));
}

int main(void) {
#define CASE(name) \
  cmocka_unit_test_setup_teardown(name, util_setup, util_teardown)
  const struct CMUnitTest tests[] = {
      CASE(file_when_closed_then_stands_alone),
      CASE(file_when_missing_then_not_found),
      CASE(file_when_foreign_then_refused_and_untouched),
      CASE(schema_when_newer_then_refused),
      CASE(file_when_open_elsewhere_then_locked),
      CASE(place_when_not_writable_then_read_only),
      CASE(settings_when_written_then_read_back),
      CASE(statements_when_in_files_then_in_table),
  };
  return cmocka_run_group_tests_name("store_open", tests, NULL, NULL);
}
