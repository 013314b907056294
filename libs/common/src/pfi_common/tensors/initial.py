"""Version 0 of an adapter, made by the platform from schema and seed, without the backbone.

Each tensor has its own stream of 64-bit words (`random_words`, domain `pfi initial adapter v1`,
name = tensor name); its coordinates are filled in row-major order:

* `....lora_B.weight`: zero, so that the adapter has no effect before the first round.
* `....lora_A.weight`: uniform. Word w gives s = 2 * (w >> 12) + 1 - 2^52, an odd integer; the
  coordinate is float32((s * 2^-52) * (1 / sqrt(in_features))), where in_features is the last size
  of the shape.
* others: normal with deviation 0.02. Words u, v of each pair give two coordinates (Box and Muller
  1958). Radius r = sqrt(-2 * ln p) with p = (2 * (u >> 12) + 1) * 2^-53. Direction (c, s) =
  (cosine, sine) of the angle t * (pi / 4), with t made of (v << 2 mod 2^64) as s * 2^-52 above,
  turned v >> 62 times by (c, s) -> (-s, c). The coordinates are float32((r * c) * 0.02) and
  float32((r * s) * 0.02); the second one of the last pair is dropped when the count is odd.

All arithmetic is binary64, operation by operation as written; ln, sine and cosine are those of
`exact_math`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pfi_common.tensors.exact_math import Float64, logarithm, sine_and_cosine
from pfi_common.tensors.random_words import WordStream
from pfi_common.tensors.schema import Schema, Tensor

NORMAL_DEVIATION = 0.02
_DOMAIN = "pfi initial adapter v1"
_QUARTER_PI = 0.78539816339744830962
_PIECE = 1 << 16  # coordinates made at a time; even, so that pairs of words stay together


def initial_adapter(schema: Schema, seed: int) -> NDArray[np.float32]:
    """Makes version 0 of an adapter.

    Shapes: (coordinate_count,).

    Args:
        schema: What the adapter consists of.
        seed: From 0 to 2^64 - 1.

    Raises:
        ValueError: the seed is out of range.
    """
    vector = np.zeros(schema.coordinate_count, dtype=np.float32)
    start = 0
    for tensor in schema.tensors:
        stop = start + tensor.coordinate_count
        _fill(vector[start:stop], tensor, WordStream(_DOMAIN, seed, tensor.name))
        start = stop
    return vector


def _fill(target: NDArray[np.float32], tensor: Tensor, words: WordStream) -> None:
    if tensor.name.endswith(".lora_B.weight"):
        return
    uniform = tensor.name.endswith(".lora_A.weight")
    bound = 1.0 / float(np.sqrt(np.float64(tensor.shape[-1])))
    for start in range(0, target.size, _PIECE):
        piece = target[start : start + _PIECE]
        if uniform:
            piece[:] = _signed_unit(words.take(piece.size)) * bound
        else:
            piece[:] = _normal(words.take(piece.size + piece.size % 2))[: piece.size]


def _signed_unit(words: NDArray[np.uint64]) -> Float64:
    """Maps words to odd multiples of 2^-52 in (-1, 1); every step is exact."""
    signed: Float64 = (words >> np.uint64(12)).astype(np.float64)
    signed *= 2.0
    signed += 1.0 - 2.0**52
    return signed * 2.0**-52


def _normal(words: NDArray[np.uint64]) -> Float64:
    unit: Float64 = ((words[0::2] >> np.uint64(12)).astype(np.float64) * 2.0 + 1.0) * 2.0**-53
    radius = np.sqrt(-2.0 * logarithm(unit))
    sine, cosine = sine_and_cosine(_signed_unit(words[1::2] << np.uint64(2)) * _QUARTER_PI)
    quarter = (words[1::2] >> np.uint64(62)).astype(np.int64)
    sine, cosine = (
        np.choose(quarter, (sine, cosine, -sine, -cosine)),
        np.choose(quarter, (cosine, -sine, -cosine, sine)),
    )
    values = np.empty(words.size, dtype=np.float64)
    values[0::2] = radius * cosine * NORMAL_DEVIATION
    values[1::2] = radius * sine * NORMAL_DEVIATION
    return values
