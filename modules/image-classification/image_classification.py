# %% [markdown]
# # What is in the picture?
#
# A network that has seen a million photographs knows edges, corners and curves. It takes few
# pictures of yours to teach it what *you* want to know: that is *transfer learning*. You will
#
# 1. draw 600 pictures of discs, squares and triangles, and pack them as RecordIO,
# 2. train the built-in image classification, which starts from a network that was trained before,
# 3. deploy it, and send it pictures one by one,
# 4. look at what it says, check it, and clean up.
#
# Run the cells in order. The whole lab takes about 45 minutes, most of it waiting for machines to
# start. Training wants a **GPU**: at the time of writing `ml.g4dn.xlarge` costs about 0.74 USD an
# hour for training in us-east-1, billed by the second until the job ends. New accounts may have a
# quota of 0 for it, which `workshop check` tells.
#
# **The endpoint is billed by the hour until you delete it**, asked or not:
# `workshop modules image-classification` says how much that is in your region, and what the lab
# costs; where it knows no price, aws.amazon.com/sagemaker/ai/pricing does. For comparison:
# `ml.m5.xlarge`, twice as large, costs about 0.23 USD an hour as an endpoint in us-east-1.
#
# When the workshop is rehearsed on one machine, a small classifier without any network stands in
# for the algorithm: it reads and answers the same, and shows nothing of how well a network does.

# %%
module = "image-classification"  # this lab

# %% include=setup

# %% [markdown]
# ## Draw the pictures
#
# `make_pictures.py`, beside this notebook, draws them, 224 pixels wide as the network wants them:
# smaller pictures would be refused, larger ones cropped. Neither colour nor place nor size tells
# what a picture shows. 600 train, 90 watch the training, and 30 are held back.

# %%
import io

import matplotlib.pyplot as plt
from make_pictures import CLASSES, make_pictures, pack
from PIL import Image

train, validation, test = (
    list(make_pictures(count, seed)) for count, seed in ((600, 5), (90, 6), (30, 7))
)

figure, panels = plt.subplots(1, 6, figsize=(10, 2))
for panel, (label, jpeg) in zip(panels, train, strict=False):
    panel.imshow(Image.open(io.BytesIO(jpeg)))
    panel.set_title(CLASSES[label])
    panel.axis("off")
plt.show()

# %% [markdown]
# ## Pack them
#
# The algorithm reads two formats: a folder of pictures with a list (`.lst`), or **image RecordIO**,
# one file in which each record is a label and a JPEG. One large file is read faster than hundreds
# of small ones, above all from S3.

# %%
for channel, pictures in {"train": train, "validation": validation}.items():
    packed = pack(pictures)
    s3.put_object(Bucket=bucket, Key=f"{folder}/{channel}/pictures.rec", Body=packed)
    print(f"{channel}: {len(pictures)} pictures, {len(packed) / 2**20:.1f} MiB")

# %% [markdown]
# ## Train
#
# `use_pretrained_model` takes a ResNet of 18 layers that knows ImageNet, and replaces its last
# layer by one with our three classes; a low `learning_rate` keeps what it knows. An *epoch* is one
# pass over all pictures. In the log, `Validation-accuracy` should rise.
#
# The algorithm is made for GPUs: `ml.g4dn.xlarge`, with one of them, is the smallest choice. See
# the job under *SageMaker AI > Training > Training jobs*.

# %%
from sagemaker.core import image_uris
from sagemaker.core.shapes import OutputDataConfig, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData
from sagemaker.train import ModelTrainer

image = image_uris.retrieve("image-classification", region, version="1")
trainer = ModelTrainer(
    sagemaker_session=session,
    role=role,
    training_image=image,
    base_job_name=base_name,
    compute=Compute(instance_type="ml.g4dn.xlarge", instance_count=1),
    hyperparameters={
        "num_classes": len(CLASSES),
        "num_training_samples": len(train),
        "image_shape": "3,224,224",
        "num_layers": 18,
        "use_pretrained_model": 1,
        "mini_batch_size": 32,
        "epochs": 8,
        "learning_rate": 0.01,
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
            content_type="application/x-recordio",
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
# Training takes a GPU, answering does not: a processor looks at a picture in a fraction of a
# second. The endpoint takes some minutes to start, and bills from then on, asked or not. See it
# under *SageMaker AI > Inference > Endpoints*.

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
# ## Send it pictures
#
# The request is the picture itself, as it would lie on a disk, with the content type
# `application/x-image`. The answer is a JSON list: the probability of each class, in the order of
# their numbers. One picture a request: this algorithm takes no more.

# %%
answers = []
for _, jpeg in test:
    answer = endpoint.invoke(body=jpeg, content_type="application/x-image")
    answers.append(json.loads(answer.body.read()))
print(answers[0])

# %% [markdown]
# ## Look at the answers
#
# Above each picture what the model takes it for, and how sure it is; errors are red.

# %%
predicted = [probabilities.index(max(probabilities)) for probabilities in answers]
figure, panels = plt.subplots(3, 10, figsize=(13, 4.5))
for panel, (label, jpeg), guess, probabilities in zip(
    panels.flat, test, predicted, answers, strict=True
):
    panel.imshow(Image.open(io.BytesIO(jpeg)))
    colour = "black" if guess == label else "tab:red"
    panel.set_title(f"{CLASSES[guess]} {max(probabilities):.2f}", fontsize=8, color=colour)
    panel.axis("off")
plt.show()

# %% include=failures

# %% [markdown]
# ## Check the result
#
# Guessing is right once in three times.

# %%
for probabilities in answers:
    assert len(probabilities) == len(CLASSES), f"{len(probabilities)} probabilities"
    assert abs(sum(probabilities) - 1) < 0.001, f"probabilities sum up to {sum(probabilities)}"
right = sum(guess == label for guess, (label, _) in zip(predicted, test, strict=True))
check("accuracy", right / len(test), at_least=0.8)

# %% include=cleanup
