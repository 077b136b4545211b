# %% [markdown]
# # Bring your own container
#
# Built-in algorithms and AWS's framework images cover much. For the rest there is a contract: any
# image that answers to `train` and `serve` is an algorithm of SageMaker's. You will
#
# 1. read an image's files, and try its programs here, without a container,
# 2. have CodeBuild build the image and push it to a repository of yours in ECR,
# 3. train a decision tree by it, and serve the tree by the same image,
# 4. ask the endpoint, check it, and clean up: the repository, too.
#
# Run the cells in order. The whole lab takes about 45 minutes, most of it waiting for machines to
# start. CodeBuild is billed by the minute of a build, training by the second; at the time of
# writing `ml.m5.xlarge` costs about 0.23 USD an hour for training in us-east-1. Images are billed
# by the gigabyte and month.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules iris-byoc` says how much that is in your region, and what the lab costs; where
# it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`, twice
# as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "iris-byoc"  # this lab

# %% include=setup

# %% [markdown]
# ## Prepare the data
#
# 105 flowers train, 45 are held back. The class comes first, as our program wants it.

# %%
import numpy
from sklearn.datasets import load_iris

iris = load_iris()
table = numpy.column_stack([iris.target, iris.data])
numpy.random.default_rng(11).shuffle(table)
train, test = table[:105], table[105:]


def to_csv(rows):
    return "\n".join(",".join(f"{value:g}" for value in row) for row in rows) + "\n"


s3.put_object(Bucket=bucket, Key=f"{folder}/train/flowers.csv", Body=to_csv(train))

# %% [markdown]
# ## Read the image
#
# The folder `image` has all of it:
#
# - `Dockerfile`: a pinned Python, pinned libraries, the programs in `/opt/program`, which is on the
#   `PATH`: SageMaker runs `docker run IMAGE train` and `docker run IMAGE serve`;
# - `program/train` and `training.py`: read `/opt/ml/input`, write `/opt/ml/model`, and say in
#   `/opt/ml/output/failure` what went wrong;
# - `program/serve` and `serving.py`: answer `/ping` and `/invocations`, by gunicorn with a worker
#   for each processor. The one-threaded server of many examples stands still while it predicts,
#   and then fails the health check;
# - `buildspec.yml`: what CodeBuild does.

# %%
print(Path("image/Dockerfile").read_text())

# %% [markdown]
# ## Try it here
#
# The contract is nothing but folders and two programs: both can be tried without SageMaker and
# without Docker. `--base-dir` stands for `/opt/ml`.

# %%
import subprocess

base = Path("local-ml")
(base / "input" / "data" / "train").mkdir(parents=True, exist_ok=True)
(base / "input" / "data" / "train" / "flowers.csv").write_text(to_csv(train))
tried = subprocess.run(
    [sys.executable, "image/program/train", "--base-dir", str(base)],
    capture_output=True,
    text=True,
    check=False,
)
print(tried.stdout, tried.stderr)
assert tried.returncode == 0, "the program fails here, and would fail in the job"

# %% [markdown]
# ## A repository for the image
#
# *Elastic Container Registry* keeps images in repositories. Yours carries your tags, which make it
# yours; *immutable* means that a tag, once pushed, always stands for the same image. See it under
# *Elastic Container Registry > Private registry > Repositories*.

# %%
ecr = boto_session.client("ecr")
repository = ecr.create_repository(
    repositoryName=name, imageTagMutability="IMMUTABLE", tags=tag_dicts
)["repository"]
made.append(lambda: ecr.delete_repository(repositoryName=repository["repositoryName"], force=True))
print(repository["repositoryUri"])

# %% [markdown]
# ## Build the image
#
# You need no Docker: `build_image.py` packs the folder, puts it where your workshop's build project
# looks for it, and starts the project. The tag is a hash of the source. With Docker on a machine of
# your own it would be the three commands of `buildspec.yml`, and the right to push.
#
# The build takes two to three minutes; see it under *CodeBuild > Build projects*.

# %%
from build_image import build, pack, read_log, tag_of

source = pack(Path("image"))
image = f"{repository['repositoryUri']}:{tag_of(source)}"
built = build(
    boto_session,
    source=source,
    project=f"{name_prefix}build",
    bucket=bucket,
    key=f"{prefix}build/source.zip",
    image=image,
    poll_seconds=poll_seconds,
)
print("\n".join(read_log(boto_session, built)[-8:]))

# %%
[pushed] = ecr.describe_images(repositoryName=repository["repositoryName"])["imageDetails"]
print(f"{image}\n{pushed['imageDigest']}")

# %% [markdown]
# ## Train
#
# From here on there is no difference to a built-in algorithm but the image's name. What the
# program prints in the form `train:accuracy=...` becomes a metric by a regular expression. See
# both on the job's page under *SageMaker AI > Training > Training jobs*.

# %%
from sagemaker.core.shapes import MetricDefinition, OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train import ModelTrainer

trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image,
    base_job_name=base_name,
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    hyperparameters={"max_depth": 3},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=tag_list,
).with_metric_definitions(
    [MetricDefinition(name="train:accuracy", regex="train:accuracy=([0-9.]+)")]
)
trainer.train(
    input_data_config=[
        InputData(
            channel_name="train",
            data_source=f"s3://{bucket}/{folder}/train/",
            content_type="text/csv",
        )
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Serve
#
# The same image, started as `serve`. It takes three to five minutes, and bills from then on, asked
# or not. See it under *SageMaker AI > Inference > Endpoints*. What the program prints is in the log
# group `/aws/sagemaker/Endpoints/` and the endpoint's name: the first place to look when `/ping`
# does not answer.

# %%
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(
        image=image, model_data_url=training_job.model_artifacts.s3_model_artifacts
    ),
    execution_role_arn=role,
    tags=tag_list,
    **aws,
)
made.append(model.delete)
endpoint_config = EndpointConfig.create(
    endpoint_config_name=name,
    production_variants=[
        ProductionVariant(
            variant_name="AllTraffic",
            model_name=name,
            instance_type="ml.m5.large",
            initial_instance_count=1,
        )
    ],
    tags=tag_list,
    **aws,
)
made.append(endpoint_config.delete)
endpoint = Endpoint.create(endpoint_name=name, endpoint_config_name=name, tags=tag_list, **aws)


def delete_endpoint():
    endpoint.delete()
    endpoint.wait_for_delete(poll=poll_seconds)  # its configuration is in use until then


made.append(delete_endpoint)
print(f"endpoint {name}")
endpoint.wait_for_status("InService", poll=poll_seconds)

# %% [markdown]
# ## Ask the endpoint
#
# What it reads and answers is what `serving.py` says, also when a request is wrong: its refusal
# comes back as a *model error* with the program's own status and reason.

# %%
lines = to_csv(test[:, 1:])
answer = endpoint.invoke(body=lines, content_type="text/csv", accept="application/json")
predictions = json.loads(answer.body.read())["predictions"]
print(predictions[0])

from botocore.exceptions import ClientError

refusal = {}
try:
    endpoint.invoke(body="1,2,3", content_type="text/csv", accept="application/json")
except ClientError as error:
    refusal = error.response
    print(refusal["OriginalStatusCode"], refusal["OriginalMessage"])

# %% [markdown]
# ## Look at the predictions
#
# A tree splits the plane along its axes. What it gets wrong lies where two species meet.

# %%
import matplotlib.pyplot as plt

predicted = numpy.array([prediction["class"] for prediction in predictions])
truth = test[:, 0].astype(int)
figure, axes = plt.subplots(figsize=(6, 4))
for kind, label in enumerate(iris.target_names):
    chosen = predicted == kind
    axes.scatter(test[chosen, 3], test[chosen, 4], label=f"predicted {label}")
wrong = predicted != truth
axes.scatter(test[wrong, 3], test[wrong, 4], s=150, facecolors="none", edgecolors="red")
axes.set(xlabel="petal length (cm)", ylabel="petal width (cm)", title="circled: wrong")
axes.legend()
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result

# %%
assert len(predictions) == len(test), f"{len(predictions)} answers for {len(test)} flowers"
assert all(abs(sum(row["probabilities"]) - 1) < 1e-6 for row in predictions)
assert refusal.get("OriginalStatusCode") == 400, "a short row was not refused"
check("accuracy", (predicted == truth).mean(), at_least=0.9)

# %% include=cleanup
