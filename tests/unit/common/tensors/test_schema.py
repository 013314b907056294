"""The adapter schema: its digest, its forms, and what it refuses."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from pfi.common.v1 import adapter_pb2
from pfi_common.errors import SchemaMismatchError, SpecInvalidError
from pfi_common.tensors import SEQUENCE_CLASSIFICATION, Schema, Tensor

A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight"
SCHEMA = Schema((Tensor(A, (8, 64)), Tensor(B, (64, 8))), 8, 16, ("q_proj",))
# Written by hand from the comment in adapter.proto.
CANONICAL = (
    '{"alpha":16,"method":"lora","rank":8,"target_modules":["q_proj"],"task":"causal-lm","tensors":['
    '{"dtype":"float32","name":"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",'
    '"shape":[8,64]},'
    '{"dtype":"float32","name":"base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",'
    '"shape":[64,8]}]}'
).encode("ascii")


def test_the_digest_is_over_the_canonical_json() -> None:
    assert SCHEMA.canonical_json() == CANONICAL
    assert SCHEMA.digest == hashlib.sha256(CANONICAL).hexdigest()
    assert SCHEMA.digest == "3193ff54ce296d61c201304d43869fd3edcc08828130434d2834e823b297eedb"


def test_coordinates_are_counted() -> None:
    assert SCHEMA.coordinate_count == 8 * 64 + 64 * 8


def test_json_comes_back() -> None:
    assert Schema.from_json(CANONICAL) == SCHEMA
    assert Schema.from_json(json.dumps(json.loads(CANONICAL), indent=2)) == SCHEMA


def test_proto_comes_back() -> None:
    wire = SCHEMA.to_proto().SerializeToString()
    again = Schema.from_proto(adapter_pb2.AdapterSchema.FromString(wire))
    assert again == SCHEMA
    assert again.digest == SCHEMA.digest


def test_another_digest_is_a_mismatch() -> None:
    SCHEMA.require_digest(SCHEMA.digest)
    with pytest.raises(SchemaMismatchError) as caught:
        SCHEMA.require_digest("0" * 64)
    assert caught.value.details == {"expected": SCHEMA.digest, "received": "0" * 64}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"rank": 0}, "rank"),
        ({"rank": True}, "rank"),
        ({"rank": 8.0}, "rank"),
        ({"alpha": -1}, "alpha"),
        ({"method": "dora"}, "method"),
        ({"task": "translation"}, "task"),
        ({"target_modules": []}, "target_modules"),
        ({"target_modules": ["v_proj", "q_proj"]}, "target_modules"),
        ({"target_modules": ["q_proj", "q_proj"]}, "target_modules"),
        ({"target_modules": ["ä"]}, "target_modules"),
        ({"target_modules": "q_proj"}, "target_modules"),
        ({"target_modules": [1]}, "target_modules"),
        ({"tensors": []}, "tensors"),
        ({"tensors": {}}, "tensors"),
        ({"tensors": ["x"]}, "tensors"),
        ({"more": 1}, "keys"),
    ],
)
def test_bad_fields_are_named(change: dict[str, Any], word: str) -> None:
    document = {**SCHEMA.as_document(), **change}
    with pytest.raises(SpecInvalidError, match=word):
        Schema.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "tensor",
    [
        {"name": "a", "shape": [1]},
        {"dtype": "float16", "name": "a", "shape": [1]},
        {"dtype": "float32", "name": "a b", "shape": [1]},
        {"dtype": "float32", "name": "", "shape": [1]},
        {"dtype": "float32", "name": "a" * 257, "shape": [1]},
        {"dtype": "float32", "name": 5, "shape": [1]},
        {"dtype": "float32", "name": "a", "shape": []},
        {"dtype": "float32", "name": "a", "shape": [0]},
        {"dtype": "float32", "name": "a", "shape": [-1]},
        {"dtype": "float32", "name": "a", "shape": [1.5]},
        {"dtype": "float32", "name": "a", "shape": [1 << 32]},
        {"dtype": "float32", "name": "a", "shape": "8"},
    ],
)
def test_bad_tensors_are_refused(tensor: dict[str, Any]) -> None:
    document = {**SCHEMA.as_document(), "tensors": [tensor]}
    with pytest.raises(SpecInvalidError, match="tensors"):
        Schema.from_json(json.dumps(document))


@pytest.mark.parametrize("names", [("b", "a"), ("a", "a"), ("a", "B")])
def test_tensors_are_sorted_in_byte_order_and_unique(names: tuple[str, ...]) -> None:
    with pytest.raises(SpecInvalidError, match="sorted"):
        Schema(tuple(Tensor(name, (1,)) for name in names), 8, 16, ("q_proj",))


def test_a_schema_has_a_highest_size() -> None:
    half = Tensor("a", (1 << 15, 1 << 15))
    assert Schema((half, Tensor("b", half.shape)), 1, 1, ("q",)).coordinate_count == 1 << 31
    with pytest.raises(SpecInvalidError, match="coordinate_count"):
        Schema((half, Tensor("b", half.shape), Tensor("c", (1,))), 1, 1, ("q",))


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"1", b"\xff\xfe", b'{"rank":1}'])
def test_what_is_no_schema_is_refused(data: bytes) -> None:
    with pytest.raises(SpecInvalidError):
        Schema.from_json(data)


def test_a_message_without_a_task_type_is_refused() -> None:
    message = SCHEMA.to_proto()
    message.ClearField("task_type")
    with pytest.raises(SpecInvalidError, match="task_type"):
        Schema.from_proto(message)


def test_a_classifier_has_a_head_and_another_digest() -> None:
    head = Tensor("base_model.model.score.weight", (3, 64))
    schema = Schema((*SCHEMA.tensors, head), 8, 16, ("q_proj",), SEQUENCE_CLASSIFICATION)
    assert schema.head_tensors == (head,)
    assert SCHEMA.head_tensors == ()
    assert b'"task":"sequence-classification"' in schema.canonical_json()
    for again in (Schema.from_json(schema.canonical_json()), Schema.from_proto(schema.to_proto())):
        assert again == schema
    assert replace(SCHEMA, task=SEQUENCE_CLASSIFICATION).digest != SCHEMA.digest
