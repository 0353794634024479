#!/bin/sh
# growth.sh - what existing accounts cost: speed, latency, memory and disk of
# chains that begin with few and many of them, as JSON lines.
#
# For each number in $ACCOUNTS ("1000 100000 2000000", of which the last takes
# most of the time, and memory for its init) and each word of $CREDITS ("on
# off") a chain of its own: init; $TXS (100000) transfers between its accounts
# in batches of 100, as fast as they go; then $TXS/4 with no more under way than
# half of that speed fills a block of a second.  Every block durable.
#   {"name":"growth_100000_credits_on","init_s":..,"start_mb":..,"tps":..,
#    "server_cpu_us_per_tx":..,"half_load_tps":..,"block_ms_p50":..,
#    "block_ms_p99":..,"peak_mb":..,"disk_bytes_per_tx":..,
#    "diff_bytes_per_tx":..}
# block_ms: from the block's begin to its being decided, at half load.
# peak_mb: VmHWM.  disk: what the stopped node's file grew by, the state of
# accounts that were new to it included; with sqlite3 at hand, beside it the
# part that pruning gives back once a block's state is old enough
# (diff_bytes_per_tx).
set -eu
name=growth
. "${0%/*}/start.inc"
txs=${TXS:-100000}
bytes() { stat -c %s "$dir/g.db"; }

# load TXS WINDOW: the line goes to $dir/line
load() {
  "$bin" bench load --url "$url" --pid $pid --batch 100 --txs "$1" \
    --window "$2" --accounts "$n" >"$dir/line"
}

# p PERCENT: of the numbers in $dir/ms, sorted
p() { awk -v p="$1" '{ v[NR] = $1 }
  END { i = int(NR * p / 100 + 0.999); if (i < 1) i = 1; print v[i] }' \
  "$dir/ms"; }

# one ACCOUNTS on|off
one() {
  n=$1
  credits=$2
  rm -f "$dir"/g.*
  "$bin" bench genesis --accounts "$n" --credits "$credits" --out "$dir/g.json"
  from=$(date +%s)
  "$bin" init --db "$dir/g.db" --genesis "$dir/g.json" >"$dir/init.log"
  init_s=$(($(date +%s) - from))
  rm "$dir/g.json"
  before=$(bytes)
  run_node "$dir/g.db" "$dir/run.log"
  start_mb=$(mb VmHWM)
  load "$txs" 40000
  tps=$(field tps "$dir/line")
  cpu=$(field server_cpu_us_per_tx "$dir/line")
  lines=$(wc -l <"$dir/run.log")
  half=$((tps / 2 > 200 ? tps / 2 : 200))
  load $((txs / 4)) $half
  half_tps=$(field tps "$dir/line")
  tail -n "+$((lines + 1))" "$dir/run.log" |
    sed -n 's/.*block\.made.* txs=[1-9].* ms=\([0-9]*\).*/\1/p' |
    sort -n >"$dir/ms"
  peak_mb=$(mb VmHWM)
  stop_one
  each=$((($(bytes) - before) / (txs + txs / 4)))
  diff=
  if command -v sqlite3 >/dev/null; then
    diff=$(sqlite3 -readonly "$dir/g.db" \
      'SELECT sum(length(bytes)) FROM diff WHERE seq >= 1 << 20')
    diff=",\"diff_bytes_per_tx\":$((diff / (txs + txs / 4)))"
  fi
  printf '{"name":"growth_%s_credits_%s","init_s":%s,"start_mb":%s,"tps":%s,' \
    "$n" "$credits" "$init_s" "$start_mb" "$tps"
  printf '"server_cpu_us_per_tx":%s,"half_load_tps":%s,' "$cpu" "$half_tps"
  printf '"block_ms_p50":%s,"block_ms_p99":%s,"peak_mb":%s,' \
    "$(p 50)" "$(p 99)" "$peak_mb"
  printf '"disk_bytes_per_tx":%s%s}\n' "$each" "$diff"
}

for accounts in ${ACCOUNTS:-1000 100000 2000000}; do
  for switch in ${CREDITS:-on off}; do
    one "$accounts" "$switch"
  done
done
