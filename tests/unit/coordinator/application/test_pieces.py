"""Jobs for pieces that nobody computes, or that are gone again."""

import pytest
from tests.support.clock import ManualClock
from tests.support.coordinator.aggregators import MemoryAggregators
from tests.support.coordinator.graph import PIECE_SECONDS
from tests.support.coordinator.pieces import MemoryPieceQueue
from tests.support.coordinator.values import NOW, document, rules

from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import ReductionIncompleteError
from pfi_coordinator.application.outbox import reductions
from pfi_coordinator.application.outbox.reductions import OrderPieces, ReduceRounds
from pfi_coordinator.domain.effects import ReduceRound
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunPhase, RunState


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(reductions, "_LOOK_SECONDS", (0.0, 0.0))


class RunningClock(ManualClock):
    """Moves by a hundredth of a deadline whenever it is looked at."""

    def monotonic(self) -> float:
        self.advance(PIECE_SECONDS / 100)
        return super().monotonic()


class Reducing:
    """A round of two pieces that is reduced; nothing else of the coordinator."""

    def __init__(self) -> None:
        self.clock = RunningClock(NOW)
        self.queue = MemoryPieceQueue()
        self.artifacts = open_artifact_store("memory://")
        orders = OrderPieces(self.queue, self.artifacts, self.clock, PIECE_SECONDS)
        self.reduce = ReduceRounds(MemoryAggregators(), orders, self.apply, self.clock)
        self.document = document()
        current = RoundState(1, 1, RoundPhase.REDUCING, NOW, spools=("spool-0",), pieces=2)
        self.state = RunState(
            self.document.run,
            rules(),
            RunPhase.RUNNING,
            NOW,
            NOW,
            round=current,
        )

    async def apply(self, _run, _event):
        return self.state

    async def try_once(self):
        """Carries the effect out as often as the leader does: once, until it gives up."""
        with pytest.raises(ReductionIncompleteError):
            await self.reduce(self.document, self.state, ReduceRound(1, 1), 1)

    async def answer(self, piece):
        path = f"reductions/{self.document.run}/global/1.1/{piece}"
        await self.artifacts.put_named(path, b"piece")


async def test_without_a_worker_pieces_are_ordered_ever_more_rarely():
    reducing = Reducing()
    for _ in range(20):
        await reducing.try_once()
    assert 2 * 4 <= len(reducing.queue.orders) <= 2 * 10


async def test_a_piece_that_comes_has_the_others_ordered_at_the_usual_pace_again():
    reducing = Reducing()
    for _ in range(10):
        await reducing.try_once()
    await reducing.answer(1)
    reducing.queue.orders.clear()
    for _ in range(3):
        await reducing.try_once()
    assert [order.piece for order in reducing.queue.orders][:2] == [0, 0]
