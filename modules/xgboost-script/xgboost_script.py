# %% [markdown]
# # XGBoost as a framework, with your own script
#
# The image that has the built-in XGBoost also runs scripts. You give up that everything is done for
# you, and may decide everything: what a round logs, what is kept, what an endpoint understands.
# Wines of three grapes, told apart by 13 chemical measurements, are the example. You will
#
# 1. train by a script that prints losses, which SageMaker reads from the log,
# 2. let a second job go on from the first one's checkpoint,
# 3. deploy the model with functions of your own for requests and answers,
# 4. ask the endpoint in two formats, check the answers, and clean up.
#
# Run the cells in order. The whole lab takes about 40 minutes, most of it waiting for machines to
# start. Training is billed by the second and ends by itself; at the time of writing `ml.m5.xlarge`
# costs about 0.23 USD an hour for training in us-east-1.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules xgboost-script` says how much that is in your region, and what the lab costs;
# where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`,
# twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "xgboost-script"  # this lab

# %% include=setup

# %% [markdown]
# ## Put the data into S3
#
# scikit-learn brings the 178 wines along. The class comes first: the script is ours, so this is our
# choice and not a rule. 107 wines train, 35 watch the training, 36 are held back.

# %%
import numpy
from sklearn.datasets import load_wine

wine = load_wine()
rows = numpy.column_stack([wine.target, wine.data])
numpy.random.default_rng(17).shuffle(rows)
train, validation, test = numpy.split(rows, [107, 142])


def to_csv(table):
    return "\n".join(",".join(f"{value:g}" for value in row) for row in table) + "\n"


for channel, table in {"train": train, "validation": validation}.items():
    s3.put_object(Bucket=bucket, Key=f"{folder}/{channel}/wines.csv", Body=to_csv(table))
print(", ".join(wine.feature_names))
print(to_csv(train[:2]))

# %% [markdown]
# ## Read the script
#
# `train` gives XGBoost two callbacks: one prints a line each round, the other writes a checkpoint
# every ten rounds. If there is a checkpoint already, training goes on from it. Outside of SageMaker
# `python source/train.py --help` says how it is called.

# %%
script = Path("source/train.py").read_text()
print(script[script.index("def train(") : script.index("def save(")])

# %% [markdown]
# ## Train
#
# Two things are new against a built-in algorithm:
#
# - a `MetricDefinition` is a name and a regular expression. SageMaker searches each line of the log
#   by it; what the first group finds goes to CloudWatch and to the job's description.
# - the `CheckpointConfig`: what the script writes to `/opt/ml/checkpoints` is copied to S3 while it
#   runs, and is brought back when a job starts with the same place.
#
# The first job does 20 rounds only, as if it had been interrupted.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import MetricDefinition, OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import CheckpointConfig, Compute, InputData, SourceCode
from sagemaker.train import ModelTrainer

image = image_uris.retrieve("xgboost", region, version="1.7-1")
number = r"([0-9.eE+-]+)"
metrics = [
    MetricDefinition(name="train:mlogloss", regex=f"train-mlogloss={number}"),
    MetricDefinition(name="validation:mlogloss", regex=f"validation-mlogloss={number}"),
]


def train_to(num_round):
    """Train until the model has so many rounds; the ended job."""
    trainer = ModelTrainer(
        sagemaker_session=session,
        role=role,
        training_image=image,
        base_job_name=base_name,
        source_code=SourceCode(source_dir="source", entry_script="train.py"),
        compute=Compute(instance_type="ml.m5.xlarge", instance_count=1),
        hyperparameters={"num-round": num_round, "num-class": 3, "max-depth": 3, "eta": 0.2},
        output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
        checkpoint_config=CheckpointConfig(s3_uri=f"s3://{bucket}/{folder}/checkpoints"),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
        tags=tag_list,
    ).with_metric_definitions(metrics)
    trainer.train(
        input_data_config=[
            InputData(channel_name=channel, data_source=f"s3://{bucket}/{folder}/{channel}/")
            for channel in ("train", "validation")
        ],
        wait=False,
        logs=False,
    )
    job = trainer._latest_training_job
    print(f"training job {job.training_job_name}")
    job.wait(poll=poll_seconds, logs=True)
    return job


first_job = train_to(20)

# %% [markdown]
# The last value of each metric stands in the job's description, all values in CloudWatch, and as a
# curve on the job's page under *SageMaker AI > Training > Training jobs*.

# %%
first_losses = {metric.metric_name: metric.value for metric in first_job.final_metric_data_list}
checkpoints = s3.list_objects_v2(Bucket=bucket, Prefix=f"{folder}/checkpoints/")["Contents"]
print(first_losses)
print([item["Key"].rpartition("/")[2] for item in checkpoints])

# %% [markdown]
# ## Go on
#
# The second job is to have 40 rounds, and finds 20 of them done: look for *going on after round 20*
# in its log. On **spot instances**, which cost up to 90 % less and may be taken away at any time,
# SageMaker starts a job again by itself, and this is what saves the work.

# %%
import re

job = train_to(40)
losses = {metric.metric_name: metric.value for metric in job.final_metric_data_list}
print(losses)


# %%
def log_of(ended):
    """The lines a training job has logged; the last page's token leads to itself."""
    logs = boto_session.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(
        logGroupName=group, logStreamNamePrefix=f"{ended.training_job_name}/"
    )["logStreams"]
    lines = []
    for stream in streams:
        request = {"logGroupName": group, "logStreamName": stream["logStreamName"]}
        token = None
        while True:
            more = {"nextToken": token} if token else {}
            page = logs.get_log_events(**request, startFromHead=True, **more)
            lines += [event["message"] for event in page["events"]]
            if page["nextForwardToken"] == token:
                break
            token = page["nextForwardToken"]
    return lines


def losses_in(lines):
    """Round and both losses, of each line that has them."""
    pattern = re.compile(rf"round=(\d+) train-mlogloss={number} validation-mlogloss={number}")
    found = filter(None, map(pattern.search, lines))
    return [[float(text) for text in match.groups()] for match in found]


def losses_of(ended, last_round):
    """The losses of a job. CloudWatch may show the last lines some seconds after its end."""
    for _ in range(6):
        losses_so_far = losses_in(log_of(ended))
        if losses_so_far and losses_so_far[-1][0] >= last_round:
            break
        time.sleep(poll_seconds)
    return losses_so_far


history = losses_of(first_job, 20) + losses_of(job, 40)
rounds, train_loss, validation_loss = numpy.array(history).T

# %%
import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8, 3.5))
axes.plot(rounds, train_loss, label="train")
axes.plot(rounds, validation_loss, label="validation")
axes.axvline(20, color="black", linestyle=":", label="the second job goes on")
axes.set(xlabel="round", ylabel="mlogloss")
axes.legend()
plt.show()

# %% [markdown]
# The curves do not jump at the line: nothing was lost, and nothing done twice.
#
# ## Deploy to an endpoint
#
# `train.py` has put `inference.py` into the artifact, beside the model. Two variables make the
# container use it instead of its own handling: the same image becomes a server that reads and
# answers as you like. See it under *SageMaker AI > Inference > Endpoints*.

# %%
inference = Path("source/inference.py").read_text()
print(inference[inference.index("def input_fn") :])

# %%
from sagemaker.core.resources import Endpoint, EndpointConfig, Model
from sagemaker.core.shapes import ContainerDefinition, ProductionVariant

model = Model.create(
    model_name=name,
    primary_container=ContainerDefinition(
        image=image,
        model_data_url=job.model_artifacts.s3_model_artifacts,
        environment={
            "SAGEMAKER_PROGRAM": "inference.py",
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
# Our `input_fn` reads CSV and a JSON of our own; our `output_fn` answers with names, where the
# built-in algorithm would give three numbers. That is the point of a script: whoever calls the
# endpoint need not know how the model counts its classes.


# %%
def ask(body, content_type):
    """The endpoint's predictions for a request."""
    answer = endpoint.invoke(body=body, content_type=content_type, accept="application/json")
    return json.loads(answer.body.read())["predictions"]


from_csv = ask(to_csv(test[:, 1:]), "text/csv")
from_json = ask(json.dumps({"wines": test[:, 1:].tolist()}), "application/json")
for prediction in from_csv[:3]:
    print(prediction)

# %% include=failures

# %% [markdown]
# ## Check the result

# %%
GRAPES = ("barolo", "grignolino", "barbera")
truth = [GRAPES[int(kind)] for kind in test[:, 0]]
predicted = [prediction["wine"] for prediction in from_csv]
for prediction, kind in zip(from_csv, truth, strict=True):
    if prediction["wine"] != kind:
        print(f"{kind} was taken for {prediction['wine']}, at {prediction['probability']:.2f}")
assert rounds.tolist() == list(range(1, 41)), "a round is missing, or was done twice"
assert any("going on after round 20" in line for line in log_of(job)), (
    "the second job has begun anew"
)
assert losses["validation:mlogloss"] < first_losses["validation:mlogloss"], "no better than before"
assert predicted == [prediction["wine"] for prediction in from_json], "CSV and JSON disagree"
check("accuracy", sum(map(str.__eq__, predicted, truth)) / len(truth), at_least=0.88)

# %% include=cleanup
