"""A lab's parameters: the assignments in the notebook's cell tagged `parameters`.

As in Papermill, a run overrides them by a cell of its own behind that cell; unlike Papermill,
a name that the lab does not know is refused.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from workshop.errors import UsageError

TAG = "parameters"
INJECTED_TAG = "injected-parameters"

Value = str | int | float | bool


def read_defaults(notebook: Any) -> dict[str, Value]:
    """The parameters of a notebook (nbformat 4) and their defaults, in the cell's order.

    Raises:
        ValueError: no cell is tagged, or one of its values is not a literal.
    """
    source = notebook.cells[_position(notebook)].source
    return {
        statement.targets[0].id: ast.literal_eval(statement.value)
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name)
    }


def parse(texts: Mapping[str, str], defaults: Mapping[str, Value]) -> dict[str, Value]:
    """Turn the texts of `--parameter name=text` into values of the defaults' types.

    Raises:
        UsageError: the lab has no such parameter, or the text is not of its type.
    """
    return {name: _parse(name, text, defaults) for name, text in texts.items()}


def inject(notebook: Any, values: Mapping[str, Value]) -> None:
    """Insert a cell with `values` behind the tagged one. Changes `notebook`.

    Raises:
        UsageError: the lab does not know one of the names.
    """
    from nbformat.v4 import new_code_cell

    defaults = read_defaults(notebook)
    for name in values:
        _check_known(name, defaults)
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    cell = new_code_cell(source, metadata={"tags": [INJECTED_TAG]})  # type: ignore[no-untyped-call]
    notebook.cells.insert(_position(notebook) + 1, cell)


def _position(notebook: Any) -> int:
    for position, cell in enumerate(notebook.cells):
        if TAG in cell.metadata.get("tags", []):
            return position
    raise ValueError(f"the notebook has no cell tagged `{TAG}`")


def _check_known(name: str, defaults: Mapping[str, Value]) -> None:
    if name not in defaults:
        raise UsageError(
            f"the lab has no parameter {name!r}",
            why=f"its parameters are: {', '.join(defaults)}",
            fix="correct the name behind --parameter",
        )


def _parse(name: str, text: str, defaults: Mapping[str, Value]) -> Value:
    _check_known(name, defaults)
    wanted = type(defaults[name])
    if wanted is str:
        return text
    try:
        # True, 10 and 0.5 as Python writes them; "true" and "false" as everybody else does.
        value = ast.literal_eval(text.capitalize() if wanted is bool else text)
    except (ValueError, SyntaxError):
        value = None
    if type(value) is wanted or (wanted is float and type(value) is int):
        return wanted(value)
    raise UsageError(
        f"the parameter {name} cannot be {text!r}",
        why=f"it is of type {wanted.__name__}; its default is {defaults[name]!r}",
        fix=f"--parameter {name}={defaults[name]}",
    )
