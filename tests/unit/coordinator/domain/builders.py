"""Values for tests of the round machine."""

from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from pfi_coordinator.domain import events
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.rules import ClusterRules, RunRules
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


def cluster_rules(**changes) -> ClusterRules:
    values = {
        "probe_round": 1,
        "count": None,
        "maximum_count": 8,
        "minimum_size": 1,
        "minimum_silhouette": 0.1,
        "over_select": 1.0,
    }
    return ClusterRules(**(values | changes))


FIVE = ("c-1", "c-2", "c-3", "c-4", "c-5")
"""The clients of a run that forms two clusters, of three and of two."""
CLUSTERS = (("c-4", "c-5"), ("c-1", "c-2", "c-3"))


def clustered_run(**changes) -> RunState:
    """A run that probes in round 1 and has one more round."""
    return run(size=5, selected_count=5, minimum=5, cluster=cluster_rules(), **changes)


PROBED = (
    *BEGUN,
    events.ClientsEligible(FIVE),
    events.RoundOpened(1, 1),
    committed(*FIVE),
    events.RoundSealed(1, 1, FIVE),
    events.RoundPublished(1, 1, adapter(1), 0.25),
)
FORMED = (*PROBED, events.ClientsPartitioned(CLUSTERS, 0.5, ""))


def through_round(line, clients, number=2):
    """Everything that happens to a line from its cohort to its publication."""
    return (
        events.ClientsEligible(clients, line=line),
        events.RoundOpened(number, 1, line=line),
        events.UpdatesCommitted(
            number, 1, tuple(events.CommittedUpdate(client) for client in clients), line=line
        ),
        events.RoundSealed(number, 1, clients, line=line),
        events.RoundPublished(number, 1, line_adapter(line, number), 0.25, line=line),
    )


def line_adapter(line, version) -> AdapterVersion:
    digest = sha256(f"{line} {version}".encode()).hexdigest()
    return replace(adapter(version), line=line, digest=digest)
