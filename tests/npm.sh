#!/bin/sh
# npm.sh FOLDER [WHAT] - readies FOLDER for the tests that node runs.
#
# FOLDER/node_modules: the packages of tests/package-lock.json (of
# tests/WHAT/package-lock.json), installed again only when package.json or the
# lock changes; no package's own scripts run.  FOLDER/tests: a fresh copy of
# tests/ without the C files.
set -eu
dir=$1
mkdir -p "$dir"
cd "$SRCDIR/tests/${2:-.}"
sum=$(cat package.json package-lock.json | sha256sum)
if [ "$sum" != "$(cat "$dir/sum" 2>/dev/null)" ]; then
  rm -f "$dir/sum"
  cp package.json package-lock.json "$SRCDIR/tests/.npmrc" "$dir/"
  (cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  printf '%s\n' "$sum" >"$dir/sum"
fi
rm -rf "$dir/tests"
mkdir "$dir/tests"
cd "$SRCDIR/tests"
tar cf - --exclude='*.c' --exclude=node_modules . | (cd "$dir/tests" && tar xf -)
