"""Descriptions of a backbone and its adapter."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.common.spec.builders import SCHEMA, description, spec

from pfi_common.errors import SchemaMismatchError, SpecInvalidError
from pfi_common.spec import RunSpec, load_description, parse_description
from pfi_common.tensors import SEQUENCE_CLASSIFICATION, Schema, Tensor


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


HEAD = Tensor("layers.1.score.weight", (3, 64))
WITH_HEAD = Schema((*SCHEMA.tensors, HEAD), 8, 16, SCHEMA.target_modules, SEQUENCE_CLASSIFICATION)
WITHOUT_HEAD = replace(SCHEMA, task=SEQUENCE_CLASSIFICATION)


def classifier(labels: list[str], head: str = "shared") -> RunSpec:
    return spec(
        task="sequence-classification",
        classification={"labels": labels, "head": head},
        personalize={"method": "dual_adapter"},
    )


def test_a_shared_head_is_described_and_a_personal_one_is_not() -> None:
    description(WITH_HEAD).require_fits(classifier(["a", "b", "c"]))
    description(WITHOUT_HEAD).require_fits(classifier(["a", "b", "c"], "personal"))
    for schema, made, field in (
        (SCHEMA, classifier(["a", "b"]), "task is sequence-classification"),
        (WITH_HEAD, spec(), "task is causal-lm"),
        (WITH_HEAD, classifier(["a", "b"]), "2 labels .* a head of 3 rows"),
        (WITHOUT_HEAD, classifier(["a", "b"]), "a head of no rows"),
        (WITH_HEAD, classifier(["a", "b", "c"], "personal"), "classification.head is not shared"),
    ):
        with pytest.raises(SchemaMismatchError, match=field):
            description(schema).require_fits(made)
