# %% [markdown]
# # Batch transform in depth, with the iris model
#
# A file waits to be scored, and nobody waits for the answers: a case for a *batch transform*. You
# will
#
# 1. take over the model that you trained in the lab `iris-xgboost`,
# 2. score a file with one request for each row (`SingleRecord`),
# 3. score it again with as many rows in a request as fit (`MultiRecord`),
# 4. keep a column away from the model, and join each prediction to the row it belongs to,
# 5. check both, and clean up.
#
# Run the cells in order. The whole lab takes about 25 minutes, most of it waiting for machines
# to start. A transform's machine is billed by the second from its start to its end, and stops
# by itself: **nothing of this lab is billed after it**, and a model costs nothing until a machine
# serves it. At the time of writing `ml.m5.xlarge` costs about 0.23 USD an hour in us-east-1, for
# training as for endpoints; `workshop modules iris-batch` says what is known of your region.

# %%
module = "iris-batch"  # this lab

# %% include=setup

# %% [markdown]
# ## Take over the model
#
# `iris-xgboost` left behind where its model artifact lies in S3, which image reads it, and the 30
# flowers it held back. A SageMaker *model* is no more than these two: an artifact and an image,
# with the role the container works with. You see it in the console under *SageMaker AI > Inference
# > Models*, or by `aws sagemaker list-models --name-contains` and your prefix.

# %%
from sagemaker.core.resources import Model
from sagemaker.core.shapes import ContainerDefinition

earlier = take_over("iris-xgboost")
model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(
        image=earlier["image"], model_data_url=earlier["model_data"]
    ),
    execution_role_arn=role,
    tags=tag_list,
    **aws,
)
made.append(model.delete)
print(f"model {name} from {earlier['model_data']}")

# %% [markdown]
# ## Number the rows
#
# Real files have a key in every row, such as a customer's number, that the model must not see.
# Here it is the flower's number, in front of its four measurements.


# %%
def read_text(uri):
    """The text of one S3 object."""
    holder, _, key = uri.removeprefix("s3://").partition("/")
    return s3.get_object(Bucket=holder, Key=key)["Body"].read().decode()


SPECIES = ["setosa", "versicolor", "virginica"]  # in the order of the model's probabilities
measurements = read_text(earlier["test_data"]).split()
species = earlier["species"].split(",")
flowers = [f"flower-{number:02},{row}" for number, row in enumerate(measurements, start=1)]

for key, lines in {"bare/flowers.csv": measurements, "numbered/flowers.csv": flowers}.items():
    s3.put_object(Bucket=bucket, Key=f"{folder}/{key}", Body="\n".join(lines) + "\n")
print("\n".join(flowers[:3]))

# %% [markdown]
# ## One row in a request
#
# A transform splits the file into *records*; `split_type="Line"` makes each line one. The
# *strategy* says how many records the container gets at once. `SingleRecord` is for models that
# can only take one. Every request has its price in time: below, the container logs a `POST` for
# each of the 30 flowers.
#
# `assemble_with="Line"` writes a line for each record, in the order of the input, to one object:
# the input's name and `.out`. Jobs stand under *SageMaker AI > Inference > Batch transform jobs*.

# %%
from sagemaker.core.transformer import Transformer


def start_transform(strategy, source, **processing):
    """Start a transform of the objects below `source`; what it writes has the strategy's name."""
    transformer = Transformer(
        model_name=model.model_name,
        instance_type="ml.m5.xlarge",
        instance_count=1,
        strategy=strategy,
        assemble_with="Line",
        accept="text/csv",
        max_payload=6,  # MiB in one request
        output_path=f"s3://{bucket}/{folder}/{strategy}",
        base_transform_job_name=base_name,
        tags=tag_dicts,
        sagemaker_session=session,
    )
    transformer.transform(
        f"s3://{bucket}/{folder}/{source}/",
        content_type="text/csv",
        split_type="Line",
        wait=False,
        logs=False,
        **processing,
    )
    job = transformer.latest_transform_job
    print(f"transform job {job.transform_job_name}")
    return job


single_job = start_transform("SingleRecord", "bare")
single_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# The output has a line for every flower, and nothing else: three probabilities.

# %%
single_lines = read_text(f"s3://{bucket}/{folder}/SingleRecord/flowers.csv.out").splitlines()
from_single = [json.loads(line) for line in single_lines if line.strip()]
print("\n".join(single_lines[:3]))

# %% [markdown]
# ## Many rows in a request, and each answer with its row
#
# `MultiRecord` puts records together until a request is as large as `max_payload` (6 MiB here; at
# most 100). The 30 flowers now need a single `POST`. On a file of a million rows that is the
# difference between minutes and hours; the built-in algorithms all take many rows.
#
# Three more settings decide what belongs together (`DataProcessing` in the API):
#
# - `input_filter="$[1:]"`: the model gets every column but the first. It would refuse five.
# - `join_source="Input"`: each answer is written behind the whole row that it belongs to.
# - `output_filter` would choose among the joined columns; without it all of them are kept.

# %%
multi_job = start_transform("MultiRecord", "numbered", input_filter="$[1:]", join_source="Input")
multi_job.wait(poll=poll_seconds, logs=True)

# %%
joined = read_text(f"s3://{bucket}/{folder}/MultiRecord/flowers.csv.out").splitlines()
print("\n".join(joined[:3]))

COLUMNS = 5  # the number and four measurements; what follows is the model's
rows = [line.split(",", COLUMNS) for line in joined if line.strip()]
# A CSV writer may put quotes around an answer that has commas of its own.
from_multi = [json.loads(answer.strip('"')) for *_, answer in rows]

# %% [markdown]
# ## Compare the two
#
# You pay for a transform from `TransformStartTime` to `TransformEndTime`. For 30 rows nearly all of
# it is the machine's own start.

# %%
for job, requests in ((single_job, len(from_single)), (multi_job, 1)):
    job.refresh()
    billed = job.transform_end_time - job.transform_start_time
    print(f"{job.batch_strategy}: {requests} requests, {billed.total_seconds():.1f} s billed")

# %% [markdown]
# ## Look at the predictions
#
# Each bar is one flower, and its colours are the probabilities of the three species. A bar of one
# colour is a sure prediction. Which species does the model mix up?

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(10, 3))
bottom = [0.0] * len(rows)
for index, kind in enumerate(SPECIES):
    height = [probabilities[index] for probabilities in from_multi]
    axes.bar(range(1, len(rows) + 1), height, bottom=bottom, label=kind)
    bottom = [low + high for low, high in zip(bottom, height, strict=True)]
axes.set(xlabel="flower", ylabel="probability", title="What the model thinks of 30 flowers")
axes.legend(bbox_to_anchor=(1, 1))
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# Every row must have come back, whole and with a prediction; one model gives the same
# probabilities whichever way it is asked; and most predictions must be right.

# %%
assert [",".join(row[:COLUMNS]) for row in rows] == flowers, "rows were lost or changed"
apart = max(
    abs(one - other)
    for single, multi in zip(from_single, from_multi, strict=True)
    for one, other in zip(single, multi, strict=True)
)
assert apart < 1e-6, f"the two strategies differ by {apart}"

predicted = [SPECIES[probabilities.index(max(probabilities))] for probabilities in from_multi]
for row, guess, truth in zip(rows, predicted, species, strict=True):
    if guess != truth:
        print(f"{row[0]} is {truth}, not {guess}")
check("accuracy", sum(map(str.__eq__, predicted, species)) / len(species), at_least=0.9)

# %% include=cleanup
