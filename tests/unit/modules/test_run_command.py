"""`workshop run`: whose lab it is, and with what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from workshop.cli.main import run
from workshop.cli.place import Place, find_place, read_context
from workshop.cli.run import split_parameters
from workshop.config import load_workshop
from workshop.errors import UsageError, WorkshopError

ANN = Place("ml101", "ann", "us-east-1", "a-bucket", "attendees/ann/", "arn:aws:iam::1:role/x")


def write_context(folder: Path, place: Place) -> Path:
    path = folder / "context.json"
    fields = ("workshop", "attendee", "region", "bucket", "prefix", "role")
    path.write_text(json.dumps({f: getattr(place, f) for f in fields} | {"environment": "studio"}))
    return path


def test_options_alone_are_enough(tmp_path: Path) -> None:
    nowhere = tmp_path / "none"

    assert find_place(ANN, nowhere, nowhere, prefer_config=False) == ANN


def test_an_environment_knows_whose_it_is(tmp_path: Path) -> None:
    context = write_context(tmp_path, ANN)

    assert find_place(Place(), tmp_path / "none", context, prefer_config=False) == ANN


def test_an_option_wins_over_the_environment(tmp_path: Path) -> None:
    context = write_context(tmp_path, ANN)

    place = find_place(Place(bucket="mine"), tmp_path / "none", context, prefer_config=False)

    assert (place.bucket, place.role) == ("mine", ANN.role)


@pytest.mark.parametrize(
    ("given", "prefer_config"), [(Place(attendee="bob"), False), (Place(), True)]
)
def test_the_environment_is_not_asked_about_another_attendee_or_when_a_configuration_is_named(
    tmp_path: Path, given: Place, prefer_config: bool
) -> None:
    context = write_context(tmp_path, ANN)

    # It turns to the configuration, which is not there.
    with pytest.raises((WorkshopError, OSError)):
        find_place(given, tmp_path / "none.yaml", context, prefer_config=prefer_config)


def caller_in(partition: str) -> Callable[[str], Mapping[str, str]]:
    identity = {"Account": "123456789012", "Arn": f"arn:{partition}:iam::123456789012:user/me"}
    return lambda region: identity  # noqa: ARG005 - asked by region


@pytest.mark.parametrize("partition", ["aws", "aws-cn"])
def test_a_configuration_and_the_caller_say_the_rest(tmp_path: Path, partition: str) -> None:
    config = tmp_path / "workshop.yaml"
    assert run(["init", "--config", str(config)]) == 0
    workshop = load_workshop(config)
    someone = workshop.attendees[1]

    place = find_place(
        Place(attendee=someone.id),
        config,
        tmp_path / "none",
        prefer_config=False,
        caller=caller_in(partition),
    )

    name = f"{workshop.name}-{someone.id}"
    assert place == Place(
        workshop.name,
        someone.id,
        someone.region,
        f"{workshop.name}-123456789012-{someone.region}",
        f"attendees/{someone.id}/",
        f"arn:{partition}:iam::123456789012:role/{name}",
    )


@pytest.mark.parametrize("attendee", ["", "nobody"])
def test_a_configuration_with_several_attendees_needs_to_be_told_which(
    tmp_path: Path, attendee: str
) -> None:
    config = tmp_path / "workshop.yaml"
    assert run(["init", "--config", str(config)]) == 0

    with pytest.raises(UsageError, match=r"nobody|whose lab") as caught:
        find_place(Place(attendee=attendee), config, tmp_path / "none", prefer_config=False)

    assert "its attendees are" in caught.value.why


def test_outside_of_an_environment_there_is_no_context(tmp_path: Path) -> None:
    assert read_context(tmp_path / "none") is None


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_context_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "context.json"
    path.write_text(text)

    with pytest.raises(UsageError, match=r"context\.json"):
        read_context(path)


def test_parameters_are_split_at_the_first_equals_sign() -> None:
    assert split_parameters(("poll_seconds=1", "text=a=b")) == {"poll_seconds": "1", "text": "a=b"}


@pytest.mark.parametrize(
    ("text", "fix"), [("clean_up", "clean_up=VALUE"), ("attendee=bob", "--attendee")]
)
def test_a_parameter_without_a_value_or_with_an_option_of_its_own_is_refused(
    text: str, fix: str
) -> None:
    with pytest.raises(UsageError) as caught:
        split_parameters((text,))

    assert fix in caught.value.fix
