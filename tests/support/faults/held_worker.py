"""Runs `pfi-aggregator worker`, and holds the pieces that it has reduced while a file is there.

    python held_worker.py <folder> worker

A test that has to meet workers at a piece makes the file before, by `HeldPieces`. A worker that
waits leaves a file of its own beside it.
"""

import os
import shlex
import shutil
import sys
import time
from pathlib import Path

from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.main import main

_HOLD = "held"
_POLL_SECONDS = 0.02


class HeldPieces:
    """What a test says to such workers, in a folder.

    Attributes:
        program: Runs one; takes what `pfi-aggregator` takes.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder / "held-pieces"
        self.program = folder / "held-worker"
        words = shlex.join([sys.executable, __file__, str(self._folder)])
        self.program.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
        self.program.chmod(0o700)

    def hold(self) -> None:
        """Makes workers wait with what they have reduced before they store it."""
        self._folder.mkdir()
        (self._folder / _HOLD).touch()

    def waiting(self) -> int:
        """How many workers have waited since."""
        return len(list(self._folder.glob("waiting-*")))

    def release(self) -> None:
        """Lets pieces be stored."""
        shutil.rmtree(self._folder, ignore_errors=True)


def hold_pieces(folder: Path) -> None:
    """Makes this process wait before it stores a piece while pieces are held."""
    store = ReductionPieces.store

    async def wait_and_store(
        pieces: ReductionPieces, key: RoundKey, piece: int, data: bytes
    ) -> None:
        while (folder / _HOLD).exists():
            (folder / f"waiting-{os.getpid()}").touch()
            time.sleep(_POLL_SECONDS)  # noqa: ASYNC251 - the worker has nothing else to do
        await store(pieces, key, piece, data)

    ReductionPieces.store = wait_and_store  # type: ignore[method-assign]


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    hold_pieces(folder)
    sys.exit(main())
