"""What a run remembers of its clients from round to round, and how decisions change it.

It is kept beside the state, a row per client, and handed to `decide` with the candidates.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pfi_coordinator.domain.events import (
    ClientsEligible,
    Event,
    TasksFinished,
    TasksGivenBack,
    Tick,
    UpdatesCommitted,
)
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunState

_COMMITS = (UpdatesCommitted, TasksFinished)
_NO_CLIENTS: frozenset[str] = frozenset()

_MOST_UTILITY = 1e15
"""More is no measurement. Sums of these stay finite: a state with another one cannot be read."""

_MOST_STEPS_PER_SECOND = 1e6
"""More is no measurement, and would draw every other client's chance away."""


@dataclass(frozen=True, slots=True)
class HistoryChange:
    """News of a client.

    Attributes:
        client: Client id.
        selected_round: The round that it was selected for; 0 for none. Further attempts of a round
            count once.
        dropped: 1 when it gave its task back, was replaced, or did not finish in time.
        seconds: How long its update took.
        reported_round: The round whose task it reported; 0 for none.
        utility: Statistical utility that it reported.
    """

    client: str
    selected_round: int = 0
    dropped: int = 0
    seconds: float | None = None
    reported_round: int = 0
    utility: float | None = None


def history_changes(
    before: RunState | None, event: Event, after: RunState, now: datetime
) -> tuple[HistoryChange, ...]:
    """Gives what a decision about a line adds to the rows of its clients.

    Args:
        before: The line before; None when it is new.
        event: What happened.
        after: The line afterwards.
        now: When.
    """
    if before is None or not after.rules.selection.needs_history:
        return ()
    return (
        *_selected(before, after),
        *_dropped(before, event, after),
        *_committed(before, event, after, now),
        *_reported(before, event),
    )


def _selected(before: RunState, after: RunState) -> Iterator[HistoryChange]:
    current = after.round
    if current is None or current.phase not in {RoundPhase.OPENING, RoundPhase.COLLECTING}:
        return
    known = _same(before, current)
    fresh = current.cohort - (_NO_CLIENTS if known is None else known.cohort)
    yield from (HistoryChange(client, selected_round=current.number) for client in sorted(fresh))


def _dropped(before: RunState, event: Event, after: RunState) -> Iterator[HistoryChange]:
    known, current = before.round, after.round
    if known is None or current is None or known.phase is not RoundPhase.COLLECTING:
        return
    gone = _NO_CLIENTS
    if isinstance(event, TasksGivenBack) and (known.number, known.attempt) == (
        event.number,
        event.attempt,
    ):
        gone = known.open & frozenset(event.clients)
    elif isinstance(event, ClientsEligible) and current.phase is RoundPhase.COLLECTING:
        gone = known.open & current.closed
    elif isinstance(event, Tick) and current.phase in {RoundPhase.SEALING, RoundPhase.ABORTING}:
        gone = known.open
    yield from (HistoryChange(client, dropped=1) for client in sorted(gone))


def _committed(
    before: RunState, event: Event, after: RunState, now: datetime
) -> Iterator[HistoryChange]:
    """Tells durations of first attempts: later ones may upload what is trained already.

    The clock may have been set back since a client began; no duration is below 0.
    """
    current = after.round
    if current is None or current.attempt > 1 or not isinstance(event, _COMMITS):
        return
    known = _same(before, current)
    if known is None:
        return
    for client in sorted(current.committed - known.committed):
        begun = current.begun_at(client)
        if begun is not None:
            yield HistoryChange(client, seconds=max(0.0, (now - begun).total_seconds()))


def _reported(before: RunState, event: Event) -> Iterator[HistoryChange]:
    if not isinstance(event, TasksFinished):
        return
    awaited = _awaited(before, event)
    for report in event.reports:
        if report.client in awaited:
            yield HistoryChange(report.client, reported_round=event.number, utility=report.utility)


def _awaited(before: RunState, event: TasksFinished) -> frozenset[str]:
    """Gives the clients whose report of this attempt is news."""
    current = before.round
    if current is not None and (current.number, current.attempt) == (event.number, event.attempt):
        return current.cohort - current.reported
    return _NO_CLIENTS.union(
        *(entry.awaiting for entry in before.settling if entry.number == event.number)
    )


def _same(before: RunState, current: RoundState) -> RoundState | None:
    """Gives the attempt as it was; None when it is another one."""
    known = before.round
    if known is None or (known.number, known.attempt) != (current.number, current.attempt):
        return None
    return known


def reported_utility(metrics: Mapping[str, float]) -> float | None:
    """Gives the statistical utility |B| * sqrt(mean squared loss) of what a client reported.

    Source: Lai et al. 2021, "Oort: Efficient Federated Learning via Guided Participant Selection"
    (OSDI), section 4: |B| is the number of distinct rows trained on, and the losses are theirs.

    Args:
        metrics: Registered metrics by name in lower case.
    """
    rows, loss = metrics.get("trained_rows"), metrics.get("train_loss_rms")
    if rows is None or loss is None or rows < 0 or loss < 0:
        return None
    utility = rows * loss
    return utility if utility <= _MOST_UTILITY else None


def reported_speed(metrics: Mapping[str, float]) -> float | None:
    """Gives the steps per second of what a client reported; None for what cannot be.

    Args:
        metrics: Registered metrics by name in lower case.
    """
    speed = metrics.get("steps_per_second")
    return speed if speed is not None and 0 <= speed <= _MOST_STEPS_PER_SECOND else None
