#!/bin/sh
# conformance.sh [ARCHIVE...] - runs every public state and blockchain test, one
# folder after the other, with a line of progress for each and a table by fork
# at the end.  Exit status 0 when all passed.
#
# Environment: CYBERMILES the binary, CONFORMANCE the archives' folder,
# CONFORMANCE_DIR where to unpack.  The longest folders (stTimeConsuming: four
# billion rounds of BLAKE2 in one call) take minutes.
set -eu
: "${CYBERMILES:?the binary}" "${CONFORMANCE:?}" "${CONFORMANCE_DIR:?}"
here=$(cd "$(dirname "$0")" && pwd)
[ $# -gt 0 ] || set -- state-eest state-cancun state-constantinople \
  blockchain-eest
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
start=$(date +%s)
for archive in "$@"; do
  dir=$(sh "$here/unpack.sh" "$archive") || { status=1; continue; }
  case $archive in blockchain*) command=blocktest ;; *) command=statetest ;; esac
  for folder in "$dir"/*/; do
    [ "$(basename "$folder")" != LICENSES ] || continue
    from=$(date +%s)
    "$CYBERMILES" $command "$folder" >"$work/out" 2>&1 || status=1
    grep '^FAIL' "$work/out" | head -n 10 || true
    sed -n 's/^\([A-Za-z0-9]*\) *\([0-9]*\) passed *\([0-9]*\) failed$/\1 \2 \3/p' \
      "$work/out" >>"$work/forks"
    printf '%-24s %-40s %5s s  %s\n' "$archive" "$(basename "$folder")" \
      "$(($(date +%s) - from))" "$(tail -n 1 "$work/out")"
  done
done
echo
awk '{ p[$1] += $2; f[$1] += $3; ps += $2; fs += $3 }
  END { for (k in p) printf "%-28s %8d passed %8d failed\n", k, p[k], f[k] | "sort"
        close("sort")
        printf "%d passed, %d failed\n", ps, fs }' "$work/forks"
echo "$(($(date +%s) - start)) s"
exit $status
