"""What a simulation found, in numbers that can be compared between scenarios."""

from dataclasses import dataclass

import numpy as np

from pfi_coordinator.domain.simulation.jobs import Fate
from pfi_coordinator.domain.simulation.loads import Load, LoadRow, load_of, load_rows
from pfi_coordinator.domain.simulation.simulation import Ending, Simulation
from pfi_coordinator.domain.simulation.tally import RoundRow, Sample

_MOST_SAMPLES = 2000

TRAINING_FATES = (
    Fate.COUNTED,
    Fate.LATE,
    Fate.STOPPED,
    Fate.DROPPED,
    Fate.GIVEN_BACK,
    Fate.VOIDED,
    Fate.OPEN,
)
"""How a training task may end, in the order of reports."""


@dataclass(frozen=True)
class Outcome:
    """The figures of a simulated run; times in seconds.

    Attributes:
        phase: Of the run at the end.
        why: Failure of the run; empty for none.
        interrupted: Whether the simulation was stopped before its end.
        virtual_seconds: Time that passed in the simulated world.
        rounds_wanted: Rounds that the run publishes.
        round_p50_seconds: Median time from publication to publication.
        round_p95_seconds: The same, of the slowest twentieth.
        collect_p50_seconds: Median time that uploads were taken.
        attempts: Attempts of all rounds.
        clients_used: Clients of which an update counted.
        tasks: Training tasks.
        fates: Of training tasks, by how they ended.
        dropped_share: Tasks whose device had left, or was not heard of again.
        idle_share: Time that connected devices did not work.
        wasted_share: Work on training that did not count.
        interruptions: Tasks that were interrupted because the device left.
        flat_batteries: Tasks that were interrupted because the battery ran low.
        longest_return_seconds: After a restart, until the last session was back.
        arrivals: Sessions opened.
        commits: Updates that a spool took.
        bytes_in: Payload that spools took.
        download_bytes: Payload that devices fetched.
        target_loss: Loss that was asked for.
        target_seconds: When it was reached; None when it was not, or none was asked for.
        decisions: Events that the round machine decided about.
        happenings: Everything that happened.
        longest_upload_wait_seconds: Longest time that an update waited at a spool for others.
        coordinator_busy_share: Time that the coordinator decided and stored.
        rounds: Published rounds.
        samples: Who was there, now and then.
        loads: What arrived, in stretches of `LOAD_SECONDS`.
    """

    phase: str
    why: str
    interrupted: bool
    virtual_seconds: float
    rounds_wanted: int
    round_p50_seconds: float
    round_p95_seconds: float
    collect_p50_seconds: float
    attempts: int
    clients_used: int
    tasks: int
    fates: dict[str, int]
    dropped_share: float
    idle_share: float
    wasted_share: float
    interruptions: int
    flat_batteries: int
    longest_return_seconds: float
    arrivals: Load
    commits: Load
    bytes_in: Load
    download_bytes: int
    target_loss: float | None
    target_seconds: float | None
    decisions: int
    happenings: int
    longest_upload_wait_seconds: float
    coordinator_busy_share: float
    rounds: tuple[RoundRow, ...]
    samples: tuple[Sample, ...]
    loads: tuple[LoadRow, ...]


def outcome_of(simulation: Simulation, ending: Ending, target_loss: float | None) -> Outcome:
    """Sums up a simulation that has ended."""
    tally = simulation.tally
    rounds = tuple(tally.rounds)
    spans = [row.published - row.begun for row in rounds]
    fates = {fate.value: tally.fates[fate] for fate in TRAINING_FATES}
    tasks = sum(fates.values())
    worked = tally.useful_seconds + tally.wasted_seconds
    busy = worked + tally.evaluation_seconds
    failure = ending.state.failure
    return Outcome(
        phase=ending.state.phase.value,
        why="" if failure is None else f"{failure.reason}: {failure.message}",
        interrupted=ending.interrupted,
        virtual_seconds=ending.seconds,
        rounds_wanted=ending.state.rules.rounds,
        round_p50_seconds=_quantile(spans, 0.5),
        round_p95_seconds=_quantile(spans, 0.95),
        collect_p50_seconds=_quantile([row.sealed - row.opened for row in rounds], 0.5),
        attempts=sum(row.attempts for row in rounds),
        clients_used=len(tally.participants),
        tasks=tasks,
        fates=fates,
        dropped_share=_share(fates[Fate.DROPPED], tasks),
        idle_share=max(0.0, 1.0 - _share(busy, tally.connected_seconds)),
        wasted_share=_share(tally.wasted_seconds, worked),
        interruptions=tally.interruptions,
        flat_batteries=tally.flat_batteries,
        longest_return_seconds=tally.longest_return_seconds,
        arrivals=load_of(tally.arrivals),
        commits=load_of(tally.commits),
        bytes_in=load_of(tally.bytes_in),
        download_bytes=tally.download_bytes,
        target_loss=target_loss,
        target_seconds=_reached(rounds, target_loss),
        decisions=tally.decisions,
        happenings=tally.happenings,
        longest_upload_wait_seconds=simulation.world.spools.longest_wait_seconds,
        coordinator_busy_share=_share(ending.busy_seconds, ending.seconds),
        rounds=rounds,
        samples=tuple(tally.samples[:: 1 + len(tally.samples) // _MOST_SAMPLES]),
        loads=load_rows(tally, simulation.begin_seconds),
    )


def _reached(rounds: tuple[RoundRow, ...], target_loss: float | None) -> float | None:
    if target_loss is None:
        return None
    return next((row.published for row in rounds if row.loss <= target_loss), None)


def _quantile(values: list[float], share: float) -> float:
    return float(np.quantile(values, share)) if values else 0.0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
