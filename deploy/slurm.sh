#!/usr/bin/env bash
# A sweep as a job array of Slurm: 100 tasks, each with its part of the seeds.
#
#     sbatch --chdir=runs deploy/slurm.sh                      # seeds 0..1000000
#     sbatch --chdir=runs deploy/slurm.sh 0..5000 --processes 7
#
# `simulate` must be on PATH on every node. Run it again to go on where tasks were ended or ran out of time.
#SBATCH --job-name=quorate
#SBATCH --array=0-99
#SBATCH --cpus-per-task=2
#SBATCH --time=01:00:00
#SBATCH --signal=B:TERM@60
#SBATCH --requeue
set -euo pipefail

seeds=${1:-0..1000000}
shift || true

# 1: a rule is broken in a row, which is a result. 143: Slurm has ended the task, and what it has played is kept.
status=0
simulate sweep --seeds "$seeds" "$@" --shard auto --out "part-$SLURM_ARRAY_TASK_ID.jsonl" --resume \
  --jobs "${SLURM_CPUS_PER_TASK:-2}" --budget 55m &
sweep=$!
trap 'kill -TERM "$sweep" 2>/dev/null || true' TERM
wait "$sweep" || status=$?
while kill -0 "$sweep" 2>/dev/null; do
  status=0
  wait "$sweep" || status=$?
done
[ "$status" -le 1 ] || exit "$status"
