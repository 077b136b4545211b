# %% [markdown]
# # Iris without labels, with the built-in k-means
#
# Nobody tells the algorithm what species there are. Does it find them? You will
#
# 1. write the measurements of 112 flowers as recordio-protobuf,
# 2. train SageMaker's built-in k-means to find three clusters,
# 3. deploy the model, and ask for 38 other flowers which cluster each is closest to,
# 4. look at the clusters, compare them with the species, and clean up.
#
# Run the cells in order. The whole lab takes about 30 minutes, most of it waiting for machines to
# start. Training is billed by the second and ends by itself; at the time of writing `ml.m5.xlarge`
# costs about 0.23 USD an hour for training in us-east-1.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules kmeans-iris` says how much that is in your region, and what the lab costs; where
# it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`, twice
# as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "kmeans-iris"  # this lab

# %% include=setup

# %% [markdown]
# ## Look at the data
#
# scikit-learn brings the 150 flowers along. 112 of them, drawn at random, are for training and 38
# are held back. The species are put aside: they will only serve to judge the result.

# %%
import numpy
from sklearn.datasets import load_iris

iris = load_iris()
order = numpy.random.default_rng(17).permutation(len(iris.data))
train, test = iris.data[order[:112]], iris.data[order[112:]]
test_species = iris.target[order[112:]]
print(", ".join(iris.feature_names))
print(train[:3])

# %% [markdown]
# ## Write recordio-protobuf
#
# The built-in algorithms read CSV too, but **recordio-protobuf** is the format they were made for:
# numbers need not be parsed, keep their precision, and can be streamed into the algorithm while it
# trains (Pipe mode). Version 3 of the SageMaker SDK does not write it any more; `recordio.py`,
# beside this notebook, does in a few lines. Each record is one flower.

# %%
from recordio import CONTENT_TYPE, write_records

records = write_records(train)
s3.put_object(Bucket=bucket, Key=f"{folder}/train/flowers.data", Body=records)
print(f"{len(records)} bytes, {len(records) // len(train)} for each flower")
print(records[:44].hex(" ", 4))

# %% [markdown]
# The first eight bytes are the magic number of the format and the length of the first record.
#
# ## Train
#
# `k` is how many clusters to find and `feature_dim` how many numbers a record has: both must be
# said. `msd`, the mean squared distance of a flower to its cluster's centre, tells how tight the
# clusters are. The job stands in the console under *SageMaker AI > Training > Training jobs*.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train import ModelTrainer

CLUSTERS = 3
image = image_uris.retrieve("kmeans", region, version="1")
trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image,
    base_job_name=base_name,
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    hyperparameters={
        "k": CLUSTERS,
        "feature_dim": train.shape[1],
        "mini_batch_size": 112,
        "epochs": 20,
        "init_method": "kmeans++",
        "eval_metrics": '["msd"]',
    },
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=tag_list,
)
trainer.train(
    input_data_config=[
        InputData(
            channel_name="train",
            data_source=f"s3://{bucket}/{folder}/train/",
            content_type=CONTENT_TYPE,
        )
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# Besides the log, the metric is kept with the job: `aws sagemaker describe-training-job
# --training-job-name` and its name shows it under `FinalMetricDataList`.

# %%
for metric in training_job.final_metric_data_list or []:
    print(f"{metric.metric_name} {metric.value:.4f}")

# %% [markdown]
# ## Deploy to an endpoint
#
# Model, endpoint configuration, endpoint. It takes three to five minutes to start, and bills from
# then on, asked or not. You find it under *SageMaker AI > Inference > Endpoints*.

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
# The request is recordio-protobuf again, 38 records in one call; the answer is JSON. For each
# flower it names the `closest_cluster` and the `distance_to_cluster`, in the measurements' own
# unit, the centimetre. The clusters have numbers and no names: the algorithm knows of none.

# %%
answer = endpoint.invoke(
    body=write_records(test), content_type=CONTENT_TYPE, accept="application/json"
)
predictions = json.loads(answer.body.read())["predictions"]
closest = numpy.array([int(row["closest_cluster"]) for row in predictions])
distance = numpy.array([row["distance_to_cluster"] for row in predictions])
for flower, row in list(zip(test, predictions, strict=True))[:3]:
    print(f"{flower}: cluster {row['closest_cluster']:.0f}, {row['distance_to_cluster']:.2f} cm")

# %% [markdown]
# CSV is understood as well. The same flowers must be in the same clusters.

# %%
lines = "\n".join(",".join(map(str, flower)) for flower in test)
answer = endpoint.invoke(body=lines, content_type="text/csv", accept="application/json")
from_csv = [int(row["closest_cluster"]) for row in json.loads(answer.body.read())["predictions"]]
print(from_csv)

# %% [markdown]
# ## Look at the clusters
#
# Left: what the model found. Right: what a botanist says. A large marker is a flower far from its
# cluster's centre: the model is less sure of it, or it is an oddity, which is how distances find
# faults in machines or frauds among payments.

# %%
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
for panel, title, groups in zip(
    panels, ("clusters", "species"), (closest, test_species), strict=True
):
    for group in range(CLUSTERS):
        chosen = groups == group
        label = iris.target_names[group] if title == "species" else f"cluster {group}"
        panel.scatter(test[chosen, 2], test[chosen, 3], s=20 + 80 * distance[chosen], label=label)
    panel.set(title=title, xlabel="petal length (cm)")
    panel.legend()
panels[0].set_ylabel("petal width (cm)")
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# *Purity* compares clusters with classes: give each cluster the name of its most frequent species,
# and count how many flowers are then named rightly. It is 1 when no cluster mixes species. Here
# setosa stands apart, while versicolor and virginica overlap.


# %%
def purity(clusters, classes):
    largest = [numpy.bincount(classes[clusters == each]).max() for each in set(clusters.tolist())]
    return sum(largest) / len(classes)


for cluster in sorted(set(closest.tolist())):
    counts = numpy.bincount(test_species[closest == cluster], minlength=3)
    named = ", ".join(f"{n} {kind}" for n, kind in zip(counts, iris.target_names, strict=True))
    print(f"cluster {cluster}: {named}")
assert len(predictions) == len(test), f"{len(predictions)} answers for {len(test)} flowers"
assert from_csv == closest.tolist(), "recordio-protobuf and CSV disagree"
assert set(closest.tolist()) == set(range(CLUSTERS)), "a cluster has no flower"
check("purity", purity(closest, test_species), at_least=0.8)

# %% include=cleanup
