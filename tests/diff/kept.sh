#!/bin/sh
# kept.sh - state tests on which clients once differed, or we from another.
#
# kept/splits.json: aliasing of call output and return data, the touch of
# RIPEMD-160, an empty `to`, self-destruction in the transaction of the
# creation, memory near 2^64, gas near 2^63, on all forks; geth's evm agrees
# with its roots and logs.  A difference that make fuzz-diff finds is added
# here.
set -eu
failed=0
for file in "$SRCDIR"/tests/diff/kept/*.json; do
  name=$(basename "$file" .json)
  if "$CYBERMILES" statetest "$file" >out 2>&1; then
    echo "ok $name: $(tail -n 1 out)"
  else
    grep '^FAIL' out | head -n 20 | sed 's/^/# /'
    echo "not ok $name: $(tail -n 1 out)"
    failed=1
  fi
done
exit $failed
