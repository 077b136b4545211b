# %% [markdown]
# # House prices with the SageMaker SDK
#
# What is a house worth, judging by its area, its age and its place? You will
#
# 1. make a table of houses and put it into Amazon S3,
# 2. train a *regression* with the built-in XGBoost, which stops when it gets no better,
# 3. build a SageMaker model from the training,
# 4. predict the prices of a file with a batch transform,
# 5. look at predicted against true prices, check the error, and clean up.
#
# Run the cells in order. The whole lab takes about 30 minutes, most of it waiting for machines to
# start. Both machines are billed by the second and stop by themselves; at the time of writing
# `ml.m5.xlarge` costs about 0.23 USD an hour for training in us-east-1. There is no endpoint:
# **nothing is billed after the transform has ended**, except the few kilobytes in S3.
# `workshop modules housing-xgboost` says what the lab costs in your region.
#
# The lab `housing-xgboost-lowlevel` does the same with plain API calls.

# %%
module = "housing-xgboost"  # this lab

# %% include=setup

# %% [markdown]
# ## Make the data
#
# `make_houses.py`, beside this notebook, makes up 2,000 houses. The price, in thousands, is the
# target.

# %%
import numpy
from make_houses import COLUMNS, write_houses

write_houses(Path("houses.csv"))
houses = numpy.loadtxt("houses.csv", delimiter=",", skiprows=1)
print(", ".join(COLUMNS))
houses[:3]

# %% [markdown]
# Near the centre a kilometre more costs a lot, farther out it does not matter: a straight line
# cannot say that, trees can.

# %%
import matplotlib.pyplot as plt

figure, panels = plt.subplots(1, 3, figsize=(11, 3), sharey=True)
for panel, column in zip(panels, ("area", "distance", "age"), strict=True):
    panel.scatter(houses[:, COLUMNS.index(column)], houses[:, 0], s=4, alpha=0.4)
    panel.set_xlabel(column)
panels[0].set_ylabel("price in thousands")
plt.show()

# %% [markdown]
# ## Put it into S3
#
# Built-in XGBoost wants CSV without a header, the target first. 70 % of the houses are for
# training, 15 % tell it when to stop, and 15 % are held back; their file has no prices.

# %%
numpy.random.default_rng(7).shuffle(houses)
train, validation, test = numpy.split(houses, [int(0.7 * len(houses)), int(0.85 * len(houses))])
prices, questions = test[:, 0], test[:, 1:]


def to_csv(rows):
    return "\n".join(",".join(f"{value:g}" for value in row) for row in rows) + "\n"


def put(key, text):
    """Write an object below this run's folder; returns its S3 URI."""
    s3.put_object(Bucket=bucket, Key=f"{folder}/{key}", Body=text)
    return f"s3://{bucket}/{folder}/{key}"


data = {
    "houses": put("houses.csv", Path("houses.csv").read_text()),
    "train": put("train/train.csv", to_csv(train)),
    "validation": put("validation/validation.csv", to_csv(validation)),
    "test": put("test/test.csv", to_csv(questions)),
    "prices": put("prices.csv", to_csv(prices[:, None])),
}
print(to_csv(train[:2]))

# %% [markdown]
# ## Train
#
# `reg:squarederror` makes it a regression. `num_round` is how many trees there are at most; with
# `early_stopping_rounds` the training ends when ten more trees have not made the error on the
# validation data smaller. `gamma` and `min_child_weight` keep trees from splitting for nothing.
#
# In the log, `validation-rmse` is the error in thousands: it falls, and then it does not.

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
        "objective": "reg:squarederror",
        "num_round": 200,
        "early_stopping_rounds": 10,
        "max_depth": 5,
        "eta": 0.2,
        "gamma": 4,
        "min_child_weight": 6,
        "subsample": 0.8,
        "seed": 7,
    },
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=tag_list,
)
trainer.train(
    input_data_config=[
        InputData(channel_name=channel, data_source=data[channel], content_type="text/csv")
        for channel in ("train", "validation")
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Build a model
#
# A `ModelBuilder` takes what was trained and makes a SageMaker *model* of it: the artifact in S3,
# the image and the role. Find both under *SageMaker AI > Training > Training jobs* and
# *SageMaker AI > Inference > Models*, or by
# `aws sagemaker describe-model --model-name` and the name that the cell prints.

# %%
from sagemaker.serve import ModelBuilder

builder = ModelBuilder(
    model=trainer,
    image_uri=image,
    role_arn=role,
    instance_type="ml.m5.xlarge",
    sagemaker_session=session,
)
model = builder.build(model_name=name)
made.append(model.delete)
print(f"model {model.model_name}")

# %% [markdown]
# ## Predict a file
#
# The transform sends the lines of the file to the model, and writes a price for each to
# `test.csv.out`. See the job under *SageMaker AI > Inference > Batch transform jobs*.

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
    data["test"], content_type="text/csv", split_type="Line", wait=False, logs=False
)
transform_job = transformer.latest_transform_job
print(f"transform job {transform_job.transform_job_name}")
transform_job.wait(poll=poll_seconds, logs=True)

# %%
output = s3.get_object(Bucket=bucket, Key=f"{folder}/predictions/test.csv.out")
predicted = numpy.array([float(line) for line in output["Body"].read().split()])
for price, guess in list(zip(prices, predicted, strict=True))[:3]:
    print(f"predicted {guess:.0f}, true {price:.0f}")

# %% [markdown]
# ## Compare with a straight line
#
# Is the effort worth it? A linear model of the same columns is the least that XGBoost has to beat.
# *RMSE* is the usual error in thousands; *R2* is the share of the differences in price that the
# model explains: 0 is a model that always says the mean, 1 is one that is always right.

# %%


def rmse(guesses):
    return float(numpy.sqrt(numpy.mean((guesses - prices) ** 2)))


def r2(guesses):
    return float(1 - numpy.mean((guesses - prices) ** 2) / numpy.var(prices))


def with_constant(columns):
    return numpy.column_stack([columns, numpy.ones(len(columns))])


weights, *_ = numpy.linalg.lstsq(with_constant(train[:, 1:]), train[:, 0], rcond=None)
linear = with_constant(questions) @ weights

figure, panels = plt.subplots(1, 2, figsize=(9, 4), sharex=True, sharey=True)
for panel, title, guesses in zip(
    panels, ("linear model", "XGBoost"), (linear, predicted), strict=True
):
    panel.scatter(prices, guesses, s=8, alpha=0.5)
    panel.axline((150, 150), slope=1, color="black", linestyle="--", linewidth=1)
    panel.set(title=f"{title}: RMSE {rmse(guesses):.1f}", xlabel="true price in thousands")
panels[0].set_ylabel("predicted price in thousands")
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result

# %%
assert len(predicted) == len(prices), f"{len(predicted)} predictions for {len(prices)} houses"
print(f"RMSE {rmse(predicted):.1f}, of a straight line {rmse(linear):.1f}")
assert rmse(predicted) < 20, "the error is larger than expected"
assert rmse(predicted) < 0.85 * rmse(linear), "a straight line would do as well"
check("R2", r2(predicted), at_least=0.88)

# %% [markdown]
# ## Before you leave
#
# Later labs work on these houses, too: they are told where the files lie.

# %%
hand_over(
    image=image,
    model_data=training_job.model_artifacts.s3_model_artifacts,
    columns=",".join(COLUMNS),
    rmse=rmse(predicted),
    **data,
)

# %% include=cleanup
