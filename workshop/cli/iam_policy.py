"""The IAM policy documents of the commands, as `workshop check --iam-policy` prints them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from workshop.cli.iam_statements import OF_THE_CANARY, STATEMENTS
from workshop.cli.iam_writer import ALL, Statement, Writer
from workshop.cli.output import print_json
from workshop.errors import EXIT_OK, UsageError
from workshop.model import Workshop

Policy = dict[str, Any]

# "The size of each managed policy cannot exceed 6,144 characters", white space not counted
# (IAM user guide, "IAM and AWS STS quotas").
MOST_CHARACTERS = 6144
_CANARY = "canary"
COMMANDS = tuple(sorted((*STATEMENTS, _CANARY)))


def policies_of(command: str, workshop: Workshop) -> list[Policy]:
    """The policy documents that a command needs: one, or more where one would pass IAM's size.

    Raises UsageError for a command that calls nothing of AWS, or that there is not.
    """
    region = workshop.regions[0]
    if command == _CANARY:
        from workshop.cli.canary import canary_name

        writer = Writer(canary_name(workshop.name), region)
        statements = [s for name in OF_THE_CANARY for s in STATEMENTS[name](writer)]
    elif command in STATEMENTS:
        statements = STATEMENTS[command](Writer(workshop.name, region))
    else:
        raise UsageError(
            f"no IAM policy for {command!r}",
            "it calls nothing of AWS, or there is no such command",
            f"choose one of: {', '.join(COMMANDS)}",
        )
    return _packed(_merged(statements))


def print_policy(workshop: Workshop, command: str = "") -> int:
    """Print the policies of a command, or of all of them, as JSON by command; returns 0."""
    chosen = (command,) if command else COMMANDS
    print_json({name: policies_of(name, workshop) for name in chosen})
    return EXIT_OK


def _merged(statements: Iterable[Statement]) -> list[Statement]:
    """One statement for the same resources under the same condition."""
    found: dict[str, Statement] = {}
    for statement in statements:
        everything = statement["Resource"] == ALL
        # A star keeps the reason that its Sid gives.
        place = json.dumps(
            [statement["Resource"], statement.get("Condition"), everything and statement["Sid"]],
            sort_keys=True,
        )
        if place in found:
            both = {*found[place]["Action"], *statement["Action"]}
            found[place] = {**found[place], "Action": _without_covered(both)}
        elif statement["Action"]:
            found[place] = {**statement, "Action": _without_covered(statement["Action"])}
    return list(found.values())


def _without_covered(actions: Iterable[str]) -> list[str]:
    """Without those that another one with a star takes in."""
    every = set(actions)
    stars = [action for action in every if action.endswith("*")]
    return sorted(
        action
        for action in every
        if not any(action != star and action.startswith(star[:-1]) for star in stars)
    )


def _packed(statements: Iterable[Statement]) -> list[Policy]:
    """As few documents as the statements take, in their order."""
    packs: list[list[Statement]] = [[]]
    for statement in statements:
        if packs[-1] and size_of(_document([*packs[-1], statement])) > MOST_CHARACTERS:
            packs.append([])
        packs[-1].append(statement)
    return [_document(pack) for pack in packs]


def _document(statements: list[Statement]) -> Policy:
    return {"Version": "2012-10-17", "Statement": statements}


def size_of(policy: Policy) -> int:
    """Its size as IAM counts it: without white space."""
    return len(json.dumps(policy, separators=(",", ":")))
