#!/bin/sh
# A campaign as a Slurm array: sbatch --array=0-3 --wait docs/scale/slurm.sh
# Each task does its share of the blocks; --shard auto reads SLURM_ARRAY_TASK_*. What they find is
# joined by `atropos merge` when all are done.
#SBATCH --job-name=atropos
#SBATCH --output=%x-%a.log
#SBATCH --cpus-per-task=1
set -eu
ATROPOS=${ATROPOS:-atropos}
OUT=${ATROPOS_OUT:-target/atropos/slurm}
exec "$ATROPOS" fuzz ${ATROPOS_FILTER:-} --shard auto --runs "${ATROPOS_RUNS:-200000}" --jobs 1 \
  --quiet --out "$OUT/$SLURM_ARRAY_TASK_ID"
