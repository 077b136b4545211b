# %% [markdown]
# # Train here, deploy there
#
# Not every model was trained by SageMaker: yours may come from a laptop, or from a colleague. You
# will *bring your own model*:
#
# 1. train an XGBoost model in this notebook,
# 2. find the container that can read it, and pack it as that container wants it,
# 3. make a SageMaker model of it and deploy it to an endpoint,
# 4. check that the endpoint says exactly what the notebook says, and clean up.
#
# Run the cells in order. The whole lab takes about 20 minutes, most of it waiting for a machine to
# start. There is no training job.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules local-then-deploy` says how much that is in your region, and what the lab costs;
# where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`,
# twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "local-then-deploy"  # this lab

# %% include=setup

# %% [markdown]
# ## Train here
#
# Iris once more: 120 flowers train, 30 are held back. This is plain XGBoost; SageMaker has no part
# in it. Where the library is missing, `%pip install xgboost-cpu==3.2.0` in a cell of its own brings
# it.

# %%
import numpy
import xgboost
from sklearn.datasets import load_iris

iris = load_iris()
order = numpy.random.default_rng(7).permutation(len(iris.data))
train, test = order[:120], order[120:]
booster = xgboost.train(
    {"objective": "multi:softprob", "num_class": 3, "max_depth": 3, "eta": 0.2, "seed": 7},
    xgboost.DMatrix(iris.data[train], label=iris.target[train]),
    num_boost_round=30,
)
here = booster.predict(xgboost.DMatrix(iris.data[test]))
accuracy = float((here.argmax(1) == iris.target[test]).mean())
print(f"XGBoost {xgboost.__version__}, accuracy {accuracy:.3f}")

# %% [markdown]
# ## Find the container
#
# **The container's library must fit the one that wrote the model.** An older XGBoost may not know
# what a newer one writes down. `containers.py`, beside this notebook, picks the oldest container
# that is not older than the library here.
#
# What you would see otherwise: the endpoint stays *Creating* for half an hour and ends as *Failed*,
# with "The primary container for production variant AllTraffic did not pass the ping health check".
# The reason is not there but in the container's log, the log group `/aws/sagemaker/Endpoints/` and
# the endpoint's name, as an error when the model was loaded. With scikit-learn's pickles it may be
# worse: another version may load the model, warn, and answer something else.

# %%
from containers import CONTAINERS, container_for
from sagemaker.core import image_uris

container = container_for(xgboost.__version__)
image = image_uris.retrieve("xgboost", region, version=container)
print(f"of {', '.join(CONTAINERS)}: {container}")
print(image)

# %% [markdown]
# ## Pack the model
#
# A model's artifact is a `model.tar.gz` that SageMaker unpacks to `/opt/ml/model`. What must be in
# it is the container's affair: built-in XGBoost takes one file, and calls its own `xgboost-model`.
# It lies at the top of the archive, in no folder: the most frequent mistake.

# %%
import io
import tarfile

content = bytes(booster.save_raw("ubj"))  # XGBoost's own format, the same in every language
packed = io.BytesIO()
with tarfile.open(fileobj=packed, mode="w:gz") as archive:
    entry = tarfile.TarInfo("xgboost-model")
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))

s3.put_object(Bucket=bucket, Key=f"{folder}/model.tar.gz", Body=packed.getvalue())
artifact = f"s3://{bucket}/{folder}/model.tar.gz"
print(f"{len(content)} bytes, {len(packed.getvalue())} packed, in {artifact}")

# %% [markdown]
# ## Deploy it
#
# From here on it makes no difference where the model comes from: artifact, image and role are a
# *model*; with a machine it is an *endpoint configuration*, and running an *endpoint*. See the
# model under *SageMaker AI > Inference > Models*, or by `aws sagemaker describe-model --model-name`
# and the name that the cell prints; the endpoint under *SageMaker AI > Inference > Endpoints*.

# %%
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(image=image, model_data_url=artifact),
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

# %%
lines = "\n".join(",".join(map(str, flower)) for flower in iris.data[test].tolist())
answer = endpoint.invoke(body=lines, content_type="text/csv", accept="application/json")
there = numpy.array([row["score"] for row in json.loads(answer.body.read())["predictions"]])
for mine, theirs in list(zip(here, there, strict=True))[:3]:
    print(f"here {mine.round(4)}, there {theirs.round(4)}")

# %% [markdown]
# ## Compare
#
# Every point is a probability: to the right what the notebook says, upwards what the endpoint
# says. All of them must lie on the line. A point beside it would mean another library, another
# order of the columns, or another model.

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(4.5, 4.5))
for kind, label in enumerate(iris.target_names):
    axes.scatter(here[:, kind], there[:, kind], label=label, alpha=0.6)
axes.axline((0, 0), slope=1, color="black", linestyle="--", linewidth=1)
axes.set(xlabel="probability, in the notebook", ylabel="probability, from the endpoint")
axes.legend()
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result

# %%
assert there.shape == here.shape, f"{there.shape} answers for {here.shape} predictions"
assert accuracy >= 0.9, f"the model is right for {accuracy:.3f} of the flowers only"
check("largest difference", numpy.abs(here - there).max(), at_most=0.0001)

# %% include=cleanup
