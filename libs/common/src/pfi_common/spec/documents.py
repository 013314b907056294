"""Reading YAML and JSON files that people write: small, without code, aliases or repeated keys."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from pfi_common.errors import SpecInvalidError

MAXIMUM_SPEC_BYTES = 1 << 16
_EXPONENT = re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+")


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses aliases and repeated keys, and reads 2e-4 as a number."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError("aliases (*name) are not allowed; write the value itself")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str) or key in seen:
                problem = f"key {key!r} is given twice" if key in seen else "keys must be words"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# YAML 1.1 wants a dot and a signed exponent in numbers like 2e-4 and would read a word.
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def read_document(path: Path, maximum_bytes: int = MAXIMUM_SPEC_BYTES) -> dict[str, Any]:
    """Reads a YAML or JSON object from a file (JSON when the name ends in `.json`).

    Raises:
        SpecInvalidError: the file is missing, too large, not text, malformed, or not an object.
    """
    text = _read_text(path, maximum_bytes)
    try:
        document = _parse_json(text) if path.suffix == ".json" else _parse_yaml(text)
    except (ValueError, yaml.YAMLError) as error:
        message = f"{path.name} cannot be read: {error}. Correct it there."
        raise SpecInvalidError(message) from error
    except RecursionError as error:
        message = f"{path.name} is nested too deeply. A specification has two levels."
        raise SpecInvalidError(message) from error
    if not isinstance(document, dict):
        message = f"{path.name} must hold fields such as `name: my-run`, one per line."
        raise SpecInvalidError(message)
    return document


def _read_text(path: Path, maximum_bytes: int) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(maximum_bytes + 1)
        text = data.decode("utf-8")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}. Check the path."
        raise SpecInvalidError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path.name} is not UTF-8 text."
        raise SpecInvalidError(message) from error
    if len(data) > maximum_bytes:
        message = f"{path.name} is larger than {maximum_bytes} bytes."
        raise SpecInvalidError(message)
    return text


def _parse_yaml(text: str) -> object:
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader with more refusals


def _parse_json(text: str) -> object:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        message = "a key is given twice"
        raise ValueError(message)
    return document


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a number"
    raise ValueError(message)
