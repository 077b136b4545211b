"""Hyperparameters against their tables, with the words of AWS's own algorithms."""

from __future__ import annotations

import json

import pytest

from rehearsal.containers.contract.files import CustomerError
from rehearsal.containers.contract.hyperparameters import (
    Rule,
    boolean,
    choice,
    integer,
    positive,
    real,
    validate,
)

RULES = {
    "k": positive(required=True),
    "rate": real(0, 1, open_low=True, default=0.5),
    "method": choice("random", "kmeans++", default="random"),
    "trials": integer(1, 9, automatic=True, default="auto"),
    "bias": boolean(default=True),
    "metrics": Rule(json.loads),
}


def test_what_is_not_given_has_its_default() -> None:
    assert validate({"k": "3"}, RULES) == {
        "k": 3,
        "rate": 0.5,
        "method": "random",
        "trials": "auto",
        "bias": True,
        "metrics": None,
    }


def test_texts_become_values() -> None:
    texts = {"k": "3", "rate": "1", "trials": "2", "bias": "False", "metrics": '["a"]'}

    values = validate(texts, RULES)

    assert [values[name] for name in texts] == [3, 1.0, 2, False, ["a"]]


def test_the_services_own_hyperparameters_are_no_business_of_the_table() -> None:
    assert validate({"k": "3", "_tuning_objective_metric": "test:msd"}, RULES)["k"] == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"k": "0"}, "The value '0' is not valid for the 'k' hyperparameter which expects an inte"),
        ({"k": "3.5"}, "The value '3.5' is not valid for the 'k'"),
        ({"rate": "0"}, "expects a number in (0, 1] (caused by ValidationError)"),
        ({"rate": "nan"}, "The value 'nan' is not valid for the 'rate'"),
        ({"method": "best"}, "expects one of random, kmeans++ (caused"),
        ({"trials": "10"}, "expects an integer in [1, 9] or auto (caused"),
        ({"bias": "yes"}, "expects true or false (caused"),
        ({"metrics": "a,b"}, "Hyperparameter must be valid json, but found metrics: a,b"),
        ({"b": "1", "a": "1"}, "are not allowed ('a', 'b' were unexpected)"),
    ],
)
def test_a_wrong_value_says_what_is_expected(changes: dict[str, str], words: str) -> None:
    with pytest.raises(CustomerError) as raised:
        validate({"k": "3", **changes}, RULES)

    assert words in str(raised.value)


def test_a_required_one_that_is_missing_is_named() -> None:
    with pytest.raises(CustomerError, match=r"No value\(s\) were specified for 'k' which are"):
        validate({}, RULES)
