"""The page of settings, from the settings classes."""

import importlib
import importlib.util
import types
from pathlib import Path
from typing import Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pfi_common.settings import ServiceSettings
from tools.reference.tables import code, table

PACKAGES = {
    "pfi_coordinator": "Coordinator (`pfi-coordinator`)",
    "pfi_aggregator": "Aggregator and worker (`pfi-aggregator`)",
    "pfi_client_agent": "Client agent (`pfi-agent`)",
    "pfi_rag": "Retrieval (`pfi-rag`)",
    "pfi_cli": "Command line (`pfi`)",
}

WORDS: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
}

HEAD = """# Settings

Generated from the settings classes (`make reference`); do not edit.

A program reads its settings once, at start, from environment variables. A missing, invalid or
misspelt variable stops it with a sentence per variable. Units stand in the names.
"""


def settings_classes(package: str) -> list[type[ServiceSettings]]:
    """The settings classes that a package defines, in the order of their definition."""
    if not _exists(f"{package}.settings"):
        return []
    module = importlib.import_module(f"{package}.settings")
    return [
        item
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, ServiceSettings)
        and item.__module__ == module.__name__
        and item.model_fields
    ]


def _exists(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def settings_page() -> str:
    """The whole page."""
    parts = [HEAD]
    for package, title in PACKAGES.items():
        classes = settings_classes(package)
        if classes:
            parts.append(f"## {title}\n")
        parts += [_section(found, alone=len(classes) == 1) for found in classes]
    return "\n".join(parts)


def _section(found: type[ServiceSettings], *, alone: bool) -> str:
    prefix = found.model_config.get("env_prefix", "")
    rows = [
        (
            code(prefix + name.upper()),
            type_text(field),
            default_text(field),
            field.description or "",
        )
        for name, field in found.model_fields.items()
    ]
    body = table(("variable", "type", "default", "meaning"), rows)
    title = "" if alone else f"### {found.__name__}\n\n"
    summary = "" if alone else (found.__doc__ or "").strip().splitlines()[0] + "\n\n"
    return title + summary + body


def type_text(field: FieldInfo) -> str:
    """The type in words that people set environment variables by."""
    limits = [text for item in field.metadata if (text := _limit(item))]
    return ", ".join([_words(field.annotation), *limits])


def _words(annotation: object) -> str:
    origin = get_origin(annotation)
    if origin in {Union, types.UnionType}:
        kinds = [item for item in get_args(annotation) if item is not type(None)]
        return " or ".join(_words(item) for item in kinds)
    if origin is not None and str(origin) == "typing.Literal":
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if origin in {dict, list, tuple} or str(annotation).startswith("collections.abc"):
        return "JSON"
    return WORDS.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _limit(item: object) -> str:
    signs = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    return " and ".join(
        f"{words} {getattr(item, name)}"
        for name, words in signs.items()
        if getattr(item, name, None) is not None
    )


def default_text(field: FieldInfo) -> str:
    """The default as one would write it; `required` without."""
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or field.default is None:
        return "made at start" if field.default_factory else "none"
    if isinstance(field.default, bool):
        return code(str(field.default).lower())
    return code(str(field.default)) or "empty"
