"""The queues of jobs that reduce pieces of a round."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PieceOrder:
    """One piece of a sealed round.

    Attributes:
        run: Run id.
        round: Round number.
        attempt: Attempt.
        line: Line.
        piece: Number of the piece, from 0.
        spool: Spool that holds the updates; it names the queue.
    """

    run: str
    round: int
    attempt: int
    line: str
    piece: int
    spool: str


class PieceQueue(Protocol):
    """Takes orders; a worker that reads the spool leaves the result in artifacts."""

    async def send(self, order: PieceOrder) -> None:
        """Queues an order. It may be repeated: the result of equal orders is the same.

        Raises:
            StoreUnavailableError: The broker does not answer.
        """
        ...
