# %% [markdown]
# ## Who you are
#
# In a workshop's environment you can leave these empty: your workshop has written them to
# `~/.workshop/context.json`. Elsewhere, fill them in.

# %% tags=["parameters"]
workshop = ""  # the workshop's name
attendee = ""  # your id in the workshop
region = ""  # an AWS region, such as eu-central-1
bucket = ""  # the S3 bucket for your data
prefix = ""  # what your keys in the bucket begin with, such as attendees/ann/
role = ""  # ARN of the role that SageMaker works with on your behalf
poll_seconds = 10  # how often to ask whether a job is done
clean_up = False  # whether the last cell deletes what you made

# %%
import json
from pathlib import Path

context_file = Path.home() / ".workshop" / "context.json"
context = json.loads(context_file.read_text()) if context_file.exists() else {}
workshop = workshop or context["workshop"]
attendee = attendee or context["attendee"]
region = region or context["region"]
bucket = bucket or context["bucket"]
prefix = prefix or context["prefix"]
role = role or context["role"]

print(f"{attendee} of {workshop} in {region}, data under s3://{bucket}/{prefix}")

# %% [markdown]
# ## Connect to SageMaker
#
# Everything you make has a name that begins with `<workshop>-<attendee>-` and carries three tags,
# so that your things and your neighbour's are never mixed up.

# %%
import importlib.metadata
import logging
import os
import sys
import time

# The labs are written for version 3 of the SageMaker SDK; images for Studio may have version 2.
version = importlib.metadata.version("sagemaker")
if int(version.split(".")[0]) < 3:
    raise RuntimeError(
        f"this kernel has version {version} of the SageMaker SDK, the labs need 3: run "
        '`%pip install "sagemaker>=3.27"` in a cell, restart the kernel, and begin again'
    )

# The SDK shows what it does, and the containers' logs, to whoever listens.
logging.getLogger("sagemaker").addHandler(logging.StreamHandler(sys.stdout))
logging.getLogger("sagemaker").setLevel(logging.INFO)
# Parts of the SDK turn on the log of every library: each line would come twice, among others.
logging.basicConfig(level=logging.WARNING)
logging.getLogger("sagemaker").propagate = False
# The SDK reads container logs through the default region, not through the session's.
os.environ["AWS_DEFAULT_REGION"] = region
# It would simulate your role's policies first, which takes a permission you do not need.
os.environ.setdefault("SAGEMAKER_VALIDATE_ROLE", "false")

import boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.shapes import Tag

base_name = f"{workshop}-{attendee}-{module}"
name_prefix = f"{workshop}-{attendee}-"
name = f"{base_name}-{time.strftime('%Y%m%d%H%M%S', time.gmtime())}"
folder = f"{prefix}{name}"
tags = {
    "workshop:name": workshop,
    "workshop:attendee": attendee,
    "workshop:module": module,
}
tag_dicts = [{"Key": key, "Value": value} for key, value in tags.items()]
tag_list = [Tag(key=key, value=value) for key, value in tags.items()]

boto_session = boto3.Session(region_name=region)
s3 = boto_session.client("s3")
# What the SDK makes without asking, such as the model of a transform, carries your tags, too.
# It does not tell AWS how it is used.
defaults = {
    "SchemaVersion": "1.0",
    "SageMaker": {
        "PythonSDK": {"Modules": {"TelemetryOptOut": True}},
        "Endpoint": {"Tags": tag_dicts},
        "EndpointConfig": {"Tags": tag_dicts},
        "Model": {"Tags": tag_dicts},
        "Pipeline": {"Tags": tag_dicts},
        "ProcessingJob": {"Tags": tag_dicts},
        "TransformJob": {"Tags": tag_dicts},
    },
}
session = Session(
    boto_session=boto_session,
    default_bucket=bucket,
    # What the SDK uploads by itself, such as scripts, goes into your part of the bucket, too.
    default_bucket_prefix=prefix.rstrip("/"),
    sagemaker_config=defaults,
)
trainer_session = session  # for what names it so
aws = {"session": boto_session, "region": region}  # for the objects of sagemaker.core.resources

print(f"this run is called {name}")

# %% [markdown]
# Four helpers for the rest of the lab: `check` writes the result down and compares it with what
# is expected; `made` collects how to delete what you make, for the last cell; `hand_over` keeps
# in your part of the bucket what a later lab builds on, and `take_over` fetches it there.

# %%
made = []  # functions without arguments, called from the last to the first


def check(metric, value, at_least=None, at_most=None):
    """Write the lab's result and assert that it is good enough."""
    value = float(value)
    Path("result.json").write_text(json.dumps({"metric": metric, "value": value}))
    print(f"{metric} {value:.3f}")
    assert at_least is None or value >= at_least, f"{metric} {value:.3f} is below {at_least}"
    assert at_most is None or value <= at_most, f"{metric} {value:.3f} is above {at_most}"


def hand_over(**values):
    """Keep texts and numbers for later labs. Name S3 URIs: they outlive the last cell."""
    s3.put_object(
        Bucket=bucket,
        Key=f"{prefix}.workshop/handover/{module}.json",
        Body=json.dumps({"module": module, "run": name, **values}, indent=2),
    )


def take_over(earlier):
    """What the lab `earlier` has handed over, as a dictionary."""
    key = f"{prefix}.workshop/handover/{earlier}.json"
    do_first = f"do the lab {earlier} first"
    if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)["KeyCount"]:
        raise LookupError(f"this lab builds on {earlier}, which has not been done: {do_first}")
    values = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    for value in map(str, values.values()):
        if value.startswith("s3://"):
            holder, _, begin = value.removeprefix("s3://").partition("/")
            if not s3.list_objects_v2(Bucket=holder, Prefix=begin, MaxKeys=1)["KeyCount"]:
                raise LookupError(f"{value} of {earlier} is gone: {do_first}")
    return values
