"""The helpers of the shared cells, as every built notebook has them."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from modules.declarations import MODULES_FOLDER
from modules.execute import RESULT_FILE, Result, read_result
from modules.handover import handover_key, is_handed_over
from modules.notebooks import CELLS

PREFIX = "attendees/ann/"


class Bucket:
    """One bucket, as far as the cells and the toolkit use it."""

    def __init__(self) -> None:
        self.objects: dict[str, str] = {}

    def put_object(self, **asked: str) -> None:
        self.objects[asked["Key"]] = asked["Body"]

    def get_object(self, **asked: str) -> dict[str, Any]:
        return {"Body": io.BytesIO(self.objects[asked["Key"]].encode())}

    def list_objects_v2(self, **asked: Any) -> dict[str, int]:
        found = [key for key in self.objects if key.startswith(asked["Prefix"])]
        return {"KeyCount": min(len(found), asked["MaxKeys"])}


def helpers(bucket: Bucket, module: str = "iris-xgboost") -> dict[str, Any]:
    """The functions that setup defines, in a notebook that is already connected."""
    tree = ast.parse((MODULES_FOLDER / CELLS / "setup.py").read_text(encoding="utf-8"))
    functions = ast.Module([n for n in tree.body if isinstance(n, ast.FunctionDef)], [])
    notebook: dict[str, Any] = {
        **{"json": json, "Path": Path, "s3": bucket},
        **{"bucket": "b", "prefix": PREFIX, "module": module, "name": f"ml101-ann-{module}-1"},
    }
    exec(compile(functions, "setup.py", "exec"), notebook)
    return notebook


def test_what_a_lab_hands_over_a_later_one_takes_over_and_the_toolkit_sees() -> None:
    bucket = Bucket()
    bucket.objects["run/model.tar.gz"] = ""

    helpers(bucket)["hand_over"](model_data="s3://b/run/model.tar.gz", rounds=3)

    taken = helpers(bucket, "iris-batch")["take_over"]("iris-xgboost")
    assert (taken["model_data"], taken["rounds"]) == ("s3://b/run/model.tar.gz", 3)
    assert taken["run"] == "ml101-ann-iris-xgboost-1"
    assert handover_key(PREFIX, "iris-xgboost") in bucket.objects
    assert is_handed_over(bucket, "b", PREFIX, "iris-xgboost")


def test_a_lab_that_builds_on_one_not_done_says_what_to_do_first() -> None:
    with pytest.raises(LookupError, match="has not been done: do the lab iris-xgboost first"):
        helpers(Bucket(), "iris-batch")["take_over"]("iris-xgboost")


def test_a_lab_whose_input_is_gone_names_it() -> None:
    bucket = Bucket()
    helpers(bucket)["hand_over"](model_data="s3://b/run/model.tar.gz")

    with pytest.raises(LookupError, match=r"s3://b/run/model\.tar\.gz of iris-xgboost is gone"):
        helpers(bucket, "iris-batch")["take_over"]("iris-xgboost")
    assert not is_handed_over(bucket, "b", PREFIX, "iris-xgboost")


def test_a_result_is_written_even_where_it_is_not_good_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(AssertionError, match=r"accuracy 0\.850 is below 0\.9"):
        helpers(Bucket())["check"]("accuracy", 0.85, at_least=0.9)

    assert read_result(tmp_path / RESULT_FILE) == Result("accuracy", 0.85)


@pytest.mark.parametrize(
    ("value", "bounds", "good"),
    [
        (0.9, {"at_least": 0.9}, True),
        (2.1, {"at_most": 2}, False),
        (2, {"at_most": 2}, True),
        (float("nan"), {"at_least": 0}, False),
        (float("nan"), {"at_most": 0}, False),
    ],
)
def test_a_value_passes_at_its_bound_and_nan_never_does(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    value: float,
    bounds: dict[str, float],
    good: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    check = helpers(Bucket())["check"]

    if good:
        check("m", value, **bounds)
    else:
        with pytest.raises(AssertionError):
            check("m", value, **bounds)


def clean_up(made: list[Any], wanted: bool) -> None:
    code = (MODULES_FOLDER / CELLS / "cleanup.py").read_text(encoding="utf-8")
    exec(compile(code, "cleanup.py", "exec"), {"made": made, "clean_up": wanted})


def test_what_was_made_last_is_deleted_first_and_only_when_asked_for() -> None:
    deleted: list[str] = []
    made = [lambda: deleted.append("model"), lambda: deleted.append("endpoint")]

    clean_up(made, wanted=False)
    assert deleted == []

    clean_up(made, wanted=True)
    assert (deleted, made) == (["endpoint", "model"], [])


def test_what_could_not_be_deleted_is_tried_again_when_the_cell_runs_again() -> None:
    attempts: list[str] = []

    def delete() -> None:
        attempts.append("endpoint")
        if len(attempts) == 1:
            raise RuntimeError("in use")

    made = [lambda: attempts.append("model"), delete]
    with pytest.raises(RuntimeError):
        clean_up(made, wanted=True)
    clean_up(made, wanted=True)

    assert attempts == ["endpoint", "endpoint", "model"]


def refusing(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "DeleteSomething")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", 'Could not find endpoint "arn:aws:sagemaker:us-east-1:1:x".'),
        ("ResourceNotFound", "no such pipeline"),
        ("RepositoryNotFoundException", "The repository with name 'x' does not exist"),
    ],
)
def test_what_is_gone_already_does_not_keep_the_rest_from_being_deleted(
    code: str, message: str
) -> None:
    deleted: list[str] = []

    def delete() -> None:
        raise refusing(code, message)

    made = [lambda: deleted.append("model"), delete]
    clean_up(made, wanted=True)

    assert (deleted, made) == (["model"], [])


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ValidationException", "Cannot update in-progress endpoint"),
        ("AccessDeniedException", "User is not authorized"),
        ("ThrottlingException", "Rate exceeded"),
    ],
)
def test_what_aws_refuses_for_another_reason_is_an_error_and_stays_registered(
    code: str, message: str
) -> None:
    def delete() -> None:
        raise refusing(code, message)

    made = [delete]
    with pytest.raises(ClientError):
        clean_up(made, wanted=True)

    assert made == [delete]
