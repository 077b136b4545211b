"""Parameters: the cell tagged `parameters`, and what overrides it."""

from __future__ import annotations

from typing import Any

import nbformat as untyped_nbformat
import pytest

from modules.parameters import Value, inject, parse, read_defaults
from workshop.errors import UsageError

# Without annotations of its own: mypy would refuse every call.
nbformat: Any = untyped_nbformat


def notebook(source: str = 'name = ""  # who\ncount = 10\nflag = False\nrate = 0.5\n') -> Any:
    return nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("import os"),
            nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("print(name)"),
        ]
    )


DEFAULTS: dict[str, Value] = {"name": "", "count": 10, "flag": False, "rate": 0.5}


def test_defaults_are_read_from_the_tagged_cell() -> None:
    assert read_defaults(notebook()) == DEFAULTS


def test_a_notebook_without_a_tagged_cell_is_a_mistake_of_its_author() -> None:
    with pytest.raises(ValueError, match="tagged"):
        read_defaults(nbformat.v4.new_notebook())


def test_values_are_injected_right_behind_the_tagged_cell() -> None:
    lab = notebook()

    inject(lab, {"name": 'ann\'s "lab"\n', "count": 1})

    namespace: dict[str, object] = {}
    exec(lab.cells[2].source, namespace)
    assert (namespace["name"], namespace["count"]) == ('ann\'s "lab"\n', 1)
    assert lab.cells[3].source == "print(name)"


def test_an_unknown_name_is_not_injected() -> None:
    with pytest.raises(UsageError, match="no parameter 'nmae'"):
        inject(notebook(), {"nmae": "ann"})


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "10", "10"),
        ("count", "3", 3),
        ("flag", "true", True),
        ("flag", "False", False),
        ("rate", "2", 2.0),
        ("rate", "1e-3", 0.001),
    ],
)
def test_a_text_becomes_the_type_of_its_default(name: str, text: str, value: Value) -> None:
    parsed = parse({name: text}, DEFAULTS)[name]

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [("count", "many"), ("count", "1.5"), ("count", "True"), ("flag", "1"), ("rate", "")],
)
def test_a_text_of_another_type_is_refused(name: str, text: str) -> None:
    with pytest.raises(UsageError, match=name):
        parse({name: text}, DEFAULTS)
