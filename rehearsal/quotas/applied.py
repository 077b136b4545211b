"""The quota values that apply to the account, region by region.

Three accounts can be had: one whose quotas have been raised (the default), one with AWS's
defaults, and one from a file. What increase requests are granted comes on top (requests.py).
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from rehearsal.quotas import catalog
from workshop.errors import UsageError

RAISED = "raised"
AWS_DEFAULTS = "aws-defaults"
RAISED_TO = 1000.0
ANY_REGION = "*"
# QuotaValue's maximum in the API's model; a quota of this size is never counted against.
NO_LIMIT = 10_000_000_000.0

# {region or "*": {code: value, or None for a quota that does not exist there}}
Values = Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, slots=True)
class AppliedQuotas:
    """What applies where: the value for the region, else the one for "*", else AWS's default.

    `raised_to` lifts every smaller or unknown default.
    """

    values: Values = field(default_factory=dict)
    raised_to: float | None = None

    def value(self, region: str, code: str) -> float | None:
        """The applied value of a quota, or None when none was applied and none is known."""
        quota = catalog.by_code().get(code)
        if quota is None:
            return None
        for place in (region, ANY_REGION):
            if code in self.values.get(place, {}):
                return self.values[place][code]
        if self.raised_to is None:
            return quota.default
        return max(quota.default or 0.0, self.raised_to)


def raised() -> AppliedQuotas:
    """An account whose quotas have all been raised to 1000."""
    return AppliedQuotas(raised_to=RAISED_TO)


def load(choice: str | None) -> AppliedQuotas:
    """The quotas of "raised" (also None), "aws-defaults", or a YAML, JSON or CSV file.

    YAML and JSON: {region or "*": {code: value}}; a value of null is a quota that does not
    exist in that region. CSV: columns region, code, value. What a file does not name has
    AWS's default. Raises UsageError that names the file and the line.
    """
    if choice is None or choice == RAISED:
        return raised()
    if choice == AWS_DEFAULTS:
        return AppliedQuotas()
    return AppliedQuotas(values=_read(Path(choice)))


def _read(path: Path) -> Values:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the quotas in {path} cannot be read",
            str(error),
            f"name a file, or one of: {RAISED}, {AWS_DEFAULTS}",
        ) from error
    rows = _csv_rows(path, text) if path.suffix == ".csv" else _yaml_rows(path, text)
    values: dict[str, dict[str, float | None]] = {}
    for line, region, code, value in rows:
        _check(path, line, code, value)
        values.setdefault(region, {})[code] = None if value is None else float(value)
    return values


_Row = tuple[int, str, str, Any]  # (line, region, code, value)


def _csv_rows(path: Path, text: str) -> list[_Row]:
    reader = csv.DictReader(io.StringIO(text))
    if set(reader.fieldnames or ()) != {"region", "code", "value"}:
        raise _bad(path, 1, "its columns are not region, code and value")
    found: list[_Row] = []
    for row in reader:
        value: Any = row["value"] or None
        with contextlib.suppress(TypeError, ValueError):  # what is no number is told later
            value = float(value)
        found.append((reader.line_num, row["region"], row["code"], value))
    return found


def _yaml_rows(path: Path, text: str) -> list[_Row]:
    """The rows of a YAML file, of which JSON is a subset; nodes know their lines."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise _bad(path, mark.line + 1 if mark else 1, "it is not YAML") from error
    if root is None:
        return []
    loader = yaml.SafeLoader("")
    return [
        (
            value.start_mark.line + 1,
            str(region.value),
            str(code.value),
            loader.construct_object(value, deep=True),
        )
        for region, codes in _pairs(path, root, "it is not a mapping of regions")
        for code, value in _pairs(path, codes, f"{region.value} is not a mapping of quota codes")
    ]


def _pairs(path: Path, node: yaml.Node, problem: str) -> list[tuple[Any, Any]]:
    if not isinstance(node, yaml.MappingNode):
        raise _bad(path, node.start_mark.line + 1, problem)
    return list(node.value)


def _check(path: Path, line: int, code: str, value: Any) -> None:
    if code not in catalog.by_code():
        raise _bad(path, line, f"the quota table has no {code}")
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _bad(path, line, f"{value!r} is not a number")
    if not 0 <= value <= NO_LIMIT:
        raise _bad(path, line, f"{value:g} is not between 0 and {NO_LIMIT:g}")


def _bad(path: Path, line: int, problem: str) -> UsageError:
    return UsageError(
        f"the quotas in {path} are not as they must be",
        f"line {line}: {problem}",
        'write {region or "*": {quota code: value}}, for example: {"*": {L-7A3DF611: 4}}',
    )
