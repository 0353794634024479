#!/bin/sh
# python.sh FOLDER - makes FOLDER/venv with the packages of requirements.txt
# and prints its interpreter; fails where they cannot be had.
set -eu
dir=$1/venv
want=$SRCDIR/tests/clients/requirements.txt
if ! cmp -s "$want" "$dir/made"; then
  rm -rf "$dir"
  python3 -m venv "$dir" >&2
  "$dir/bin/pip" --quiet --disable-pip-version-check install -r "$want" >&2
  cp "$want" "$dir/made"
fi
printf '%s\n' "$dir/bin/python"
