#!/bin/sh
# fuzz.sh PROGRAM... - runs fuzzers, FUZZ_SECONDS (60) each, JOBS at once.
#
# Starts from the kept inputs in tests/fuzz/corpus/NAME and from what earlier
# runs found (BUILD/fuzz/corpus/NAME).  An input that crashes, leaks, hangs
# for 10 seconds or takes 2 GiB is left as BUILD/fuzz/crash/NAME-*: mend the
# fault and keep the input in tests/fuzz/corpus/NAME, where every
# "make check" tries it again.  The last line is as run.sh's.
set -u
: "${BUILD:?the build folder}" "${SRCDIR:?the source tree}"
FUZZ_SECONDS=${FUZZ_SECONDS:-60}
JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
export FUZZ_SECONDS
dir=$BUILD/fuzz

if [ "${1:-}" = --one ]; then
  prog=$2 file=${2##*/}
  name=${file#fuzz_}
  mkdir -p "$dir/corpus/$name" "$dir/crash" "$dir/log"
  kept=$SRCDIR/tests/fuzz/corpus/$name
  set -- "$dir/corpus/$name"
  [ -d "$kept" ] && set -- "$@" "$kept"
  words=$SRCDIR/tests/fuzz/corpus/$name.dict
  [ -f "$words" ] && set -- "-dict=$words" "$@"
  log=$dir/log/$name
  if timeout -k 10 $((FUZZ_SECONDS + 120)) "$prog" \
    -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$dir/crash/$name-" -print_final_stats=1 "$@" \
    >"$log" 2>&1 </dev/null; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    echo "ok   fuzz $name: $runs runs, $edges edges"
    echo "P $name" >"$log.res"
  else
    echo "FAIL fuzz $name"
    tail -n 40 "$log" | sed 's/^/     | /'
    echo "F $name" >"$log.res"
  fi
  exit 0
fi

rm -rf "$dir/log"
for p; do printf '%s\n' "$p"; done |
  xargs -r -n 1 -P "$JOBS" sh "$SRCDIR/tests/fuzz.sh" --one
cat "$dir"/log/*.res 2>/dev/null | awk '
  { n[$1]++ }
  END { printf "\n%d passed, %d failed, 0 skipped\n", n["P"], n["F"]
        exit n["F"] > 0 || !n["P"] }'
