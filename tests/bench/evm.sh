#!/bin/sh
# evm.sh - the public EVM benchmarks (ipsilon/evm-benchmarks, state tests) as
# JSON lines, warm and then with code analysed in every run.
#
# EVM_BENCHMARKS names the folder that has main/ and micro/; without it there
# is nothing to do.  evmone-bench runs the same files, and loads ./cybermiles.so
# (make evmc) as "external": evmone-bench ./cybermiles.so $EVM_BENCHMARKS
set -eu
: "${CYBERMILES:?the binary}"
if [ ! -d "${EVM_BENCHMARKS:-/nonexistent}/main" ]; then
  echo "evm.sh: EVM_BENCHMARKS is not given, skipped" >&2
  exit 0
fi
"$CYBERMILES" bench evm --json "$EVM_BENCHMARKS"/main/*.json \
  "$EVM_BENCHMARKS"/micro/*.json
"$CYBERMILES" bench evm --json --cold "$EVM_BENCHMARKS"/main/*.json |
  sed 's|","fork|, cold","fork|'
