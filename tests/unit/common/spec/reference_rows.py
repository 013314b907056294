"""The rows of the reference page, from the models themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pfi_common.spec import RunSpec

SCHEMA = RunSpec.model_json_schema(mode="validation")


def reference_rows() -> Iterator[str]:
    """Gives `| path | values | default | meaning |` for every field of a specification."""
    yield from _rows("", SCHEMA)


def _rows(prefix: str, model: dict[str, Any]) -> Iterator[str]:
    for name, field in model["properties"].items():
        path = f"{prefix}{name}"
        # A part that may be absent is a part or null.
        optional = [choice for choice in field.get("anyOf", ()) if "$ref" in choice]
        variants = field.get("oneOf") or ([field] if "$ref" in field else optional)
        if not variants:
            required = name in model.get("required", ())
            default = "required" if required else _code(field.get("default", "as `cohort.size`"))
            yield f"| `{path}` | {_values(field)} | {default} | {field['description']} |"
        for variant in variants:
            inner = SCHEMA["$defs"][variant["$ref"].rsplit("/", 1)[1]]
            tag = next((p["const"] for p in inner["properties"].values() if "const" in p), "")
            suffix = f" ({tag})" if len(variants) > 1 else ""
            yield from _rows(f"{path}{suffix}.", inner)


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
    kinds = {"integer": "whole number", "number": "number", "string": "text", "array": "names"}
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
    if value == "PT10M":
        return "`10m`"
    if isinstance(value, bool):
        return "`true`" if value else "`false`"
    return "`null`" if value is None else f"`{value}`"
