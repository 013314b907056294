"""What the world does about each effect, how long it takes, and what comes of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.simulation.jobs import Job
from pfi_coordinator.domain.simulation.world import World
from pfi_coordinator.domain.state import AdapterVersion, RunState

JobKey = tuple[str, int, int]
Outcome = events.Event | None


class CarryOut:
    """Carries effects out in two steps: it begins, and some time later there is an outcome."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._jobs: dict[JobKey, Job] = {}

    def begin(self, effect: Effect, line: RunState) -> float:
        """Begins with an effect and gives how many seconds it takes."""
        service, work = self._world.assumptions.service, self._world.work
        seconds = service.open_seconds
        match effect:
            case effects.CreateInitialAdapter():
                seconds = service.first_version_seconds
            case effects.DispatchTasks() | effects.DispatchEvaluation():
                self._world.hand_out(self._job(effect), effect.clients, line.round)
                seconds = len(effect.clients) * service.hand_out_seconds
            case effects.CancelTasks() | effects.CancelEvaluation():
                seconds = len(effect.clients) * service.hand_out_seconds
            case effects.SealRound():
                seconds = service.seal_seconds
            case effects.ReduceRound() if line.round is not None:
                seconds = service.reduction_seconds(work.coordinates, line.round.counted)
            case effects.FinalizeRound():
                seconds = service.publication_seconds(work.coordinates)
        return seconds

    def end(self, effect: Effect, now: datetime) -> Outcome:
        """Gives what the world says when an effect is carried out; None when it says nothing."""
        done = OUTCOMES.get(type(effect))
        return None if done is None else done(self, effect, now)

    def take_back(self, effect: Any, _now: datetime) -> Outcome:  # noqa: ANN401 - one of two effects
        """Lets the clients hear that their tasks are cancelled."""
        self._world.take_back(self._job(effect), effect.clients)
        return None

    def seal(self, effect: effects.SealRound, _now: datetime) -> Outcome:
        """Fixes the counted set; a robust rule is then computed in one piece."""
        counted = self._world.seal(self._job(effect))
        pieces = int(self._world.work.robust)
        return events.RoundSealed(effect.number, effect.attempt, counted, pieces, line=effect.line)

    def publish(self, effect: effects.FinalizeRound, now: datetime) -> Outcome:
        """Makes a version that has a name and nothing in it."""
        seconds = self._world.assumptions.service.publication_seconds(self._world.work.coordinates)
        version = simulated_version(effect.line, effect.number, now)
        return events.RoundPublished(
            effect.number, effect.attempt, version, seconds, line=effect.line
        )

    def abort(self, effect: effects.AbortRound, _now: datetime) -> Outcome:
        """Voids what the attempt has."""
        self._world.void(self._job(effect))
        return events.RoundAborted(effect.number, effect.attempt, line=effect.line)

    def store_evaluation(self, effect: effects.StoreEvaluation, _now: datetime) -> Outcome:
        """Takes no more answers."""
        self._job(effect).over = True
        return events.EvaluationStored(line=effect.line)

    def _job(self, effect: Effect) -> Job:
        """Gives the tasks that an effect is about."""
        key = (effect.line, effect.number, effect.attempt)
        if key not in self._jobs:
            jobs = self._world.jobs
            self._jobs[key] = Job(len(jobs), effect.number, effect.attempt, effect.line)
            jobs.append(self._jobs[key])
        return self._jobs[key]


def simulated_version(line: str, number: int, now: datetime) -> AdapterVersion:
    """Gives a version that nobody made."""
    digest = f"{number:064x}"
    return AdapterVersion(number, digest, digest, digest, "", now, line)


OUTCOMES: dict[type[Any], Callable[[CarryOut, Any, datetime], Outcome]] = {
    effects.CreateInitialAdapter: lambda _, effect, now: events.InitialAdapterMade(
        simulated_version(effect.line, 0, now)
    ),
    effects.OpenRound: lambda _, effect, __: events.RoundOpened(
        effect.number, effect.attempt, line=effect.line
    ),
    effects.CancelTasks: CarryOut.take_back,
    effects.CancelEvaluation: CarryOut.take_back,
    effects.SealRound: CarryOut.seal,
    effects.ReduceRound: lambda _, effect, __: events.RoundReduced(
        effect.number, effect.attempt, line=effect.line
    ),
    effects.FinalizeRound: CarryOut.publish,
    effects.AbortRound: CarryOut.abort,
    effects.StoreEvaluation: CarryOut.store_evaluation,
}
"""What is said of each kind of effect; of the others nothing is."""
