"""What many resources have in common is held once.

The jobs of a class differ in their names and paths; images, instance types, role ARNs and
field names are the same text in each of their requests. Without sharing, a training job takes
twice the memory.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NoReturn

# How many values are remembered, those asked for most recently: what only one resource has
# falls out again.
_REMEMBERED = 1024


def shared(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request as a new resource holds them.

    Nested values are shared with other resources and cannot be changed, only replaced:
    changing one raises TypeError.
    """
    return {sys.intern(name): _one(value) for name, value in request.items()}


def _one(value: Any) -> Any:
    if isinstance(value, str):
        return _text(value)
    if not isinstance(value, (dict, list)):
        return value
    try:
        written = json.dumps(value)
    except TypeError:  # a caller within this process may hand over what JSON cannot say
        return value
    return _structure(written)


@lru_cache(_REMEMBERED)
def _text(text: str) -> str:
    return text


@lru_cache(_REMEMBERED)
def _structure(written: str) -> Any:
    return _frozen(json.loads(written))


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return _Structure((sys.intern(name), _frozen(item)) for name, item in value.items())
    if isinstance(value, list):
        return _List(map(_frozen, value))
    return _text(value) if isinstance(value, str) else value


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise TypeError("other resources share this value: replace it, do not change it")


class _Structure(dict[str, Any]):
    __slots__ = ()
    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class _List(list[Any]):
    __slots__ = ()
    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = clear = extend = insert = pop = remove = _refuse
    reverse = sort = _refuse
