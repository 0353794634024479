#!/bin/sh
# vectors.sh - a spread of the public state tests, and all blockchain tests, by
# the commands that run them.  tests/conformance.sh runs all of both.
set -eu
part() { # part NAME COMMAND ARCHIVE FOLDER...
  name=$1 command=$2 archive=$3
  shift 3
  if [ ! -f "$CONFORMANCE/$archive.tar.xz" ]; then
    echo "ok $name # SKIP $archive.tar.xz is not there"
    return
  fi
  for folder in "$@"; do set -- "$@" "$archive/$folder"; shift; done
  tar xJf "$CONFORMANCE/$archive.tar.xz" "$@"
  if "$CYBERMILES" "$command" --json "$archive" >out.json 2>table; then
    echo "ok $name: $(tail -n 1 table)"
  else
    grep -v '"pass":true' out.json | head -n 20 | sed 's/^/# /'
    echo "not ok $name: $(tail -n 1 table)"
    failed=1
  fi
  rm -rf "$archive"
}
failed=0
part "statetest, newer suite" statetest state-eest berlin byzantium \
  constantinople frontier homestead istanbul osaka paris prague shanghai \
  cancun/eip1153_tstore cancun/eip5656_mcopy cancun/eip6780_selfdestruct
part "statetest, older suite" statetest state-constantinople stCreate2 \
  stRevertTest stRandom2 stCallCreateCallCodeTest stSStoreTest \
  stRefundTest stTransactionTest stInitCodeTest stSpecialTest
part "blocktest" blocktest blockchain-eest frontier cancun shanghai prague \
  osaka
printf '{"t":{"network":"Nowhere","blocks":[]}}' >bad.json
if "$CYBERMILES" blocktest bad.json >/dev/null 2>&1 ||
  "$CYBERMILES" statetest bad.json >/dev/null 2>&1 ||
  "$CYBERMILES" statetest missing.json >/dev/null 2>&1 ||
  "$CYBERMILES" statetest --nonsense bad.json >/dev/null 2>&1; then
  echo "not ok what cannot run is no success"
  failed=1
else
  echo "ok what cannot run is no success"
fi
exit $failed
