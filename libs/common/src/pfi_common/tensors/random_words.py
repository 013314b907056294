"""Random words that any language can make: Philox4x64-10 keyed by SHA-256.

The key is the first 16 bytes of SHA-256(domain || 0x00 || seed as 8 bytes little-endian || name),
read as two 64-bit little-endian words (low word first). The stream is the four words of the block
with counter 1, then those of counter 2, and so on: numpy's Philox raises the counter before each
block.

Source: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3".
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

_SEED_LIMIT = 1 << 64


class WordStream:
    """Endless 64-bit words that depend only on domain, seed and name.

    Attributes are private; the position moves with each call of `take`.

    Raises:
        ValueError: the seed is not in [0, 2^64).
    """

    def __init__(self, domain: str, seed: int, name: str = "") -> None:
        if not 0 <= seed < _SEED_LIMIT:
            message = f"a seed lies in [0, 2^64), not {seed}"
            raise ValueError(message)
        text = domain.encode("ascii") + b"\0" + seed.to_bytes(8, "little") + name.encode("ascii")
        key = np.frombuffer(hashlib.sha256(text).digest()[:16], dtype="<u8")
        self._generator = Philox(counter=0, key=key.astype(np.uint64))

    def take(self, count: int) -> NDArray[np.uint64]:
        """Gives the next words.

        Shapes: (count,).
        """
        return self._generator.random_raw(count)
