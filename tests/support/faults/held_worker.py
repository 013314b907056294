"""Runs `pfi-aggregator worker`, and holds the pieces that it has reduced while a file is there.

    python held_worker.py <folder> worker

A test that has to meet workers at a piece makes the file `held` in the folder before. A worker that
waits there leaves a file of its own beside it.
"""

import os
import sys
import time
from pathlib import Path

from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.main import main

HOLD = "held"
_POLL_SECONDS = 0.02


def hold_pieces(folder: Path) -> None:
    """Makes this process wait before it stores a piece while pieces are held."""
    store = ReductionPieces.store

    async def wait_and_store(
        pieces: ReductionPieces, key: RoundKey, piece: int, data: bytes
    ) -> None:
        while (folder / HOLD).exists():
            (folder / f"waiting-{os.getpid()}").touch()
            time.sleep(_POLL_SECONDS)  # noqa: ASYNC251 - the worker has nothing else to do
        await store(pieces, key, piece, data)

    ReductionPieces.store = wait_and_store  # type: ignore[method-assign]


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    hold_pieces(folder)
    sys.exit(main())
