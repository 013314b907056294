"""Durations as people write them: `90s`, `10m`, `1h30m`, `2d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

AUTO: Literal["auto"] = "auto"
"""A duration that the platform derives."""
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_FORM = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?")
_SHORTEST = timedelta(seconds=1)
_LONGEST = timedelta(days=30)


def parse_duration(value: object) -> timedelta:
    """Reads a duration of 1 second to 30 days.

    Raises:
        ValueError: it has no unit, another form, or another size.
    """
    duration = value if isinstance(value, timedelta) else _parse_text(value)
    if not _SHORTEST <= duration <= _LONGEST:
        message = "must be from 1s to 30d"
        raise ValueError(message)
    return duration


def format_duration(duration: timedelta) -> str:
    """Writes a duration of whole seconds so that `parse_duration` reads the same."""
    seconds = int(duration.total_seconds())
    text = ""
    for unit, size in _UNITS.items():
        count, seconds = divmod(seconds, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _parse_text(value: object) -> timedelta:
    match = _FORM.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        message = "must be a number with a unit (d, h, m or s), such as 90s, 10m or 1h30m"
        raise ValueError(message)
    counts = zip(match.groups(), _UNITS.values(), strict=True)
    return timedelta(seconds=sum(int(count) * size for count, size in counts if count))


def parse_duration_or_auto(value: object) -> object:
    """Reads `auto`, or a duration.

    Raises:
        ValueError: it is neither.
    """
    if value == AUTO:
        return AUTO
    try:
        return parse_duration(value)
    except ValueError as error:
        message = f"must be auto, or {str(error).removeprefix('must be ')}"
        raise ValueError(message) from error


def _format(value: timedelta | str) -> str:
    return format_duration(value) if isinstance(value, timedelta) else value


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str),
    WithJsonSchema({"type": "string", "format": "duration"}),
]

DurationOrAuto = Annotated[
    timedelta | Literal["auto"],
    BeforeValidator(parse_duration_or_auto),
    PlainSerializer(_format, return_type=str),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "string", "format": "duration"}]}),
]
