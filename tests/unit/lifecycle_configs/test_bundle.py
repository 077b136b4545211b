"""The bundle environments install."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from lifecycle_configs.bundle import build_bundle


def test_the_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    assert build_bundle(first).sha256 == build_bundle(second).sha256


def test_the_bundle_holds_the_wheel_and_pins_it_by_hash(tmp_path: Path) -> None:
    bundle = build_bundle(tmp_path)

    with zipfile.ZipFile(bundle.path) as archive:
        (wheel,) = [name for name in archive.namelist() if name.endswith(".whl")]
        requirements = archive.read("requirements.txt").decode()
        digest = hashlib.sha256(archive.read(wheel)).hexdigest()
    assert f"./{wheel} --hash=sha256:{digest}" in requirements
    assert "boto3==" in requirements
    assert bundle.sha256 == hashlib.sha256(bundle.path.read_bytes()).hexdigest()


def test_the_wheel_carries_neither_tests_nor_the_rehearsal(tmp_path: Path) -> None:
    bundle = build_bundle(tmp_path)

    with zipfile.ZipFile(bundle.path) as archive:
        (wheel,) = [name for name in archive.namelist() if name.endswith(".whl")]
        with archive.open(wheel) as inner, zipfile.ZipFile(inner) as packaged:
            tops = {name.split("/")[0] for name in packaged.namelist()}
    assert "workshop" in tops
    assert not tops & {"tests", "rehearsal", "benchmarks", "stacks"}
