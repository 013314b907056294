"""Between named tensors and the flat vector that travels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors.schema import Schema

_NAMED_AT_MOST = 3


def flatten(schema: Schema, tensors: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
    """Concatenates an adapter's tensors in schema order.

    Shapes: (coordinate_count,), a new array.

    Raises:
        AdapterInvalidError: a tensor is missing, unknown, of another shape, not float32 or float16,
            or not finite.
    """
    _check_keys(schema, tensors)
    vector = np.empty(schema.coordinate_count, dtype=np.float32)
    start = 0
    for tensor in schema.tensors:
        stop = start + tensor.coordinate_count
        vector[start:stop] = _checked(tensor.name, tensor.shape, tensors[tensor.name]).reshape(-1)
        start = stop
    return vector


def unflatten(schema: Schema, vector: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Cuts a flat vector into the schema's tensors.

    Shapes: views of `vector`, one per tensor, in schema order.

    Raises:
        AdapterInvalidError: the vector is not float32 of (coordinate_count,).
    """
    if vector.dtype != np.float32 or vector.shape != (schema.coordinate_count,):
        message = (
            f"The schema needs {schema.coordinate_count} float32 coordinates,"
            f" not {vector.dtype} of shape {vector.shape}."
        )
        raise AdapterInvalidError(message)
    tensors = {}
    start = 0
    for tensor in schema.tensors:
        stop = start + tensor.coordinate_count
        tensors[tensor.name] = vector[start:stop].reshape(tensor.shape)
        start = stop
    return tensors


def adapter_digest(vector: NDArray[np.float32]) -> str:
    """Gives the SHA-256 of the canonical fp32 payload, which names the adapter."""
    return hashlib.sha256(np.ascontiguousarray(vector, dtype="<f4").data).hexdigest()


def _check_keys(schema: Schema, tensors: Mapping[str, NDArray[Any]]) -> None:
    expected = {tensor.name for tensor in schema.tensors}
    for problem, names in (
        ("misses", expected - tensors.keys()),
        ("has unknown", tensors.keys() - expected),
    ):
        if names:
            shown = ", ".join(sorted(names)[:_NAMED_AT_MOST])
            message = f"The adapter {problem} {len(names)} tensor(s), for instance {shown}."
            raise AdapterInvalidError(message)


def _checked(name: str, shape: tuple[int, ...], array: NDArray[Any]) -> NDArray[Any]:
    if array.shape != shape:
        message = f"Tensor {name} has shape {array.shape}, the schema says {shape}."
        raise AdapterInvalidError(message)
    if array.dtype not in (np.float32, np.float16):
        message = f"Tensor {name} is {array.dtype}; float32 is needed."
        raise AdapterInvalidError(message)
    if not np.isfinite(array).all():
        message = f"Tensor {name} has a coordinate that is NaN or infinite."
        raise AdapterInvalidError(message)
    return array
