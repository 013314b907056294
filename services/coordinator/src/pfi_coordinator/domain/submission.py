"""From a stored run to version 0 and the first round."""

from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.decision import Decision, unchanged, waiting_round
from pfi_coordinator.domain.effects import CreateInitialAdapter
from pfi_coordinator.domain.events import InitialAdapterMade, RunSubmitted
from pfi_coordinator.domain.state import RunPhase, RunState


def run_submitted(state: RunState, _event: RunSubmitted, _now: datetime) -> Decision:
    """Asks for version 0."""
    if state.phase is not RunPhase.PENDING:
        return unchanged(state)
    return state, (CreateInitialAdapter(),)


def initial_adapter_made(state: RunState, event: InitialAdapterMade, now: datetime) -> Decision:
    """Begins round 1."""
    if state.phase is not RunPhase.PENDING:
        return unchanged(state)
    running = replace(state, phase=RunPhase.RUNNING, since=now, base=event.adapter)
    return waiting_round(running, number=1, attempt=1, now=now), ()
