"""The made-up reviews: what their words say, and how much of it is hidden."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.unit.modules.lab_scripts import load_script, run_script

LAB = "sentiment-xgboost"
SCRIPT = load_script(LAB, "make_reviews.py")
Reviews = list[tuple[str, int]]


@pytest.fixture(scope="module")
def reviews() -> Reviews:
    return list(SCRIPT.make_reviews())


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def test_the_same_seed_makes_the_same_reviews_and_another_seed_others() -> None:
    assert list(SCRIPT.make_reviews(50, 1)) == list(SCRIPT.make_reviews(50, 1))
    assert list(SCRIPT.make_reviews(50, 1)) != list(SCRIPT.make_reviews(50, 2))


def test_about_half_of_the_reviews_are_positive(reviews: Reviews) -> None:
    assert 0.47 < sum(positive for _, positive in reviews) / len(reviews) < 0.53


def test_no_place_of_a_template_is_left_open(reviews: Reviews) -> None:
    assert not [text for text, _ in reviews if "{" in text or "  " in text]


def test_there_are_more_words_than_the_vocabulary_takes(reviews: Reviews) -> None:
    counts = Counter(word for text, _ in reviews[:4000] for word in words_of(text))

    assert len(counts) > 5000
    assert {*SCRIPT.PRAISE, *SCRIPT.BLAME} <= {word for word, _ in counts.most_common(5000)}


def test_no_word_is_both_praise_and_blame() -> None:
    assert not {*SCRIPT.PRAISE} & {*SCRIPT.BLAME}


def test_counting_opinions_is_mostly_right_and_not_always(reviews: Reviews) -> None:
    """The best that a bag of words can do: a rule with the lists that the reviews are made of."""
    praise, blame = {*SCRIPT.PRAISE}, {*SCRIPT.BLAME}
    right = 0.0
    for text, positive in reviews:
        words = words_of(text)
        balance = sum(word in praise for word in words) - sum(word in blame for word in words)
        right += 0.5 if balance == 0 else (balance > 0) == bool(positive)

    assert 0.75 < right / len(reviews) < 0.92


def test_names_say_nothing_about_the_opinion(reviews: Reviews) -> None:
    """The film's name stands in every review, in third place; few names come twice."""
    by_beginning = defaultdict(list)
    for text, positive in reviews:
        by_beginning[words_of(text)[2][:2]].append(positive)

    assert len(by_beginning) == 20
    for beginning, opinions in by_beginning.items():
        assert 0.35 < sum(opinions) / len(opinions) < 0.65, (beginning, len(opinions))


def test_the_script_writes_a_table_with_a_header(tmp_path: Path) -> None:
    run_script(LAB, "make_reviews.py", "--reviews", "3", "--output", "few.csv", folder=tmp_path)

    with (tmp_path / "few.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == SCRIPT.COLUMNS
    assert [(text, int(positive)) for text, positive in rows] == list(SCRIPT.make_reviews(3))


def test_the_script_says_how_it_is_called(tmp_path: Path) -> None:
    assert "--seed" in run_script(LAB, "make_reviews.py", "--help", folder=tmp_path)
