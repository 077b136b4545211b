"""What every lab keeps to, read from its text: each rule returns what breaks it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

# Keywords of the SDK and of boto3 that name something the account then holds.
_NAMES = re.compile(
    r"(model|endpoint|config|job|pipeline|repository|function|group|role|rule|api)_?name",
    re.IGNORECASE,
)
_OWN = {"name", "base_name", "name_prefix"}
_SHELL_NAME = re.compile(r"--(?:[a-z-]+-)?name[ =]+([^\s\\|]+)")
# Public hosts that earlier workshops took their data from, and that do not answer any more.
GONE_HOSTS = ("data.mxnet.io", "data.dmlc.ml", "vision.caltech.edu")
INSTANCE_TYPE = re.compile(r"\bml\.[a-z0-9-]+\.[a-z0-9]+\b")
_DATA = {".csv", ".json", ".jsonl", ".libsvm", ".npy", ".npz", ".rec", ".gz", ".tsv", ".txt"} | {
    ".jpg",
    ".png",
}


def code_cells(notebook: Path) -> list[str]:
    """The code of a built notebook, cell by cell, without lines for IPython or the shell."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [
        re.sub(r"^[ \t]*[%!].*$", "", "".join(cell["source"]), flags=re.MULTILINE)
        for cell in cells
        if cell["cell_type"] == "code"
    ]


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file of a lab that people read or run."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in {".py", ".md", ".sh", ".yaml"} and "__pycache__" not in path.parts:
            yield path, path.read_text(encoding="utf-8")


def data_files(folder: Path) -> list[str]:
    """The names of the data that a lab ships; what pip is to install is none."""
    names = (path.name for path in folder.rglob("*") if path.suffix in _DATA)
    return sorted(name for name in names if name != "requirements.txt")


def calls(code: str, function: str) -> list[ast.Call]:
    """The calls of a function by its bare name."""
    return [
        node
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == function
    ]


_ON_THE_SHELL = re.compile(r"\bcreate-([a-z-]+)")
# Jobs end by themselves and cannot be deleted.
_JOBS = re.compile(r"_job$|-job$")


def creations(code: str) -> list[str]:
    """The calls that make something which stays until it is deleted.

    These are `create` of a class of the SDK's, `create_...` of a client's but for jobs, `build`
    of a ModelBuilder, and a step `deploy` of a script.
    """
    found = []
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Attribute):
            of, verb = node.func.value, node.func.attr
            makes = verb.startswith("create_") and not _JOBS.search(verb)
            if verb == "create" or makes or (verb == "build" and ast.unparse(of) == "builder"):
                found.append(f"{ast.unparse(of)}.{verb}")
        elif isinstance(node.func, ast.Name) and node.func.id == "shell":
            said = [a.value for a in ast.walk(node) if isinstance(a, ast.Constant)]
            found += ["shell deploy"] if "deploy" in said else []
    return sorted(found)


def registrations(code: str) -> list[str]:
    """The calls of `made.append`: how something is deleted."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "made.append"
    ]


def shell_creations_without_deletion(script: str) -> list[str]:
    """What a shell script creates and does not delete; jobs end by themselves."""
    made = {kind for kind in _ON_THE_SHELL.findall(script) if not _JOBS.search(kind)}
    return sorted(kind for kind in made if not re.search(rf"\bdelete-{kind}\s+--", script))


def prose(notebook: Path) -> str:
    """The text of a built notebook, without its code, in one line."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = " ".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    return " ".join(text.split())


def names_without_prefix(code: str) -> list[str]:
    """Names that code gives to what it makes and that do not begin with the attendee's prefix.

    A name is a literal, or is put together without one of the names that setup gives; names
    that come from elsewhere (a variable, an attribute, a call) are taken to be right.
    """
    tree, found = ast.parse(code), []
    own = _own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            named = [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        elif isinstance(node, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else "" for key in node.keys]
            named = list(zip(map(str, keys), node.values, strict=True))
        else:
            continue
        found += [
            ast.unparse(value)
            for word, value in named
            if _NAMES.search(word) and not _has_prefix(value, own)
        ]
    return found


def _own_names(tree: ast.Module) -> set[str]:
    """The variables that begin with the prefix: those of setup, and those made from them."""
    own = set(_OWN)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.JoinedStr | ast.BinOp)
            and _has_prefix(node.value, own)
        ):
            own.add(node.targets[0].id)
    return own


def _has_prefix(value: ast.expr, own: set[str]) -> bool:
    if isinstance(value, ast.Constant):
        return not isinstance(value.value, str)
    if isinstance(value, ast.JoinedStr):
        first = value.values[0] if value.values else None
        if not isinstance(first, ast.FormattedValue):
            return False
        return not isinstance(first.value, ast.Name) or first.value.id in own
    if isinstance(value, ast.BinOp):
        return _has_prefix(value.left, own)
    return True


def shell_names_without_prefix(script: str) -> list[str]:
    """Names that a shell script gives as literals, without any variable.

    `--name NAME` in a help text stands for any name, and is none.
    """
    names = _SHELL_NAME.findall(script)
    return [name for name in names if "$" not in name and not name.isupper()]
