"""The file of assumptions: read with every mistake named, written with every default explained."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from pfi_common.errors import SpecInvalidError
from pfi_common.spec.documents import read_document
from pfi_coordinator.domain.simulation.assumptions import Assumptions
from pfi_coordinator.domain.simulation.device_model import DeviceModel
from pfi_coordinator.domain.simulation.learning_model import LearningModel
from pfi_coordinator.domain.simulation.numbers import Number, numbers_of
from pfi_coordinator.domain.simulation.service_model import ServiceModel

_SERVICE, _LEARNING = "service", "learning"
_DEVICE_SECTIONS: dict[str, type[Any]] = {
    item.name: item.default_factory  # type: ignore[misc]
    for item in fields(DeviceModel)
}
SECTIONS: dict[str, type[Any]] = {
    **_DEVICE_SECTIONS,
    _SERVICE: ServiceModel,
    _LEARNING: LearningModel,
}
"""What the file may hold: sections of numbers."""

_HEAD = """\
# What `pfi-coordinator simulate` assumes. Leave out what you do not change.
# Measure what matters to you; the defaults are only plausible.
"""


def read_assumptions(path: Path) -> Assumptions:
    """Reads a file; what it leaves out is as assumed by default.

    Raises:
        SpecInvalidError: The file cannot be read, or names numbers that are not known or allowed.
    """
    document = read_document(path)
    problems = list(_problems(document))
    if problems:
        raise SpecInvalidError(f"{path.name} is invalid:\n- " + "\n- ".join(problems))
    made = {name: _section(name, values) for name, values in document.items()}
    devices = {name: value for name, value in made.items() if name in _DEVICE_SECTIONS}
    return Assumptions(
        DeviceModel(**devices),
        made.get(_SERVICE, ServiceModel()),
        made.get(_LEARNING, LearningModel()),
    )


def _section(name: str, values: Mapping[str, float]) -> Any:  # noqa: ANN401 - one of several
    return SECTIONS[name](**{key: float(value) for key, value in values.items()})


def assumptions_text() -> str:
    """Gives a file with every default and what it means."""
    parts = [_HEAD]
    for name, section in SECTIONS.items():
        lines = [f"{name}:  # {_summary(section)}"]
        lines += [f"  {_line(item)}" for item in numbers_of(section)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _line(item: Number) -> str:
    return f"{item.name}: {item.default:g}  # {item.meaning}"


def _summary(section: type[Any]) -> str:
    return str(section.__doc__).partition("\n")[0].rstrip(".").lower()


def _problems(document: Mapping[str, Any]) -> Iterator[str]:
    for name, values in document.items():
        if name not in SECTIONS:
            yield f"{name}: no such section; there are {', '.join(SECTIONS)}"
        elif not isinstance(values, Mapping):
            yield f"{name}: must hold numbers, such as `{numbers_of(SECTIONS[name])[0].name}: 1`"
        else:
            known = {item.name: item for item in numbers_of(SECTIONS[name])}
            for key, value in values.items():
                yield from _problem(f"{name}.{key}", known.get(key), value)


def _problem(place: str, known: Number | None, value: object) -> Iterator[str]:
    if known is None:
        yield f"{place}: no such number"
    elif isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{place}: must be a number, not {str(value)[:60]!r}"
    elif not known.least <= value <= known.most:
        yield f"{place}: must be from {known.least:g} to {known.most:g}, not {value:g}"
