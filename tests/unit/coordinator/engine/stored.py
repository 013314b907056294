"""The store of one run, and what may never happen to what lies in it."""

from datetime import datetime

from pfi_coordinator.adapters.redis.codec import EVENT, STATE
from pfi_coordinator.adapters.redis.projection import projected_rounds
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.effects import Effect, effect_key
from pfi_coordinator.domain.events import Tick
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunState

_TIMED = {RoundPhase.COLLECTING, RoundPhase.BACKING_OFF}


def assert_nothing_is_overdue(state: RunState, now: datetime) -> None:
    """After a tick nothing waits for a time that has come, but for a cohort."""
    for line in every_line(state):
        ends = [item.settle_at for item in line.settling]
        ends += [item.deadline for item in line.placements]
        if line.round is not None and line.round.phase in _TIMED:
            ends.append(line.round.deadline)
        if line.evaluation is not None and not line.evaluation.storing:
            ends.append(line.evaluation.deadline)
        assert all(now < end for end in ends)


class Store:
    """State, event log and outbox under compare-and-set.

    `served` are the effects that somebody has carried out, given up for good, or found unwanted:
    only these may leave the outbox.
    """

    def __init__(self, state: RunState) -> None:
        self.first = self.state = state
        self.revision = 0
        self.outbox: dict[str, Effect] = {}
        self.log: list[tuple[bytes, object]] = []
        self.rounds: dict[str, RoundState] = {}
        self.served: set[Effect] = set()
        self.decided: list[Effect] = []

    def save(self, revision: int, step: Step) -> bool:
        if revision != self.revision:
            return False
        self.revision += 1
        self.state = step.after
        self.log.append((EVENT.dump_json(step.event), step.now))
        self.acknowledge(step.acknowledged or "")
        for effect in step.effects:
            name = effect_key(effect)
            known = self.outbox.get(name, effect)
            assert known == effect, f"{name} is lost: another one takes its place"
            self.outbox[name] = effect
        self.decided.extend(step.effects)
        if isinstance(step.event, Tick):
            assert_nothing_is_overdue(step.after, step.now)
        self.rounds |= projected_rounds(step)
        return True

    def acknowledge(self, name: str) -> None:
        effect = self.outbox.pop(name, None)
        assert effect is None or effect in self.served, f"{name} is lost: nobody carried it out"

    def attempts(self, effect: Effect) -> list[RoundState]:
        """Every attempt of the effect's round that was opened, up to its own."""
        return [
            item
            for item in self.rounds.values()
            if (item.line, item.number) == (effect.line, effect.number)
            and item.attempt <= effect.attempt
        ]

    def replays(self) -> None:
        """The log, read as it is stored, leads to the state, as it is stored."""
        state = STATE.validate_json(STATE.dump_json(self.first))
        effects: list[Effect] = []
        for event, now in self.log:
            state, more = decide(state, EVENT.validate_json(event), now)
            effects.extend(more)
        assert state == self.state
        assert effects == self.decided
        assert STATE.validate_json(STATE.dump_json(self.state)) == state
