/* test_chain_worth.c - what is tried on lanes: calls that cost enough and do
** not hinder each other, by a clock that the test moves. */
#include "chain/chain_worth.h"

#include "chain_fixture.h"

enum { WORTH_LANES = 2, WORTH_DEAR_NS = 100000 };

static u64 worth_now;
static u64 worth_clock(void) { return worth_now; }

struct worth {
  struct chain_worth *w;
  struct chain_worth_view view;
  struct chain_tx tx;
  u8 data[4];
};

static void worth_call(struct worth *c, u16 to) {
  c->tx = (struct chain_tx){.has_to = true, .data = slice_of(c->data, 4)};
  c->tx.to = cf_contract(to);
}

static bool worth_wanted(struct worth *c) {
  chain_worth_see(c->w, &c->view, &c->tx);
  return c->view.wanted;
}

/* So many calls at their turn; the cost of those that are timed is told. */
static void worth_alone(struct worth *c, u32 cnt, u64 cost_ns) {
  for (u32 i = 0; i < cnt; i++) {
    worth_wanted(c);
    if (c->view.timed) chain_worth_cost(c->w, c->view.like, cost_ns);
  }
}

static int worth_setup(void **state) {
  static struct worth c;
  memset(&c, 0, sizeof c);
  c.w = chain_worth_open(WORTH_LANES, worth_clock, 5);
  worth_call(&c, 1);
  *state = &c;
  return 0;
}
static int worth_teardown(void **state) {
  chain_worth_close(((struct worth *)*state)->w);
  return 0;
}

/* How many calls go alone until one is wanted; UINT32_MAX: none in a million. */
static u32 worth_until(struct worth *c) {
  for (u32 i = 0; i < 1000000; i++)
    if (worth_wanted(c)) return i;
  return UINT32_MAX;
}

static void calls_when_cheap_then_never_on_lanes(void **state) {
  struct worth *c = *state;
  worth_alone(c, 10, 1200);
  assert_int_equal(worth_until(c), UINT32_MAX);
  assert_int_equal(c->view.cost_ns, 1200);
}

static void calls_when_dear_then_on_lanes(void **state) {
  struct worth *c = *state;
  assert_false(worth_wanted(c));
  assert_true(c->view.strange && c->view.timed);
  worth_alone(c, 3, WORTH_DEAR_NS);
  assert_true(worth_wanted(c));
  c->data[2] ^= 1; /* another method of the contract is not known by it */
  assert_false(worth_wanted(c));
  assert_true(c->view.strange);
  c->data[2] ^= 1;
  worth_call(c, 2); /* nor is another contract's */
  assert_false(worth_wanted(c));
}

static void calls_when_once_held_up_then_still_cheap(void **state) {
  struct worth *c = *state;
  worth_alone(c, 1, 20000000); /* the thread was put aside */
  worth_alone(c, 2, 1200);
  assert_int_equal(worth_until(c), UINT32_MAX);
  worth_alone(c, 1000, 1200);
  do worth_wanted(c);
  while (!c->view.timed);
  chain_worth_cost(c->w, c->view.like, 20000000);
  assert_false(worth_wanted(c));
}

static void calls_when_they_become_dear_then_on_lanes(void **state) {
  struct worth *c = *state;
  worth_alone(c, 10, 1200);
  worth_alone(c, 1000, WORTH_DEAR_NS);
  assert_true(worth_wanted(c));
  worth_alone(c, 100000, 1200);
  assert_int_equal(worth_until(c), UINT32_MAX);
}

static void calls_of_modules_then_at_their_turn(void **state) {
  struct worth *c = *state;
  c->tx.to = (addr20){{[18] = 0x10, [19] = 0x11}};
  worth_alone(c, 100, WORTH_DEAR_NS);
  assert_int_equal(worth_until(c), UINT32_MAX);
}

/* Each time in vain they rest for twice as long; held once, they come back. */
static void calls_when_in_vain_then_rest_longer(void **state) {
  struct worth *c = *state;
  worth_alone(c, 10, WORTH_DEAR_NS);
  u32 last = 0;
  for (u32 round = 0; round < 6; round++) {
    for (u32 i = 0; i < 32; i++)
      chain_worth_tried(c->w, c->view.like, true);
    u32 rest = worth_until(c);
    assert_true(rest >= 2 * last && rest > 50 && rest < 10000);
    last = rest;
  }
  for (u32 i = 0; i < 32; i++)
    chain_worth_tried(c->w, c->view.like, i % 8 == 0);
  assert_true(worth_until(c) < 2);
}

static void lanes_when_without_gain_then_rest(void **state) {
  struct worth *c = *state;
  worth_alone(c, 10, WORTH_DEAR_NS);
  assert_true(chain_worth_done(c->w, 1000000, 500000, 10));
  assert_true(worth_until(c) < 2);
  assert_false(chain_worth_done(c->w, 1000000, 950000, 10));
  u32 first = worth_until(c);
  assert_false(chain_worth_done(c->w, 1000000, 950000, 10));
  assert_true(first > 50 && worth_until(c) >= 2 * first);
}

/* Other work delays who goes alone as well: then as much is no loss. */
static void lanes_when_alone_is_slow_too_then_go_on(void **state) {
  struct worth *c = *state;
  worth_alone(c, 10, WORTH_DEAR_NS);
  for (u32 i = 0; i < 3000; i++) /* some are put aside for long */
    worth_alone(c, 1, i % 30 ? WORTH_DEAR_NS : 100 * WORTH_DEAR_NS);
  assert_true(chain_worth_done(c->w, 1000000, 1000000, 10));
}

static void windows_when_one_sender_then_not_worth(void **state) {
  struct worth *c = *state;
  assert_true(chain_worth_window(c->w, 1000000, 100000));
  assert_false(chain_worth_window(c->w, 1000000, 1000000));
  assert_false(chain_worth_window(c->w, 40000, 20000));
}

#define WORTH_TEST(f) \
  cmocka_unit_test_setup_teardown(f, worth_setup, worth_teardown)
int main(void) {
  const struct CMUnitTest tests[] = {
    WORTH_TEST(calls_when_cheap_then_never_on_lanes),
    WORTH_TEST(calls_when_dear_then_on_lanes),
    WORTH_TEST(calls_when_once_held_up_then_still_cheap),
    WORTH_TEST(calls_when_they_become_dear_then_on_lanes),
    WORTH_TEST(calls_of_modules_then_at_their_turn),
    WORTH_TEST(calls_when_in_vain_then_rest_longer),
    WORTH_TEST(lanes_when_without_gain_then_rest),
    WORTH_TEST(lanes_when_alone_is_slow_too_then_go_on),
    WORTH_TEST(windows_when_one_sender_then_not_worth)};
  return cmocka_run_group_tests_name("chain_worth", tests, NULL, NULL);
}
