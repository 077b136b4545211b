"""What of a home is archived, and what is named as left out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from workshop.collecting.selection import Selection, select

PLENTY = 10**9


def write(home: Path, path: str, size: int = 1) -> None:
    target = home / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"x" * size)


def taken(selection: Selection) -> list[str]:
    return [entry.path for entry in selection.entries]


def left_out(selection: Selection) -> dict[str, str]:
    return {left.path: left.reason for left in selection.left_out}


def test_an_empty_home_selects_nothing(tmp_path: Path) -> None:
    assert select(tmp_path, PLENTY) == Selection((), ())


def test_files_directories_and_links_within_the_home_are_taken(tmp_path: Path) -> None:
    write(tmp_path, "labs/.git/HEAD")
    write(tmp_path, ".bashrc")
    (tmp_path / "empty").mkdir()
    (tmp_path / "labs" / "up").symlink_to("../empty")

    selection = select(tmp_path, PLENTY)

    assert taken(selection) == [
        *(".bashrc", "empty", "labs", "labs/.git", "labs/.git/HEAD", "labs/up"),
    ]
    assert [entry.kind for entry in selection.entries] == [
        *("file", "directory", "directory", "directory", "file", "link")
    ]
    assert selection.left_out == ()


@pytest.mark.parametrize(
    "path",
    [
        *(".cache/pip/x", "labs/__pycache__/x.pyc", "labs/.ipynb_checkpoints/x.ipynb"),
        *("app/node_modules/x.js", ".local/lib/x.py", ".conda/x", ".workshop/venv/x"),
        *("labs/env/pyvenv.cfg", "labs/env/conda-meta/history", "lost+found/x"),
    ],
)
def test_caches_and_installed_packages_are_named_but_not_taken(tmp_path: Path, path: str) -> None:
    write(tmp_path, path)

    selection = select(tmp_path, PLENTY)

    assert not any(entry.kind == "file" for entry in selection.entries)
    assert len(selection.left_out) == 1
    assert path.startswith(selection.left_out[0].path)


@pytest.mark.parametrize("path", [".aws/credentials", ".ssh/id_ed25519", ".netrc"])
def test_credentials_do_not_travel(tmp_path: Path, path: str) -> None:
    write(tmp_path, path)

    selection = select(tmp_path, PLENTY)

    assert taken(selection) == []
    assert left_out(selection) == {path.split("/", maxsplit=1)[0]: "may hold credentials"}


@pytest.mark.parametrize("path", ["labs/.local/x", "labs/.aws/x", "labs/venv.txt"])
def test_names_that_mean_something_at_the_top_only_are_taken_elsewhere(
    tmp_path: Path, path: str
) -> None:
    write(tmp_path, path)

    assert path in taken(select(tmp_path, PLENTY))


def test_the_largest_files_make_room_for_the_others(tmp_path: Path) -> None:
    for size in (10, 20, 40, 500, 900):
        write(tmp_path, f"labs/{size}", size)

    selection = select(tmp_path, 100)

    assert taken(selection) == ["labs", "labs/10", "labs/20", "labs/40"]
    assert [(left.path, left.size) for left in selection.left_out] == [
        ("labs/900", 900),
        ("labs/500", 500),
    ]
    assert "100 bytes" in selection.left_out[0].reason


def test_exactly_what_fits_is_taken_whole(tmp_path: Path) -> None:
    write(tmp_path, "a", 60)
    write(tmp_path, "b", 40)

    assert select(tmp_path, 100).left_out == ()
    assert taken(select(tmp_path, 99)) == ["b"]


@pytest.mark.parametrize("target", ["/etc", "..", "../../x", "labs/../../x"])
def test_a_link_that_leads_out_of_the_home_is_neither_followed_nor_taken(
    tmp_path: Path, target: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write(tmp_path, "secret")
    (home / "link").symlink_to(target)

    selection = select(home, PLENTY)

    assert taken(selection) == []
    assert left_out(selection) == {"link": "a link that leads out of the home"}


def test_links_in_a_circle_do_not_keep_it_from_ending(tmp_path: Path) -> None:
    write(tmp_path, "labs/x")
    (tmp_path / "labs" / "again").symlink_to(".")

    assert taken(select(tmp_path, PLENTY)) == ["labs", "labs/again", "labs/x"]


def test_a_pipe_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert left_out(select(tmp_path, PLENTY)) == {"pipe": "neither a file nor a directory"}
