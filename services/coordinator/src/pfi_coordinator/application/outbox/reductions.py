"""What has to be computed between sealing and merging: partial sums, and pieces of heavy rules."""

import asyncio
import json
from dataclasses import dataclass, replace

from pfi_common.artifacts import ArtifactStore
from pfi_common.clock import Clock
from pfi_common.counting import counted
from pfi_common.errors import InternalError, ReductionFailedError, ReductionIncompleteError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.outbox.every_spool import attempts_of, every_spool, of_spool
from pfi_coordinator.application.ports.aggregators import Aggregators, Attempt
from pfi_coordinator.application.ports.piece_queue import PieceOrder, PieceQueue
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import ReduceRound
from pfi_coordinator.domain.events import PiecesReduced, RoundReduced
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.state import RunState

_LOOK_SECONDS = (0.05, 1.0)
"""First and longest pause between two looks for pieces."""

_ERROR = ".error"


@dataclass(frozen=True, slots=True)
class _Sent:
    """When jobs of an attempt are sent; times are monotonic.

    Attributes:
        done: Pieces that were there at the last look.
        since: Since when no other one has come.
        again_at: When what is missing is sent again.
    """

    done: int
    since: float
    again_at: float


class OrderPieces:
    """Has workers reduce the pieces of an attempt that are not there."""

    def __init__(
        self, queue: PieceQueue, artifacts: ArtifactStore, clock: Clock, deadline_seconds: float
    ) -> None:
        """Takes what it needs.

        Args:
            queue: Of the jobs.
            artifacts: Where workers leave pieces.
            clock: Tells the time.
            deadline_seconds: How long to wait for the next piece before all missing ones are sent
                again.
        """
        self._queue = queue
        self._artifacts = artifacts
        self._clock = clock
        self._sent: dict[Attempt, _Sent] = {}
        self.deadline_seconds = deadline_seconds

    async def missing(self, attempt: Attempt, pieces: int) -> list[int]:
        """Gives the pieces that are not there, in order.

        Raises:
            ReductionFailedError: A worker says that one cannot be computed.
        """
        folder = _folder(attempt)
        names = {path.rpartition("/")[2] for path in await self._artifacts.list_named(folder)}
        missing = [piece for piece in range(pieces) if str(piece) not in names]
        for piece in missing:
            if f"{piece}{_ERROR}" in names:
                raise ReductionFailedError(await self._sentence(f"{folder}/{piece}{_ERROR}"))
        return missing

    async def send(self, attempt: Attempt, pieces: list[int]) -> None:
        """Sends jobs for these pieces, unless that was done lately.

        Without a worker every copy stays in the queue, so they are sent less often the longer no
        piece has come.

        Raises:
            StoreUnavailableError: The broker does not answer.
        """
        now = self._clock.monotonic()
        sent = self._sent.get(attempt) or _Sent(0, now, now)
        if now < sent.again_at:
            return
        self._log(attempt, len(pieces))
        number, tried, line = attempt.number, attempt.attempt, attempt.line
        for piece in pieces:
            order = PieceOrder(attempt.run, number, tried, line, piece, attempt.spool)
            await self._queue.send(order)
        pause = max(self.deadline_seconds, (now - sent.since) / 2)
        self._sent[attempt] = replace(sent, again_at=now + pause)

    async def again(self, attempt: Attempt, pieces: int) -> None:
        """Sends jobs for pieces that were there and are not any more.

        Raises what `missing` and `send` raise.
        """
        missing = await self.missing(attempt, pieces)
        if missing:
            await self.send(attempt, missing)

    def found(self, attempt: Attempt, done: int) -> None:
        """Gives the workers a whole deadline for the next piece when another one has come."""
        sent = self._sent.get(attempt)
        if sent is not None and sent.done != done:
            now = self._clock.monotonic()
            self._sent[attempt] = _Sent(done, now, now + self.deadline_seconds)

    def forget(self, attempt: Attempt) -> None:
        """Forgets when jobs were sent."""
        self._sent.pop(attempt, None)

    def _log(self, attempt: Attempt, count: int) -> None:
        get_logger().info(
            LogEvent.PIECES_ORDERED,
            run=attempt.run,
            line=attempt.line,
            round=attempt.number,
            attempt=attempt.attempt,
            spool=attempt.spool,
            count=count,
        )

    async def _sentence(self, path: str) -> str:
        text = await self._artifacts.get_named(path)
        try:
            return str(json.loads(text or b"")["error"])
        except (ValueError, KeyError, TypeError):
            return f"the worker's answer {path} cannot be read"


class ReduceRounds:
    """Carries out ReduceRound. All of it may be repeated; another leader goes on from artifacts."""

    def __init__(
        self, aggregators: Aggregators, orders: OrderPieces, apply: ApplyEvent, clock: Clock
    ) -> None:
        self._aggregators = aggregators
        self._orders = orders
        self._apply = apply
        self._clock = clock

    async def __call__(
        self, document: RunDocument, state: RunState, effect: ReduceRound, token: int
    ) -> RoundReduced | None:
        """Waits until everything is there; None when the attempt was given up meanwhile.

        Raises:
            SpoolUnavailableError: A spool does not answer.
            ReductionIncompleteError: No worker has computed another piece for long.
            ReductionFailedError: A piece cannot be computed.
        """
        if state.round is None:
            raise InternalError("a round was to be reduced that is not there")
        home, *others = attempts_of(document.run, document.spool, state.round)
        await every_spool(others, lambda item: self._aggregators.fold_round(token, item))
        if state.round.pieces and not await self._pieces(home, state.round.pieces, effect):
            return None
        # From the merge on the round cannot go elsewhere: the version may be published then.
        await of_spool(home, lambda item: self._aggregators.highest_token(item.spool))
        return RoundReduced(effect.number, effect.attempt)

    async def _pieces(self, attempt: Attempt, pieces: int, effect: ReduceRound) -> bool:
        """Waits for the pieces of an attempt; False when they are not wanted any more."""
        pause, longest = _LOOK_SECONDS
        done, moved_at = -1, self._clock.monotonic()
        while missing := await self._orders.missing(attempt, pieces):
            if done != pieces - len(missing):
                done, moved_at = pieces - len(missing), self._clock.monotonic()
                self._orders.found(attempt, done)
                if not await self._still_wanted(attempt, done, effect):
                    break
            await self._orders.send(attempt, missing)
            if self._clock.monotonic() - moved_at >= self._orders.deadline_seconds:
                raise ReductionIncompleteError(_still_missing(attempt, missing))
            await asyncio.sleep(pause)
            pause = min(1.5 * pause, longest)
        self._orders.forget(attempt)
        return not missing

    async def _still_wanted(self, attempt: Attempt, done: int, effect: ReduceRound) -> bool:
        event = PiecesReduced(attempt.number, attempt.attempt, done, line=attempt.line)
        state = line_named(await self._apply(attempt.run, event), attempt.line)
        return state is not None and is_wanted(state, effect)


def _still_missing(attempt: Attempt, missing: list[int]) -> str:
    pieces = counted(len(missing), "piece")
    return f"no worker of the queue pfi.spool.{attempt.spool} computes the missing {pieces}"


def _folder(attempt: Attempt) -> str:
    return f"reductions/{attempt.run}/{attempt.line}/{attempt.number}.{attempt.attempt}"
