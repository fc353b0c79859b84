#!/bin/bash
#SBATCH --job-name=icthp
#SBATCH --array=0-7
#SBATCH --requeue
# Scores a dataset as an array of eight tasks, each a share of the shards:
#
#   sbatch --export=ALL,SOURCE=/data/laion,OUT=/data/scores examples/dataset/slurm.sh
#
# On GPUs add `#SBATCH --gres=gpu:1` and `--dtype fp16`. A task that was killed, requeued or submitted again goes on where it was:
# shards that are done are not done again. `icthp dataset status --out "$OUT"` says what is left.
set -euo pipefail

# What `icthp` is: `npx icthp` in a folder where it is installed, or a path of yours.
ICTHP=${ICTHP:-npx icthp}

# shellcheck disable=SC2086
exec $ICTHP dataset score "$SOURCE" --out "$OUT" --shard auto ${ICTHP_ARGS:-}
