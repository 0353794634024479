#!/bin/sh
# unpack.sh NAME - unpacks one archive of public vectors and prints where.
#
# Takes CONFORMANCE/NAME.tar.xz, makes CONFORMANCE_DIR/NAME, once; done again
# when the archive is newer.  Several may run at once: each unpacks beside
# and the last one's folder stays.  Exit status 77: the archive is not there.
set -eu
name=$1
archive=$CONFORMANCE/$name.tar.xz
dir=$CONFORMANCE_DIR/$name
if [ ! -f "$archive" ]; then
  echo "SKIP: $archive is not there" >&2
  exit 77
fi
if [ ! -f "$dir.stamp" ] || [ "$archive" -nt "$dir.stamp" ]; then
  mkdir -p "$CONFORMANCE_DIR"
  new=$(mktemp -d "$CONFORMANCE_DIR/new.XXXXXX")
  tar xJf "$archive" -C "$new"
  chmod -R u+w "$new"
  rm -rf "$dir"
  mv "$new/$name" "$dir"
  rm -rf "$new"
  touch "$dir.stamp"
fi
printf '%s\n' "$dir"
