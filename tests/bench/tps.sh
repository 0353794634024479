#!/bin/sh
# tps.sh - transfers a second through JSON-RPC, as JSON lines.
#
# Starts $CYBERMILES on a chain of its own in a folder under TMPDIR, loads it
# with "bench load" from this machine: transfers in batches of 100, transfers
# one by one over kept connections, ERC-20 transfers in batches of 100; each
# $RUNS times (3), $TXS (40000) a run.  One line a run, then the median of
# each (and the CPU time of that run): {"name":"tps_transfer_batch100",...}.
# The default block gas limit; every block durable.  Stops what it started.
set -eu
bin=${CYBERMILES:?where the program is}
runs=${RUNS:-3}
txs=${TXS:-40000}
accounts=${ACCOUNTS:-1000}
dir=$(mktemp -d "${TMPDIR:-/tmp}/cybermiles-tps-XXXXXX")
pid=
stop() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  fi
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 130' INT TERM

"$bin" bench genesis --accounts "$accounts" --out "$dir/genesis.json"
"$bin" init --db "$dir/tps.db" --genesis "$dir/genesis.json" >"$dir/init.log"
: >"$dir/run.log"
"$bin" run --db "$dir/tps.db" --http.port 0 >"$dir/run.log" 2>&1 &
pid=$!
url=
tries=0
while [ -z "$url" ]; do
  url=$(sed -n 's/.*\(http:\/\/127\.0\.0\.1:[0-9]*\).*/\1/p' "$dir/run.log" |
    head -n 1)
  tries=$((tries + 1))
  if [ $tries -gt 200 ] || ! kill -0 $pid; then
    cat "$dir/run.log" >&2
    exit 1
  fi
  [ -n "$url" ] || sleep 0.1
done

# load NAME KIND BATCH
load() {
  i=0
  : >"$dir/$1"
  while [ $i -lt "$runs" ]; do
    i=$((i + 1))
    "$bin" bench load --url "$url" --pid $pid --kind "$2" --batch "$3" \
      --txs "$txs" --accounts "$accounts" >"$dir/line"
    cat "$dir/line"
    sed 's/.*"tps":\([0-9]*\).*"server_cpu_us_per_tx":\([0-9.]*\).*"gas_limit":\([0-9]*\).*/\1 \2 \3/' \
      "$dir/line" >>"$dir/$1"
  done
  sort -n "$dir/$1" | awk -v name="$1" '
    { tps[NR] = $1; cpu[NR] = $2; gas = $3 }
    END { m = int((NR + 1) / 2)
      printf "{\"name\":\"tps_%s\",\"value\":%d,\"unit\":\"1/s\",", name, tps[m]
      printf "\"server_cpu_us_per_tx\":%s,\"gas_limit\":%s,", cpu[m], gas
      printf "\"runs\":%d}\n", NR }'
}
load transfer_batch100 transfer 100
load transfer_single transfer 1
load erc20_batch100 erc20 100
