#!/bin/sh
# diff.sh - random state tests through this node and through geth's evm.
#
# Environment:
#   EVM_PEER    path of geth's evm (go install .../go-ethereum/cmd/evm@latest)
#   CASES       how many (10000), from case FIRST (0) of SEED (1) on
#   CYBERMILES  the binary; DIFF_GEN the generator (tests/diff/diff_gen.c)
#   DIFF_KEEP   where cases that differ are kept
#
# Batch by batch: the generator writes tests, we execute them, the generator
# writes them again with our roots, hashes of logs and refusals as what is
# expected, and the peer says which it does not agree with.  Of a difference
# the test is kept (SEED_INDEX.json, with our hashes) with both traces and the
# first step in which they differ.  Exit status 0: none.
set -eu
: "${CYBERMILES:?the binary}" "${DIFF_GEN:?the generator}"
: "${DIFF_KEEP:?where differences are kept}"
EVM_PEER=${EVM_PEER:-} CASES=${CASES:-10000} SEED=${SEED:-1} FIRST=${FIRST:-0}
if [ -z "$EVM_PEER" ]; then
  echo "SKIP: EVM_PEER=path of geth's evm is not given" >&2
  exit 77
fi
BATCH=5000
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bad=0 refused=0 end=$((FIRST + CASES)) start=$(date +%s)

# A test with our results as expected: make FIRST COUNT OUT
make_tests() {
  "$DIFF_GEN" "$SEED" "$1" "$2" >"$work/plain.json"
  "$CYBERMILES" statetest --json "$work/plain.json" >"$work/ours" \
    2>"$work/table" || :
  "$DIFF_GEN" "$SEED" "$1" "$2" "$work/ours" >"$3"
}

# pc, op, gas, depth, stack of each step, so that two traces can be compared;
# a step that failed may be told twice, or not at all, by the peer.
steps() {
  sed -n 's/^{"pc":\([0-9]*\),"op":\([0-9]*\),"gas":"\([0-9a-fx]*\)".*"stack":\(\[[^]]*\]\).*"depth":\([0-9]*\).*/pc \1 op \2 gas \3 depth \5 stack \4/p' "$1" |
    uniq
}

keep() { # keep INDEX
  name=${SEED}_$1
  kept=$DIFF_KEEP/$name.json
  mkdir -p "$DIFF_KEEP"
  make_tests "$1" 1 "$kept"
  "$CYBERMILES" statetest --trace "$kept" >/dev/null 2>"$work/trace.ours" || :
  "$EVM_PEER" statetest --trace "$kept" >"$work/peer" 2>"$work/trace.peer" || :
  steps "$work/trace.ours" >"$DIFF_KEEP/$name.ours"
  steps "$work/trace.peer" >"$DIFF_KEEP/$name.peer"
  echo "DIFFERS $kept"
  grep -E '"(fork|error)"' "$work/peer" || :
  diff "$DIFF_KEEP/$name.ours" "$DIFF_KEEP/$name.peer" | head -n 4 |
    cut -c 1-300
}

while [ "$FIRST" -lt "$end" ]; do
  count=$((end - FIRST < BATCH ? end - FIRST : BATCH))
  make_tests "$FIRST" $count "$work/tests.json"
  "$EVM_PEER" statetest "$work/tests.json" >"$work/peer" 2>"$work/err" || :
  agreed=$(grep -c '"pass": true' "$work/peer" || :)
  if [ "$agreed" -ne $count ]; then
    awk -F '"' '/"name":/ { name = $4 } /"pass": false/ { print name }' \
      "$work/peer" | sed 's/.*_//' >"$work/names"
    if [ ! -s "$work/names" ]; then
      echo "the peer answered $agreed of $count:"
      head -n 5 "$work/err"
      exit 1
    fi
    bad=$((bad + count - agreed))
    while read -r index; do keep "$index"; done <"$work/names"
  fi
  refused=$((refused + $(grep -c '"error":"refused' "$work/ours" || :)))
  FIRST=$((FIRST + count))
  echo "seed $SEED: $((FIRST - end + CASES)) of $CASES cases," \
    "$refused of them refused, $bad differ, $(($(date +%s) - start)) s"
done
[ $bad -eq 0 ]
