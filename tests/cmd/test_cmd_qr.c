/* test_cmd_qr.c - the QR codes of the banner beside those of another encoder
** (uqr, level L, mask 0), one of version 1 and one with an alignment pattern.
*/
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "cmd/cmd_qr.h"

static const char *const LETTER[] = {
    "#######..#.##.#######",
    "#.....#..###..#.....#",
    "#.###.#.##.##.#.###.#",
    "#.###.#..#.#..#.###.#",
    "#.###.#...#.#.#.###.#",
    "#.....#.....#.#.....#",
    "#######.#.#.#.#######",
    "........##.##........",
    "###.########.##...#..",
    "###.##.#.#....#...##.",
    ".###.####...#...#...#",
    "....##.##.....#...##.",
    "#######.##..#.#.#.#..",
    "........##.#.#.#.#..#",
    "#######.##.#.###.####",
    "#.....#.#..###.###...",
    "#.###.#.##.#.###.##.#",
    "#.###.#.......#...##.",
    "#.###.#.#.#.#...#...#",
    "#.....#.#.....#...##.",
    "#######.#.#.#.#.#.###"};

static const char *const LINK[] = {
    "#######...#....##.#######",
    "#.....#..#...###..#.....#",
    "#.###.#.#..#....#.#.###.#",
    "#.###.#..#......#.#.###.#",
    "#.###.#..#..#..##.#.###.#",
    "#.....#...##.###..#.....#",
    "#######.#.#.#.#.#.#######",
    "........#..#.#...........",
    "###.#####..#.###.##...#..",
    ".#..##.###.####..###....#",
    "#.....#...#.....##..#.###",
    ".........##..##..###...#.",
    "##....#...#.###...##.#.##",
    ".###....#.#.......##.#..#",
    "#.###.#..#..##..#.###.###",
    ".#.###..#.##.##.##.#.#.#.",
    "#.##..##.##..#.#######...",
    "........##..#####...#####",
    "#######.###..####.#.#..##",
    "#.....#.#.#######...##.#.",
    "#.###.#.#....#..#####..#.",
    "#.###.#..#..##.#.#..#.#..",
    "#.###.#.#...#...#...##..#",
    "#.....#.#######.#.#.##.#.",
    "#######.#....#..#..#...##"};

static void qr_is(const char *text, const char *const *rows, u32 side) {
  struct cmd_qr q;
  assert_true(cmd_qr_make(&q, text));
  assert_int_equal(q.side, side);
  for (u32 y = 0; y < side; y++) {
    for (u32 x = 0; x < side; x++) {
      assert_int_equal(q.dark[y][x], rows[y][x] == '#');
    }
  }
}

static void code_when_made_then_as_another_encoder_does(void **state) {
  (void)state;
  qr_is("x", LETTER, 21);
  qr_is("http://10.0.0.2:8545/setup#X", LINK, 25);
}

static void text_when_too_long_then_refused(void **state) {
  (void)state;
  char text[CMD_QR_TEXT + 2] = "";
  struct cmd_qr q;
  memset(text, 'a', CMD_QR_TEXT);
  assert_true(cmd_qr_make(&q, text));
  assert_int_equal(q.side, CMD_QR_SIDE);
  text[CMD_QR_TEXT] = 'a';
  assert_false(cmd_qr_make(&q, text));
}

static void code_when_printed_then_lines_of_half_blocks(void **state) {
  (void)state;
  struct cmd_qr q;
  char *text = NULL;
  size_t len = 0;
  u32 lines = 0;
  FILE *f = open_memstream(&text, &len);
  assert_true(cmd_qr_make(&q, "x"));
  cmd_qr_print(f, &q);
  fclose(f);
  for (size_t i = 0; i < len; i++) lines += text[i] == '\n';
  assert_int_equal(lines, (21 + 4 + 1) / 2);
  assert_non_null(strstr(text, "\u2580"));
  free(text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(code_when_made_then_as_another_encoder_does),
    cmocka_unit_test(text_when_too_long_then_refused),
    cmocka_unit_test(code_when_printed_then_lines_of_half_blocks),
  };
  return cmocka_run_group_tests_name("cmd_qr", tests, NULL, NULL);
}
