#!/bin/sh
# options.sh - what statetest, blocktest and evm print with --json, --fork and
# --trace, member by member.
set -u
kept=$SRCDIR/tests/diff/kept/splits.json
failed=0
check() { # check NAME WANT GOT
  if [ "$2" = "$3" ]; then
    echo "ok $1"
  else
    printf '# want: %s\n# got:  %s\n' "$2" "$3"
    echo "not ok $1"
    failed=1
  fi
}
# Every value becomes a dash: what is left are the members and their types.
shape() {
  sed 's/":"0x[0-9a-f]*"/":hex/g; s/"0x[0-9a-f]*"/hex/g
    s/":"[^"]*"/":text/g; s/":-*[0-9][0-9]*/":number/g
    s/hex\(,hex\)*\]/words]/g; s/\[\]/[words]/g
    s/:true/:bool/g; s/:false/:bool/g'
}

"$CYBERMILES" statetest --json "$kept" >all.json 2>table
check "statetest --json, one line a case" \
  "$(tail -n 1 table | sed 's/.*, \([0-9]*\) passed.*/\1/')" \
  "$(grep -c '"pass":true' all.json)"
check "statetest --json, members" \
  '{"name":text,"fork":text,"index":number,"pass":bool,"stateRoot":hex,"logsHash":hex,"error":null}' \
  "$(shape <all.json | sort -u)"
"$CYBERMILES" statetest --json --fork Berlin "$kept" >fork.json 2>table
check "statetest --fork, no other fork" '"fork":"Berlin"' \
  "$(grep -o '"fork":"[^"]*"' fork.json | sort -u)"
check "statetest --fork, the same lines" "$(grep '"Berlin"' all.json)" \
  "$(cat fork.json)"

sed 's/"hash":"0x../"hash":"0x42/g' "$kept" >wrong.json
"$CYBERMILES" statetest --json --fork Osaka wrong.json >wrong 2>table
check "statetest of wrong roots, exit status" 1 $?
check "statetest of wrong roots, members" \
  '{"name":text,"fork":text,"index":number,"pass":bool,"stateRoot":hex,"logsHash":hex,"error":text}' \
  "$(shape <wrong | grep 'error":text' | sort -u)"
"$CYBERMILES" statetest --fork Nowhere "$kept" >/dev/null 2>&1
check "statetest of no fork, exit status" 1 $?
"$CYBERMILES" statetest >/dev/null 2>&1
check "statetest of nothing, exit status" 2 $?

"$CYBERMILES" statetest --json --trace --fork Osaka "$kept" >traced 2>trace
check "statetest --trace, the same verdicts" "$(grep '"Osaka"' all.json)" \
  "$(cat traced)"
step='{"pc":number,"op":number,"gas":hex,"gasCost":hex,"memSize":number,"stack":[words],"depth":number,"refund":number,"opName":text'
end='{"output":hex,"gasUsed":hex,"stateRoot":hex,"pass":bool,"fork":text}'
check "statetest --trace, members" \
  "$(printf '%s\n' "$end" "$step}" "$step,\"error\":text}" | sort)" \
  "$(grep '^{' trace | shape | sort -u)"
check "statetest --trace, an end for each case" \
  "$(wc -l <traced)" "$(grep -c '^{"output"' trace)"

check "evm, output and gas" \
  '{"output":"0x0000000000000000000000000000000000000000000000000000000000000005","gasUsed":"0x18","status":"success"}' \
  "$("$CYBERMILES" evm --code 0x600260030160005260206000f3)"
check "evm --input" '{"output":"0xabcd","gasUsed":"0x15","status":"success"}' \
  "$("$CYBERMILES" evm --code 60025f5f3760025ff3 --input 0xabcd)"
"$CYBERMILES" evm --code 5b600056 --gas 1000 >out
check "evm --gas, exit status" 1 $?
check "evm --gas, all is used" \
  '{"output":"0x","gasUsed":"0x3e8","status":"out of gas"}' "$(cat out)"
check "evm --fork" '{"output":"0x","gasUsed":"0x989680","status":"invalid opcode"}' \
  "$("$CYBERMILES" evm --code 5f --fork Paris)"
"$CYBERMILES" evm --code 5f --fork Nowhere >/dev/null 2>&1
check "evm --fork of none, exit status" 2 $?
"$CYBERMILES" evm --code 600160020100 --trace 2>trace >/dev/null
check "evm --trace" \
  '{"pc":4,"op":1,"gas":"0x98967a","gasCost":"0x3","memSize":0,"stack":["0x1","0x2"],"depth":1,"refund":0,"opName":"ADD"}' \
  "$(sed -n 3p trace)"

archive=$CONFORMANCE/blockchain-eest.tar.xz
if [ -f "$archive" ]; then
  tar xJf "$archive" blockchain-eest/cancun
  "$CYBERMILES" blocktest --json blockchain-eest >blocks 2>table
  check "blocktest --json, members" \
    '{"name":text,"fork":text,"index":number,"pass":bool,"stateRoot":hex,"logsHash":null,"error":null}' \
    "$(shape <blocks | sort -u)"
  "$CYBERMILES" blocktest --json --fork ShanghaiToCancunAtTime15k \
    blockchain-eest >transition 2>table
  check "blocktest --fork" '"fork":"ShanghaiToCancunAtTime15k"' \
    "$(grep -o '"fork":"[^"]*"' transition | sort -u)"
else
  echo "ok blocktest # SKIP $archive is not there"
fi
exit $failed
