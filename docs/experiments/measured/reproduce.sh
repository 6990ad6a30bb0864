#!/bin/sh
# Makes this report again, in the folder that is named, or in 'again' beside this file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here/again}
experiment all --out "$out" || test $? -eq 1
echo "measured again: compare $here/runs.csv with $out/runs.csv"
