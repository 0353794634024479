#!/bin/sh
# tps.sh - transfers a second through JSON-RPC, as JSON lines.
#
# Starts $CYBERMILES on chains of its own in a folder under TMPDIR, with
# credits (every account has a stake) and without, and loads each with "bench
# load" from this machine: transfers in batches of 100, transfers one by one
# over kept connections, ERC-20 transfers in batches of 100; each $RUNS times
# (3), $TXS (40000) a run; and trade on the Market in batches of 100 (a mix of
# listing, ordering, shipping, confirming), $MARKET_TXS (20000) a run.  The
# default block gas limit; every block durable.
#
# With ANVIL=path and GETH=path the same generator loads those too, in the
# same run ($PEER_TXS, 20000, a run): anvil --block-time 1, geth --dev
# --dev.period 1, both with the same genesis accounts, gas limit and room in
# the pool.
#
# One line a run, then for each its median with the CPU time of that run:
#   {"name":"tps_transfer_batch100","value":...,"server_cpu_us_per_tx":...}
# and beside others the ratios (ours by theirs):
#   {"name":"ratio_anvil_transfer_batch100","tps":...,"server_cpu":...}
# Stops what it started.
set -eu
name=tps
. "${0%/*}/start.inc"
runs=${RUNS:-3}
txs=${TXS:-40000}
peer_txs=${PEER_TXS:-20000}
market_txs=${MARKET_TXS:-20000}
accounts=${ACCOUNTS:-1000}

# load NAME KIND BATCH TXS
load() {
  i=0
  : >"$dir/$1"
  while [ $i -lt "$runs" ]; do
    i=$((i + 1))
    "$bin" bench load --url "$url" --pid $pid --kind "$2" --batch "$3" \
      --txs "$4" --accounts "$accounts" >"$dir/line"
    cat "$dir/line"
    sed 's/.*"tps":\([0-9]*\).*"server_cpu_us_per_tx":\([0-9.]*\).*"gas_limit":\([0-9]*\).*/\1 \2 \3/' \
      "$dir/line" >>"$dir/$1"
  done
  sort -n "$dir/$1" | awk -v name="$1" -v out="$dir/$1.median" '
    { tps[NR] = $1; cpu[NR] = $2; gas = $3 }
    END { m = int((NR + 1) / 2)
      print tps[m], cpu[m] >out
      printf "{\"name\":\"tps_%s\",\"value\":%d,\"unit\":\"1/s\",", name, tps[m]
      printf "\"server_cpu_us_per_tx\":%s,\"gas_limit\":%s,", cpu[m], gas
      printf "\"runs\":%d}\n", NR }'
}

# load_all PREFIX TXS
load_all() {
  load "$1transfer_batch100" transfer 100 "$2"
  load "$1transfer_single" transfer 1 "$2"
  load "$1erc20_batch100" erc20 100 "$2"
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

# run_ours PREFIX on|off
run_ours() {
  "$bin" bench genesis --accounts "$accounts" --credits "$2" \
    --out "$dir/genesis.json"
  "$bin" init --db "$dir/$2.db" --genesis "$dir/genesis.json" >"$dir/init.log"
  run_node "$dir/$2.db" "$dir/$2.log"
  load_all "$1" "$txs"
  load "$1market_batch100" market 100 "$market_txs"
  stop_one
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
    sed 's/^{"config":{[^}]*},//; s/,"cybermiles":.*$/}/' "$dir/genesis.json"
  } >"$dir/peer.json"
}

run_ours "" off
run_ours credits_ on
peer_genesis
if [ -n "${ANVIL:-}" ]; then
  : >"$dir/anvil.log"
  "$ANVIL" --block-time 1 --port 0 --init "$dir/peer.json" --gas-limit \
    500000000 --chain-id 1337 >"$dir/anvil.log" 2>&1 &
  pid=$!
  until_up "$dir/anvil.log"
  load_all anvil_ "$peer_txs"
  stop_one
  ratios anvil
fi
if [ -n "${GETH:-}" ]; then
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
  load_all geth_ "$peer_txs"
  stop_one
  ratios geth
fi
