# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Iris with the built-in XGBoost
#
# Which of three species is an iris, judging by four measurements? You will
#
# 1. put a data set into Amazon S3,
# 2. train a classifier with SageMaker's built-in XGBoost,
# 3. deploy it to a real-time endpoint and ask it,
# 4. score a whole file with a batch transform,
# 5. check both, and clean up.
#
# Run the cells in order. The whole lab takes about 30 minutes, most of it waiting for machines to
# start. Training and transform machines are billed by the second while they work; at the time of
# writing `ml.m5.xlarge` costs about 0.23 USD an hour for training in us-east-1.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules iris-xgboost` says how much that is in your region, and what the lab costs;
# where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`,
# twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "iris-xgboost"  # this lab

# %% include=setup

# %% [markdown]
# ## Prepare the data
#
# `iris.csv` has a header and ends each row with the species. Built-in XGBoost wants **CSV without
# a header, the target first**, and numbers only. Of the 150 flowers, 90 are for training, 30 to
# watch the training, and 30 are held back until the end.
#
# See the files in the console under *Amazon S3 > General purpose buckets*, or by the command that
# the cell prints. All that this lab writes goes below that prefix: the model and the predictions,
# too.

# %%
import csv
import random

SPECIES = ["setosa", "versicolor", "virginica"]

with Path("iris.csv").open(newline="") as file:
    flowers = [
        [SPECIES.index(row.pop("species")), *map(float, row.values())]
        for row in csv.DictReader(file)
    ]
random.Random(7).shuffle(flowers)
train, validation, test = flowers[:90], flowers[90:120], flowers[120:]


def to_csv(rows):
    return "\n".join(",".join(str(value) for value in row) for row in rows)


test_species = [row[0] for row in test]
test_measurements = to_csv(row[1:] for row in test)  # for predictions: no target

for key, body in {
    "train/train.csv": to_csv(train),
    "validation/validation.csv": to_csv(validation),
    "test/test.csv": test_measurements,
}.items():
    s3.put_object(Bucket=bucket, Key=f"{folder}/{key}", Body=body)
print(to_csv(train[:3]))
print(f"aws s3 ls --recursive s3://{bucket}/{folder}/")

# %% [markdown]
# ## Train
#
# A *training job* starts a machine, runs the algorithm's container on your data, stores the model
# in S3 and stops the machine. You pick image, machine and hyperparameters. `multi:softprob` makes
# the model answer with a probability for each of the three classes. See the job under *SageMaker
# AI > Training > Training jobs*.
#
# The log below comes from the container: `mlogloss` should fall in both columns.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train import ModelTrainer

image = image_uris.retrieve("xgboost", region, version="1.7-1")
trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image,
    base_job_name=base_name,
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    hyperparameters={
        "objective": "multi:softprob",
        "num_class": 3,
        "num_round": 30,
        "max_depth": 3,
        "eta": 0.2,
        "subsample": 0.8,
        "seed": 7,
    },
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
    tags=tag_list,
)
trainer.train(
    input_data_config=[
        InputData(
            channel_name=channel,
            data_source=f"s3://{bucket}/{folder}/{channel}/",
            content_type="text/csv",
        )
        for channel in ("train", "validation")
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Deploy to an endpoint
#
# Three things make an endpoint: the *model* (your training result and the image that can read it),
# the *endpoint configuration* (which machine serves which model) and the *endpoint* itself. It
# takes three to five minutes to start, and is billed from then on, asked or not. See it under
# *SageMaker AI > Inference > Endpoints*, or by `aws sagemaker describe-endpoint --endpoint-name`
# and the name that the cell prints.

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
# One request may carry many rows. The content type says what you send, `accept` what you want
# back: three probabilities for each flower. The most probable species is the prediction.


# %%
def most_probable(probabilities):
    return max(range(len(SPECIES)), key=lambda index: probabilities[index])


answer = endpoint.invoke(body=test_measurements, content_type="text/csv", accept="application/json")
scores = [row["score"] for row in json.loads(answer.body.read())["predictions"]]
from_endpoint = [most_probable(row) for row in scores]

for measurements, row in zip(test_measurements.splitlines()[:3], scores[:3], strict=True):
    shown = ", ".join(f"{species} {p:.2f}" for species, p in zip(SPECIES, row, strict=True))
    print(f"{measurements}: {shown}")

# %% [markdown]
# ## Look at the predictions
#
# The petals tell most. The larger the dot, the surer is the model: where two species meet it is
# less so, and that is where its errors lie.

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(6, 4))
for index, kind in enumerate(SPECIES):
    chosen = [
        (row, p[index]) for row, p in zip(test, scores, strict=True) if most_probable(p) == index
    ]
    axes.scatter(
        [row[3] for row, _ in chosen],
        [row[4] for row, _ in chosen],
        s=[80 * p for _, p in chosen],
        label=f"predicted {kind}",
    )
wrong = [row for row, guess in zip(test, from_endpoint, strict=True) if guess != row[0]]
axes.scatter(
    [row[3] for row in wrong],
    [row[4] for row in wrong],
    s=160,
    facecolors="none",
    edgecolors="red",
)
axes.set(xlabel="petal length (cm)", ylabel="petal width (cm)", title="circled: wrong")
axes.legend()
plt.show()

# %% [markdown]
# ## Score a file with a batch transform
#
# When nobody waits for the answer, you need no endpoint: a *transform job* starts a machine, sends
# it the lines of your file, writes their answers to S3 and stops. `Line` in and out keeps one
# answer per row, in the same order. See the job under *SageMaker AI > Inference > Batch transform
# jobs*.

# %%
from sagemaker.core.transformer import Transformer

transformer = Transformer(
    model_name=model.model_name,
    instance_type="ml.m5.xlarge",
    instance_count=1,
    strategy="MultiRecord",
    assemble_with="Line",
    accept="text/csv",
    output_path=f"s3://{bucket}/{folder}/predictions",
    base_transform_job_name=base_name,
    tags=tag_dicts,
    sagemaker_session=session,
)
transformer.transform(
    f"s3://{bucket}/{folder}/test/",
    content_type="text/csv",
    split_type="Line",
    wait=False,
    logs=False,
)
transform_job = transformer.latest_transform_job
print(f"transform job {transform_job.transform_job_name}")
transform_job.wait(poll=poll_seconds, logs=True)

# %%
output = s3.get_object(Bucket=bucket, Key=f"{folder}/predictions/test.csv.out")
lines = [line for line in output["Body"].read().decode().splitlines() if line.strip()]
from_transform = [most_probable(json.loads(line)) for line in lines]
print(lines[0])

# %% include=failures

# %% [markdown]
# ## Check the result
#
# The 30 flowers that the model has never seen decide. Both ways must agree, since the model is the
# same.


# %%
def accuracy(predicted):
    assert len(predicted) == len(test_species), f"{len(predicted)} answers for 30 flowers"
    return sum(map(int.__eq__, predicted, test_species)) / len(test_species)


value = min(accuracy(from_endpoint), accuracy(from_transform))
print(f"accuracy: endpoint {accuracy(from_endpoint):.3f}, transform {accuracy(from_transform):.3f}")
assert from_endpoint == from_transform, "endpoint and transform disagree"
check("accuracy", value, at_least=0.9)

# %% [markdown]
# ## Before you leave
#
# Deleting the endpoint alone would stop the bill, but leave its configuration, the model and your
# data behind. A later lab may build on your model: it is told where in S3 the artifact lies and
# which image reads it, and both outlive the clean-up.

# %%
hand_over(
    image=image,
    model_data=training_job.model_artifacts.s3_model_artifacts,
    test_data=f"s3://{bucket}/{folder}/test/test.csv",
    species=",".join(SPECIES[index] for index in test_species),
)

# %% include=cleanup
