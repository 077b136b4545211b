"""A new account does not hold a class of 20: `workshop check` says why, asks, and then it does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.functional.cli.local_aws import local_aws
from tests.functional.cli.quotas.classroom import Checked, Classroom

HOME, AWAY, FAR = "us-east-1", "eu-west-1", "eu-central-1"
HOUR = {"seconds": 3600}
APPS = "L-71FAF417"


@pytest.fixture(scope="module")
def new_account() -> Iterator[dict[str, str]]:
    """A local AWS with AWS's default quotas, whose clock only the tests move."""
    options = ("--bootstrapped", "--clock", "stepped", "--quotas", "aws-defaults")
    with local_aws(*options) as exports:
        yield exports


@pytest.fixture(scope="module")
def raised_account() -> Iterator[dict[str, str]]:
    """A local AWS whose quotas have been raised."""
    with local_aws("--bootstrapped", "--clock", "stepped") as exports:
        yield exports


def quota_finding(checked: Checked, region: str = HOME) -> dict[str, Any]:
    found: dict[str, Any] = next(
        f for f in checked.data["findings"] if (f["region"], f["subject"]) == (region, "quotas")
    )
    return found


def problems(checked: Checked) -> set[tuple[str, str]]:
    """Where something is wrong, and with what."""
    found = checked.data["findings"]
    return {(f["region"], f["subject"]) for f in found if f["state"] == "problem"}


def test_a_class_that_does_not_fit_is_explained_asked_for_and_fits_once_aws_agrees(
    tmp_path: Path, new_account: dict[str, str]
) -> None:
    room = Classroom(tmp_path, new_account, attendees=20)

    before = room.check("--json")
    assert before.code == 1
    assert quota_finding(before)["what"] == f"{HOME} carries 0 of 20 attendees"
    (region,) = before.data["regions"]
    assert len(region["binding"]) == 3  # training, transform and endpoint: 0 by default
    needed = {ask["code"]: ask["desired"] for ask in before.data["increases"]}
    assert len(needed) == 9
    assert set(needed.values()) == {20}

    # Without a terminal and without --yes nothing is asked for.
    shown = room.check("--request")
    assert "nothing was changed: ask AWS for 9 quota increases" in shown.stderr
    assert room.check("--json").data["increases"] == before.data["increases"]

    filed = room.check("--request", "--yes", "--json", "--markdown", str(tmp_path / "t.md"))
    assert filed.code == 1  # not yet
    assert {one["outcome"] for one in filed.data["requested"]} == {"filed"}
    assert f"| {HOME} | {APPS} |" in (tmp_path / "t.md").read_text(encoding="utf-8")

    again = room.check("--request", "--yes", "--json")
    assert again.data["requested"] == []
    assert {ask["verdict"] for ask in again.data["increases"]} == {"pending"}

    room.tell("clock", HOUR)
    after = room.check("--json")
    assert after.code == 0, after.stderr
    assert quota_finding(after)["what"] == "all 12 quotas hold 20 attendees; they carry 20"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"fault": "refuse", "operation": "ListServiceQuotas"}, "ListServiceQuotas"),
        ({"fault": "refuse", "operation": "ListSpaces"}, "ListSpaces"),
        ({"fault": "refuse", "operation": "ListRequestedServiceQuotaChangeHistory"}, "Requested"),
    ],
)
def test_what_aws_refuses_to_say_is_unknown_and_nothing_is_asked_for(
    tmp_path: Path, raised_account: dict[str, str], fault: dict[str, Any], said: str
) -> None:
    room = Classroom(tmp_path, raised_account, attendees=20)
    room.tell("faults", [fault])
    try:
        checked = room.check("--json", "--request", "--yes")
    finally:
        room.tell("faults", [])

    assert checked.code == 3, checked.stderr
    assert said in checked.stderr
    assert checked.data["requested"] == []
    assert not checked.data["verified"]


def test_without_credentials_nothing_is_known_and_nothing_asked_for(
    tmp_path: Path, raised_account: dict[str, str]
) -> None:
    room = Classroom(tmp_path, raised_account)

    checked = room.check(
        "--json", "--request", "--yes", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""
    )

    assert checked.code == 3
    assert checked.data["quotas"] == checked.data["requested"] == []
    assert "no AWS credentials were found" in checked.stderr


def test_a_quota_that_a_region_does_not_have_is_unknown(tmp_path: Path) -> None:
    quotas = tmp_path / "quotas.yaml"
    quotas.write_text(f'{HOME}: {{{APPS}: null}}\n"*": {{L-AC46C40F: 50}}\n', encoding="utf-8")
    with local_aws("--bootstrapped", "--quotas", str(quotas)) as exports:
        checked = Classroom(tmp_path, exports, attendees=2).check("--json")
        (line,) = [line for line in checked.data["quotas"] if line["code"] == APPS]

    assert (line["applied"], line["default"], line["state"]) == (None, 6, "unknown")


def test_a_split_is_found_shown_and_written_and_then_the_file_fits(tmp_path: Path) -> None:
    quotas = tmp_path / "quotas.yaml"
    room_for = {HOME: 5, AWAY: 12, FAR: 11}
    lines = [f"{region}: {{L-AC46C40F: {size}}}" for region, size in room_for.items()]
    more = "".join(f", {code}: 100" for code in _CODES)
    text = "\n".join(line.replace("}", f"{more}}}") for line in lines)
    quotas.write_text(text, encoding="utf-8")
    with local_aws("--bootstrapped", "--clock", "stepped", "--quotas", str(quotas)) as exports:
        room = Classroom(tmp_path, exports, attendees=20)
        old = room.config.read_text(encoding="utf-8")
        assert room.check().code == 1

        regions = f"{HOME},{AWAY},{FAR}"
        shown = room.check("--split", "--regions", regions, "--json")
        assert shown.data["split"] == {AWAY: 10, FAR: 10}
        assert problems(shown) == {(AWAY, "CDK bootstrap"), (FAR, "CDK bootstrap")}
        assert shown.code == 1
        assert room.config.read_text(encoding="utf-8") == old

        written = room.check("--split", "--regions", regions, "--write", "--yes")
        assert f"+regions: [{AWAY}, {FAR}]" in written.stderr
        assert written.stderr.rstrip().endswith("workshop check")
        assert "attendees: 20\n" in room.config.read_text(encoding="utf-8")

        after = room.check("--json")
        assert {f["state"] for f in after.data["regions"]} == {"ok"}
        assert quota_finding(after, FAR)["what"].startswith("all 12 quotas hold 10 attendees")


def test_a_split_counts_on_the_mix_of_the_whole_class_wherever_the_file_places_it(
    tmp_path: Path,
) -> None:
    """In the region that has no notebook instances nobody has one now, but they would come."""
    quotas = tmp_path / "quotas.yaml"
    enough = ", ".join(f"{code}: 100" for code in (*_CODES, "L-AC46C40F", *_NOTEBOOK_CODES))
    lines = (f"{HOME}: {{{enough}, L-04CE2E67: 0}}", f"{AWAY}: {{{enough}, L-04CE2E67: 100}}")
    quotas.write_text("\n".join(lines), encoding="utf-8")
    people = [
        {"id": f"a{number}", "region": region, "environment": environment}
        for number, (region, environment) in enumerate([(HOME, "studio"), (AWAY, "notebook")] * 3)
    ]
    with local_aws("--bootstrapped", "--clock", "stepped", "--quotas", str(quotas)) as exports:
        room = Classroom(tmp_path, exports, attendees=people, regions=[HOME, AWAY])
        found = room.check("--split", "--json")
        assert found.data["split"] == {AWAY: 6}, found.stderr


def test_a_split_is_decided_by_the_regions_where_it_sends_somebody(
    tmp_path: Path, raised_account: dict[str, str]
) -> None:
    room = Classroom(tmp_path, raised_account, regions=[AWAY], attendees=20)
    room.tell("faults", [{"fault": "refuse", "operation": "ListSpaces", "region": FAR}])
    try:
        found = room.check("--split", "--regions", f"{HOME},{FAR}", "--json")
    finally:
        room.tell("faults", [])

    # The file's own region is not bootstrapped, and what the other one has is not known.
    assert found.code == 0, found.stderr
    assert found.data["split"] == {HOME: 20}
    assert "note: eu-central-1" in found.stderr
    assert AWAY not in {finding["region"] for finding in found.data["findings"]}


# What the class needs beside its profiles.
_CODES = (
    *("L-614B09FD", "L-CCE2AFA6", "L-7939E4EC", "L-7A3DF611", "L-00C91CB5", "L-60D2A6F0"),
    *("L-8E5333B4", APPS, "L-4E39DDC4"),
)
_NOTEBOOK_CODES = ("L-E4B12EA2", "L-E17566B7")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--write",), "--write is an option of --split"),
        (("--regions", AWAY), "--regions is an option of --split"),
        (("--split", "--request"), "--split cannot be combined"),
        (("--split", "--regions", "eu-wets-1"), "SageMaker has no region 'eu-wets-1'"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    checked = Classroom(tmp_path, {}).check(*options)

    assert checked.code == 2
    assert said in checked.stderr
