"""Specifications and descriptions for tests."""

from __future__ import annotations

from typing import Any

from pfi_common.spec import Description, RunSpec, parse_description, parse_run_spec
from pfi_common.tensors import Schema, Tensor

SCHEMA = Schema(
    (
        Tensor("layers.0.q_proj.lora_A.weight", (8, 64)),
        Tensor("layers.0.q_proj.lora_B.weight", (64, 8)),
    ),
    8,
    16,
    ("q_proj", "v_proj"),
)


def document(**changes: Any) -> dict[str, Any]:
    """The smallest specification, with parts replaced."""
    return {"name": "first", "backbone": {"model": "a/model"}, **changes}


def spec(**changes: Any) -> RunSpec:
    return parse_run_spec(document(**changes))


def description(schema: Schema = SCHEMA) -> Description:
    return parse_description(
        {
            "backbone_digest": "ab" * 32,
            "adapter_schema": schema.as_document(),
            "parameter_count": 100_000,
        }
    )
