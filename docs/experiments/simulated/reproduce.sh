#!/bin/sh
# Makes this report again, in the folder that is named, or in 'again' beside this file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/again}
simulate experiment all --quick --out "$out" || test $? -eq 1
cmp "$here/runs.jsonl" "$out/runs.jsonl"
cmp "$here/runs.csv" "$out/runs.csv"
echo "the same data, byte for byte: $out"
