#!/bin/sh
# run.sh - runs the tests, counts every case, says what was skipped and why.
#
#   run.sh [-u|-f|-c] [-t WORD] [PROGRAM...]
#
# Runs JOBS at once (programs: half as many again as there are cores, since many
# wait for time limits; scripts: as many), in this order, which is that of the
# reports too:
#   1. the programs given (cmocka);
#   2. tests/*/*.sh but bench: exit status 0 passed, 77 skipped, else failed; lines
#      "ok ...", "not ok ..." and "ok ... # SKIP why" count as cases;
#   3. tests/browser/*.mjs and tests/e2e/*.mjs that import node:test, by
#      "node --test"; the others are parts of those.  The longest come first.
# -u runs the programs alone, -f of the scripts only cli and ethers (for another
# build of the same sources), -c the scripts of tests/clients alone, with
# packages of their own.  -t runs only those whose path has the word in it.
#
# Every test runs in an empty folder of its own, beside others (so on ports that
# the system chooses), with no standard input, and finds in its environment:
#   CYBERMILES       path of the binary        SRCDIR  the source tree
#   CONFORMANCE      folder of the public vectors' archives (may be absent)
#   CONFORMANCE_DIR  where they are unpacked, one folder for each archive
#   CHROMIUM         path of the browser, or empty
# A test longer than TEST_TIMEOUT seconds (120; 600 for scripts) is stopped
# and counts as failed; a file that needs more has "TEST_TIMEOUT=seconds" in
# a comment.  TEST_SLOW multiplies all limits (sanitizer builds).
#
# A script that failed beside others is run once more, alone, since its browser
# and nodes may have waited for a core: the second run counts, and what failed
# in the first is shown and listed as unsteady, to be looked into.  Of more than
# two none is run again.  Programs never are.
#
# A program that crashes, or prints fewer results than it announced, or was
# stopped before it could report, is one more failed case.  The last line is "N
# passed, N failed, N skipped"; the exit status is 0 only when something ran and
# nothing failed.
set -u
LC_ALL=C; export LC_ALL
: "${BUILD:?the build folder}" "${SRCDIR:?the source tree}"
TEST_SLOW=${TEST_SLOW:-1}
cores=$(nproc 2>/dev/null || echo 2)
SCRIPT_JOBS=${JOBS:-$cores}
JOBS=${JOBS:-$(((cores * 3 + 1) / 2))}
CONFORMANCE=${CONFORMANCE:-$SRCDIR/../shared/conformance}
CONFORMANCE_DIR=$BUILD/conformance
CMOCKA_MESSAGE_OUTPUT=TAP
export BUILD SRCDIR TEST_SLOW CONFORMANCE CONFORMANCE_DIR \
  CMOCKA_MESSAGE_OUTPUT

# Reads TAP of cmocka, of node or of a script; writes one line a case:
# P|F|S, suite, case or reason.  Node's sub-tests are indented; a suite that
# failed because of its cases is not one more.
tally() { # tally SUITE STATUS LOG KIND
  awk -v suite="$1" -v status="$2" -v kind="$4" '
    function put(r, what) { printf "%s\t%s\t%s\n", r, suite, what; n[r]++ }
    function flush_case() {
      if (held != "" && !is_suite) put(held, held_what)
      held = ""; is_suite = 0
    }
    /^1\.\.[0-9]+/ { plan = substr($1, 4) + 0 }
    /^ *(not )?ok( |$)/ {
      if (kind == "node") flush_case()
      what = $0
      sub(/^ *(not )?ok *[0-9]* *(- )?/, "", what)
      r = /^ *not ok/ ? "F" : "P"
      if (match(what, /# SKIP/)) {
        r = "S"
        why = substr(what, RSTART + 6); sub(/^ +/, "", why)
        what = substr(what, 1, RSTART - 1); sub(/ +$/, "", what)
        if (said != "") { why = (why == "" ? "" : why ": ") said; said = "" }
        what = (what == "" ? why : what ": " why)
      }
      cases++
      if (kind == "node") { held = r; held_what = what } else put(r, what)
      next
    }
    kind == "node" && /^ *type: .suite.$/ { is_suite = 1 }
    /^SKIP: / { said = substr($0, 7) }
    END {
      flush_case()
      if (kind == "sh" && status == 77)
        put("S", said == "" ? "no reason given" : said)
      else if (status == 124) put("F", "timed out")
      else if (status > 128) put("F", "ended by signal " status - 128)
      else if (status != 0 && !n["F"]) put("F", "exit status " status)
      else if (kind == "c" && said != "" && cases == 0) put("S", said)
      else if (kind == "c" && cases < plan)
        put("F", plan - cases " of " plan " cases missing")
      else if (kind == "sh" && cases == 0) put("P", "all")
      else if (kind != "sh" && cases == 0) put("F", "no case ran")
    }' "$3"
}

# What to show of a failed test: the end of its log; of node's, which tells
# much about what passed, the blocks of the failed cases and what was printed.
excerpt() { # excerpt KIND LOG
  if [ "$1" = node ] && grep -q '^ *not ok' "$2"; then
    awk '/^ *not ok/ { on = 1 } on { print } /^ *\.\.\.$/ { on = 0 }
      /^# (Subtest|tests|suites|pass|fail|cancelled|skipped|todo|dur)/ { next }
      /^#/ { print }' "$2" |
      cut -c 1-400 | head -n 120
  else
    tail -n 40 "$2"
  fi
}

# One test: log, results and report under $OUT.
one() { # one KIND FILE SOURCE
  kind=$1 file=$2 source=$3
  suite=$(suite_of "$source")
  id=$(printf '%s' "$suite" | tr / .)
  dir=$OUT/$id.d log=$OUT/$id.log
  limit=$(sed -n 's/.*TEST_TIMEOUT=\([0-9][0-9]*\).*/\1/p' "$source" |
    head -n 1)
  case $kind in c) : "${limit:=120}" ;; *) : "${limit:=600}" ;; esac
  case $kind in
    c) set -- "$file" ;;
    sh) set -- sh "$file" ;;
    node) set -- node --test --test-reporter=tap "$file" ;;
  esac
  rm -rf "$dir"; mkdir -p "$dir"
  if [ $kind = c ] && [ ! -x "$file" ]; then
    printf 'F\t%s\t%s\n' "$suite" "was not built" >"$OUT/$id.res"
    echo "FAIL $suite: was not built"
    return
  fi
  start=$(date +%s)
  (cd "$dir" && TMPDIR=$dir exec timeout -k 10 $((limit * TEST_SLOW)) "$@") \
    >"$log" 2>&1 </dev/null
  status=$?
  [ $status = 137 ] && status=124
  tally "$suite" $status "$log" "$kind" >"$OUT/$id.res"
  took=$(($(date +%s) - start))
  awk -F '\t' -v suite="$suite" -v took=$took '
    { n[$1]++ }
    END { printf "%-4s %-34s %4d passed", n["F"] ? "FAIL" : "ok", suite, n["P"]
      if (n["F"]) printf ", %d failed", n["F"]
      if (n["S"]) printf ", %d skipped", n["S"]
      printf "%s\n", (took > 1 ? "  (" took " s)" : "") }' "$OUT/$id.res"
  if grep -q '^F' "$OUT/$id.res"; then
    { sed -n 's/^F\t[^\t]*\t/     failed: /p' "$OUT/$id.res"
      excerpt "$kind" "$log" | sed 's/^/     | /'; }
  else
    rm -rf "$dir"
  fi
}
suite_of() { # suite_of SOURCE
  suite=${1#"$SRCDIR"/tests/}
  printf '%s' "${suite%.*}"
}

# Prints the reports that are there, in the order of the list: as far as one
# that is still to come.
tell() {
  (
    flock 9
    told=$(cat "$OUT/told" 2>/dev/null || echo 0)
    while id=$(sed -n "$((told + 1))p" "$OUT/order"); [ -n "$id" ] &&
      [ -f "$OUT/$id.report" ]; do
      cat "$OUT/$id.report"
      told=$((told + 1))
    done
    echo "$told" >"$OUT/told"
  ) 9>"$OUT/lock"
}

# xargs calls us back for each test, so that JOBS of them run at once.
if [ "${1:-}" = --one ]; then
  id=$(suite_of "$4" | tr / .)
  one "$2" "$3" "$4" >"$OUT/$id.part"
  mv "$OUT/$id.part" "$OUT/$id.report"
  tell
  exit 0
fi

# A test whose report is not there when all have ended has failed.
run_all() { # run_all: of lines KIND, FILE and SOURCE, three a test
  cat >"$OUT/list"
  awk 'NR % 3 == 0' "$OUT/list" | while read -r source; do
    suite_of "$source" | tr / .; echo
  done >"$OUT/order"
  rm -f "$OUT/told"
  xargs -r -d '\n' -n 3 -P "$JOBS" sh "$SRCDIR/tests/run.sh" --one \
    <"$OUT/list"
  while read -r id; do
    [ -f "$OUT/$id.report" ] ||
      fail "$id" "was stopped before it reported" >"$OUT/$id.report"
  done <"$OUT/order"
  tell
}

units=no word= few=no
clients=no
if [ "${1:-}" = -u ]; then units=yes; shift; fi
if [ "${1:-}" = -f ]; then few=yes; shift; fi
if [ "${1:-}" = -c ]; then units=yes clients=yes; shift; fi
if [ "${1:-}" = -t ]; then word=$2; shift 2; fi
wanted() { case $1 in *"$word"*) return 0 ;; *) return 1 ;; esac; }
among() {
  case $few$1 in no* | */cli.mjs | */ethers.mjs) return 0 ;; esac
  return 1
}

OUT=${OUT:-$BUILD/out} BIN_TESTS=${BIN_TESTS:-$BUILD/tests}
export OUT BIN_TESTS
rm -rf "$OUT"; mkdir -p "$OUT"
lack() { printf 'S\t%s\t%s\n' "$1" "$2" >>"$OUT/0.res"; }
fail() { printf 'F\t%s\t%s\n' "$1" "$2" >>"$OUT/0.res"; echo "FAIL $1: $2"; }

# Scripts that failed once more, as the head of this file says.
again() {
  bad=$(grep -l '^F' "$OUT"/*.res 2>/dev/null | while read -r res; do
    id=${res##*/}; echo "${id%.res}"
  done)
  # shellcheck disable=SC2086 # a word each
  set -- $bad
  [ $# -ge 1 ] && [ $# -le 2 ] || return 0
  : >"$OUT/list.again"
  for id; do
    awk -v want="$id" -v src="$SRCDIR/tests/" 'NR % 3 == 1 { kind = $0 }
      NR % 3 == 2 { file = $0 }
      NR % 3 == 0 { id = substr($0, length(src) + 1); sub(/\.[^.]*$/, "", id)
        gsub("/", ".", id)
        if (id == want && kind != "c") print kind "\n" file "\n" $0 }' \
      "$OUT/list" >"$OUT/list.one"
    [ -s "$OUT/list.one" ] || continue
    cat "$OUT/list.one" >>"$OUT/list.again"
    grep '^F' "$OUT/$id.res" >>"$OUT/unsteady"
    rm "$OUT/$id.report"
  done
  [ -s "$OUT/list.again" ] || return 0
  echo "once more, alone:"
  JOBS=1 run_all <"$OUT/list.again"
  # What failed again is no longer unsteady: it is broken.
  while IFS=$(printf '\t') read -r _ suite what; do
    grep -q '^F' "$OUT/$(printf '%s' "$suite" | tr / .).res" ||
      printf 'U\t%s\t%s\n' "$suite" "$what" >>"$OUT/0.res"
  done <"$OUT/unsteady"
}

# The small archives; the large ones have targets of their own.
if [ -d "$CONFORMANCE" ]; then
  for name in basic precompiles wycheproof execution-apis misc; do
    sh "$SRCDIR/tests/unpack.sh" $name >/dev/null ||
      fail "unpack $name" "cannot unpack"
  done
else
  echo "no public vectors in $CONFORMANCE: their tests are skipped"
fi

# Scripts of node run from a copy beside their packages: an import is looked
# for in the folders above the importing file only.
scripts=$(for f in "$SRCDIR"/tests/browser/*.mjs "$SRCDIR"/tests/e2e/*.mjs; do
  [ -f "$f" ] && [ $units = no ] && grep -q node:test "$f" && wanted "$f" &&
    among "$f" && printf '%s\n' "$f"; done)
if [ -n "$scripts" ]; then
  NPM=$BUILD/npm
  if ! command -v node >/dev/null 2>&1; then
    lack "e2e, browser" "node is not installed"; scripts=
  elif [ ! -x "$CYBERMILES" ]; then
    fail "e2e, browser" "$CYBERMILES was not built"; scripts=
  elif ! sh "$SRCDIR/tests/npm.sh" "$NPM" >"$OUT/npm.log" 2>&1; then
    tail -n 20 "$OUT/npm.log"
    fail "e2e, browser" "npm ci failed"; scripts=
  fi
fi
{
  for p; do
    wanted "$p" &&
      printf '%s\n' c "$p" "$SRCDIR/tests/${p#"$BIN_TESTS"/}.c"
  done
} | run_all
JOBS=$SCRIPT_JOBS
{
  for f in "$SRCDIR"/tests/*/*.sh; do
    case $f in */bench/* | */clients/*) continue ;; esac # no tests
    [ -f "$f" ] && [ $units = no ] && wanted "$f" && among "$f" &&
      printf '%s\n' sh "$f" "$f"
  done
  for f in $scripts; do
    printf '%s\n' node "$NPM/tests/${f#"$SRCDIR"/tests/}" "$f"
  done
} | run_all
again

# Many packages, which a machine without a network lacks: then they are skipped.
if [ $clients = yes ]; then
  NPM=$BUILD/clients
  if ! command -v node >/dev/null 2>&1; then
    lack clients "node is not installed"
  elif [ ! -x "$CYBERMILES" ]; then
    fail clients "$CYBERMILES was not built"
  elif ! sh "$SRCDIR/tests/npm.sh" "$NPM" clients >"$OUT/npm.log" 2>&1; then
    tail -n 20 "$OUT/npm.log"
    if grep -q EUSAGE "$OUT/npm.log"; then
      fail clients "tests/clients/package-lock.json does not fit package.json"
    else
      lack clients "the packages of tests/clients cannot be installed"
    fi
  else
    CLIENTS_PYTHON=$(sh "$SRCDIR/tests/clients/python.sh" "$NPM" \
      2>"$OUT/python.log") || CLIENTS_PYTHON=
    export CLIENTS_PYTHON
    for f in "$SRCDIR"/tests/clients/*.mjs; do
      grep -q node:test "$f" && wanted "$f" &&
        printf '%s\n' node "$NPM/tests/${f#"$SRCDIR"/tests/}" "$f"
    done | run_all
    again
  fi
fi

cat "$OUT"/*.res 2>/dev/null | awk -F '\t' '
  { n[$1]++ }
  # A suite that skips much for one reason says it three times.
  $1 == "S" && ++of[$2] <= 3 { skip[++s] = sprintf("  %-34s %s", $2, $3) }
  $1 == "U" { odd[++u] = sprintf("  %-34s %s", $2, $3) }
  $1 == "F" { bad[++b] = sprintf("  %-34s %s", $2, $3) }
  END {
    if (s) { print "\nskipped, and why:"; for (i = 1; i <= s; i++) print skip[i]
      for (k in of) if (of[k] > 3) printf "  %-34s and %d more\n", k, of[k] - 3 }
    if (u) { print "\nunsteady, passed when run again alone:"
      for (i = 1; i <= u; i++) print odd[i] }
    if (b) { print "\nfailed:"; for (i = 1; i <= b; i++) print bad[i] }
    if (!n["P"] && !n["F"]) { print "\nno test ran"; bad_end = 1 }
    printf "\n%d passed, %d failed, %d skipped\n", n["P"], n["F"], n["S"]
    exit bad_end || n["F"] > 0
  }'
