#!/bin/sh
# flood.sh - what others feel while strangers flood the node, as JSON lines.
#
# A chain with credits on where $ACCOUNTS (1000) accounts have a stake.  They
# send $RATE (200) transfers a second, one by one, for $SECONDS_EACH (20)
# seconds: alone, and beside $FLOODERS (10000) accounts with funds but no stake
# which send as fast as the node answers, in batches of 100, from before to
# after.
#   {"name":"flood_none|flood_strangers","latency_ms_p50":..,
#    "latency_ms_p99":..,"interval_ms_p50":..,"interval_ms_p99":..,
#    "blocks_p99":..}
#   {"name":"flood_sent","tps":..,"taken":..,"refused":..,"refusal":".."}
# latency: of those with stake, from when one was due until its block is seen;
# interval between two blocks seen; blocks_p99 is the one by the other.
set -eu
name=flood
. "${0%/*}/start.inc"
accounts=${ACCOUNTS:-1000}
flooders=${FLOODERS:-10000}
rate=${RATE:-200}
seconds=${SECONDS_EACH:-20}
flood=

stop_flood() {
  if [ -n "$flood" ]; then
    kill "$flood" 2>/dev/null || :
    wait "$flood" 2>/dev/null || :
  fi
  flood=
}
trap 'stop_flood; stop_one; rm -rf "$dir"' EXIT

# calm NAME: those with stake send; a line
calm() {
  "$bin" bench load --url "$url" --accounts "$accounts" --batch 1 \
    --rate "$rate" --txs $((rate * seconds)) >"$dir/line"
  for key in latency_ms_p50 latency_ms_p99 interval_ms_p50 interval_ms_p99; do
    printf '%s ' "$(field $key "$dir/line")"
  done | awk -v name="flood_$1" '
    { printf "{\"name\":\"%s\",\"latency_ms_p50\":%s,", name, $1
      printf "\"latency_ms_p99\":%s,\"interval_ms_p50\":%s,", $2, $3
      printf "\"interval_ms_p99\":%s,\"blocks_p99\":%.2f}\n", $4, $2 / $3 }'
}

# Rounds, so that it lasts: each signs anew, from the nonces that stand.
flood_on() {
  while :; do
    "$bin" bench load --url "$url" --kind flood --accounts "$flooders" \
      --first "$accounts" --txs $((flooders * 10)) >>"$dir/flood" &
    round=$!
    trap 'kill $round; exit' TERM
    wait $round
  done
}

"$bin" bench genesis --accounts $((accounts + flooders)) \
  --staked "$accounts" --out "$dir/genesis.json"
"$bin" init --db "$dir/f.db" --genesis "$dir/genesis.json" >"$dir/init.log"
run_node "$dir/f.db" "$dir/run.log"
calm none
flood_on &
flood=$!
tries=0
until [ -s "$dir/flood" ]; do
  tries=$((tries + 1))
  if [ $tries -gt 600 ] || ! kill -0 $flood; then exit 1; fi
  sleep 0.1
done
calm strangers
stop_flood
sed 's/load_flood/flood_sent/' "$dir/flood"
