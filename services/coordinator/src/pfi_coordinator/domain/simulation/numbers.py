"""How the numbers of a model are declared, so that its file explains itself."""

from dataclasses import Field, dataclass, field, fields
from typing import Any

MEANING, BOUNDS = "meaning", "bounds"
_MOST = 1e15


@dataclass(frozen=True, slots=True)
class Number:
    """One declared number of a section."""

    name: str
    default: float
    meaning: str
    least: float
    most: float


def number(default: float, meaning: str, least: float = 0.0, most: float = _MOST) -> Any:  # noqa: ANN401 - stands for the field's value
    """Declares a number of a section.

    Args:
        default: What it is unless a file says otherwise.
        meaning: For people, with its unit.
        least: Lowest allowed value.
        most: Highest allowed value.
    """
    return field(default=default, metadata={MEANING: meaning, BOUNDS: (least, most)})


def numbers_of(section: type[Any]) -> tuple[Number, ...]:
    """Gives the declared numbers of a section, in order."""
    return tuple(_number(item) for item in fields(section))


def _number(item: "Field[Any]") -> Number:
    least, most = item.metadata[BOUNDS]
    default: Any = item.default
    return Number(item.name, float(default), item.metadata[MEANING], least, most)
