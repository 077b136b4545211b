# %% [markdown]
# # Did they like the film? Sentiment with a bag of words
#
# A program reads a film review: did its writer like the film? You will
#
# 1. make 6,000 reviews and look at them,
# 2. turn each text into numbers: a *bag of words* of 5,000 words,
# 3. train the built-in XGBoost, which stops when it gets no better,
# 4. score files with a batch transform: reviews, and every single word,
# 5. see which words the model listens to, check its accuracy, and clean up.
#
# Run the cells in order. The whole lab takes about 40 minutes, most of it waiting for machines to
# start. Both machines are billed by the second and stop by themselves; at the time of writing
# `ml.m5.xlarge` costs about 0.23 USD an hour for training in us-east-1. There is no endpoint:
# **nothing of this lab is billed by the hour.** `workshop modules sentiment-xgboost` says what it
# costs in your region.

# %%
module = "sentiment-xgboost"  # this lab

# %% include=setup

# %% [markdown]
# ## Make the reviews
#
# `make_reviews.py`, beside this notebook, puts sentences together at random. Not every sentence
# says what the writer thinks, and some say "not bad" and mean "good".

# %%
import csv

from make_reviews import write_reviews

write_reviews(Path("reviews.csv"))
with Path("reviews.csv").open(newline="", encoding="utf-8") as file:
    reviews = [(row["review"], int(row["positive"])) for row in csv.DictReader(file)]
for text, positive in reviews[:3]:
    print(f"{'positive' if positive else 'negative'}: {text}\n")

# %% [markdown]
# ## A bag of words
#
# XGBoost wants numbers, the same ones of each review. A *bag of words* forgets the order of the
# words and counts how often each one occurs. The columns are the 5,000 most common words **of the
# training reviews**: whoever looks at the other reviews for them has looked at the exam.
#
# Nearly all counts are 0, and libsvm writes down only the others: the target, then `column:count`.

# %%
import re
from collections import Counter

WORDS = 5000


def words_of(text):
    return re.findall(r"[a-z']+", text.lower())


splits = {"train": reviews[:4000], "validation": reviews[4000:5000], "test": reviews[5000:]}
frequency = Counter(word for text, _ in splits["train"] for word in words_of(text))
vocabulary = {word: column for column, (word, _) in enumerate(frequency.most_common(WORDS))}
print(f"{len(frequency)} words, of which {len(vocabulary)} count; first: {list(vocabulary)[:10]}")


def to_libsvm(text, target=0):
    """A review as a line of libsvm; words that are not in the vocabulary are left out."""
    counts = Counter(vocabulary[word] for word in words_of(text) if word in vocabulary)
    known = [f"{column}:{count}" for column, count in sorted(counts.items())]
    return " ".join([str(target), *known])


print(to_libsvm("A very, very good film!"))

# %% [markdown]
# ## Put it into S3
#
# Training and validation lines begin with their targets. The files to be scored begin with 0 in
# the target's place, which the model does not look at. There are two of them: the reviews that were
# held back, and a file that asks about **every word alone**, as if it were a whole review. It
# will tell what the model has learnt.


# %%
def put(key, lines):
    """Write lines as an object below this run's folder; returns its S3 URI."""
    s3.put_object(Bucket=bucket, Key=f"{folder}/{key}", Body="\n".join(lines) + "\n")
    return f"s3://{bucket}/{folder}/{key}"


data = {
    channel: put(f"{channel}/{channel}.libsvm", [to_libsvm(*review) for review in splits[channel]])
    for channel in ("train", "validation")
}
put("score/reviews.libsvm", [to_libsvm(text) for text, _ in splits["test"]])
put("score/words.libsvm", [f"0 {column}:1" for column in vocabulary.values()])

# %% [markdown]
# ## Train
#
# There may be 500 trees; the training ends when ten more have not made the validation error
# (`logloss`) smaller. Trees of depth 5 can see five words together, "not" and "good" among them.
# See the job under *SageMaker AI > Training > Training jobs*.

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
        "num_round": 500,
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
        InputData(channel_name=channel, data_source=data[channel], content_type="text/libsvm")
        for channel in ("train", "validation")
    ],
    wait=False,
    logs=False,
)
training_job = trainer._latest_training_job
print(f"training job {training_job.training_job_name}")
training_job.wait(poll=poll_seconds, logs=True)

# %% [markdown]
# ## Score two files at once
#
# A transform scores every object below a prefix, and writes an object with `.out` for each.
# See the job under *SageMaker AI > Inference > Batch transform jobs*, or by
# `aws sagemaker describe-transform-job --transform-job-name` and the name that the cell prints.

# %%
from sagemaker.core.resources import Model
from sagemaker.core.shapes import ContainerDefinition
from sagemaker.core.transformer import Transformer

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

transformer = Transformer(
    model_name=model.model_name,
    instance_type="ml.m5.xlarge",
    instance_count=1,
    strategy="MultiRecord",
    assemble_with="Line",
    accept="text/csv",
    output_path=f"s3://{bucket}/{folder}/scores",
    base_transform_job_name=base_name,
    tags=tag_dicts,
    sagemaker_session=session,
)
transformer.transform(
    f"s3://{bucket}/{folder}/score/",
    content_type="text/libsvm",
    split_type="Line",
    wait=False,
    logs=False,
)
transform_job = transformer.latest_transform_job
print(f"transform job {transform_job.transform_job_name}")
transform_job.wait(poll=poll_seconds, logs=True)


# %%
def read_scores(file):
    """The probabilities that the transform wrote for one file, a line each."""
    output = s3.get_object(Bucket=bucket, Key=f"{folder}/scores/{file}.out")
    return [float(line) for line in output["Body"].read().split()]


review_scores = read_scores("reviews.libsvm")
word_scores = dict(zip(vocabulary, read_scores("words.libsvm"), strict=True))
for (text, _), score in list(zip(splits["test"], review_scores, strict=True))[:3]:
    print(f"{score:.2f} {text}\n")

# %% [markdown]
# ## Which words does the model listen to?
#
# For each word, the probability that a review of this one word is positive. Words that the model
# never uses all get the same one: the line in the middle. Names of films and people should be
# there; a name far from the line would have been learnt by heart.

# %%
import matplotlib.pyplot as plt

ranked = sorted(word_scores, key=word_scores.get)
telling = ranked[:15] + ranked[-15:]
(neutral, _), *_ = Counter(word_scores.values()).most_common(1)

figure, axes = plt.subplots(figsize=(6, 7))
colours = ["tab:red"] * 15 + ["tab:green"] * 15
offsets = [word_scores[word] - neutral for word in telling]
axes.barh(telling, offsets, left=neutral, color=colours)
axes.axvline(neutral, color="black", linewidth=1)
axes.set(xlabel="probability that a review of this word alone is positive")
plt.show()
used = sum(score != neutral for score in word_scores.values())
print(f"the model listens to {used} of {len(word_scores)} words")

# %% [markdown]
# ## Where is it wrong?
#
# The errors that it was surest of. Read them: would you have known?

# %%
truth = [positive for _, positive in splits["test"]]
predicted = [int(score > 0.5) for score in review_scores]
surest = sorted(
    (row for row in range(len(truth)) if predicted[row] != truth[row]),
    key=lambda row: -abs(review_scores[row] - 0.5),
)
for row in surest[:3]:
    kind = "positive" if truth[row] else "negative"
    print(f"{review_scores[row]:.2f}, but {kind}: {splits['test'][row][0]}\n")

# %% include=failures

# %% [markdown]
# ## Check the result
#
# Half of the reviews are positive: guessing is right half of the time.

# %%
assert len(predicted) == len(truth), f"{len(predicted)} scores for {len(truth)} reviews"
assert {"good", "great"} & set(ranked[-40:]), "common praise counts for nothing"
assert {"bad", "boring"} & set(ranked[:40]), "common blame counts for nothing"
check("accuracy", sum(map(int.__eq__, predicted, truth)) / len(truth), at_least=0.82)

# %% [markdown]
# ## Before you leave
#
# A model without its vocabulary is of no use: nobody would know which word a column is. Later labs
# get both, and the reviews.

# %%
s3.put_object(Bucket=bucket, Key=f"{folder}/vocabulary.json", Body=json.dumps(vocabulary))
s3.upload_file("reviews.csv", bucket, f"{folder}/reviews.csv")
hand_over(
    image=image,
    model_data=training_job.model_artifacts.s3_model_artifacts,
    vocabulary=f"s3://{bucket}/{folder}/vocabulary.json",
    reviews=f"s3://{bucket}/{folder}/reviews.csv",
    **data,
)

# %% include=cleanup
