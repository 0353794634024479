#!/bin/sh
# conformance.sh [PROGRAM...] - everything in the public archives that concerns
# the EVM, on all cores.
#
#   state-eest, state-cancun, state-constantinople   cybermiles statetest
#   blockchain-eest                                   cybermiles blocktest
#   precompiles, opcode pairs, kzg, wycheproof        the cmocka programs given
#
# A line tells how far each archive is; what fails is shown as it is met.  At
# the end a table by archive and fork, and the wall time.  Exit status: 0 all
# passed, 1 something failed or ended early, 77 no archive is there.
#
# Environment: CYBERMILES the binary, CONFORMANCE the archives' folder,
# CONFORMANCE_DIR where to unpack, ARCHIVES which of them (all), JOBS.
#
# CALLBlake2f_MaxRounds asks for 2^32 rounds of BLAKE2 on each of six forks, as
# long as all the rest: its forks run last, beside each other.
set -eu
LC_ALL=C; export LC_ALL
: "${CYBERMILES:?the binary}" "${SRCDIR:?the source tree}" "${BUILD:?}"
CONFORMANCE=${CONFORMANCE:-$SRCDIR/../shared/conformance}
CONFORMANCE_DIR=${CONFORMANCE_DIR:-$BUILD/conformance}
ARCHIVES=${ARCHIVES:-state-eest state-cancun state-constantinople \
blockchain-eest precompiles kzg wycheproof}
JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
export CONFORMANCE CONFORMANCE_DIR
here=$SRCDIR/tests
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
start=$(date +%s)
: >"$work/tally"
: >"$work/long"

# Reads the runner's JSON lines; appends "archive fork passed failed" to the
# tally, shows failures, and how far it is.
count() { # count ARCHIVE
  awk -v archive="$1" -v tally="$work/tally" -v tty="$([ -t 1 ] && echo 1)" '
    function far(end) {
      if (tty || end || n % 10000 == 0)
        printf "%s%-22s %7d cases, %d failed%s", tty ? "\r" : "", archive, n,
          bad, tty && !end ? "" : "\n"
      fflush()
    }
    {
      n++
      fork = $0; sub(/.*"fork":"/, "", fork); sub(/".*/, "", fork)
      seen[fork] = 1
      if ($0 ~ /"pass":true/) passed[fork]++
      else {
        failed[fork]++
        if (++bad <= 20) print (tty ? "\r" : "") "FAIL " $0
      }
      if (n % 500 == 0) far(0)
    }
    END {
      far(1)
      for (fork in seen)
        printf "%s %s %d %d\n", archive, fork, passed[fork], failed[fork] \
          >>tally
    }'
}

# What a runner says besides its cases (a file that cannot be read) is a
# failure of its own: its exit status tells.
run() { # run ARCHIVE COMMAND ARGUMENT...
  archive=$1
  shift
  { "$CYBERMILES" "$@" 2>"$work/err" || echo $? >"$work/status"; } |
    count "$archive"
  if [ -f "$work/status" ]; then
    [ "$(cat "$work/status")" = 1 ] && ! grep -q 'could not be read' \
      "$work/err" || {
      echo "$archive: ended with status $(cat "$work/status")"
      tail -n 3 "$work/err"
      echo "$archive ended 0 1" >>"$work/tally"
    }
    rm "$work/status"
  fi
}

vectors() { # vectors PROGRAM
  name=$(basename "$1")
  status=0
  (cd "$work" && CMOCKA_MESSAGE_OUTPUT=TAP "$1") >"$work/log" 2>&1 || status=$?
  cnt=$(sed -n 's/^# vectors: //p' "$work/log")
  failed=$(grep -c '^not ok' "$work/log" || :)
  skipped=$(grep -c '^ok.*# SKIP' "$work/log" || :)
  [ $status -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  printf '%-22s %7d vectors, %d of %d cases failed, %d skipped\n' "$name" \
    "${cnt:-0}" "$failed" "$(grep -c -E '^(not )?ok' "$work/log" || :)" \
    "$skipped"
  [ "$failed" -eq 0 ] || grep -v '^ok' "$work/log" | head -n 20
  echo "$name vectors ${cnt:-0} $failed $skipped" >>"$work/tally"
}

there=0
for archive in $ARCHIVES; do
  if ! dir=$(sh "$here/unpack.sh" "$archive"); then
    echo "$archive all 0 0 1" >>"$work/tally"
    continue
  fi
  there=$((there + 1))
  case $archive in
    state-*)
      set -f
      run "$archive" statetest --json $(find "$dir" -name '*.json' \
        ! -name '*_MaxRounds.json' | sort)
      set +f
      find "$dir" -name '*_MaxRounds.json' | sed "s/^/$archive /" \
        >>"$work/long" ;;
    blockchain-*) run "$archive" blocktest --json "$dir" ;;
  esac
done
[ $there -gt 0 ] || exit 77
for program in "$@"; do vectors "$program"; done

# archive, fork and file of each long case, JOBS of them at once.
while read -r archive file; do
  sed -n 's/^ *"\([A-Z][A-Za-z0-9]*\)" *: *\[ *$/\1/p' "$file" | sort -u |
    sed "s|.*|$archive & $file|"
done <"$work/long" >"$work/forks"
if [ -s "$work/forks" ]; then
  echo "the longest cases: $(wc -l <"$work/forks"), $JOBS at once"
  xargs -n 3 -P "$JOBS" sh -c \
    '"$0" statetest --json --fork "$3" "$4" >"$1/$2.$3.long" 2>&1 || :' \
    "$CYBERMILES" "$work" <"$work/forks"
  while read -r archive fork file; do
    run_file=$work/$archive.$fork.long
    if grep -q '"fork"' "$run_file"; then
      grep '"fork"' "$run_file" | count "$archive"
    else
      echo "FAIL $archive $fork $file: no result"
      echo "$archive $fork 0 1" >>"$work/tally"
    fi
  done <"$work/forks"
fi

echo
awk -v took=$(($(date +%s) - start)) '
  {
    key = sprintf("%-24s %-28s", $1, $2)
    if (!(key in p)) order[++rows] = key
    p[key] += $3; f[key] += $4; s[key] += $5
    sum[$1] += $3; P += $3; F += $4; S += $5
  }
  END {
    for (i = 1; i <= rows; i++) {
      key = order[i]
      printf "%s %8d passed %6d failed %4d skipped\n", key, p[key], f[key], \
        s[key]
    }
    for (a in sum) printf "%-24s %-28s %8d passed\n", a, "all", sum[a] | "sort"
    close("sort")
    printf "%d s\n%d passed, %d failed, %d skipped\n", took, P, F, S
    exit F > 0
  }' "$work/tally"
