"""Values for tests of the round machine."""

from datetime import UTC, datetime

from pfi_coordinator.domain import events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.rules import RunRules
from pfi_coordinator.domain.state import AdapterVersion, RunState, new_run

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def rules(**changes) -> RunRules:
    values = {
        "rounds": 2,
        "selected_count": 3,
        "size": 3,
        "minimum": 2,
        "deadline_seconds": 600.0,
        "seed": 7,
        "encoding": "fp32",
    }
    return RunRules(**(values | changes))


def adapter(version: int) -> AdapterVersion:
    return AdapterVersion(
        version=version,
        digest=f"{version:064x}",
        schema_digest="5" * 64,
        lineage_digest=f"{version + 1000:064x}",
        optimizer_state_digest="",
        published_at=START,
    )


def run(**changes) -> RunState:
    return new_run("r-0123456789", rules(**changes), START)


def play(state: RunState, *events, now=START):
    """Applies events one after the other; gives the last state and all effects."""
    effects = []
    for event in events:
        state, more = decide(state, event, now)
        effects.extend(more)
    return state, effects


CLIENTS = ("c-1", "c-2", "c-3")
BEGUN = (events.RunSubmitted(), events.InitialAdapterMade(adapter(0)))
OPENED = (*BEGUN, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))


def committed(*clients, number=1, attempt=1):
    updates = tuple(events.CommittedUpdate(client) for client in clients)
    return events.UpdatesCommitted(number, attempt, updates)


def published(number):
    return events.RoundPublished(number, 1, adapter(number), 0.25)


SEALED = (*OPENED, committed(*CLIENTS), events.RoundSealed(1, 1, CLIENTS))


def through_to_evaluation():
    state, _ = play(run(rounds=1), *SEALED, published(1))
    return state
