"""Reads ranges of a sealed round's updates, for reductions."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.ports import SealedRounds, StoredUpdate
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord
from pfi_common.tensors import (
    FULL_CLIP_FACTOR,
    decode,
    encoded_size_bytes,
)

_STEP = 256
"""Coordinates that every encoding keeps together."""
_OPEN_FILES = 256
"""Each is 1 MiB that is read ahead and two descriptors, of the 1,024 that a process may have."""


class RoundReader:
    """`pfi_aggregator.domain.reduction.UpdateReader` on a sealed round. Close it.

    The first files stay open between reads; of a larger counted set, the rest is opened anew each
    time, so that a process needs no more descriptors than it may have.
    """

    def __init__(self, rounds: SealedRounds, plan: RoundPlan, base: bytes) -> None:
        self._rounds = rounds
        self._plan = plan
        self._base: NDArray[np.float32] = np.frombuffer(base, dtype="<f4")
        self._stack = ExitStack()
        self._open: dict[str, StoredUpdate] = {}

    def close(self) -> None:
        """Closes the files."""
        self._open.clear()
        self._stack.close()

    def record(self, update: CountedUpdate) -> UpdateRecord:
        """Gives what an update says of itself."""
        with self.stored(update) as stored:
            return stored.record

    def read(self, update: CountedUpdate, start: int, stop: int) -> NDArray[np.float32]:
        """Gives coordinates of an update, clipped."""
        with self.stored(update) as stored:
            values = self._decode(stored, start, stop)
        if update.clip_factor == FULL_CLIP_FACTOR:
            return values
        factor = np.float64(update.clip_factor) / FULL_CLIP_FACTOR
        return (values * factor).astype(np.float32)

    def base(self, start: int, stop: int) -> NDArray[np.float32]:
        """Gives coordinates of the adapter that clients started from."""
        return self._base[start:stop]

    @contextmanager
    def stored(self, update: CountedUpdate) -> Iterator[StoredUpdate]:
        """Opens an update, or gives the one that is open."""
        known = self._open.get(update.task)
        if known is not None:
            yield known
            return
        opening = self._rounds.read(self._plan.key, update.task)
        if len(self._open) < _OPEN_FILES:
            yield self._open.setdefault(update.task, self._stack.enter_context(opening))
            return
        with opening as stored:
            yield stored

    def _decode(self, stored: StoredUpdate, start: int, stop: int) -> NDArray[np.float32]:
        encoding = stored.record.header.encoding
        schema = self._plan.schema_of(stored.record.ticket.schema_digest)
        first = start - start % _STEP
        last = min(schema.coordinate_count, -(-stop // _STEP) * _STEP)
        data = stored.payload.read(
            encoded_size_bytes(encoding, first), encoded_size_bytes(encoding, last)
        )
        return decode(encoding, data, last - first)[start - first : stop - first]
