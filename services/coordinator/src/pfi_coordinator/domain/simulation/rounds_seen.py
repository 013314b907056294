"""Rows about rounds, read from the machine's decisions."""

from pfi_coordinator.domain.events import RoundPublished
from pfi_coordinator.domain.simulation.decided import MIDNIGHT, Decided
from pfi_coordinator.domain.simulation.learning_model import LearningModel
from pfi_coordinator.domain.simulation.tally import RoundRow, Tally
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunState


class RoundsSeen:
    """Notes when each round began, and all of it when it is published."""

    def __init__(self, tally: Tally, model: LearningModel, begin: float) -> None:
        self._tally, self._model, self._begin = tally, model, begin
        self._begun: dict[tuple[str, int], float] = {}
        self._selected: dict[str, int] = {}
        self._progress: dict[str, float] = {}

    def __call__(self, decided: Decided) -> None:
        """Looks at one decision."""
        self._tally.decisions += 1
        self._tally.happenings += 1
        if isinstance(decided.event, RoundPublished):
            self._published(decided)
        if not decided.effects and _stays_open(decided):
            return
        for line in (decided.after, *decided.after.lines):
            current = line.round
            if current is None:
                continue
            if current.phase is RoundPhase.WAITING:
                key = (line.line, current.number)
                self._begun.setdefault(key, self._seconds(decided))
            elif current.phase is RoundPhase.COLLECTING:
                selected = len(current.open) + len(current.committed) + len(current.closed)
                self._selected[line.line] = selected

    def _published(self, decided: Decided) -> None:
        name = decided.event.line
        line = _line(decided.after, name)
        done = None if line is None else line.last_round
        before = _line(decided.before, name)
        if line is None or done is None or before is None or before.round is None:
            return
        if done.phase is RoundPhase.PUBLISHED and done.number == before.round.number:
            self._tally.rounds.append(self._row(name, done, self._seconds(decided)))

    def _row(self, line: str, done: RoundState, now: float) -> RoundRow:
        model = self._model
        progress = self._progress.get(line, 0.0) + model.progress(done.counted)
        self._progress[line] = progress
        opened, sealed = done.opened_at, done.sealed_at
        return RoundRow(
            line=line,
            number=done.number,
            attempts=done.attempt,
            begun=self._begun.pop((line, done.number), 0.0),
            opened=now if opened is None else (opened - MIDNIGHT).total_seconds() - self._begin,
            sealed=now if sealed is None else (sealed - MIDNIGHT).total_seconds() - self._begin,
            published=now,
            selected=self._selected.get(line, 0),
            counted=done.counted,
            loss=model.loss(progress),
        )

    def _seconds(self, decided: Decided) -> float:
        return (decided.now - MIDNIGHT).total_seconds() - self._begin


def _stays_open(decided: Decided) -> bool:
    """Whether an open round only went on, which most decisions are about."""
    before, after = decided.before.round, decided.after.round
    collecting = RoundPhase.COLLECTING
    return (
        before is not None
        and after is not None
        and before.phase is collecting
        and after.phase is collecting
    )


def _line(state: RunState, name: str) -> RunState | None:
    return next((line for line in (state, *state.lines) if line.line == name), None)
