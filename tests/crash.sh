#!/bin/sh
# crash.sh - the node's file after kill -9 within the work behind the head.
#
# A chain of $ACCOUNTS (20000) takes $TXS (30000) transfers, so that sorted runs
# stand in front of the tables.  Then $ROUNDS (20) times: more transfers, the
# node killed among them (writing runs, merging them, bringing the log into
# the file); after it a prune that brings all runs into the tables, killed at
# a random moment of it.  After each kill "verify --deep" must find every block,
# row, trie node and root as it should be.  SEED (1) gives other moments.
set -eu
name=crash
. "${0%/*}/bench/start.inc"
accounts=${ACCOUNTS:-20000} rounds=${ROUNDS:-20} seed=${SEED:-1}

# ms MAX: a number below it
ms() {
  seed=$(((seed * 1103515245 + 12345) % 2147483648))
  echo $((seed / 65536 % $1)) >"$dir/ms"
  read -r at <"$dir/ms"
}
load() {
  "$bin" bench load --url "$url" --pid $pid --batch 100 --txs "$1" \
    --accounts "$accounts" >"$dir/line" 2>&1
}
# flowing: waits until $loader's transfers are in blocks
flowing() {
  until grep -q 'block\.made .* txs=[1-9]' "$dir/log"; do
    kill -0 $loader 2>/dev/null || return 0
    sleep 0.1
  done
}
# settle: in the background; pid
settle() {
  "$bin" prune --db "$dir/g.db" --history.state 1000000000 >"$dir/out" 2>&1 &
  pid=$!
}
# cut_off MS: the process ends, wherever it is
cut_off() {
  sleep "$(printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)))"
  kill -9 $pid 2>/dev/null || :
  wait $pid 2>/dev/null || :
  pid=
}
check() {
  "$bin" verify --deep --db "$dir/g.db" >"$dir/out" 2>&1 && return
  echo "crash: round $round: after the kill of $1 at $at ms:" >&2
  cat "$dir/out" >&2
  exit 1
}

"$bin" bench genesis --accounts "$accounts" --credits on --out "$dir/g.json"
"$bin" init --db "$dir/g.db" --genesis "$dir/g.json" >"$dir/out"
run_node "$dir/g.db" "$dir/log"
load "${TXS:-30000}"
stop_one
cp "$dir/g.db" "$dir/whole.db"
from=$(date +%s%3N)
settle
wait $pid
pid=
whole=$(($(date +%s%3N) - from + 1))
mv "$dir/whole.db" "$dir/g.db"
round=0
while [ $round -lt "$rounds" ]; do
  round=$((round + 1))
  run_node "$dir/g.db" "$dir/log"
  load 10000 &
  loader=$!
  flowing
  ms 3000
  cut_off "$at"
  wait $loader || :
  check "the node"
  settle
  ms "$whole"
  cut_off "$at"
  check "settling"
done
echo "crash: $rounds rounds, twice killed and verified in each"
