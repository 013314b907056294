"""Descriptions of a backbone and its adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.common.spec.builders import SCHEMA, description, spec

from pfi_common.errors import SchemaMismatchError, SpecInvalidError
from pfi_common.spec import load_description, parse_description


def test_the_schema_is_canonical_in_json() -> None:
    dumped = description().model_dump(mode="json")
    assert dumped["adapter_schema"] == SCHEMA.as_document()
    assert parse_description(dumped) == description()
    assert description().adapter_schema.digest == SCHEMA.digest


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "described.json"
    path.write_text(json.dumps(description().model_dump(mode="json")))
    assert load_description(path) == description()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"backbone_digest": "AB" * 32}, "backbone_digest"),
        ({"parameter_count": 0}, "parameter_count"),
        ({"more": 1}, "more"),
        ({"adapter_schema": {**SCHEMA.as_document(), "rank": 0}}, "rank"),
        ({"adapter_schema": 5}, "schema"),
    ],
)
def test_bad_descriptions_are_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecInvalidError, match=field):
        parse_description({**description().model_dump(mode="json"), **changes})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rank": 4}, "adapter.rank"),
        ({"alpha": 8}, "adapter.alpha"),
        ({"target_modules": ("q_proj",)}, "adapter.target_modules"),
    ],
)
def test_a_description_of_another_adapter_is_refused(change: dict[str, Any], field: str) -> None:
    description().require_fits(spec())
    with pytest.raises(SchemaMismatchError, match=field):
        description(replace(SCHEMA, **change)).require_fits(spec())
