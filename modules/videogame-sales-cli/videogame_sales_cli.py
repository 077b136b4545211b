# %% [markdown]
# # Video games from the command line
#
# Everything that the Python SDK does is a call of the SageMaker API, and the AWS CLI has a command
# for each. `videogames.sh`, beside this notebook, trains the model of the lab `videogame-sales`
# without any Python. You will
#
# 1. read the script and call it step by step,
# 2. train: `create-training-job`,
# 3. deploy: `create-model`, `create-endpoint-config`, `create-endpoint`,
# 4. ask the endpoint: `invoke-endpoint`,
# 5. check that it is the same model, and clean up.
#
# The same lines work in a terminal of your environment, in AWS CloudShell or in a build server. Run
# the cells in order; it takes about 30 minutes. Training is billed by the second while it works; at
# the time of writing `ml.m5.xlarge` costs about 0.23 USD an hour for training in us-east-1.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules videogame-sales-cli` says how much that is in your region, and what the lab
# costs; where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison:
# `ml.m5.xlarge`, twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.

# %%
module = "videogame-sales-cli"  # this lab

# %% include=setup

# %% [markdown]
# ## Is the AWS CLI there?
#
# SageMaker's environments have it. If the next cell says that it is missing, run
# `%pip install awscli` in a cell, and then the next cell again.

# %%
import shutil
import subprocess

# A kernel's own programs are not always on the PATH that it was started with.
path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
assert shutil.which("aws", path=path), "there is no AWS CLI: run %pip install awscli"


def shell(*command):
    """Run a command and show what it prints, while it prints it; raise if it fails."""
    process = subprocess.Popen(
        command,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(line, end="", flush=True)
    if process.wait():
        said = lines[-1].strip() if lines else ""
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {said}")


shell("aws", "--version")
shell("bash", "videogames.sh", "--help")

# %% [markdown]
# ## Names of your own
#
# Job, model, configuration and endpoint all get the name that you pass. In one account names must
# be unique: if all of a class took `videogames-xgboost`, the second one to start would be refused.
# Yours begins with `<workshop>-<attendee>-`, and tags say the same once more.
#
# The options that every step takes:

# %%
options = ["--name", name, "--region", region, "--poll", str(poll_seconds)]
for key, value in tags.items():
    options += ["--tag", f"{key}={value}"]
print(" ".join(options))

# %% [markdown]
# ## Train
#
# The data are where `videogame-sales` has put them. Look into the script for `train()`: what the
# SDK calls `Compute` is `--resource-config`, and an `InputData` is a channel of
# `--input-data-config`. `create-training-job` returns at once; the script then asks
# `describe-training-job` again and again, and at the end it prints the metrics of the last round.
# In the console the job stands under *SageMaker AI > Training > Training jobs*.

# %%
earlier = take_over("videogame-sales")
shell(
    *("bash", "videogames.sh", "train", *options),
    *("--role", role, "--image", earlier["image"]),
    *("--train", earlier["train"], "--validation", earlier["validation"]),
    *("--output", f"s3://{bucket}/{folder}/model"),
)

# %% [markdown]
# ## Deploy
#
# Three calls, and a wait of three to five minutes. The script looks up in the training job where
# the model lies, so it only needs the name. From `InService` on the endpoint is billed. See it
# under *SageMaker AI > Inference > Endpoints*, or by `aws sagemaker list-endpoints --name-contains`
# and your prefix.

# %%
made.append(lambda: shell("bash", "videogames.sh", "delete", *options))
shell("bash", "videogames.sh", "deploy", *options)

# %% [markdown]
# ## Ask
#
# The games that were held back, 500 in a request. The answers come as text, a probability in each
# line.

# %%
holder, _, key = earlier["test"].removeprefix("s3://").partition("/")
held_back = s3.get_object(Bucket=holder, Key=key)["Body"].read().decode().splitlines()
truth = [int(line.split(" ", 1)[0]) for line in held_back]
questions = ["0 " + line.split(" ", 1)[1] for line in held_back]  # the target stays here
Path("questions.libsvm").write_text("\n".join(questions) + "\n")

shell(
    *("bash", "videogames.sh", "ask", *options),
    *("--questions", "questions.libsvm", "--answers", "answers.txt"),
)
probabilities = [float(line) for line in Path("answers.txt").read_text().splitlines()]
print(f"the first answers: {[round(p, 3) for p in probabilities[:5]]}")

# %% [markdown]
# ## Look at the answers
#
# Games in ten groups by their predicted probability: if the model promises 70 %, do seven of ten
# become hits? The points lie below the line because `scale_pos_weight` made each hit count twice,
# which makes the model promise too much. Good to know before you show such a number to anybody.

# %%
import matplotlib.pyplot as plt

groups = [[] for _ in range(10)]
for probability, hit in zip(probabilities, truth, strict=True):
    groups[min(9, int(10 * probability))].append((probability, hit))
points = [
    [sum(column) / len(group) for column in zip(*group, strict=True)] for group in groups if group
]

figure, axes = plt.subplots(figsize=(4.5, 4))
axes.plot([0, 1], [0, 1], color="grey", linestyle="--")
axes.plot(*zip(*points, strict=True), marker="o")
axes.set(xlabel="predicted probability of a hit", ylabel="share of hits")
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# The same data, the same hyperparameters, the same seed: the same model, whoever asks for it.

# %%
assert len(probabilities) == len(truth), f"{len(probabilities)} answers for {len(truth)} games"
wrong = sum((p > 0.5) != bool(hit) for p, hit in zip(probabilities, truth, strict=True))
error_rate = wrong / len(truth)
print(f"error rate here {error_rate:.3f}, by the SDK {earlier['error_rate']:.3f}")
assert abs(error_rate - earlier["error_rate"]) < 0.01, "this is not the same model"
check("error rate", error_rate, at_most=0.16)

# %% [markdown]
# ## The same in a terminal
#
# The clean-up below calls `videogames.sh delete`. It deletes the endpoint, waits until it is gone,
# then the configuration and the model. Try to call it twice: a script that cleans up should not
# mind what is gone already.

# %% include=cleanup
