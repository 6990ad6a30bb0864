#!/bin/sh
# Makes the two reports of this folder anew, with the programs that are on PATH: the simulated one takes some three minutes, the measured one some fifteen. Nothing
# else should run meanwhile. What a reader can make from the rest is left out, and the data are compressed.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

keep() {
  rm -rf "${here:?}/$1"
  mkdir "$here/$1"
  (cd "$work/$1" && cp machine.json reproduce.sh requests.csv "$here/$1/")
  sed -e 's/runs\.csv/&.gz/g' -e 's/runs\.jsonl/&.gz/g' "$work/$1/index.html" > "$here/$1/index.html"
  for name in runs.jsonl runs.csv latencies.hdr; do
    [ ! -f "$work/$1/$name" ] || gzip -9 -n -c "$work/$1/$name" > "$here/$1/$name.gz"
  done
}

cd "$work"
simulate experiment all --out simulated
keep simulated
experiment all --out measured
keep measured
