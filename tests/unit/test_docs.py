"""What the documents tell people to type exists, and what they link to is there."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from benchmarks.__main__ import FIGURES
from workshop.cli.main import COMMANDS, cli

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Blocks of commands, and commands within a sentence.
_BLOCK = re.compile(r"^```(?:sh|console)\n(.*?)^```", re.DOTALL | re.MULTILINE)
_GENERATED = re.compile(r"<!-- generated: .*?<!-- /generated -->", re.DOTALL)
_INLINE = re.compile(r"`((?:make|workshop|python -m) [^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_PLACEHOLDER = re.compile(r"[A-Z_]+(=.*)?")


def commands(text: str) -> Iterator[list[str]]:
    """Every command of a document, as its words; output and other programs left out."""
    lines = [line for block in _BLOCK.findall(text) for line in _typed(block)]
    for line in [*lines, *_INLINE.findall(text)]:
        for part in re.split(r"&&|;|\|", line):
            words = shlex.split(part, comments=True)
            if words and words[0] in {"make", "workshop", "python"}:
                yield words


def _typed(block: str) -> list[str]:
    """What is typed in a block: after the prompts if there are any, else every line."""
    lines = block.splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return prompted or lines


def complaint(words: list[str]) -> str:
    """What is wrong with a command; "" when it can be typed."""
    program, *arguments = words
    if program == "make":
        return _about_make(arguments)
    if program == "workshop":
        return _about_workshop(arguments)
    return _about_module(arguments)


def _about_make(arguments: list[str]) -> str:
    declared = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    goals = [word for word in arguments if not word.startswith("-") and "=" not in word]
    return ", ".join(f"no target {goal}" for goal in goals if goal not in declared)


def _about_workshop(arguments: list[str]) -> str:
    name = arguments[0]
    if name in {"--help", "--version"} or _PLACEHOLDER.fullmatch(name):
        return ""
    if name not in COMMANDS:
        return f"no command {name}"
    context = click.Context(cli, info_name="workshop")
    command = cli.get_command(context, name)
    assert command is not None
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    options = [word.split("=")[0] for word in arguments[1:] if word.startswith("-")]
    return ", ".join(f"{name} has no {option}" for option in options if option not in known)


def _about_module(arguments: list[str]) -> str:
    if arguments[0] != "-m":
        return ""
    module, *rest = arguments[1:]
    places = [
        ROOT.joinpath(*module.split(".")),
        ROOT.joinpath(*module.split(".")).with_suffix(".py"),
    ]
    if not any(place.exists() for place in places):
        return f"no module {module}"
    if module != "benchmarks":
        return ""
    names = [word for word in rest if not word.startswith("-") and not _PLACEHOLDER.fullmatch(word)]
    return ", ".join(f"no figure {name}" for name in names if name not in FIGURES)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_exists(document: Path) -> None:
    wrong = {
        shlex.join(words): complaint(words)
        for words in commands(document.read_text("utf-8"))
        if complaint(words)
    }

    assert wrong == {}


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("make fast", "no target fast"),
        ("workshop rehearsal", "no command rehearsal"),
        ("workshop deploy --quickly", "deploy has no --quickly"),
        ("python -m benchmark help", "no module benchmark"),
        ("python -m benchmarks tests", "no figure tests"),
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str, wrong: str) -> None:
    assert [complaint(words) for words in commands(f"```sh\n{line}\n```\n")] == [wrong]


def test_the_readme_opens_with_the_two_commands() -> None:
    first = [shlex.join(words) for words in commands((ROOT / "README.md").read_text("utf-8"))][:2]

    assert first == ["make rehearse", "make test"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    targets = _LINK.findall(_GENERATED.sub("", document.read_text("utf-8")))
    relative = [target.split("#")[0] for target in targets if "://" not in target]

    assert [link for link in relative if link and not (document.parent / link).exists()] == []


def test_ci_runs_the_steps_of_make_check() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^check:([^#\n]*).*\n((?:\t.*\n?)*)", makefile, re.MULTILINE)
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    steps = re.findall(r"^(?:quiet|steps)=\((.*)\)$", script, re.MULTILINE)

    assert recipe is not None
    assert re.findall(r"workshop rehearse.*", recipe[2]) == [
        "workshop rehearse",
        "workshop rehearse --module all",
    ]
    assert set(" ".join(steps).split()) == {*recipe[1].split(), "rehearse", "labs"}
