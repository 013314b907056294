"""The rows of the reference page, from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pfi_common.spec import RunSpec

_DURATIONS = {"PT1M": "1m", "PT10M": "10m"}
SCHEMA = RunSpec.model_json_schema(mode="validation")


def reference_rows() -> Iterator[str]:
    """Gives `| path | values | default | meaning |` for every field of a specification."""
    yield from _rows("", SCHEMA)


def _rows(prefix: str, model: dict[str, Any], told: frozenset[str] = frozenset()) -> Iterator[str]:
    for name, field in model["properties"].items():
        path = f"{prefix}{name}"
        # A part that may be absent is a part or null.
        optional = [choice for choice in field.get("anyOf", ()) if "$ref" in choice]
        variants = field.get("oneOf") or ([field] if "$ref" in field else optional)
        if not variants and name not in told:
            required = name in model.get("required", ())
            default = "required" if required else _code(field.get("default", "as `cohort.size`"))
            yield f"| `{path}` | {_values(field)} | {default} | {field['description']} |"
        yield from _parts(path, field, [_definition(variant) for variant in variants])


def _parts(path: str, field: dict[str, Any], variants: list[dict[str, Any]]) -> Iterator[str]:
    """Gives the fields of a part: first those that all its variants share, then each variant's."""
    if len(variants) == 1:
        yield from _rows(f"{path}.", variants[0])
        return
    shared = _shared(variants)
    if shared:
        yield from _rows(f"{path}.", {"properties": shared})
    for variant in variants:
        tag = variant["properties"][field["discriminator"]["propertyName"]]["const"]
        yield from _rows(f"{path} ({tag}).", variant, frozenset(shared))


def _shared(variants: list[dict[str, Any]]) -> dict[str, Any]:
    first, *others = (variant["properties"] for variant in variants) if variants else ({},)
    return {
        name: field
        for name, field in first.items()
        if others and all(other.get(name) == field for other in others)
    }


def _definition(variant: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["$defs"][variant["$ref"].rsplit("/", 1)[1]]


def _values(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return ", ".join(_values(choice) for choice in field["anyOf"])
    if "enum" in field:
        return ", ".join(_code(value) for value in field["enum"])
    if "const" in field:
        return _code(field["const"])
    limits = [
        f"{sign} {_number(field[key])}"
        for key, sign in (
            ("minimum", "from"),
            ("exclusiveMinimum", "above"),
            ("maximum", "to"),
            ("exclusiveMaximum", "below"),
        )
        if key in field
    ]
    if field["type"] == "boolean":
        return "`true`, `false`"
    kinds = {
        "integer": "whole number",
        "number": "number",
        "string": "text",
        "array": "names",
        "object": "ranks by name",
    }
    if field.get("format") == "duration":
        return "duration"
    return " ".join([kinds.get(field["type"], field["type"]), *limits])


def _number(value: float) -> str:
    return f"{value:,}" if value == int(value) else str(value)


def _code(value: object) -> str:
    if isinstance(value, str) and value.startswith("as "):
        return value
    if isinstance(value, (list, tuple)):
        return f"`[{', '.join(value)}]`"
    if isinstance(value, str) and value in _DURATIONS:
        return f"`{_DURATIONS[value]}`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return "`null`" if value is None else f"`{value}`"
