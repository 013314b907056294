"""From pydantic's findings to sentences: field path, rule, next step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pfi_common.errors import SpecInvalidError
from pfi_common.spec.duration import format_duration

_SHOWN_CHARACTERS = 60
_UNKNOWN = "extra_forbidden"
_FOLLOWS = "default_factory_not_called"  # only says that another field is bad
_TAG_PROBLEMS = ("union_tag_invalid", "union_tag_not_found")
_TAG_FIELDS = ("name", "method", "rule")
_SHAPE_PROBLEMS = ("model_type", "model_attributes_type", "dict_type")


def refusal(model: type[BaseModel], error: ValidationError, subject: str) -> SpecInvalidError:
    """Makes the error that names every bad field of a document.

    Args:
        model: What the document was read as.
        error: What pydantic found.
        subject: What the document is, for the reader.
    """
    findings = [
        finding for finding in error.errors(include_url=False) if finding["type"] != _FOLLOWS
    ]
    places = [_place(model, finding["loc"]) for finding in findings]
    lines = map(_sentence, places, findings)
    message = f"The {subject} is invalid:\n- " + "\n- ".join(lines)
    return SpecInvalidError(message, fields=",".join(place.path for place in places))


@dataclass(frozen=True)
class _Place:
    """Where a finding lies: its path, the models that hold the last name, and the last field."""

    path: str
    owners: tuple[type[BaseModel], ...]
    field: FieldInfo | None


def _place(model: type[BaseModel], location: tuple[int | str, ...]) -> _Place:
    """Walks the model along a location, leaving out the tags that pydantic adds for unions."""
    owners: tuple[type[BaseModel], ...] = (model,)
    names: list[str] = []
    field: FieldInfo | None = None
    for step in location:
        tagged = tuple(owner for owner in owners if step in _tags(owner))
        if tagged:
            owners = tagged
            continue
        names.append(str(step))
        fields = [owner.model_fields[step] for owner in owners if step in owner.model_fields]
        field = fields[0] if fields else None
        owners = tuple(m for info in fields for m in _models_of(info)) or owners
    return _Place(".".join(names) or "document", owners, field)


def _models_of(annotation: object) -> Iterator[type[BaseModel]]:
    """Finds the models that a field may hold."""
    if isinstance(annotation, FieldInfo):
        yield from _models_of(annotation.annotation)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    else:
        for argument in get_args(annotation):
            yield from _models_of(argument)


def _tags(owner: type[BaseModel]) -> tuple[object, ...]:
    """Gives the value that chooses this model among the variants of its part."""
    fields = [owner.model_fields[name] for name in _TAG_FIELDS if name in owner.model_fields]
    return tuple(field.default for field in fields if isinstance(field.default, str))


def _sentence(place: _Place, finding: ErrorDetails) -> str:
    if finding["type"] == _UNKNOWN:
        return f"{place.path}: is unknown. {_known_fields(place.owners, str(finding['loc'][-1]))}"
    if finding["type"] == "missing":
        return f"{place.path}: is missing. {_expected(place.field)}"
    return f"{place.path}: {_rule(place, finding)}. {_expected(place.field)}"


def _known_fields(owners: tuple[type[BaseModel], ...], name: str) -> str:
    known = sorted({field for owner in owners for field in owner.model_fields})
    close = get_close_matches(name, known, n=1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return f"Remove it; the fields here are {', '.join(known)}."


def _rule(place: _Place, finding: ErrorDetails) -> str:
    if finding["type"] in _TAG_PROBLEMS:
        tags = ", ".join(str(tag) for owner in place.owners for tag in _tags(owner))
        chosen = finding["ctx"].get("tag")
        instead = "" if chosen is None else f", not {_shown(chosen)}"
        return f"must choose one of {tags} by {finding['ctx']['discriminator']}{instead}"
    if finding["type"] in _SHAPE_PROBLEMS:
        return f"must be fields, one per line, not {_shown(finding['input'])}"
    text = finding["msg"].removeprefix("Value error, ").removeprefix("Input ")
    text = text.replace("should", "must")
    return f"{text[:1].lower()}{text[1:]}, not {_shown(finding['input'])}"


def _expected(field: FieldInfo | None) -> str:
    if field is None or not field.description:
        return "Correct it."
    default = field.get_default()
    has_value = field.default_factory is None and not field.is_required()
    if not has_value or isinstance(default, BaseModel):
        return f"Expected: {field.description}."
    shown = format_duration(default) if isinstance(default, timedelta) else default
    return f"Expected: {field.description}. Leave it out for {shown}."


def _shown(value: object) -> str:
    if isinstance(value, (Mapping, list)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "..."
