#!/bin/sh
# pages.sh - what the dashboard's pages ask, through JSON-RPC, of a node with
# $LISTINGS (100000) listings and as many orders, while it makes blocks: p50 and
# p99 of each query over $ROUNDS (100), as JSON lines (bench_pages.c); $ROWS:
# only those with this word in their names.  Blocks are of trade (bench load
# --kind market, at most $WINDOW (400) on their way), of $TXS transactions (as
# many as it takes).  $BENCH_PAGES: that program.
set -eu
name=pages
. "${0%/*}/start.inc"
pages=${BENCH_PAGES:-build/tests/bench/bench_pages}
"$bin" bench genesis --accounts 200 --gas-limit 2000000000 \
  --out "$dir/genesis.json"
"$bin" init --db "$dir/p.db" --genesis "$dir/genesis.json" >"$dir/init.log"
# Some trade first: tables that nothing ever happened in are made anew.
run_node "$dir/p.db" "$dir/log"
"$bin" bench load --url "$url" --kind market --accounts 200 --txs 400 \
  >"$dir/load"
stop_one
"$pages" fill "$dir/p.db" "${LISTINGS:-100000}"
run_node "$dir/p.db" "$dir/log"
"$bin" bench load --url "$url" --kind market --accounts 200 --batch 20 \
  --conns 1 --window "${WINDOW:-400}" --txs "${TXS:-200000}" >"$dir/load" 2>&1 &
load=$!
trap 'kill $load 2>/dev/null || :; stop_one; rm -rf "$dir"' EXIT
height() { "$bin" rpc --url "$url" eth_blockNumber | tr -d '"'; }
begun=$(height)
before=$begun
while [ $((before - begun)) -lt 3 ]; do # the load signs before it sends
  sleep 0.5
  kill -0 $load
  before=$(height)
done
"$pages" ask "$url" "${ROUNDS:-100}" "${ROWS:-}"
after=$(height)
echo "{\"name\":\"pages_blocks\",\"value\":$((after - before))," \
  "\"unit\":\"blocks made meanwhile\"}"
kill $load 2>/dev/null || :
wait $load 2>/dev/null || :
