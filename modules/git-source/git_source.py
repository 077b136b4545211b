# %% [markdown]
# # From which code was this model trained?
#
# A model that nobody can make again is a model that nobody can mend. You will
#
# 1. put a training script under version control, and break it afterwards, as happens,
# 2. clone the repository at a *pinned commit*, which the breakage does not reach,
# 3. train from the clone, and write the commit into the job and into the model,
# 4. ask a finished job and a finished model where they come from, check it, and clean up.
#
# Run the cells in order. The whole lab takes about 15 minutes, most of it waiting for a machine to
# start. Training is billed by the second and ends by itself; at the time of writing `ml.m5.xlarge`
# costs about 0.23 USD an hour for training in us-east-1. There is no endpoint: **nothing of this
# lab is billed by the hour.** `workshop modules git-source` says what it costs in your region.

# %%
module = "git-source"  # this lab

# %% include=setup

# %% [markdown]
# ## A repository
#
# Yours would be a URL, such as that of a project on GitHub. So that the lab needs nobody's
# account, it makes one here, in a folder of this run: `origin` is the repository,
# and `source/train.py` its first commit.

# %%
import shutil

from checkout import git

work = Path(name)
shutil.rmtree(work, ignore_errors=True)
origin = work / "origin"
origin.mkdir(parents=True)
git(origin, "init", "--quiet")
author = ("-c", f"user.name={attendee}", "-c", f"user.email={attendee}@example.com")


def commit_all(message):
    """Commit all changes in the repository; the new commit."""
    git(origin, "add", "--all")
    git(origin, *author, "commit", "--quiet", "-m", message)
    return git(origin, "rev-parse", "HEAD")


shutil.copy("source/train.py", origin / "train.py")
pinned = commit_all("A tree of depth 3")
print(pinned)

# %% [markdown]
# Then somebody means well. The newest commit has a tree that can only tell two species apart, and
# whoever trains from *the branch* gets it from now on.

# %%
script = (origin / "train.py").read_text()
(origin / "train.py").write_text(script.replace("MAX_DEPTH = 3", "MAX_DEPTH = 1"))
newest = commit_all("Simpler trees are faster")
print(git(origin, "log", "--oneline"))
print(git(origin, "diff", pinned, newest, "--unified=0"))

# %% [markdown]
# ## Clone at the pin
#
# Version 2 of the SageMaker SDK had a `git_config` that cloned for you; version 3 has none, and
# needs none: clone, check out the commit, hand over the folder. A branch moves, a tag can be moved,
# **only the 40 digits of a commit always mean the same**. `checkout.py` takes nothing less.

# %%
from checkout import checkout

clone = work / "checkout"
commit = checkout(str(origin.resolve()), pinned, clone)
print(git(clone, "log", "-1", "--format=%H%n%an: %s"))
assert git(clone, "status", "--porcelain") == "", "the clone was changed: no commit says how"

# %% [markdown]
# ## Put the data into S3

# %%
import numpy
from sklearn.datasets import load_iris

iris = load_iris()
table = numpy.column_stack([iris.target, iris.data])
numpy.random.default_rng(7).shuffle(table)
for channel, rows in {"train": table[:112], "test": table[112:]}.items():
    lines = "\n".join(",".join(f"{value:g}" for value in row) for row in rows)
    s3.put_object(Bucket=bucket, Key=f"{folder}/{channel}/flowers.csv", Body=lines)

# %% [markdown]
# ## Train from the clone
#
# The SDK uploads the clone without its `.git`: the job itself cannot know which commit it is. So
# it is told, and told in two places that outlive the lab:
#
# - as a **tag** of the job, by which jobs can be found (*SageMaker AI > Training > Training jobs*,
#   or `aws sagemaker list-tags --resource-arn` and the job's ARN);
# - as a **hyperparameter**, which the script writes into the model's archive.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import MetricDefinition, OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer

trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image_uris.retrieve(
        "sklearn", region, version="1.2-1", instance_type="ml.m5.xlarge"
    ),
    base_job_name=base_name,
    source_code=SourceCode(source_dir=str(clone), entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    hyperparameters={"commit": commit},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=[*tag_list, Tag(key="git:commit", value=commit)],
).with_metric_definitions([MetricDefinition(name="accuracy", regex="accuracy=([0-9.]+)")])
trainer.train(
    input_data_config=[
        InputData(channel_name=channel, data_source=f"s3://{bucket}/{folder}/{channel}/")
        for channel in ("train", "test")
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Where do you come from?
#
# A year later somebody has a job's name, or a model's archive, and asks.

# %%
import io
import tarfile

sagemaker = boto_session.client("sagemaker")
found = sagemaker.list_tags(ResourceArn=training_job.training_job_arn)["Tags"]
job_tags = {tag["Key"]: tag["Value"] for tag in found}

holder, _, key = training_job.model_artifacts.s3_model_artifacts.removeprefix("s3://").partition(
    "/"
)
packed = s3.get_object(Bucket=holder, Key=key)["Body"].read()
with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
    inside = {Path(entry.name).name: entry for entry in archive}
    model_origin = json.load(archive.extractfile(inside["origin.json"]))

print(f"the job's tag: {job_tags['git:commit']}")
print(f"in the model:  {model_origin}")
print(f"git show says: {git(origin, 'show', '--no-patch', '--format=%s', job_tags['git:commit'])}")

# %% [markdown]
# ## What the pin was worth
#
# The script of both commits, run here, where it costs nothing.

# %%
import subprocess

import matplotlib.pyplot as plt

for channel, rows in {"train": table[:112], "test": table[112:]}.items():
    (work / channel).mkdir(exist_ok=True)
    numpy.savetxt(work / channel / "flowers.csv", rows, delimiter=",")

accuracies = {}
for title, at in (("pinned", pinned), ("newest", newest)):
    checkout(str(origin.resolve()), at, work / title)
    ran = subprocess.run(
        [sys.executable, f"{title}/train.py", "--model-dir", f"{title}-model"],
        cwd=work,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    model_here = json.loads((work / f"{title}-model" / "origin.json").read_text())
    accuracies[title] = model_here["accuracy"]
accuracies["the job"] = model_origin["accuracy"]

figure, axes = plt.subplots(figsize=(5, 3))
axes.bar(list(accuracies), list(accuracies.values()))
axes.set(ylabel="accuracy", ylim=(0, 1))
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result

# %%
assert commit == pinned != newest, "the clone is not at the pin"
assert job_tags["git:commit"] == pinned, "the job's tag names another commit"
assert model_origin["commit"] == pinned, "the model names another commit"
assert accuracies["newest"] < accuracies["pinned"], "the newest commit is no worse"
assert model_origin["max_depth"] == 3, "the newest commit was trained from"
measured = {metric.metric_name: metric.value for metric in training_job.final_metric_data_list}
assert abs(measured["accuracy"] - model_origin["accuracy"]) < 0.001, "log and model disagree"
check("accuracy", measured["accuracy"], at_least=0.88)

# %% include=cleanup
