#!/bin/bash
# Scores a dataset as an array job of AWS Batch, eight children, each a share of the shards:
#
#   QUEUE=my-queue IMAGE=…/icthp:latest ROLE=arn:aws:iam::…:role/icthp SOURCE=s3://bucket/laion OUT=s3://bucket/scores \
#     examples/dataset/aws-batch.sh
#
# ROLE is the job role, which may read SOURCE and read, write and delete below OUT; icthp asks the task for its credentials. IMAGE has
# Node 20.19 or newer and `npm install icthp onnxruntime-node`. A child that dies (a spot instance that is taken back) is tried again,
# and goes on where it was.
set -euo pipefail

# Batch does not tell its tasks where they are. The buckets are there, too.
REGION=${AWS_REGION:-$(aws configure get region)}

aws batch register-job-definition \
  --job-definition-name icthp-dataset \
  --type container \
  --retry-strategy attempts=10 \
  --container-properties "{
    \"image\": \"$IMAGE\",
    \"jobRoleArn\": \"$ROLE\",
    \"environment\": [{\"name\": \"AWS_REGION\", \"value\": \"$REGION\"}],
    \"resourceRequirements\": [{\"type\": \"VCPU\", \"value\": \"4\"}, {\"type\": \"MEMORY\", \"value\": \"6144\"}],
    \"command\": [\"npx\", \"icthp\", \"dataset\", \"score\", \"Ref::source\", \"--out\", \"Ref::out\", \"--shard\", \"auto\"]
  }"

aws batch submit-job \
  --job-name icthp-dataset \
  --job-queue "$QUEUE" \
  --job-definition icthp-dataset \
  --array-properties size=8 \
  --parameters "source=$SOURCE,out=$OUT"
