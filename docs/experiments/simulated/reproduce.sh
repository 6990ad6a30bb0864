#!/bin/sh
# Makes this report again, in the folder that is named, or in 'again' beside this file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/again}
simulate experiment all --out "$out" || test $? -eq 1
for name in runs.jsonl runs.csv; do
  if [ -f "$here/$name.gz" ]; then
    gzip -dc "$here/$name.gz" | cmp - "$out/$name"
  else
    cmp "$here/$name" "$out/$name"
  fi
done
echo "the same data, byte for byte: $out"
