#!/bin/sh
# load.sh - whether connections that do nothing, and subscribers, slow blocks.
#
# Starts $CYBERMILES on a chain of its own and loads it with transfers by
# "bench load" ($TXS, 30000, a run, $RUNS, 3, runs), alone; then again while
# $IDLE (10000) kept connections stand and $SUBSCRIBERS (2000) WebSockets are
# told of each block by bench_load.c ($BENCH_LOAD).  JSON lines: medians of
# both, what the clients saw, and the ratios (with by alone):
#   {"name":"load_alone","tps":…,"blocks_per_s":…,"server_cpu_us_per_tx":…,
#    "rss_mb":…}
#   {"name":"load_ratio","tps":…,"blocks_per_s":…,"server_cpu":…}
# Fails when a connection was lost, or a subscriber was told of fewer blocks than
# another (but for the two in which it came and went).
set -eu
if [ -z "${BENCH_LOAD:-}" ]; then
  echo "load.sh: runs by make bench-load" >&2
  exit 0
fi
name=load
. "${0%/*}/start.inc"
client=
end_all() {
  if [ -n "$client" ]; then kill "$client" 2>/dev/null || :; fi
  stop_one
  rm -rf "$dir"
}
trap end_all EXIT

# load NAME: some runs, their median by tps in $dir/NAME.
load() {
  i=0
  : >"$dir/$1.runs"
  while [ $i -lt "${RUNS:-3}" ]; do
    i=$((i + 1))
    "$bin" bench load --url "$url" --pid $pid --kind transfer --batch 100 \
      --txs "${TXS:-30000}" --accounts 1000 >"$dir/line"
    echo "$(field tps "$dir/line") $(field seconds "$dir/line")" \
      "$(field blocks "$dir/line") $(field server_cpu_us_per_tx "$dir/line")" \
      >>"$dir/$1.runs"
  done
  sort -n "$dir/$1.runs" | awk -v name="$1" -v rss="$(mb VmRSS)" '
    { line[NR] = $0 }
    END { split(line[int((NR + 1) / 2)], f, " ")
      printf "{\"name\":\"load_%s\",\"tps\":%d,\"blocks_per_s\":%.2f,", name,
        f[1], f[3] / f[2]
      printf "\"server_cpu_us_per_tx\":%s,\"rss_mb\":%d}\n", f[4], rss }' \
    >"$dir/$1"
  cat "$dir/$1"
}

"$bin" bench genesis --accounts 1000 --out "$dir/genesis.json"
"$bin" init --db "$dir/c.db" --genesis "$dir/genesis.json" >"$dir/init.log"
run_node "$dir/c.db" "$dir/node.log"
load alone
mkfifo "$dir/input"
"$BENCH_LOAD" --url "$url" --idle "${IDLE:-10000}" \
  --subscribers "${SUBSCRIBERS:-2000}" <"$dir/input" >"$dir/clients" &
client=$!
exec 9>"$dir/input"
until grep -q ready "$dir/clients"; do
  kill -0 $client
  sleep 0.1
done
load beside
exec 9>&-
wait $client
client=
grep load_clients "$dir/clients"
cat "$dir/alone" "$dir/beside" | awk -F '[:,}]' '
  { tps[NR] = $4; blocks[NR] = $6; cpu[NR] = $8 }
  END { printf "{\"name\":\"load_ratio\",\"tps\":%.2f,\"blocks_per_s\":%.2f,",
          tps[2] / tps[1], blocks[2] / blocks[1]
        printf "\"server_cpu\":%.2f}\n", cpu[2] / cpu[1] }'
grep load_clients "$dir/clients" | awk -F '[:,}]' '
  $4 != $6 || $8 != $10 || $14 > $12 + 2 { exit 1 }' || {
  echo "load.sh: a connection was lost, or a head" >&2
  exit 1
}
