#!/bin/sh
# From nothing to models: fetches the pictures, trains, converts and judges. Work and checkpoints go to the folder $1,
# the bundle to ../demo. PYTHON has torch, transformers, open_clip_torch and Pillow; rerun it to go on where it ended.
set -e
work=${1:?Usage: train.sh WORK}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
# Without these the allocator gives the memory of every step back and asks for it again, and threads that wait burn time.
export MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=8589934592 OMP_WAIT_POLICY=PASSIVE
cd "$here"
./fetch.sh "$work"
[ -f "$work/sprites.json" ] || { $python catalogue.py "$work"; node render-sprites.mjs "$work"; $python backgrounds.py "$work"; }
[ -f "$work/tests/tests.json" ] || $python make_tests.py "$work" "$work/tests"
# One thread each: together they use two cores better than one after the other with two threads.
$python train_ict.py "$work" "$work/out" &
until [ -f "$work/out/ict-early.pt" ]; do kill -0 $!; sleep 5; done
[ -f "$work/out/hp.pt" ] || $python train_hp.py "$work" "$work/out"
wait $!
$python export.py "$work/out" "$work/checkpoint"
node bundle.mjs "$work/checkpoint" ../demo q8
node bundle.mjs "$work/checkpoint" "$work/fp32" fp32
cp model-card.md ../demo/README.md
node evaluate.mjs "$work/tests" ../demo "$work/fp32" --readme ../demo/README.md
