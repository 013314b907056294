"""Every effective value of a specification, and where it comes from."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pfi_common.spec import RunSpec
from pfi_common.spec.presets import with_preset


class Origin(StrEnum):
    """Who chose a value."""

    GIVEN = "given"
    PRESET = "preset"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """A value that the run will use.

    Attributes:
        field: For instance `local.steps`.
        value: As in JSON.
        origin: Who chose it.
    """

    field: str
    value: Any
    origin: Origin


def effective_values(spec: RunSpec, document: Mapping[str, Any]) -> list[Effective]:
    """Gives every field of a specification.

    Args:
        spec: The specification.
        document: What was written.
    """
    filled = with_preset(document)
    return [
        Effective(field, value, _origin(field, document, filled))
        for field, value in _leaves(spec.model_dump(mode="json"))
    ]


def _leaves(document: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _origin(field: str, document: Mapping[str, Any], filled: Mapping[str, Any]) -> Origin:
    if _has(document, field):
        return Origin.GIVEN
    return Origin.PRESET if _has(filled, field) else Origin.DEFAULT


def _has(document: Mapping[str, Any], field: str) -> bool:
    place: Any = document
    for name in field.split("."):
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return True
