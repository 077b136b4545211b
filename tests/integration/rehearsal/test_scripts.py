"""Script mode: training and serving by scripts in the framework images."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from tests.integration.rehearsal.conftest import Client
from tests.integration.rehearsal.scripts import BUCKET, SCIKIT_LEARN, SERVE, TRAIN, Account, archive

pytestmark = pytest.mark.xdist_group("local-aws")


@pytest.fixture
def account(client: Client) -> Account:
    return Account(client)


def train_a_tree(account: Account) -> str:
    """Where the model of a job is that ran once for all tests here."""
    sagemaker = account.client("sagemaker")
    if not sagemaker.list_training_jobs(NameContains="script-tree")["TrainingJobSummaries"]:
        account.train(
            "script-tree",
            TRAIN,
            HyperParameters={"max-depth": "3"},
            AlgorithmSpecification={
                "TrainingImage": SCIKIT_LEARN,
                "TrainingInputMode": "FastFile",
                "MetricDefinitions": [{"Name": "accuracy", "Regex": r"accuracy=([\d.]+)"}],
            },
        )
    job = account.ended("script-tree", "Completed")
    uri: str = job["ModelArtifacts"]["S3ModelArtifacts"]
    return uri


def test_a_script_finds_its_channels_arguments_and_model_folder(account: Account) -> None:
    train_a_tree(account)

    said = account.log("TrainingJobs", "script-tree/")
    assert 'accuracy=1.0; {"max-depth":3}' in said
    assert "image 1.2-1 runs on scikit-learn" in said


def test_metric_definitions_become_final_metrics_and_cloudwatch_metrics(account: Account) -> None:
    train_a_tree(account)

    job = account.ended("script-tree", "Completed")
    [metric] = job["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("accuracy", 1.0)
    published = account.client("cloudwatch").list_metrics(
        Namespace="/aws/sagemaker/TrainingJobs",
        Dimensions=[{"Name": "TrainingJobName", "Value": "script-tree"}],
    )
    assert [it["MetricName"] for it in published["Metrics"]] == ["accuracy"]


def test_a_serving_script_answers_csv_json_and_npy(account: Account) -> None:
    code = account.put("code/serve.tar.gz", archive(serve_py=SERVE, requirements_txt="numpy==0.1"))
    account.serve(
        "script-live",
        ModelDataUrl=train_a_tree(account),
        Environment={"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
    )

    assert account.ask("script-live", b"1,1\n9,9\n", "text/csv", "text/csv") == b"0.0\n1.0\n"
    assert json.loads(account.ask("script-live", b"[[9, 9]]", "application/json")) == [1.0]
    npy = account.ask("script-live", b"[[9, 9]]", "application/json", "application/x-npy")
    assert npy.startswith(b"\x93NUMPY")
    for content_type, accept, status in (
        ("application/x-image", "*/*", 415),
        ("text/csv", "application/x-image", 406),
        ("application/json", "*/*", 500),
    ):
        with pytest.raises(ClientError) as refused:
            account.ask("script-live", b"1,1\n", content_type, accept)
        assert refused.value.response["OriginalStatusCode"] == status


def test_a_payload_beyond_the_limit_is_refused_as_aws_does(account: Account) -> None:
    runtime = account.client("sagemaker-runtime")
    # botocore's own check of the body's length would come first.
    runtime.meta.events.register(
        "before-call", lambda params, **_: params.update(body=b"1" * 7_000_000)
    )
    with pytest.raises(ClientError) as refused:
        runtime.invoke_endpoint(EndpointName="whatever", Body=b"1")
    assert refused.value.response["Error"]["Code"] == "413"
    assert "HTTP content length exceeded" in str(refused.value)


def test_a_model_of_another_scikit_learn_is_told_with_both_versions(account: Account) -> None:
    script = TRAIN.replace(
        "tree.fit", "import sklearn, sklearn.base\nsklearn.base.__version__ = '0.99.1'\ntree.fit"
    )
    account.train("script-old", script, HyperParameters={"max-depth": "3"})
    model = account.ended("script-old", "Completed")["ModelArtifacts"]["S3ModelArtifacts"]
    code = account.put("code/old.tar.gz", archive(inference_py=SERVE))
    account.serve(
        "script-old",
        ModelDataUrl=model,
        Environment={"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": code},
    )

    account.ask("script-old", b"1,1\n", "text/csv")
    account.client("sagemaker").delete_endpoint(EndpointName="script-old")
    said = account.log("Endpoints/script-old", "AllTraffic/")
    assert "written by scikit-learn 0.99.1, this container has scikit-learn " in said


def test_an_endpoint_without_its_models_artefact_fails_and_names_it(account: Account) -> None:
    shown = account.serve("script-nothing", "Failed", ModelDataUrl=f"s3://{BUCKET}/no/model.tar.gz")

    assert f"s3://{BUCKET}/no/model.tar.gz" in shown["FailureReason"]


FAILURES: dict[str, tuple[str, list[str]]] = {
    "raises": (
        "raise ValueError('no such flower')",
        ["ValueError: no such flower", "exit code: 1"],
    ),
    "leaves": ("import sys; sys.exit(3)", ["ExitCode 3", "exit code: 3"]),
    "full-disk": (
        "with open('/dev/full', 'w') as file: file.write('x' * 10_000_000)",
        ["No space left on device"],
    ),
    "says-so": (
        "open('/opt/ml/output/failure', 'w').write('the data are stale'); raise SystemExit(1)",
        ["AlgorithmError: the data are stale"],
    ),
    "misses": ("import a_package_nobody_has", ["No module named 'a_package_nobody_has'"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_a_script_fails_of_is_the_jobs_failure_reason(account: Account, name: str) -> None:
    script, wanted = FAILURES[name]
    account.train(f"script-{name}", script)

    reason = account.ended(f"script-{name}", "Failed")["FailureReason"]

    assert reason.startswith("AlgorithmError: ")
    assert all(part in reason for part in wanted), reason


def test_a_script_that_is_not_in_the_archive_is_named(account: Account) -> None:
    account.train("script-absent", TRAIN, HyperParameters={"sagemaker_program": "other.py"})

    reason = account.ended("script-absent", "Failed")["FailureReason"]

    assert "other.py is not in the submitted folder: train.py" in reason


HANGS = """
import os, subprocess, sys, time
# A grandchild in a session of its own, as nothing but its environment tells it from others.
subprocess.Popen(["sleep", "1234.5"], start_new_session=True)
subprocess.Popen(["sleep", "1234.5"])
open(os.environ["SM_MODEL_DIR"] + "/half", "w").write("saved so far")
print("hanging", flush=True)
time.sleep(1000)
"""


def sleepers(aws_url: str) -> list[int]:
    """What the scripts of this local AWS have left running: others' tests may run beside."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            ours = process.environ().get("AWS_ENDPOINT_URL") == aws_url
            if ours and process.info["cmdline"] == ["sleep", "1234.5"]:
                found.append(process.info["pid"])
    return found


def test_a_script_that_hangs_is_stopped_and_nothing_of_it_is_left(
    account: Account, aws_url: str
) -> None:
    account.train("script-hangs", HANGS, StoppingCondition={"MaxRuntimeInSeconds": 2})

    job = account.ended("script-hangs", "Stopped")

    assert job["SecondaryStatus"] == "MaxRuntimeExceeded"
    assert sleepers(aws_url) == []
    account.client("s3").head_object(Bucket=BUCKET, Key="out/script-hangs/output/model.tar.gz")


def test_what_a_script_leaves_running_ends_with_the_job(account: Account, aws_url: str) -> None:
    account.train("script-leaves-behind", HANGS.replace("time.sleep(1000)", ""))

    account.ended("script-leaves-behind", "Completed")

    assert sleepers(aws_url) == []


def channel(**source: Any) -> list[dict[str, Any]]:
    return [{"ChannelName": "train", "DataSource": {"S3DataSource": source}}]


def test_a_manifest_names_the_files_of_a_channel(account: Account) -> None:
    listing = json.dumps([{"prefix": f"s3://{BUCKET}/data/"}, "rows.csv"])
    manifest = account.put("manifest.json", listing)
    account.train(
        "script-manifest",
        TRAIN,
        HyperParameters={"max-depth": "1"},
        InputDataConfig=channel(S3DataType="ManifestFile", S3Uri=manifest),
    )

    account.ended("script-manifest", "Completed")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"InputDataConfig": channel(S3DataType="S3Prefix", S3Uri=f"s3://{BUCKET}/empty/")},
            "No S3 objects found under S3 URL",
        ),
        (
            {
                "InputDataConfig": channel(
                    S3DataType="AugmentedManifestFile", S3Uri=f"s3://{BUCKET}/data/rows.csv"
                )
            },
            "augmented manifest",
        ),
        (
            {
                "InputDataConfig": [
                    {
                        **channel(S3DataType="S3Prefix", S3Uri=f"s3://{BUCKET}/data/")[0],
                        "InputMode": "Pipe",
                    }
                ]
            },
            "input mode Pipe",
        ),
    ],
    ids=["empty", "augmented", "pipe"],
)
def test_a_channel_that_cannot_be_read_fails_the_job(
    account: Account, request: pytest.FixtureRequest, change: dict[str, Any], reason: str
) -> None:
    name = f"script-{request.node.callspec.id}"
    account.train(name, TRAIN, **change)

    assert reason in account.ended(name, "Failed")["FailureReason"]
