"""Where the results of reduction pieces lie."""

import json
from dataclasses import dataclass

from pfi_aggregator.application.ports import Artifacts
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import (
    PlatformError,
    ReductionFailedError,
    ReductionIncompleteError,
)

_FAILED = ".error"


@dataclass(frozen=True)
class ReductionPieces:
    """Named artifacts `reductions/<run>/<line>/<round>.<attempt>/<piece>`, until the settle."""

    artifacts: Artifacts

    async def find(self, key: RoundKey, piece: int) -> bytes | None:
        """Gives a stored piece."""
        return await self.artifacts.get_named(_path(key, piece))

    async def require(self, key: RoundKey, piece: int) -> bytes:
        """Gives a stored piece.

        Raises:
            ReductionFailedError: a worker could not compute it; the message says why.
            ReductionIncompleteError: no worker has computed it.
        """
        data = await self.find(key, piece)
        if data is not None:
            return data
        refusal = await self.artifacts.get_named(_path(key, piece) + _FAILED)
        if refusal is not None:
            raise ReductionFailedError(str(json.loads(refusal)["error"]))
        message = f"Piece {piece} of the round's reduction is not there yet."
        raise ReductionIncompleteError(message)

    async def store(self, key: RoundKey, piece: int, data: bytes) -> None:
        """Stores a piece; repeating it changes nothing."""
        await self.artifacts.put_named(_path(key, piece), data)

    async def refuse(self, key: RoundKey, piece: int, error: PlatformError) -> None:
        """Stores why a piece cannot be computed."""
        document = {"error": error.message, "reason": error.reason}
        data = json.dumps(document, sort_keys=True).encode()
        await self.artifacts.put_named(_path(key, piece) + _FAILED, data)

    async def delete(self, key: RoundKey) -> None:
        """Deletes what is stored for an attempt."""
        for path in await self.artifacts.list_named(_folder(key)):
            await self.artifacts.delete_named(path)


def stale_piece(piece: int) -> ReductionFailedError:
    """Makes the error for a piece that was computed from something else than this round.

    Such as by a program of another version. Nobody asks for it again, since it is there; the next
    attempt has pieces of its own.
    """
    return ReductionFailedError(
        f"Piece {piece} of the round's reduction is damaged or of another reduction."
    )


def _path(key: RoundKey, piece: int) -> str:
    return f"{_folder(key)}/{piece}"


def _folder(key: RoundKey) -> str:
    return f"reductions/{key.run}/{key.line}/{key.round}.{key.attempt}"
