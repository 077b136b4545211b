# %% [markdown]
# # Your own script with scikit-learn
#
# The built-in algorithms are one way; the other is a script of your own, in an image of AWS's that
# has the framework installed. SageMaker calls that *script mode*. You will
#
# 1. read a training script that knows nothing of SageMaker but a few variables,
# 2. run it here, where it costs nothing,
# 3. run it unchanged as a training job,
# 4. serve the model by two functions of the same file,
# 5. look at the clusters, check them, and clean up.
#
# Run the cells in order. The whole lab takes about 30 minutes, most of it waiting for machines to
# start. Training is billed by the second and ends by itself; at the time of writing `ml.m5.xlarge`
# costs about 0.23 USD an hour for training in us-east-1.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules sklearn-kmeans` says how much that is in your region, and what the lab costs;
# where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`,
# twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "sklearn-kmeans"  # this lab

# %% include=setup

# %% [markdown]
# ## Put the data into S3
#
# 112 flowers for training, 38 to ask about later. A script reads what it likes; ours reads CSV.

# %%
import numpy
from sklearn.datasets import load_iris

iris = load_iris()
order = numpy.random.default_rng(17).permutation(len(iris.data))
train, test = iris.data[order[:112]], iris.data[order[112:]]
test_species = iris.target[order[112:]]

Path("data").mkdir(exist_ok=True)
numpy.savetxt("data/flowers.csv", train, delimiter=",", fmt="%.1f")
s3.upload_file("data/flowers.csv", bucket, f"{folder}/train/flowers.csv")
print(Path("data/flowers.csv").read_text()[:40])

# %% [markdown]
# ## Read the script
#
# Three things make `source/train.py` fit for SageMaker:
#
# - hyperparameters come as arguments (`--n-clusters 3`), which `argparse` reads;
# - `SM_CHANNEL_TRAIN` and `SM_MODEL_DIR` say where the data lie and where the model belongs;
#   everything in the model's folder becomes `model.tar.gz` in S3;
# - `model_fn` and `predict_fn` are for serving, and are not called in training.

# %%
print(Path("source/train.py").read_text())

# %% [markdown]
# ## Try it here
#
# A typing error costs a second here, and five minutes in a job. The variables are not set, so
# arguments say where things are.

# %%
import subprocess

tried = subprocess.run(
    [sys.executable, "source/train.py", "--train", "data", "--model-dir", "local-model"],
    capture_output=True,
    text=True,
    check=False,
)
print(tried.stdout, tried.stderr)
assert tried.returncode == 0, "the script fails here, and would fail in the job"

# %% [markdown]
# ## Train
#
# The image is AWS's, with scikit-learn 1.2-1 in it. `SourceCode` says what goes along: the SDK
# uploads the folder to S3, and the container starts the script. A `requirements.txt` in the folder
# would be installed first. There is an image 1.4-2 too, but it can only train, not serve. See the
# job under *SageMaker AI > Training > Training jobs*.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer

CLUSTERS = 3
image = image_uris.retrieve("sklearn", region, version="1.2-1", instance_type="ml.m5.xlarge")
trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image,
    base_job_name=base_name,
    source_code=SourceCode(source_dir="source", entry_script="train.py"),
    compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
    hyperparameters={"n-clusters": CLUSTERS, "seed": 17},
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=tag_list,
)
trainer.train(
    input_data_config=[
        InputData(channel_name="train", data_source=f"s3://{bucket}/{folder}/train/")
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Look into the model
#
# The artifact holds what the script wrote: the model, and in `code/` the script itself, for
# serving.

# %%
import io
import tarfile

artifact = training_job.model_artifacts.s3_model_artifacts
holder, _, key = artifact.removeprefix("s3://").partition("/")
packed = s3.get_object(Bucket=holder, Key=key)["Body"].read()
with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
    in_artifact = sorted(entry.name.removeprefix("./") for entry in archive if entry.isfile())
print(in_artifact)

# %% [markdown]
# ## Deploy to an endpoint
#
# The same image serves. Two variables tell it which file has the functions, and where it lies.
# The endpoint takes three to five minutes to start, and bills from then on, asked or not; see it
# under *SageMaker AI > Inference > Endpoints*, and what its script prints in the log group
# `/aws/sagemaker/Endpoints/` and the endpoint's name.

# %%
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(
        image=image,
        model_data_url=artifact,
        environment={
            "SAGEMAKER_PROGRAM": "train.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            "SAGEMAKER_REGION": region,
        },
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
# The script has no `input_fn` and no `output_fn`; the container's own read and write CSV, JSON and
# numpy's format. CSV goes in here, a JSON list of cluster numbers comes out.

# %%
lines = "\n".join(",".join(map(str, flower)) for flower in test)
answer = endpoint.invoke(body=lines, content_type="text/csv", accept="application/json")
labels = numpy.array(json.loads(answer.body.read()))
print(labels)

# %% [markdown]
# ## The same, here
#
# The model that was trained in this notebook puts the flowers into groups as well. scikit-learn's
# version may be another one here, and clusters have no fixed numbers: 0 there may be 2 here. The
# *adjusted Rand index* compares groupings whatever their names: 1 is the same, 0 is chance.

# %%
import joblib
from sklearn.metrics import adjusted_rand_score

local_labels = joblib.load("local-model/model.joblib").predict(test)
print(f"here and there: {adjusted_rand_score(local_labels, labels):.3f}")

# %% [markdown]
# ## Look at the clusters

# %%
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 2, figsize=(10, 4), sharex=True, sharey=True)
for panel, title, groups in zip(
    panels, ("labels from the endpoint", "species"), (labels, test_species), strict=True
):
    panel.scatter(test[:, 2], test[:, 3], c=groups, cmap="viridis")
    panel.set(title=title, xlabel="petal length (cm)")
panels[0].set_ylabel("petal width (cm)")
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# Nobody has told the algorithm of species, and yet its groups are much like them.

# %%
assert in_artifact == ["code/train.py", "model.joblib"], in_artifact
assert len(labels) == len(test), f"{len(labels)} answers for {len(test)} flowers"
assert set(labels.tolist()) == set(range(CLUSTERS)), "a cluster has no flower"
assert adjusted_rand_score(local_labels, labels) > 0.9, "the job's model groups otherwise"
check("adjusted Rand index", adjusted_rand_score(test_species, labels), at_least=0.6)

# %% include=cleanup
