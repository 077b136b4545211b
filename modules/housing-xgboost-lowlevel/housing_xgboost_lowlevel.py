# %% [markdown]
# # House prices with plain API calls
#
# The SDK is convenient, but Lambda functions, Step Functions and other people's code speak the
# API itself. Here you do what you did in `housing-xgboost`, with boto3 alone. You will
#
# 1. train: `CreateTrainingJob`, and `DescribeTrainingJob` until it has ended,
# 2. make a model: `CreateModel`,
# 3. predict a file: `CreateTransformJob`,
# 4. check that the result is the SDK's, and clean up.
#
# Every field has a meaning, and most of them are hidden by the SDK's defaults. Run the cells in
# order; it takes about 25 minutes. Both machines are billed by the second while they work, and
# stop by themselves; at the time of writing `ml.m5.xlarge` costs about 0.23 USD an hour for
# training in us-east-1. **Nothing of this lab is billed by the hour.** `workshop modules
# housing-xgboost-lowlevel` says what it costs in your region.

# %%
module = "housing-xgboost-lowlevel"  # this lab

# %% include=setup

# %% [markdown]
# ## Take over the houses
#
# The files and the image's name are those of `housing-xgboost`. Where does an image's name come
# from without the SDK? AWS lists the registries of its algorithms, region by region, in the
# SageMaker documentation under *Docker registry paths*.

# %%
earlier = take_over("housing-xgboost")
sagemaker = boto_session.client("sagemaker")
for key in ("image", "train", "validation", "test"):
    print(f"{key}: {earlier[key]}")

# %% [markdown]
# ## Train
#
# What the SDK calls otherwise, or does not ask for:
#
# | API | meaning |
# |---|---|
# | `TrainingInputMode` | `File`: the data are copied to the machine before the training begins |
# | `S3DataDistributionType` | `FullyReplicated`: each machine gets all of the data |
# | `VolumeSizeInGB` | the disk, which must hold data and model: 5 GB is plenty here |
# | `MaxRuntimeInSeconds` | the job is stopped after 15 minutes: a limit for the bill |
# | `HyperParameters` | text, numbers too |
#
# Without a limit a job may run for 86,400 seconds, a day. In a workshop no job may be asked to run
# longer than the workshop does: your role's policy refuses it (`sagemaker:MaxRuntimeInSeconds`).


# %%
def channel(channel_name):
    """A part of the input: where it lies, and of what type it is."""
    return {
        "ChannelName": channel_name,
        "ContentType": "text/csv",
        "CompressionType": "None",
        "DataSource": {
            "S3DataSource": {
                "S3DataType": "S3Prefix",
                "S3Uri": earlier[channel_name],
                "S3DataDistributionType": "FullyReplicated",
            }
        },
    }


started = sagemaker.create_training_job(
    TrainingJobName=name,
    RoleArn=role,
    AlgorithmSpecification={"TrainingImage": earlier["image"], "TrainingInputMode": "File"},
    InputDataConfig=[channel("train"), channel("validation")],
    OutputDataConfig={"S3OutputPath": f"s3://{bucket}/{folder}/model"},
    ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5},
    StoppingCondition={"MaxRuntimeInSeconds": 900},
    HyperParameters={
        "objective": "reg:squarederror",
        "num_round": "200",
        "early_stopping_rounds": "10",
        "max_depth": "5",
        "eta": "0.2",
        "gamma": "4",
        "min_child_weight": "6",
        "subsample": "0.8",
        "seed": "7",
    },
    Tags=tag_dicts,
)
print(started["TrainingJobArn"])

# %% [markdown]
# ## Wait
#
# `CreateTrainingJob` answers at once; the work takes minutes. See the job under *SageMaker AI >
# Training > Training jobs*, or by `aws sagemaker describe-training-job --training-job-name` and
# the name at the end of the ARN above. boto3 has waiters for it
# (`training_job_completed_or_stopped`), which look every two minutes and say nothing. A loop of
# your own says more. It must know every way in which a job can end, and pass on *why* it failed.


# %%
def wait_for(describe, status_field, **which):
    """Ask until a job has ended; returns its last description, raises if it has failed."""
    last = ""
    while True:
        job = describe(**which)
        status = job[status_field]
        stage = job.get("SecondaryStatus", status)
        if stage != last:
            print(f"{time.strftime('%H:%M:%S')} {status}: {stage}")
            last = stage
        if status == "Completed":
            return job
        if status in {"Failed", "Stopped"}:
            raise RuntimeError(f"{status}: {job.get('FailureReason', 'no reason given')}")
        time.sleep(poll_seconds)


training_job = wait_for(sagemaker.describe_training_job, "TrainingJobStatus", TrainingJobName=name)
metrics = {row["MetricName"]: row["Value"] for row in training_job.get("FinalMetricDataList", [])}
print(f"billed: {training_job.get('BillableTimeInSeconds', 0)} s; last metrics: {metrics}")

# %% [markdown]
# Where are the logs? Each container of a job writes a stream of the log group
# `/aws/sagemaker/TrainingJobs` in CloudWatch; its name begins with the job's. The error on the
# validation data, in thousands, round by round:

# %%
import re

import matplotlib.pyplot as plt

logs = boto_session.client("logs")
group = "/aws/sagemaker/TrainingJobs"


def read_log(stream):
    """All lines of a log stream; the last page's token leads to itself."""
    request = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    lines, token = [], None
    while True:
        page = logs.get_log_events(**request, **({"nextToken": token} if token else {}))
        lines += [event["message"] for event in page["events"]]
        if page["nextForwardToken"] == token:
            return lines
        token = page["nextForwardToken"]


streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")
lines = [line for s in streams["logStreams"] for line in read_log(s["logStreamName"])]
curves = {
    kind: [float(v) for line in lines for v in re.findall(rf"{kind}-rmse:([\d.]+)", line)]
    for kind in ("train", "validation")
}
figure, axes = plt.subplots(figsize=(6, 3))
for kind, values in curves.items():
    axes.plot(values, label=kind)
axes.set(xlabel="round", ylabel="RMSE in thousands", yscale="log")
axes.legend()
plt.show()

# %% [markdown]
# ## Make a model
#
# `CreateModel` starts nothing and costs nothing: it notes which image reads which artifact, and
# with which role. The console lists models under *SageMaker AI > Inference > Models*.

# %%
sagemaker.create_model(
    ModelName=name,
    ExecutionRoleArn=role,
    PrimaryContainer={
        "Image": earlier["image"],
        "ModelDataUrl": training_job["ModelArtifacts"]["S3ModelArtifacts"],
    },
    Tags=tag_dicts,
)
made.append(lambda: sagemaker.delete_model(ModelName=name))

# %% [markdown]
# ## Predict a file
#
# | API | meaning |
# |---|---|
# | `SplitType` | `Line`: each line of the file is a record |
# | `BatchStrategy` | `MultiRecord`: as many records in a request as fit |
# | `MaxPayloadInMB` | 6: what "fits" means |
# | `MaxConcurrentTransforms` | 1: one request at a time to each machine |
# | `AssembleWith` | `Line`: each answer gets a line of the output |
#
# See the job under *SageMaker AI > Inference > Batch transform jobs*, and what it has written by
# the command that the cell prints.

# %%
sagemaker.create_transform_job(
    TransformJobName=name,
    ModelName=name,
    BatchStrategy="MultiRecord",
    MaxPayloadInMB=6,
    MaxConcurrentTransforms=1,
    TransformInput={
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": earlier["test"]}},
        "ContentType": "text/csv",
        "SplitType": "Line",
        "CompressionType": "None",
    },
    TransformOutput={
        "S3OutputPath": f"s3://{bucket}/{folder}/predictions",
        "Accept": "text/csv",
        "AssembleWith": "Line",
    },
    TransformResources={"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
    Tags=tag_dicts,
)
transform_job = wait_for(
    sagemaker.describe_transform_job, "TransformJobStatus", TransformJobName=name
)
print(f"aws s3 ls --recursive s3://{bucket}/{folder}/")

# %% include=failures

# %% [markdown]
# ## Check the result
#
# The points should lie on the line, and the error should be the one that the SDK's model had: it
# was the same job.

# %%
import numpy


def read_numbers(uri):
    """The numbers of one S3 object, one in a line."""
    holder, _, key = uri.removeprefix("s3://").partition("/")
    text = s3.get_object(Bucket=holder, Key=key)["Body"].read().decode()
    return numpy.array([float(line) for line in text.split()])


prices = read_numbers(earlier["prices"])
predicted = read_numbers(f"s3://{bucket}/{folder}/predictions/test.csv.out")
assert len(predicted) == len(prices), f"{len(predicted)} predictions for {len(prices)} houses"

figure, axes = plt.subplots(figsize=(4, 4))
axes.scatter(prices, predicted, s=8, alpha=0.5)
axes.axline((150, 150), slope=1, color="black", linestyle="--", linewidth=1)
axes.set(xlabel="true price in thousands", ylabel="predicted price in thousands")
plt.show()

# %%
mean_square = float(numpy.mean((predicted - prices) ** 2))
rmse = mean_square**0.5
print(f"RMSE {rmse:.2f}, with the SDK {earlier['rmse']:.2f}")
assert abs(rmse - earlier["rmse"]) < 0.05 * earlier["rmse"], "this is not the same model"
check("R2", 1 - mean_square / numpy.var(prices), at_least=0.88)

# %% include=cleanup
