"""`workshop destroy`: asks for the name, closes the doors, mends what CloudFormation refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.functional.cli.at_terminal import at_a_terminal
from tests.functional.cli.clients import client
from tests.functional.cli.destroying.account import (
    BUCKET,
    REGION,
    bucket,
    destroy,
    doors,
    keys,
    make_attendee,
    make_shared,
    make_stack,
    put,
    stacks,
)

PROMPT = "Type ml101 to continue"


def test_the_workshops_name_must_be_typed_on_a_terminal(config: Path) -> None:
    make_shared()

    code, shown = at_a_terminal(PROMPT, "y", "destroy", "--config", config)

    assert PROMPT in shown
    assert "that is not ml101: nothing was changed" in shown
    assert (code, stacks()) == (0, {"ml101-shared": "CREATE_COMPLETE"})


def test_the_right_name_destroys(config: Path) -> None:
    make_shared()
    code, shown = at_a_terminal(PROMPT, "ml101", "destroy", "--config", config)
    assert code == 0, shown
    assert stacks() == {}


def test_doors_are_closed_before_anything_else_goes(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    # What cannot be deleted keeps the shared stack, so that it can be looked at.
    make_stack("ml101-bob", {"Bucket": bucket("bobs-things")})
    client("s3").put_object(Bucket="bobs-things", Key="x", Body=b"x")

    code, _, err = destroy(capsys, config, "--yes")

    assert code == 1
    assert err.index("closing the doors") < err.index("sweeping what attendees made")
    assert doors() == "closed"
    assert stacks()["ml101-shared"] == "UPDATE_COMPLETE"


def test_policies_that_somebody_added_to_a_role_do_not_keep_it(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    role = make_attendee("ann")
    statement = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("iam").put_role_policy(RoleName=role, PolicyName="added", PolicyDocument=document)

    code, said, err = destroy(capsys, config, "--yes")

    assert (code, said["left"], said["problems"]) == (0, [], []), err
    assert f"took 1 policies off role {role}" in err
    assert stacks() == {}


def test_what_cannot_be_deleted_is_left_with_its_reason_after_a_second_try(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    make_stack("ml101-ann", {"Bucket": bucket("anns-things")})
    client("s3").put_object(Bucket="anns-things", Key="x", Body=b"x")

    code, said, err = destroy(capsys, config, "--yes")

    assert code == 1
    assert "1 stacks could not be deleted; sweeping once more, then trying again" in err
    assert sorted(stacks()) == ["ml101-ann", "ml101-shared"]
    assert {row["name"] for row in said["left"]} >= {"ml101-ann", "ml101-shared"}
    assert any(p.startswith("stack ml101-ann (us-east-1): DELETE_FAILED") for p in said["problems"])


def test_one_attendee_goes_and_all_others_stay(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    make_attendee("ann")
    make_attendee("bob")
    put("attendees/ann/data.csv", "attendees/bob/data.csv", "audit/x.jsonl")

    code, said, err = destroy(capsys, config, "--yes", "--attendee", "ann")

    assert (code, said["left"]) == (0, []), err
    assert sorted(stacks()) == ["ml101-bob", "ml101-shared"]
    assert keys() == ["attendees/bob/data.csv", "audit/x.jsonl"]
    assert "closing the doors" not in err
    assert "nothing of ann in ml101 is left, nothing bills" in err
    assert doors() == "open"


def test_an_attendee_who_is_not_there_is_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    code, said, err = destroy(capsys, config, "--yes", "--attendee", "zoe")
    assert (code, said) == (2, None)
    assert "zoe is not an attendee of ml101" in err
    assert stacks() == {"ml101-shared": "CREATE_COMPLETE"}


def test_a_workshop_that_is_gone_is_called_so_with_its_bucket_and_at_no_cost(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_shared()
    code, said, err = destroy(capsys, config, "--yes")
    assert (code, said["ok"], said["cost"]) == (0, True, {"usd_per_hour": 0, "unknown": 0})
    assert f"verified in {REGION}: nothing of ml101 is left" in err
    assert BUCKET not in [b["Name"] for b in client("s3").list_buckets()["Buckets"]]
