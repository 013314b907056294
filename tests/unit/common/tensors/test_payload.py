"""Between named tensors and the flat vector."""

from __future__ import annotations

import hashlib
import struct

import numpy as np
import pytest

from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import Schema, Tensor, adapter_digest, flatten, unflatten

SCHEMA = Schema((Tensor("a", (2, 3)), Tensor("b", (4,))), 2, 2, ("q",))


def tensors() -> dict[str, np.ndarray]:
    return {
        "b": np.arange(6, 10, dtype=np.float32),
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
    }


def test_tensors_are_laid_out_in_schema_order() -> None:
    assert flatten(SCHEMA, tensors()).tolist() == list(range(10))


def test_a_transposed_view_is_read_row_by_row() -> None:
    given = {**tensors(), "a": np.arange(6, dtype=np.float32).reshape(3, 2).T}
    assert flatten(SCHEMA, given)[:6].tolist() == [0, 2, 4, 1, 3, 5]


def test_cutting_gives_the_tensors_back() -> None:
    back = unflatten(SCHEMA, flatten(SCHEMA, tensors()))
    assert list(back) == ["a", "b"]
    for name, array in tensors().items():
        np.testing.assert_array_equal(back[name], array)


def test_half_precision_is_widened() -> None:
    given = {name: array.astype(np.float16) for name, array in tensors().items()}
    assert flatten(SCHEMA, given).tolist() == list(range(10))


@pytest.mark.parametrize(
    ("name", "array", "word"),
    [
        ("a", np.zeros((3, 2), np.float32), "shape"),
        ("a", np.zeros((2, 3), np.float64), "float64"),
        ("a", np.zeros((2, 3), np.int32), "int32"),
        ("b", np.array([0, 1, np.nan, 3], np.float32), "NaN"),
        ("b", np.array([0, 1, np.inf, 3], np.float32), "NaN"),
        ("c", np.zeros(1, np.float32), "unknown"),
    ],
)
def test_bad_tensors_are_named(name: str, array: np.ndarray, word: str) -> None:
    with pytest.raises(AdapterInvalidError, match=word) as caught:
        flatten(SCHEMA, {**tensors(), name: array})
    assert name in caught.value.message


def test_a_missing_tensor_is_named() -> None:
    with pytest.raises(AdapterInvalidError, match=r"misses 1 tensor.*a"):
        flatten(SCHEMA, {"b": tensors()["b"]})


@pytest.mark.parametrize(
    "vector", [np.zeros(9, np.float32), np.zeros((2, 5), np.float32), np.zeros(10, np.float64)]
)
def test_other_vectors_are_refused(vector: np.ndarray) -> None:
    with pytest.raises(AdapterInvalidError, match="10 float32"):
        unflatten(SCHEMA, vector)


def test_the_digest_is_over_little_endian_float32() -> None:
    vector = np.array([1.5, -2.25, 0.0], np.float32)
    expected = hashlib.sha256(struct.pack("<3f", 1.5, -2.25, 0.0)).hexdigest()
    assert adapter_digest(vector) == expected
    assert adapter_digest(vector.astype(">f4")) == expected
