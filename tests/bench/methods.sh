#!/bin/sh
# methods.sh - what each method of each module costs, as JSON lines: gas of a
# call (least and most seen, without the transaction's own 21,000 and its data),
# microseconds (mean), and millions of gas a second of its slowest call; slowest
# first.  Measured while the tests of commerce ($TESTS, their programs, the one of
# native functions among them) and a walk of $STEPS (3000) steps run: thousands
# of calls in every state of every record, each on a state of which nothing is in
# memory yet.  The last line, {"name":"methods_floor",...}: the slowest, and
# which were not called.
# COSTS=FILE: written too, as src/chain/chain_cost.def, of which the node makes
# /abi/gas.html.
set -eu
dir=$(mktemp -d "${TMPDIR:-/tmp}/cybermiles-methods-XXXXXX")
trap 'rm -rf "$dir"' EXIT
SHOP_METER=$dir/lines
STEPS=${STEPS:-3000}
export SHOP_METER STEPS
for t in $TESTS; do
  "$t" >"$dir/out" 2>&1 || { cat "$dir/out" >&2; exit 1; }
done
# slowest MODULE METHOD calls least most mean, by module and method
awk '{ k = $1 " " $2; calls[k] += $3; if ($3 == 0) next
       if (!(k in least) || $4 < least[k]) least[k] = $4
       if ($5 > most[k]) most[k] = $5
       ns[k] += $7
       if (!(k in slow) || $8 < slow[k]) slow[k] = $8 }
     END { for (k in calls) {
             if (calls[k] == 0) { print 1e9, k, 0; continue }
             print slow[k], k, calls[k], least[k], most[k],
                   ns[k] / calls[k] } }' "$dir/lines" >"$dir/sums"
if [ "${COSTS:-}" ]; then
  { sed '/^COST(/,$d' "$COSTS"
    sort -k 2,2 -k 3,3 "$dir/sums" | awk '$4 {
      printf "COST(\"%s\", \"%s\", %d, %d, %.0f)\n", $2, $3, $5, $6, $7 }'
  } >"$dir/costs"
  cat "$dir/costs" >"$COSTS"
fi
sort -n "$dir/sums" | awk '
  $4 == 0 { none++; names = names " " $2 "." $3; next }
  { if (!floor) { floor = $1; of = $2 "." $3 }
    printf "{\"name\":\"%s.%s\",\"calls\":%d,\"gas_least\":%d," \
           "\"gas_most\":%d,\"us\":%.1f,\"mgas_per_s\":%.0f}\n",
           $2, $3, $4, $5, $6, $7 / 1000, $1; all++ }
  END { printf "{\"name\":\"methods_floor\",\"value\":%.0f," \
               "\"unit\":\"Mgas/s\",\"of\":\"%s\",\"methods\":%d," \
               "\"not_called\":\"%s\"}\n", floor, of, all,
               substr(names, 2) }'
