"""What a decision adds to a run's history: attempts that were opened, versions that were made."""

from pfi_coordinator.adapters.references import LINE
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.state import AdapterVersion, RoundPhase, RoundState
from pfi_coordinator.domain.tasks import round_scope


def projected_rounds(step: Step) -> dict[str, RoundState]:
    """Gives the attempts to write, by scope.

    An attempt that still waits for its cohort is no part of the history.
    """
    candidates = (step.after.last_round, step.after.round)
    before = (step.before.last_round, step.before.round)
    return {
        round_scope(item.number, item.attempt): item
        for item in candidates
        if item is not None and item not in before and item.phase is not RoundPhase.WAITING
    }


def projected_adapters(step: Step) -> dict[str, AdapterVersion]:
    """Gives the versions to write, by number."""
    base = step.after.base
    return {} if base is None or base == step.before.base else {str(base.version): base}


def newest_versions(step: Step) -> dict[str, AdapterVersion]:
    """Gives the versions that are the newest of their line now, by line."""
    base = step.after.base
    return {} if base is None or base == step.before.base else {LINE: base}
