"""What a decision adds to a run's history: attempts, versions, members of clusters, clients."""

from collections.abc import Iterator

from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.events import TasksFinished, Tick
from pfi_coordinator.domain.history import HistoryChange, history_changes
from pfi_coordinator.domain.lines import every_line, line_named
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion, RoundPhase, RoundState, RunState
from pfi_coordinator.domain.tasks import round_scope


def projected_rounds(step: Step) -> dict[str, RoundState]:
    """Gives the attempts to write, by scope.

    An attempt that backs off, or still waits for its cohort, is no part of the history.
    """
    return {
        round_scope(item.number, item.attempt, item.line): item
        for before, after in _lines(step)
        for item in (after.last_round, after.round)
        if item is not None
        and (before is None or item not in (before.last_round, before.round))
        and item.phase not in {RoundPhase.WAITING, RoundPhase.BACKING_OFF}
    }


def projected_adapters(step: Step) -> dict[str, AdapterVersion]:
    """Gives the versions to write, by number, after the line of a cluster."""
    return {
        str(item.version) if item.line == GLOBAL else f"{item.line}/{item.version}": item
        for item in newest_versions(step).values()
    }


def newest_versions(step: Step) -> dict[str, AdapterVersion]:
    """Gives the versions that were published now, by line.

    The version that a cluster's line begins with is none of its own: the whole run published it.
    """
    return {
        after.line: after.base
        for before, after in _lines(step)
        if before is not None and after.base is not None and after.base != before.base
    }


def projected_members(step: Step) -> dict[str, str]:
    """Gives the clients that have joined a cluster now, with its line."""
    return {
        client: after.line
        for before, after in _lines(step)
        for client in sorted(after.members - (frozenset() if before is None else before.members))
    }


def projected_history(step: Step) -> tuple[HistoryChange, ...]:
    """Gives the news of clients, in the order in which they are merged."""
    event = step.event
    return tuple(
        change
        for before, after in _lines(step)
        if isinstance(event, Tick) or event.line == after.line
        for change in history_changes(before, event, after, step.now)
    )


def projected_speeds(step: Step) -> dict[str, float]:
    """Gives the speeds that clients have reported now."""
    if not isinstance(step.event, TasksFinished):
        return {}
    return {
        report.client: report.steps_per_second
        for report in step.event.reports
        if report.steps_per_second is not None
    }


def _lines(step: Step) -> Iterator[tuple[RunState | None, RunState]]:
    """Gives each line as it was, or None when it is new, and as it is."""
    for after in every_line(step.after):
        yield line_named(step.before, after.line), after
