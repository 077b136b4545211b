"""Batch transforms through the API, with a script that adds up what it is sent."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.integration.rehearsal.conftest import Client
from tests.integration.rehearsal.scripts import BUCKET, SCIKIT_LEARN, Account, archive
from tests.integration.rehearsal.test_endpoint import ROLE

pytestmark = pytest.mark.xdist_group("local-aws")

SUMS = """\

def model_fn(model_dir):
    return None

def transform_fn(model, body, content_type, accept):
    if content_type != "text/csv":
        raise ValueError(f"no rows in {content_type}")
    rows = [line.split(",") for line in body.split()]
    return "".join(f"{sum(map(float, row)):g}\\n" for row in rows), "text/csv"
"""
ROWS = "".join(f"{number},1\n" for number in range(200))
SUMMED = "".join(f"{number + 1}\n" for number in range(200)).encode()


@pytest.fixture
def account(client: Client) -> Account:
    account = Account(client)
    sagemaker = client("sagemaker")
    if not sagemaker.list_models(NameContains="sums")["Models"]:
        data = account.put("models/sums.tar.gz", archive(**{"code/inference_py": SUMS}))
        sagemaker.create_model(
            ModelName="sums",
            ExecutionRoleArn=ROLE,
            PrimaryContainer={
                "Image": SCIKIT_LEARN,
                "ModelDataUrl": data,
                "Environment": {
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                },
            },
        )
    return account


def transform(account: Account, name: str, body: bytes | str, **changes: Any) -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": account.put(f"in/{name}/rows.csv", body)}
    request: dict[str, Any] = {
        "TransformJobName": name,
        "ModelName": "sums",
        "TransformInput": {
            "DataSource": {"S3DataSource": source},
            "ContentType": "text/csv",
            "SplitType": "Line",
            **changes.pop("TransformInput", {}),
        },
        "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/sums/{name}", "AssembleWith": "Line"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    account.client("sagemaker").create_transform_job(**{**request, **changes})


def answers(account: Account, name: str, file: str = "rows.csv") -> bytes:
    account.transformed(name, "Completed")
    return account.read(f"sums/{name}/{file}.out")


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("sums-many", {"BatchStrategy": "MultiRecord"}),
        ("sums-single", {"BatchStrategy": "SingleRecord", "MaxConcurrentTransforms": 4}),
        ("sums-whole", {"TransformInput": {"SplitType": "None"}}),
    ],
)
def test_answers_come_in_the_order_of_the_records(
    account: Account, name: str, changes: dict[str, Any]
) -> None:
    transform(account, name, ROWS, **changes)

    assert answers(account, name) == SUMMED


def test_compressed_objects_are_read(account: Account) -> None:
    packed = gzip.compress(ROWS.encode())
    transform(account, "sums-gzip", packed, TransformInput={"CompressionType": "Gzip"})

    assert answers(account, "sums-gzip") == SUMMED


def test_a_manifest_names_the_objects(account: Account) -> None:
    account.put("listed/a.csv", "1,2\n")
    account.put("listed/more/b.csv", "3,4\n")
    account.put("listed/not.csv", "5,6\n")
    listing = json.dumps([{"prefix": f"s3://{BUCKET}/listed/"}, "a.csv", "more/b.csv"])
    source = {"S3DataType": "ManifestFile", "S3Uri": account.put("list.json", listing)}
    wanted = {"DataSource": {"S3DataSource": source}}
    transform(account, "sums-manifest", "", TransformInput=wanted)

    assert answers(account, "sums-manifest", "more/b.csv") == b"7\n"
    written = account.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="sums/sums-manifest/")
    assert written["KeyCount"] == 2


def test_columns_are_left_out_and_joined_again(account: Account) -> None:
    transform(
        account,
        "sums-joined",
        "ann,1,2\nbob,3,4\n",
        DataProcessing={
            "InputFilter": "$[1:]",
            "JoinSource": "Input",
            "OutputFilter": "$[0,-1]",
        },
    )

    assert answers(account, "sums-joined") == b"ann,3\nbob,7\n"


@pytest.mark.parametrize(
    ("name", "body", "changes", "reason"),
    [
        ("sums-words", "a,b\n", {}, "AlgorithmError"),
        ("sums-json", "{}", {"TransformInput": {"ContentType": "application/json"}}, "no rows in"),
        (
            "sums-large",
            "1" * 1_100_000,
            {"MaxPayloadInMB": 1},
            "in/sums-large/rows.csv: Too much data for max payload size",
        ),
        ("sums-not-gzip", "1", {"TransformInput": {"CompressionType": "Gzip"}}, "is not gzip"),
        ("sums-tf", "1", {"TransformInput": {"SplitType": "TFRecord"}}, "SplitType TFRecord"),
    ],
)
def test_a_transform_that_fails_names_the_object_and_the_reason(
    account: Account, name: str, body: str, changes: dict[str, Any], reason: str
) -> None:
    transform(account, name, body, **changes)

    said = account.transformed(name, "Failed")["FailureReason"]

    assert reason in said
