"""What a class leaves behind, as a lesson makes it and looks at it on the local AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from rehearsal.account import ACCOUNT
from rehearsal.lesson import Lesson
from rehearsal.processes import Processes
from rehearsal.view import View
from tests.factories import make_attendee, make_workshop
from tests.unit.rehearsal.bench import Bench
from tests.unit.rehearsal.wire import Wire
from workshop.model import Workshop
from workshop.names import bucket_name

REGIONS = ("us-east-1", "us-east-2")


@pytest.fixture
def wire(bench: Bench) -> Wire:
    wire = Wire()
    wire.connect(bench.world)
    return wire


def a_lesson(workshop: Workshop, wire: Wire, folder: Path) -> Lesson:
    return Lesson(
        workshop,
        folder / "workshop.yaml",
        processes=Processes({}, folder),
        clients=wire,
        view=View("http://127.0.0.1:1"),
        kept=folder,
    )


def test_objects_outside_of_the_attendees_parts_are_found_in_every_region(
    wire: Wire, tmp_path: Path
) -> None:
    people = [make_attendee(i, region=r) for i, r in zip(("ann", "bob"), REGIONS, strict=True)]
    workshop = make_workshop(people)
    one, two = (bucket_name(workshop.name, ACCOUNT, region) for region in REGIONS)
    wire("s3", REGIONS[0]).create_bucket(Bucket=one)
    wire("s3", REGIONS[1]).create_bucket(
        Bucket=two, CreateBucketConfiguration={"LocationConstraint": REGIONS[1]}
    )
    wire("s3", REGIONS[0]).put_object(Bucket=one, Key="attendees/ann/iris/train.csv")
    wire("s3", REGIONS[0]).put_object(Bucket=one, Key="ml101-ann-iris-1/source.tar.gz")
    wire("s3", REGIONS[1]).put_object(Bucket=two, Key="attendees/bob/boot")
    wire("s3", REGIONS[1]).put_object(Bucket=two, Key="model.tar.gz")

    found = a_lesson(workshop, wire, tmp_path).stray_objects()

    assert [problem.split(",")[0] for problem in found] == [
        f"a lab wrote s3://{one}/ml101-ann-iris-1/source.tar.gz",
        f"a lab wrote s3://{two}/model.tar.gz",
    ]


@pytest.mark.parametrize(
    ("attendees", "forgotten"), [(("ann",), None), (("ann", "bob"), ("bob", "iris-xgboost"))]
)
def test_only_where_another_attendee_shows_its_clean_up_is_a_lab_forgotten(
    wire: Wire, tmp_path: Path, attendees: tuple[str, ...], forgotten: tuple[str, str] | None
) -> None:
    lesson = a_lesson(make_workshop(attendees), wire, tmp_path)

    assert lesson.forgotten_lab == forgotten
