#!/bin/sh
# growth.sh - what existing accounts cost: speed, latency, memory and disk of
# chains that begin with few and many of them, as JSON lines.
#
# For each number in $ACCOUNTS ("1000 100000 2000000", of which the last takes
# most of the time) and each word of $CREDITS ("on off") a chain of its own:
# init; $TXS (100000) transfers between its accounts in batches of 100, as fast
# as they go; then for $HALF_S (10) seconds at half of that rate.  Every block
# durable, the default block gas limit.
#   {"name":"growth_100000_credits_on","gas_limit":..,"init_s":..,"init_mb":..,
#    "start_mb":..,"tps":..,"server_cpu_us_per_tx":..,"half_load_rate":..,
#    "latency_ms_p50":..,"latency_ms_p99":..,"interval_ms_p50":..,
#    "interval_ms_p99":..,"made_ms_p50":..,"made_ms_p99":..,"peak_mb":..,
#    "disk_bytes_per_tx":..}
# and, with sqlite3 at hand, what the bytes of a transfer are:
#   {"name":"disk_100000_credits_on","when":"stopped","total":..,"free":..,
#    "block":..,"body":..,"receipt":..,"diff":..,"met":..,"run_page":..,
#    "account":..,"slot":..,"node":..,"fresh_page":..,"other":..}
# Of half load: latency from when a transfer was due until its block is seen;
# interval between two blocks seen; made from a block's begin to its being
# decided.  init_mb, peak_mb: the most memory that was resident.  disk: what the
# stopped node's file grew by, the state of accounts that were new to it
# included, for each transfer; then its parts, pages of the file for each
# table.  The first start is not counted: it makes some 180 tables and indexes of
# what is searched for, a page each (1.4 MB) however few or many transfers come.  stopped: as the node left it, sorted runs (fresh_page) in front of the
# tables, free pages that the next ones take; settled: the runs brought into the
# tables, free pages given back (a prune that drops no history); pruned: with
# the least of history that can be kept, --history.state and --history.blocks
# 128, after $PRUNE_S (140; 0: not at all) seconds of blocks with few transfers,
# so that those measured are behind what is kept.
set -eu
name=growth
. "${0%/*}/start.inc"
txs=${TXS:-100000}
bytes() { stat -c %s "$dir/g.db"; }

half_s=${HALF_S:-10}
prune_s=${PRUNE_S:-140}

# load TXS [OPTION...]: the line goes to $dir/line
load() {
  load_txs=$1
  shift
  "$bin" bench load --url "$url" --pid $pid --batch 100 --txs "$load_txs" \
    --accounts "$n" "$@" >"$dir/line"
}

# The most memory that a program takes, in MB, into $dir/mb.
init() {
  "$bin" init --db "$dir/g.db" --genesis "$dir/g.json" >"$dir/init.log" &
  pid=$!
  echo 0 >"$dir/mb"
  while now=$(mb VmHWM 2>"$dir/gone") && [ -n "$now" ]; do
    echo "$now" >"$dir/mb"
    sleep 0.1
  done
  wait $pid
  pid=
}

# pages FILE: the bytes of each table, and of free pages, in its pages
pages() {
  sqlite3 -readonly -separator ' ' "$dir/g.db" \
    "SELECT name, sum(pgsize) FROM dbstat GROUP BY name
     UNION ALL SELECT 'free', (SELECT freelist_count FROM pragma_freelist_count)
       * (SELECT page_size FROM pragma_page_size)" >"$1"
}

# parts WHEN: the line of what there is more than in $dir/pages, by transfer
parts() {
  pages "$dir/pages.now"
  awk -v when="$1" -v all="$all" -v name="disk_${n}_credits_$credits" '
    NR == FNR { was[$1] = $2; next }
    { now[$1] = $2 }
    END {
      for (t in was) if (!(t in now)) now[t] = 0
      for (t in now) total += more[t] = now[t] - was[t]
      cnt = split("free block body receipt diff met run_page account slot " \
                  "node fresh_page", row, " ")
      rest = total
      printf "{\"name\":\"%s\",\"when\":\"%s\",\"total\":%d", name, when,
        total / all
      for (i = 1; i <= cnt; i++) {
        printf ",\"%s\":%d", row[i], more[row[i]] / all
        rest -= more[row[i]]
      }
      printf ",\"other\":%d}\n", rest / all
    }' "$dir/pages" "$dir/pages.now"
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
  init
  init_s=$(($(date +%s) - from))
  init_mb=$(cat "$dir/mb")
  rm "$dir/g.json"
  run_node "$dir/g.db" "$dir/run.log"
  stop_one
  before=$(bytes)
  if command -v sqlite3 >"$dir/gone"; then pages "$dir/pages"; fi
  run_node "$dir/g.db" "$dir/run.log"
  start_mb=$(mb VmHWM)
  load "$txs"
  tps=$(field tps "$dir/line")
  cpu=$(field server_cpu_us_per_tx "$dir/line")
  gas_limit=$(field gas_limit "$dir/line")
  lines=$(wc -l <"$dir/run.log")
  rate=$((tps / 2 > 200 ? tps / 2 : 200))
  load $((rate * half_s)) --rate $rate
  tail -n "+$((lines + 1))" "$dir/run.log" |
    sed -n 's/.*block\.made.* txs=[1-9].* ms=\([0-9]*\).*/\1/p' |
    sort -n >"$dir/ms"
  peak_mb=$(mb VmHWM)
  stop_one
  all=$((txs + rate * half_s))
  printf '{"name":"growth_%s_credits_%s","gas_limit":%s,' "$n" "$credits" \
    "$gas_limit"
  printf '"init_s":%s,"init_mb":%s,"start_mb":%s,"tps":%s,' "$init_s" \
    "$init_mb" "$start_mb" "$tps"
  printf '"server_cpu_us_per_tx":%s,"half_load_rate":%s' "$cpu" "$rate"
  for key in latency_ms_p50 latency_ms_p99 interval_ms_p50 interval_ms_p99; do
    printf ',"%s":%s' $key "$(field $key "$dir/line")"
  done
  printf ',"made_ms_p50":%s,"made_ms_p99":%s,"peak_mb":%s' "$(p 50)" \
    "$(p 99)" "$peak_mb"
  printf ',"disk_bytes_per_tx":%s' $((($(bytes) - before) / all))
  printf '}\n'
  command -v sqlite3 >"$dir/gone" || return 0
  parts stopped
  "$bin" prune --db "$dir/g.db" --history.state 1000000000 >"$dir/gone"
  parts settled
  [ "$prune_s" -gt 0 ] || return 0
  run_node "$dir/g.db" "$dir/run.log"
  load $((4 * prune_s)) --rate 4 --batch 1 --conns 1
  stop_one
  "$bin" prune --db "$dir/g.db" --history.state 128 --history.blocks 128 \
    >"$dir/gone"
  parts pruned
}

for accounts in ${ACCOUNTS:-1000 100000 2000000}; do
  for switch in ${CREDITS:-on off}; do
    one "$accounts" "$switch"
  done
done
