# %% [markdown]
# # Which video games will sell a million?
#
# From a game's platform, genre, publisher, rating and reviews: will it be a hit? You will
#
# 1. look at a table with gaps, and clean it,
# 2. turn words into numbers (one-hot encoding) and write them as libsvm,
# 3. train the built-in XGBoost, with a say for the rare class,
# 4. deploy an endpoint and ask it in batches of 100,
# 5. look at where it is wrong, check the error rate, and clean up.
#
# Run the cells in order. The whole lab takes about 40 minutes. Training is billed by the second
# while it works; at the time of writing `ml.m5.xlarge` costs about 0.23 USD an hour for training in
# us-east-1. A few minutes are a cent or two.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules videogame-sales` says how much that is in your region, and what the lab costs;
# where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison: `ml.m5.xlarge`,
# twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "videogame-sales"  # this lab

# %% include=setup

# %% [markdown]
# ## Look at the data
#
# `make_games.py`, beside this notebook, makes up 16,719 games with the columns that such tables
# have. Names and figures are invented (see `DATA.md`); gaps and noise are as they are in life.

# %%
import pandas
from make_games import write_games

write_games(Path("games.csv"))
games = pandas.read_csv("games.csv")
games.head()

# %%
pandas.DataFrame({"kind": games.dtypes.astype(str), "missing": games.isna().sum()})

# %% [markdown]
# Most games sell little, and very few sell a lot: mind the logarithmic scale. A *hit* sold more
# than a million copies. The higher the critics' score, the likelier is a hit.

# %%
import matplotlib.pyplot as plt

is_hit = games["Global_Sales"] > 1
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3))
left.hist(games["Global_Sales"].clip(upper=10), bins=50, log=True)
left.axvline(1, color="black", linestyle="--")
left.set(xlabel="millions of copies (10 and more in the last bar)", ylabel="games")
hits_by_score = is_hit.groupby(games["Critic_Score"] // 10 * 10).mean()
right.bar(hits_by_score.index + 5, hits_by_score, width=8)
right.set(xlabel="critics' score", ylabel="share of hits")
plt.show()

# %% [markdown]
# ## Clean the data
#
# - The target is whether a game sold more than a million copies.
# - Ten columns go: the sales, since they give the answer away, and what nobody knows before a game
#   is out, or what names a single game.
# - Rows with gaps go. (XGBoost can live with gaps, but whether there *is* a review depends on the
#   sales: a model would learn that instead.)
# - Users' scores say `tbd` where too few have voted. A tenth of the critics' score is a good guess.

# %%
TOO_TELLING_OR_UNKNOWN = [
    "Name",
    "Year_of_Release",
    "NA_Sales",
    "EU_Sales",
    "JP_Sales",
    "Other_Sales",
    "Global_Sales",
    "Critic_Count",
    "User_Count",
    "Developer",
]
table = games.assign(hit=is_hit.astype(int)).drop(columns=TOO_TELLING_OR_UNKNOWN).dropna()
waiting = table["User_Score"] == "tbd"
scores = table["User_Score"].mask(waiting, table["Critic_Score"] / 10)
table["User_Score"] = pandas.to_numeric(scores)

print(f"{len(table)} games have everything, {table['hit'].mean():.1%} of them are hits")
table.head()

# %% [markdown]
# ## Turn words into numbers
#
# XGBoost takes numbers only. *One-hot encoding* makes a column of each platform, genre, publisher
# and rating, which is 1 for the games that have it and 0 for all others. Most of the table is 0
# then, and **libsvm** writes down only what is not: a line is the target, and then
# `column:value` for each.
#
# Of the games 70 % are for training, 20 % to watch the training, and 10 % are held back.

# %%
import random

hits = table.pop("hit")
features = pandas.get_dummies(table, dtype=int)
# The scores are never 0, so with them at the end every file tells of every column.
scores_last = [name for name in features if name not in {"Critic_Score", "User_Score"}]
features = features[[*scores_last, "User_Score", "Critic_Score"]]


def to_libsvm(rows):
    """Lines of libsvm for some positions in the table. Columns are counted from 0."""
    lines = []
    values = features.to_numpy()
    targets = hits.to_numpy()
    for row in rows:
        known = [f"{column}:{value:g}" for column, value in enumerate(values[row]) if value]
        lines.append(f"{targets[row]} {' '.join(known)}")
    return lines


order = list(range(len(features)))
random.Random(7).shuffle(order)
first, second = int(0.7 * len(order)), int(0.9 * len(order))
channels = {
    "train": to_libsvm(order[:first]),
    "validation": to_libsvm(order[first:second]),
    "test": to_libsvm(order[second:]),
}
for channel, lines in channels.items():
    key = f"{folder}/{channel}/{channel}.libsvm"
    s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines) + "\n")
    print(f"{channel}: {len(lines)} games, {features.shape[1]} columns")
print(channels["train"][0])

# %% [markdown]
# ## Train
#
# The *training job* reads both channels from S3 and leaves a model there. Some hyperparameters:
#
# - `binary:logistic` answers with the probability of a hit.
# - `max_depth` and `eta` keep the trees small and the steps short; `subsample` shows each tree
#   only half of the games. All three work against learning by heart.
# - `scale_pos_weight` lets a hit count twice, since there are fewer of them.
# - `auc` is the chance that a hit gets a higher score than a game that is none. In the log it
#   should rise in both columns, and not fall behind in the second.
#
# Jobs stand in the console under *SageMaker AI > Training > Training jobs*.

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
        "objective": "binary:logistic",
        "eval_metric": "auc",
        "num_round": 100,
        "max_depth": 3,
        "eta": 0.1,
        "subsample": 0.5,
        "scale_pos_weight": 2,
        "seed": 7,
    },
    output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/{folder}/model"),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=900),
    tags=tag_list,
)
trainer.train(
    input_data_config=[
        InputData(
            channel_name=channel,
            data_source=f"s3://{bucket}/{folder}/{channel}/",
            content_type="text/libsvm",
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
# A *model*, an *endpoint configuration* and the *endpoint*: three things with one name. The
# endpoint takes three to five minutes to start, and is billed from then on, asked or not. Look at
# it under *SageMaker AI > Inference > Endpoints*.

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
# ## Ask in batches of 100
#
# The algorithm's server takes at most 6 MB at once, and SageMaker waits a minute for the answer, so
# a long list goes in pieces. Each line begins with a 0 in the target's place, as in training; the
# model does not look at it.

# %%
BATCH = 100

truth = [int(line.split(" ", 1)[0]) for line in channels["test"]]
questions = ["0 " + line.split(" ", 1)[1] for line in channels["test"]]
probabilities = []
for start in range(0, len(questions), BATCH):
    answer = endpoint.invoke(
        body="\n".join(questions[start : start + BATCH]),
        content_type="text/libsvm",
        accept="application/json",
    )
    predictions = json.loads(answer.body.read())["predictions"]
    probabilities += [prediction["score"] for prediction in predictions]
print(f"{len(probabilities)} answers, the first {[round(p, 3) for p in probabilities[:5]]}")

# %% [markdown]
# ## Look at the answers
#
# A probability above one half is a prediction of a hit. On the left, both kinds of games by their
# probability: the more the colours are apart, the better is the model. On the right, which errors
# are made. `scale_pos_weight` moves errors from one kind to the other; train again with 1 and with
# 4, and compare.

# %%
predicted = [int(probability > 0.5) for probability in probabilities]
counts = [
    [sum(t == a and p == b for t, p in zip(truth, predicted, strict=True)) for b in (0, 1)]
    for a in (0, 1)
]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5))
for kind, label in enumerate(("no hit", "hit")):
    of_kind = [p for p, t in zip(probabilities, truth, strict=True) if t == kind]
    left.hist(of_kind, bins=25, range=(0, 1), alpha=0.6, label=label)
left.axvline(0.5, color="black", linestyle="--")
left.set(xlabel="predicted probability of a hit", ylabel="games")
left.legend()
right.imshow(counts, cmap="Blues")
for a in (0, 1):
    for b in (0, 1):
        right.text(b, a, counts[a][b], ha="center", va="center", backgroundcolor="white")
right.set(xlabel="predicted", ylabel="true", xticks=(0, 1), yticks=(0, 1))
right.set_xticklabels(("no hit", "hit"))
right.set_yticklabels(("no hit", "hit"))
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# Whoever always says "no hit" is wrong about the share of hits. The model must be clearly better.

# %%
assert len(predicted) == len(truth), f"{len(predicted)} answers for {len(truth)} games"
error_rate = sum(map(int.__ne__, predicted, truth)) / len(truth)
always_no = sum(truth) / len(truth)
print(f"wrong about {error_rate:.1%} of the games; always saying no: {always_no:.1%}")
assert error_rate < 0.8 * always_no, "the model is hardly better than always saying no"
check("error rate", error_rate, at_most=0.16)

# %% [markdown]
# ## Before you leave
#
# A later lab trains the same model from the command line, on the files that you have written.

# %%
hand_over(
    image=image,
    error_rate=error_rate,
    **{channel: f"s3://{bucket}/{folder}/{channel}/{channel}.libsvm" for channel in channels},
)

# %% include=cleanup
