"""Another workshop file, made from an instructor's own: fewer people, another name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from workshop.config.loader import load_workshop
from workshop.model import Workshop


def derive(config: Path, target: Path, **values: Any) -> Workshop:
    """Write the file at `config` to `target` with other values; returns what it then says.

    A value of None leaves the key out; other modules leave out the schedule of the old ones.
    Raises ConfigError when what comes out has problems.
    """
    document = yaml.load(config.read_text(encoding="utf-8-sig"), Loader=_Text)
    if "modules" in values:
        values = {"schedule": None, **values}
    for key, value in values.items():
        if value is None:
            document.pop(key, None)
        else:
            document[key] = value
    target.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return load_workshop(target)


class _Text(yaml.SafeLoader):
    """YAML whose timestamps stay text, as the configuration wants them."""


def _construct_text(_loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    return node.value


_Text.add_constructor("tag:yaml.org,2002:timestamp", _construct_text)
