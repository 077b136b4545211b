#!/usr/bin/env bash
# Train, deploy, ask and delete the video games' model by the AWS CLI alone (version 1 or 2).
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: videogames.sh STEP --name NAME [OPTION VALUE]...

Steps, in their order:
  train    train the built-in XGBoost on libsvm files in S3, and wait for the model
  deploy   make a model, an endpoint configuration and an endpoint, and wait for it
  ask      send a file of libsvm lines to the endpoint, and write a probability for each
  delete   delete the endpoint, its configuration and the model; what is gone is no error

Options:
  --name NAME         what the job, the model, the configuration and the endpoint are called;
                      begin it with your prefix, WORKSHOP-YOU-, so that it is yours alone
  --region REGION     the AWS region; default: as the AWS CLI is configured
  --tag KEY=VALUE     a tag for what is made; may be given several times
  --poll SECONDS      how often to look at what is not ready yet; default: 10
  --role ARN          (train) the role that SageMaker works with on your behalf
  --image URI         (train) the algorithm's image
  --train URI         (train) training data in S3
  --validation URI    (train) validation data in S3
  --output URI        (train) where in S3 the model goes
  --questions FILE    (ask) libsvm lines; what stands for their target is not looked at
  --answers FILE      (ask) where the probabilities go, a line each
  --batch LINES       (ask) how many lines a request has; default: 500

Exit codes: 0 done, 1 something failed, 2 wrong usage.
EOF
}

fail() {
  echo "error: $1" >&2
  exit "${2:-1}"
}

# Plain text, which the shell can read. An empty array is unset to the bash of macOS: ${x[@]+...}.
sagemaker() {
  aws ${region[@]+"${region[@]}"} --output text sagemaker "$@"
}

need() {
  local option
  for option in "$@"; do
    [ -n "${!option:-}" ] || fail "$step needs --$option; see --help" 2
  done
}

# The CLI has waiters, too (aws sagemaker wait); they look every 30 seconds at an endpoint, and
# every 120 at a training job.
wait_until() {
  local good=$1 bad=$2 status last=""
  shift 2
  while true; do
    status=$("$@") || fail "cannot see how $name is"
    [ "$status" = "$last" ] || echo "  $status"
    last=$status
    [ "$status" != "$good" ] || return 0
    [[ " $bad " != *" $status "* ]] || return 1
    sleep "$poll"
  done
}

training_job() {
  sagemaker describe-training-job --training-job-name "$name" --query "$1"
}

endpoint() {
  sagemaker describe-endpoint --endpoint-name "$name" --query "$1"
}

channel() {
  local source="S3DataType=S3Prefix,S3DataDistributionType=FullyReplicated,S3Uri=$2"
  echo "ChannelName=$1,ContentType=text/libsvm,DataSource={S3DataSource={$source}}"
}

train() {
  need role image train validation output
  local parameters="objective=binary:logistic,eval_metric=auc,num_round=100,max_depth=3,eta=0.1"
  parameters+=",subsample=0.5,scale_pos_weight=2,seed=7"
  echo "training job $name"
  sagemaker create-training-job \
    --training-job-name "$name" \
    --role-arn "$role" \
    --algorithm-specification "TrainingImage=$image,TrainingInputMode=File" \
    --input-data-config "$(channel train "$train")" "$(channel validation "$validation")" \
    --output-data-config "S3OutputPath=$output" \
    --resource-config InstanceType=ml.m5.xlarge,InstanceCount=1,VolumeSizeInGB=5 \
    --stopping-condition MaxRuntimeInSeconds=900 \
    --hyper-parameters "$parameters" \
    ${tags[@]+"${tags[@]}"}
  wait_until Completed "Failed Stopped" training_job TrainingJobStatus ||
    fail "the training job $name ended badly: $(training_job FailureReason)"
  training_job "FinalMetricDataList[].[MetricName,Value]"
}

deploy() {
  local job answer
  # What the job knows need not be said again.
  job=$(training_job "[ModelArtifacts.S3ModelArtifacts,AlgorithmSpecification.TrainingImage,RoleArn]")
  read -r -a answer <<<"$job"
  echo "model $name"
  sagemaker create-model \
    --model-name "$name" \
    --primary-container "ModelDataUrl=${answer[0]},Image=${answer[1]}" \
    --execution-role-arn "${answer[2]}" \
    ${tags[@]+"${tags[@]}"}
  echo "endpoint configuration $name"
  local variant="VariantName=AllTraffic,ModelName=$name"
  sagemaker create-endpoint-config \
    --endpoint-config-name "$name" \
    --production-variants "$variant,InstanceType=ml.m5.large,InitialInstanceCount=1" \
    ${tags[@]+"${tags[@]}"}
  echo "endpoint $name"
  sagemaker create-endpoint \
    --endpoint-name "$name" --endpoint-config-name "$name" ${tags[@]+"${tags[@]}"}
  wait_until InService "Failed OutOfService" endpoint EndpointStatus ||
    fail "the endpoint $name does not start: $(endpoint FailureReason)"
}

ask() {
  need questions answers
  local part
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  split -l "$batch" "$questions" "$work/part-"
  for part in "$work"/part-*; do
    # fileb: the bytes as they are. CLI version 2 takes other values for base64.
    aws ${region[@]+"${region[@]}"} sagemaker-runtime invoke-endpoint \
      --endpoint-name "$name" \
      --content-type text/libsvm --accept text/csv \
      --body "fileb://$part" \
      "$part.answer" >/dev/null
    # Some versions of the image put commas between their answers, newer ones line ends.
    tr ',' '\n' <"$part.answer" | grep -v '^[[:space:]]*$' >>"$work/answers"
  done
  mv "$work/answers" "$answers"
  echo "$(grep -c '' "$answers") answers for $(grep -c '' "$questions") lines"
}

delete_one() {
  local said
  said=$(sagemaker "$@" 2>&1) || [[ $said == *"Could not find"* ]] || fail "$said"
}

# An exact name among those that contain it: nothing, once the endpoint is gone.
endpoint_if_there() {
  sagemaker list-endpoints --name-contains "$name" \
    --query "Endpoints[?EndpointName=='$name'].EndpointStatus | [0] || 'Gone'"
}

delete() {
  echo "deleting the endpoint, its configuration and the model $name"
  delete_one delete-endpoint --endpoint-name "$name"
  # The endpoint uses its configuration until it is gone.
  wait_until Gone Failed endpoint_if_there || fail "the endpoint $name cannot be deleted"
  delete_one delete-endpoint-config --endpoint-config-name "$name"
  delete_one delete-model --model-name "$name"
}

main() {
  step="" name="" role="" image="" train="" validation="" output="" questions="" answers=""
  poll=10 batch=500
  region=() tags=()
  local key
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage
        exit 0
        ;;
      train | deploy | ask | delete)
        [ -z "$step" ] || fail "one step at a time: $step or $1" 2
        step=$1
        shift
        continue
        ;;
      --name | --region | --tag | --poll | --role | --image | --train | --validation | \
        --output | --questions | --answers | --batch) ;;
      *) fail "unknown: $1; see --help" 2 ;;
    esac
    [ $# -ge 2 ] || fail "$1 needs a value" 2
    case $1 in
      --region) region=(--region "$2") ;;
      --tag)
        [ ${#tags[@]} -gt 0 ] || tags=(--tags)
        tags+=("Key=${2%%=*},Value=${2#*=}")
        ;;
      *)
        key=${1#--}
        printf -v "$key" %s "$2"
        ;;
    esac
    shift 2
  done
  [ -n "$step" ] || fail "say what to do: train, deploy, ask or delete; see --help" 2
  need name
  command -v aws >/dev/null ||
    fail "there is no aws on the PATH; install it: pip install awscli, or docs.aws.amazon.com/cli"
  export AWS_PAGER=""
  "$step"
}

main "$@"
