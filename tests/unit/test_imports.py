"""Imports point down, never up; and no product code knows that the rehearsal exists."""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

VOCABULARY = {"workshop"}
# What our parts may import of ours besides themselves, from the bottom up. A module belongs
# to the longest name that it begins with: cleanup.kinds is below the rest of cleanup.
ARROWS: dict[str, set[str]] = {
    "workshop": set(),  # errors, names, model, aws
    "workshop.config": VOCABULARY,
    "modules": VOCABULARY,
    "cleanup.kind": VOCABULARY,
    "cleanup.kinds": VOCABULARY | {"cleanup.kind"},
    "lifecycle_configs": VOCABULARY,
    "quotas": VOCABULARY | {"modules"},
    "costs": VOCABULARY | {"modules"},
    "cleanup": VOCABULARY | {"cleanup.kind", "cleanup.kinds"},
    "guard.policy": VOCABULARY | {"costs"},
    "guard": VOCABULARY | {"cleanup", "cleanup.kind", "cleanup.kinds", "costs", "guard.policy"},
    "portal": VOCABULARY | {"cleanup", "cleanup.kinds", "costs", "guard", "guard.policy"},
    "stacks": VOCABULARY
    | {"modules", "cleanup.kind", "cleanup.kinds", "lifecycle_configs", "quotas", "costs"}
    | {"guard.policy"},
    "deploy": VOCABULARY,
    "workshop.cli": VOCABULARY
    | {"workshop.config", "modules", "cleanup.kinds", "lifecycle_configs", "quotas", "costs"}
    | {"cleanup", "cleanup.kind", "guard", "guard.policy", "portal", "deploy"},
    "app": VOCABULARY | {"workshop.config", "stacks", "costs"},
    # Outside the product: they use it, and nothing of it uses them.
    "rehearsal": VOCABULARY | {"workshop.config", "workshop.cli", "modules", "quotas"},
    "tools": VOCABULARY
    | {"workshop.config", "workshop.cli", "modules", "stacks", "rehearsal"}
    | {"benchmarks", "cleanup", "cleanup.kind", "cleanup.kinds", "costs", "guard"}
    | {"guard.policy"},
    "benchmarks": VOCABULARY
    | {"workshop.config", "workshop.cli", "modules", "rehearsal", "cleanup", "cleanup.kinds"}
    | {"quotas", "guard", "guard.policy", "stacks"},
}
# The commands whose work is the rehearsal.
ALLOWED = {
    ("workshop.cli.rehearse", "rehearsal"),
    ("workshop.cli.local_aws", "rehearsal"),
    # The long range of the safety tests: the same checks, with more seeds.
    ("benchmarks.safety", None),
    # The guard of a large class, on the same local AWS as its tests.
    ("benchmarks.big_class", None),
}
# What runs inside a Lambda finds nothing there but boto3, and the engines stay as lean.
AWS_SDK = {"boto3", "botocore"}
THIRD_PARTY: dict[str, set[str]] = {
    "workshop": AWS_SDK,
    "cleanup.kind": set(),
    "cleanup.kinds": set(),
    "cleanup": AWS_SDK,
    "quotas": AWS_SDK,
    "costs": AWS_SDK,
    "guard": AWS_SDK,
    "guard.policy": set(),
    "portal": AWS_SDK,
    "deploy": AWS_SDK,
    "lifecycle_configs": {"hatchling"},  # builds the wheel for attendees' machines
}
# Where the word may be written: the commands, their line in the help, the error for a missing
# extra, and the example that tells beginners to try one.
MENTIONS = {
    "workshop.cli.rehearse",
    "workshop.cli.local_aws",
    "workshop.cli.main",
    "workshop.cli.boundary",
    "workshop.config.example",
}
PRODUCT = sorted(set(ARROWS) - {"rehearsal", "tools", "benchmarks"})
OURS = {name.partition(".")[0] for name in ARROWS} | {"tests"}


def sources() -> dict[str, ast.Module]:
    """Module name -> syntax tree of everything of ours but the tests."""
    found = {}
    for path in sorted(ROOT.glob("*/**/*.py")) + sorted(ROOT.glob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        # Labs and containers are programs that run elsewhere, in environments of their own.
        if any(not part.isidentifier() for part in parts) or parts[0] == "tests":
            continue
        if parts[:2] == ("rehearsal", "containers") and parts[2:3] != ("registry",):
            continue
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
    return found


SOURCES = sources()


def imported(tree: ast.Module) -> Iterator[str]:
    """The full names of what a module imports anywhere, for type checking included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            # `from workshop import names` imports workshop.names, `... import x` of a module.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def part_of(module: str) -> str | None:
    """The part of the table that a module belongs to."""
    fitting = [part for part in ARROWS if f"{module}.".startswith(f"{part}.")]
    return max(fitting, key=len, default=None)


def wrong_arrows(module: str, tree: ast.Module) -> list[str]:
    part = part_of(module)
    assert part is not None, f"{module} is not in the table of arrows"
    wrong = []
    for name in imported(tree):
        top = name.partition(".")[0]
        other = part_of(name)
        if other is not None or top in OURS:
            allowed = other in ARROWS[part] | {part} or (module, other) in ALLOWED
        else:
            free = top in sys.stdlib_module_names
            allowed = free or part not in THIRD_PARTY or top in THIRD_PARTY[part]
        if not allowed:
            wrong.append(f"{module} imports {name}")
    return wrong


def mentions(tree: ast.Module) -> list[int]:
    """The lines whose code (comments and docstrings apart) has the word in it."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        getattr(node, "lineno", 0)
        for node in ast.walk(tree)
        if id(node) not in documentation
        for _, value in ast.iter_fields(node)
        if isinstance(value, str) and "rehears" in value.lower()
    ]


@pytest.mark.parametrize("module", SOURCES)
def test_imports_point_down_the_list_never_up(module: str) -> None:
    assert wrong_arrows(module, SOURCES[module]) == []


def test_the_arrows_have_no_cycle() -> None:
    below: set[str] = set()
    while left := [part for part in ARROWS if part not in below]:
        ready = [part for part in left if ARROWS[part] <= below]
        assert ready, f"these import each other: {left}"
        below.update(ready)


def test_no_product_code_knows_that_the_rehearsal_exists() -> None:
    found = {
        module: lines
        for module, tree in SOURCES.items()
        if part_of(module) in PRODUCT and module not in MENTIONS and (lines := mentions(tree))
    }
    assert found == {}


def test_no_script_for_attendees_machines_knows_that_the_rehearsal_exists() -> None:
    scripts = sorted((ROOT / "lifecycle_configs").glob("*.sh"))
    assert scripts
    assert [path.name for path in scripts if "rehears" in path.read_text().lower()] == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("cleanup.sweep", "import deploy.engine"),
        ("cleanup.sweep", "from quotas.demand import demand_in"),
        ("cleanup.sweep", "import yaml"),
        ("cleanup.sweep", "from workshop.config import load_workshop"),
        ("cleanup.kinds", "from cleanup.resources import Scope"),
        ("quotas.fit", "from cleanup import scan"),
        ("workshop.names", "from workshop.cli.output import note"),
        ("workshop.names", "def f():\n    import modules.declarations"),
        ("workshop.cli.deploy", "from stacks.compose import new_app"),
        ("workshop.cli.deploy", "import rehearsal.world"),
        ("deploy.engine", "import aws_cdk"),
        ("deploy.engine", "from tests.factories import make_workshop"),
    ],
)
def test_a_wrong_arrow_is_found(module: str, line: str) -> None:
    assert len(wrong_arrows(module, ast.parse(line))) == 1


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("cleanup.sweep", "from workshop import names"),
        ("cleanup.sweep", "from cleanup.kinds import KINDS"),
        ("quotas.fit", "from modules.declarations import Module"),
        ("workshop.cli.rehearse", "from rehearsal.conductor import rehearse"),
        ("stacks.compose", "import aws_cdk"),
    ],
)
def test_a_right_arrow_passes(module: str, line: str) -> None:
    assert wrong_arrows(module, ast.parse(line)) == []


@pytest.mark.parametrize(
    "code", ["if rehearsal: pass", "x.rehearsing = 1", 'name = "rehearsal"', "def rehearse(): ..."]
)
def test_the_word_is_found_in_code(code: str) -> None:
    assert mentions(ast.parse(code)) == [1]


def test_the_word_may_stand_in_comments_and_docstrings() -> None:
    assert mentions(ast.parse('"""A rehearsal."""\n# rehearsal\nx = 1')) == []


def test_what_the_commands_import_is_installed_with_them() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packaged = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    allowed = {name.partition(".")[0] for name in ARROWS["workshop.cli"]} | {"workshop"}
    # There is no portal yet.
    assert {name for name in allowed if (ROOT / name).is_dir()} <= packaged
