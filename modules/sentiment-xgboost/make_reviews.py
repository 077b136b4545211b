#!/usr/bin/env python3
"""Make up film reviews, and whether their writers liked the film.

Nothing in them is real: sentences are put together from templates, opinions from word lists, and
films and people have names of made-up syllables. Most sentences of a review say what its writer
thinks; some say the opposite, are turned round by a "not", or say nothing, as in life. The same
seed gives the same reviews, on every machine.

    python make_reviews.py --output reviews.csv
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from pathlib import Path

COLUMNS = ("review", "positive")
REVIEWS = 6_000
SEED = 23
# How sentences are about a film that the writer likes: for it, against it, or neither.
FOR, AGAINST, NEITHER = 0.56, 0.14, 0.30
# How often an opinion is said as the opposite and a "not".
TURNED = 0.08


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Common opinions first: the place in the list decides how often one is used.
PRAISE = _words(
    """good great fun funny beautiful excellent wonderful strong perfect brilliant touching
    charming clever moving amazing superb fresh delightful powerful gripping lovely honest warm
    memorable outstanding witty fascinating elegant stunning hilarious rewarding tender
    captivating inspired flawless breathtaking refreshing thoughtful graceful magical riveting
    heartfelt masterful subtle dazzling uplifting"""
)
BLAME = _words(
    """bad boring poor weak dull stupid awful terrible slow silly predictable worst ridiculous
    annoying flat lame horrible empty cheap pointless tedious painful clumsy confusing lifeless
    shallow forgettable dreadful bland messy lazy pathetic wooden tiresome disappointing absurd
    hollow ugly noisy pretentious stale unbearable cringeworthy incoherent soulless dismal"""
)
ASPECTS = _words(
    """acting plot story ending dialogue music camera pace script cast direction humour
    atmosphere beginning costumes soundtrack editing lighting"""
)
INTENSITY = ("", "", "really", "very", "quite", "rather", "truly", "simply", "just", "so")
LIKED = (
    "i would watch it again",
    "do not miss it",
    "i recommend it to everybody",
    "i loved every minute",
    "it stayed with me for days",
    "worth the ticket",
)
DISLIKED = (
    "i want my money back",
    "i nearly fell asleep",
    "avoid it",
    "what a waste of time",
    "i looked at my watch all the time",
    "half of the audience left",
)
OPINIONS = (
    "the {aspect} is {how} {opinion}",
    "{person} gives us a {opinion} performance",
    "i found the {aspect} {how} {opinion}",
    "the {aspect} of {person} was {how} {opinion}",
    "such a {opinion} film",
    "everything about the {aspect} felt {how} {opinion}",
)
FACTS = (
    "{person} plays a teacher from {place}",
    "the story takes place in {place} before the war",
    "we saw it at the cinema in {place} on a saturday",
    "{person} and {person} are brothers who meet again in {place}",
    "it is based on a book by {person}",
    "the film runs for two hours and {person} has a small part",
    "{person} worked with {person} before",
)
_FIRST = _words("ba ce di fo gu ha je ki lo mu na pe ri so tu va we xo ya zi")
_MIDDLE = _words("lan mer nor pin ros sel tan vik den gar")
_LAST = _words("a o in ez er off sson ini ic ard")


def make_reviews(reviews: int = REVIEWS, seed: int = SEED) -> Iterator[tuple[str, int]]:
    """Yield reviews as (text, 1 for positive and 0 for negative); about half of them are positive.

    Args:
        reviews: how many, at least 0.
        seed: another one makes other reviews by the same rules.
    """
    chance = random.Random(seed)
    for _ in range(reviews):
        positive = chance.random() < 0.5
        yield _make_review(positive, chance), int(positive)


def _make_review(positive: bool, chance: random.Random) -> str:
    sentences = [f"I saw {_name(chance)} by {_name(chance)}"]
    for _ in range(chance.randint(4, 10)):
        (about,) = chance.choices(("for", "against", "neither"), (FOR, AGAINST, NEITHER))
        if about == "neither":
            sentences.append(_fill(chance.choice(FACTS), chance))
        else:
            sentences.append(_make_opinion(positive == (about == "for"), chance))
    return ". ".join(sentence[0].upper() + sentence[1:] for sentence in sentences) + "."


def _make_opinion(liked: bool, chance: random.Random) -> str:
    if chance.random() < 0.15:
        return chance.choice(LIKED if liked else DISLIKED)
    turned = chance.random() < TURNED
    words = PRAISE if liked != turned else BLAME
    (opinion,) = chance.choices(words, [1 / (rank + 4) for rank in range(len(words))])
    template = chance.choice(OPINIONS)
    if turned:
        opinion = f"not {opinion}" if "{how}" in template else f"not so {opinion}"
    how = "" if turned else chance.choice(INTENSITY)
    sentence = template.replace("{opinion}", opinion).replace("{how}", how)
    return _fill(" ".join(sentence.split()), chance)


def _fill(template: str, chance: random.Random) -> str:
    """A template with its names, each of them drawn anew."""
    parts = template.replace("{aspect}", chance.choice(ASPECTS)).split("{person}")
    text = "".join(part + _name(chance) for part in parts[:-1]) + parts[-1]
    return text.replace("{place}", _name(chance))


def _name(chance: random.Random) -> str:
    """One of some thousands of names; those that begin the lists are the common ones."""
    syllables = [
        names[int(len(names) * chance.random() ** 1.3)]
        for names in (_FIRST, _FIRST, _MIDDLE, _LAST)
    ]
    return "".join(syllables).capitalize()


def write_reviews(path: Path, reviews: int = REVIEWS, seed: int = SEED) -> None:
    """Write reviews as CSV with a header."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(make_reviews(reviews, seed))


def main() -> None:
    """Write the reviews where the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("reviews.csv"), help="where to write")
    parser.add_argument("--reviews", type=int, default=REVIEWS, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="of the chance (%(default)s)")
    options = parser.parse_args()
    write_reviews(options.output, options.reviews, options.seed)
    print(f"{options.reviews} reviews in {options.output}")


if __name__ == "__main__":
    main()
