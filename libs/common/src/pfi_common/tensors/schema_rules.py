"""The rules that names and sizes of an adapter schema keep."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from pfi_common.errors import SpecInvalidError

MAXIMUM_COORDINATES = 1 << 31
MAXIMUM_TENSORS = 1 << 16
MAXIMUM_RANK = 1 << 12
MAXIMUM_ALPHA = 1 << 16
MAXIMUM_SIZE = (1 << 32) - 1
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,256}")
NAME_RULE = "must be 1 to 256 letters, digits, `_`, `.` or `-`"


def refuse(field: str, rule: str) -> SpecInvalidError:
    """Makes the error for a field of a schema that breaks its rule."""
    message = f"Adapter schema: `{field}` {rule}. Make it again with `pfi-agent describe`."
    return SpecInvalidError(message, field=field)


def check_names(field: str, names: Sequence[object], maximum: int) -> None:
    """Checks that names are ASCII, sorted in byte order, and unique."""
    if not all(isinstance(name, str) and _NAME.fullmatch(name) for name in names):
        raise refuse(field, NAME_RULE)
    if not 1 <= len(names) <= maximum:
        raise refuse(field, f"must have 1 to {maximum} entries")
    if not all(before < after for before, after in pairwise(map(str, names))):
        raise refuse(field, "must be sorted in byte order, each name once")


def check_size(field: str, value: object, maximum: int) -> int:
    """Checks that a value is a whole number from 1 to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= maximum:
        raise refuse(field, f"must be a whole number from 1 to {maximum}")
    return value


def check_list(field: str, value: object) -> list[object]:
    """Checks that a value of a parsed document is a list."""
    if not isinstance(value, list):
        raise refuse(field, "must be a list")
    return value


def check_object(field: str, value: object, keys: frozenset[str]) -> dict[str, object]:
    """Checks that a value of a parsed document is an object with exactly these keys."""
    if not isinstance(value, dict) or set(value) != keys:
        raise refuse(field, f"must be an object with the keys {', '.join(sorted(keys))}")
    return value


def check_literal(field: str, value: object, expected: str) -> None:
    """Checks a value that has only one meaning today."""
    if value != expected:
        raise refuse(field, f"must be `{expected}`")
