"""Scripts, archives and jobs that the tests of script mode need."""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import dataclass
from typing import Any

from tests.integration.rehearsal.conftest import REGION, Client
from tests.integration.rehearsal.test_endpoint import ROLE

SCIKIT_LEARN = f"141502667606.dkr.ecr.{REGION}.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
BUCKET = "scripts-eu-west-1"
_PATIENCE_SECONDS = 60.0

TRAIN = """
import argparse, json, os
import joblib, numpy as np
from sklearn.tree import DecisionTreeClassifier

parser = argparse.ArgumentParser()
parser.add_argument("--max-depth", type=int)
# As many scripts have it: the container's path, spelled out.
parser.add_argument("--model-dir", default="/opt/ml/model")
given = parser.parse_args()
rows = np.loadtxt(os.environ["SM_CHANNEL_TRAIN"] + "/rows.csv", delimiter=",")
tree = DecisionTreeClassifier(max_depth=given.max_depth, random_state=0)
tree.fit(rows[:, 1:], rows[:, 0])
print(f"accuracy={tree.score(rows[:, 1:], rows[:, 0])};", os.environ["SM_HPS"])
joblib.dump(tree, os.path.join(given.model_dir, "tree.joblib"))
"""
SERVE = """
import joblib, os

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "tree.joblib"))
"""
ROWS = b"0,1,1\n0,1,2\n1,8,8\n1,9,8\n"


def archive(**files: str | bytes) -> bytes:
    """A .tar.gz; `_` stands for the dot of a name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            body = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(name.replace("_", ".", 1))
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


@dataclass
class Account:
    """One bucket, and what jobs are made with."""

    client: Client

    def __post_init__(self) -> None:
        s3 = self.client("s3")
        if BUCKET not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
            where = {"LocationConstraint": REGION}
            s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
            self.put("data/rows.csv", ROWS)

    def put(self, key: str, body: bytes | str) -> str:
        self.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def read(self, key: str) -> bytes:
        body: bytes = self.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body

    def train(self, name: str, script: str, **changes: Any) -> None:
        """Start a job that runs a script in the scikit-learn image."""
        code = self.put(f"code/{name}.tar.gz", archive(train_py=script))
        own = changes.pop("HyperParameters", {})
        source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/"}
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "RoleArn": ROLE,
            "AlgorithmSpecification": {"TrainingImage": SCIKIT_LEARN, "TrainingInputMode": "File"},
            "HyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"{code}"',
                **own,
            },
            "InputDataConfig": [
                {"ChannelName": "train", "DataSource": {"S3DataSource": source}},
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 5,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }
        self.client("sagemaker").create_training_job(**{**request, **changes})

    def ended(self, name: str, status: str) -> dict[str, Any]:
        """The job, which must end with this status."""
        return self._over(
            "describe_training_job", "TrainingJobStatus", status, TrainingJobName=name
        )

    def transformed(self, name: str, status: str) -> dict[str, Any]:
        """The batch transform, which must end with this status."""
        return self._over(
            "describe_transform_job", "TransformJobStatus", status, TransformJobName=name
        )

    def _over(self, operation: str, field: str, status: str, **ids: str) -> dict[str, Any]:
        ask = getattr(self.client("sagemaker"), operation)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            shown: dict[str, Any] = ask(**ids)
            if shown[field] not in ("InProgress", "Stopping", "Creating"):
                assert shown[field] == status, shown.get("FailureReason", shown[field])
                return shown
            assert time.monotonic() < deadline, f"{operation}: still {shown[field]}"
            time.sleep(0.02)

    def log(self, group: str, prefix: str) -> str:
        """All that was written to the streams of a prefix."""
        logs = self.client("logs")
        group = f"/aws/sagemaker/{group}"
        streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)
        return "\n".join(
            event["message"]
            for stream in streams["logStreams"]
            for event in logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"]
            )["events"]
        )

    def serve(self, name: str, status: str = "InService", **container: Any) -> dict[str, Any]:
        """An endpoint of a model, once it has this status."""
        sagemaker = self.client("sagemaker")
        sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": SCIKIT_LEARN, **container},
        )
        variant = {
            "VariantName": "AllTraffic",
            "ModelName": name,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        return self._over("describe_endpoint", "EndpointStatus", status, EndpointName=name)

    def ask(self, name: str, body: bytes, content_type: str, accept: str = "*/*") -> bytes:
        """What an endpoint answers."""
        answer = self.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=name, Body=body, ContentType=content_type, Accept=accept
        )
        said: bytes = answer["Body"].read()
        return said
