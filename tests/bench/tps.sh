#!/bin/sh
# tps.sh - transactions a second, their latency and what they cost, as JSON
# lines.
#
# Runs $BENCH_NODE first: in-process transfers, from the pool to durable,
# beside what the cores recover in signatures alone (bench_node.c).  Then
# starts $CYBERMILES on chains of its own in a folder under TMPDIR, without
# credits and with them (every account has a stake), and loads each with "bench
# load" from this machine, each kind $RUNS times (3):
#   transfer_batch100   $TXS (200000) transfers in batches of 100
#   transfer_single     $TXS/2 one by one over kept connections
#   erc20_batch100      $TXS/2 ERC-20 transfers in batches of 100
#   market_batch100     $MARKET_TXS (60000) of trade on the Market: listing,
#                       ordering, shipping, confirming; on a chain of its own
#                       with $MARKET_GAS (2000000000) gas a block, all else as
#                       it is by default; one run right after the other
#   market_sustained    the slowest of those but the first: each of them has what
#                       the one before left to be done
#   transfer_half_load  transfers at half of the measured transfer_batch100, for
#                       $HALF_S (10) seconds: latency from when each was due
#                       until its block is seen, and the time between blocks
# Else the default block gas limit, told in every line; every block durable.
#
# With ANVIL=path and GETH=path the same generator loads those too, in the
# same run ($PEER_TXS, $TXS/10, a run): anvil --block-time 1, geth --dev
# --dev.period 1, both with the same genesis accounts, gas limit and room in
# the pool.  QUICK=1: a run of TXS=20000 each, for a look.
#
# One line a run, then for each its median (by rate; of latency by p99) with
# the CPU time of that run:
#   {"name":"tps_transfer_batch100","value":...,"server_cpu_us_per_tx":...}
#   {"name":"tps_transfer_half_load","rate":..,"latency_ms_p50":..,...}
# and beside others the ratios (ours with credits by theirs):
#   {"name":"ratio_anvil_transfer_batch100","tps":...,"server_cpu":...}
# Last, where the time of a transfer goes: the node with --metrics.expensive,
# $TXS transfers once more, a line for each stage of src/base/stage.def:
#   {"name":"stage_recover","value":..,"unit":"us","share":..}
# stage_sum is what the stages come to, stage_cpu what the process used by the
# system's account.  PROFILE=only does this alone (make bench-profile).
# Stops what it started.
set -eu
name=tps
. "${0%/*}/start.inc"
quick=${QUICK:-0}
if [ "$quick" = 1 ]; then RUNS=${RUNS:-1} TXS=${TXS:-20000} HALF_S=${HALF_S:-4}; fi
runs=${RUNS:-3}
txs=${TXS:-200000}
half_txs=$((txs / 2))
peer_txs=${PEER_TXS:-$((txs / 10))}
market_txs=${MARKET_TXS:-$((quick == 1 ? txs / 10 : 60000))}
market_gas=${MARKET_GAS:-2000000000}
accounts=${ACCOUNTS:-1000}
half_s=${HALF_S:-10}

# load_once ARGUMENTS: the line goes to $dir/line and out
load_once() {
  "$bin" bench load --url "$url" --pid $pid --accounts "$accounts" "$@" \
    >"$dir/line"
  cat "$dir/line"
}

# load NAME KIND BATCH TXS
load() {
  i=0
  : >"$dir/$1"
  while [ $i -lt "$runs" ]; do
    i=$((i + 1))
    load_once --kind "$2" --batch "$3" --txs "$4"
    echo "$(field tps "$dir/line")" "$(field server_cpu_us_per_tx "$dir/line")" \
      "$(field gas_limit "$dir/line")" >>"$dir/$1"
  done
  sort -n "$dir/$1" | awk -v name="$1" -v out="$dir/$1.median" '
    { tps[NR] = $1; cpu[NR] = $2; gas = $3 }
    END { m = int((NR + 1) / 2)
      print tps[m], cpu[m] >out
      printf "{\"name\":\"tps_%s\",\"value\":%d,\"unit\":\"1/s\",", name, tps[m]
      printf "\"server_cpu_us_per_tx\":%s,\"gas_limit\":%s,", cpu[m], gas
      printf "\"runs\":%d}\n", NR }'
}

# sustained NAME: of $dir/NAME_batch100
sustained() {
  sed 1d "$dir/$1_batch100" | sort -n | awk -v name="tps_$1_sustained" '
    NR == 1 { tps = $1; cpu = $2; gas = $3 }
    END { if (NR) {
        printf "{\"name\":\"%s\",\"value\":%d,\"unit\":\"1/s\",", name, tps
        printf "\"server_cpu_us_per_tx\":%s,\"gas_limit\":%s,", cpu, gas
        printf "\"runs\":%d}\n", NR } }'
}

# load_half PREFIX: at half of what $dir/PREFIXtransfer_batch100.median says
load_half() {
  i=0
  rate=$(awk '{ r = int($1 / 2); print (r > 100 ? r : 100) }' \
    "$dir/$1transfer_batch100.median")
  : >"$dir/half"
  while [ $i -lt "$runs" ]; do
    i=$((i + 1))
    load_once --batch 100 --rate "$rate" --txs $((rate * half_s))
    for key in latency_ms_p99 latency_ms_p50 interval_ms_p50 interval_ms_p99 \
      server_cpu_us_per_tx gas_limit; do
      printf '%s ' "$(field $key "$dir/line")"
    done >>"$dir/half"
    echo >>"$dir/half"
  done
  sort -n "$dir/half" | awk -v name="tps_$1transfer_half_load" -v rate="$rate" '
    { line[NR] = $0 }
    END { split(line[int((NR + 1) / 2)], v, " ")
      printf "{\"name\":\"%s\",\"rate\":%d,\"latency_ms_p50\":%s,", name, rate,
        v[2]
      printf "\"latency_ms_p99\":%s,\"interval_ms_p50\":%s,", v[1], v[3]
      printf "\"interval_ms_p99\":%s,\"server_cpu_us_per_tx\":%s,", v[4], v[5]
      printf "\"gas_limit\":%s,\"runs\":%d}\n", v[6], NR }'
}

# load_all PREFIX TXS SINGLE_TXS
load_all() {
  load "$1transfer_batch100" transfer 100 "$2"
  load "$1transfer_single" transfer 1 "$3"
  load "$1erc20_batch100" erc20 100 "$3"
  load_half "$1"
}

# ratios PEER
ratios() {
  for kind in transfer_batch100 transfer_single erc20_batch100; do
    cat "$dir/credits_$kind.median" "$dir/$1_$kind.median" |
      awk -v name="$1_$kind" '
        { tps[NR] = $1; cpu[NR] = $2 }
        END { printf "{\"name\":\"ratio_%s\",\"tps\":%.2f,", name,
                tps[1] / tps[2]
              printf "\"server_cpu\":%.3f}\n", cpu[1] / cpu[2] }'
  done
}

# start_ours on|off GAS [OPTION]: a new chain of so much gas a block
start_ours() {
  rm -f "$dir/$1.db"*
  "$bin" bench genesis --accounts "$accounts" --credits "$1" \
    --gas-limit "$2" --out "$dir/genesis.json"
  "$bin" init --db "$dir/$1.db" --genesis "$dir/genesis.json" >"$dir/init.log"
  db=$dir/$1.db
  shift 2
  run_node "$db" "$dir/ours.log" "$@"
}

# run_ours PREFIX on|off
run_ours() {
  start_ours "$2" 500000000
  load_all "$1" "$txs" "$half_txs"
  stop_one
  start_ours "$2" "$market_gas"
  load "$1market_batch100" market 100 "$market_txs"
  sustained "$1market"
  stop_one
}

# Where the time of a transfer goes.
run_profile() {
  start_ours on 500000000 --metrics.expensive
  load_once --batch 100 --txs "$txs" --stages 1
  stop_one
  cpu=$(field server_cpu_us_per_tx "$dir/line")
  sed 's/.*"stages_cpu_us_per_tx":{\([^}]*\)}.*/\1/; s/"//g; s/[:,]/ /g' \
    "$dir/line" | awk -v cpu="$cpu" -v sync="$(field sync_time_us_per_tx \
      "$dir/line")" '
    { for (i = 1; i < NF; i += 2)
        printf "{\"name\":\"stage_%s\",\"value\":%s,\"unit\":\"us\"," \
          "\"share\":%.3f}\n", $i, $(i + 1), $(i + 1) / cpu
      printf "{\"name\":\"stage_cpu\",\"value\":%s,\"unit\":\"us\"}\n", cpu
      printf "{\"name\":\"stage_sync_time\",\"value\":%s,\"unit\":\"us\"}\n", sync
    }'
}

# The accounts of our genesis in one for Ethereum's programs.
peer_genesis() {
  {
    printf '{"config":{"chainId":1337'
    for fork in homestead eip150 eip155 eip158 byzantium constantinople \
      petersburg istanbul muirGlacier berlin london arrowGlacier grayGlacier; do
      printf ',"%sBlock":0' $fork
    done
    printf ',"terminalTotalDifficulty":0,"shanghaiTime":0,"cancunTime":0,'
    printf '"blobSchedule":{"cancun":{"target":3,"max":6,'
    printf '"baseFeeUpdateFraction":3338477}}},'
    printf '"gasLimit":"0x1dcd6500","difficulty":"0x0","baseFeePerGas":"0x7",'
    sed 's/^{"config":{[^}]*},//; s/"gasLimit":"[^"]*",//; s/,"cybermiles":.*$/}/' \
      "$dir/genesis.json"
  } >"$dir/peer.json"
}

run_anvil() {
  : >"$dir/anvil.log"
  "$ANVIL" --block-time 1 --port 0 --init "$dir/peer.json" --gas-limit \
    500000000 --chain-id 1337 >"$dir/anvil.log" 2>&1 &
  pid=$!
  until_up "$dir/anvil.log"
  load_all anvil_ "$peer_txs" "$peer_txs"
  stop_one
  ratios anvil
}

run_geth() {
  "$GETH" --datadir "$dir/geth" init "$dir/peer.json" >"$dir/init.log" 2>&1
  : >"$dir/geth.log"
  "$GETH" --datadir "$dir/geth" --dev --dev.period 1 --http --http.port 0 \
    --http.api eth,net,web3 --ipcdisable --nodiscover --miner.gasprice 1 \
    --miner.gaslimit 500000000 \
    --txpool.globalslots 60000 --txpool.accountslots 1000 \
    --rpc.batch-request-limit 1000 >"$dir/geth.out" 2>"$dir/geth.err" &
  pid=$!
  tries=0
  until grep "HTTP server started" "$dir/geth.err" >"$dir/geth.log"; do
    tries=$((tries + 1))
    if [ $tries -gt 300 ] || ! kill -0 $pid; then
      cat "$dir/geth.err" >&2
      exit 1
    fi
    sleep 0.1
  done
  until_up "$dir/geth.log"
  load_all geth_ "$peer_txs" "$peer_txs"
  stop_one
  ratios geth
}

if [ "${PROFILE:-}" != only ]; then
  RUNS=$runs TXS=$((txs < 60000 ? txs : 60000)) "${BENCH_NODE:?}"
  run_ours "" off
  run_ours credits_ on
  peer_genesis
  if [ -n "${ANVIL:-}" ]; then run_anvil; fi
  if [ -n "${GETH:-}" ]; then run_geth; fi
fi
run_profile
