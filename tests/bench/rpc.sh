#!/bin/sh
# rpc.sh - JSON-RPC through the port: requests a second, p50 and p99 of
# eth_blockNumber, eth_getBalance, eth_call (an ERC-20's balanceOf) and
# eth_getLogs over $BLOCKS blocks (10000, a hundredth of them with a log), on 1
# and on 32 kept connections, as JSON lines; medians of $RUNS (3) runs of
# $SECONDS_EACH (2) seconds.
#
# Starts $CYBERMILES dev on a chain of its own; cpu_us is what the node spent on
# a request.  With ANVIL=path and GETH=path
# those are measured in the same run by the same generator (bench_http.c in
# $BENCH_HTTP), and the ratios (ours by theirs) follow:
#   {"name":"ratio_anvil_eth_call_c32","rate":…,"p99":…,"cpu":…}
# geth has no way to make empty blocks, so its chain takes minutes: with
# GETH_DATA=folder it is made once, and kept there.
# Stops what it started.
set -eu
bin=${CYBERMILES:?where the program is}
gen=${BENCH_HTTP:-}
if [ -z "$gen" ]; then
  echo "rpc.sh: runs by make bench-rpc" >&2
  exit 0
fi
blocks=${BLOCKS:-10000}
dir=$(mktemp -d "${TMPDIR:-/tmp}/cybermiles-rpc-XXXXXX")
pid=
stop_one() {
  if [ -n "$pid" ]; then
    kill "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  fi
  pid=
}
trap 'stop_one; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

# measure NAME PATTERN COMMAND...: PATTERN's line in its output has the address
measure() {
  : >"$dir/$1.log"
  name=$1 pattern=$2
  shift 2
  "$@" >"$dir/$name.log" 2>&1 &
  pid=$!
  url=
  tries=0
  while [ -z "$url" ]; do
    url=$(sed -n "/$pattern/s/.*[^0-9]\(127\.0\.0\.1:[0-9][0-9]*\).*/http:\/\/\1/p" \
      "$dir/$name.log" | head -n 1)
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $pid; then
      cat "$dir/$name.log" >&2
      exit 1
    fi
    [ -n "$url" ] || sleep 0.1
  done
  "$gen" --url "$url" --name "$name" --blocks "$blocks" --pid $pid \
    --runs "${RUNS:-3}" --seconds "${SECONDS_EACH:-2}" >"$dir/$name"
  cat "$dir/$name"
  stop_one
}

# ratios NAME
ratios() {
  sed 's/"rpc_[a-z]*_/"/' "$dir/ours" >"$dir/a"
  sed 's/"rpc_[a-z]*_/"/' "$dir/$1" >"$dir/b"
  cat "$dir/a" "$dir/b" | awk -F '[:,]' -v peer="$1" '
    { gsub(/"/, "", $2) }
    $2 in rate { printf "{\"name\":\"ratio_%s_%s\",\"rate\":%.2f,", peer, $2,
                   rate[$2] / $4
                 printf "\"p99\":%.3f,\"cpu\":%.3f}\n", p99[$2] / $10,
                   $16 ? cpu[$2] / $16 : 0 }
    { rate[$2] = $4; p99[$2] = $10; cpu[$2] = $16 }'
}

measure ours 'JSON-RPC' "$bin" dev --http.port 0 --verbosity 1
if [ -n "${ANVIL:-}" ]; then
  measure anvil Listening "$ANVIL" --port 0
  ratios anvil
fi
if [ -n "${GETH:-}" ]; then
  measure geth 'HTTP server started' "$GETH" --dev \
    --datadir "${GETH_DATA:-$dir/geth.d}" \
    --http --http.port 0 --http.api eth,net,web3 --ipcdisable --nodiscover
  ratios geth
fi
