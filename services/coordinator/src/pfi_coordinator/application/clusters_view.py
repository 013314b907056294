"""The clusters of a run as people read them: plain values, ready to be written as JSON."""

from collections.abc import Mapping
from typing import Any

from pfi_common.errors import error_for, problem_document
from pfi_coordinator.application.evaluation_view import display_name
from pfi_coordinator.domain.lines import members_of_lines
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.pausing import shown_state
from pfi_coordinator.domain.state import PartitionPhase, RunPhase, RunState


def partition_view(state: RunState) -> dict[str, Any] | None:
    """Gives how the clients were grouped; None before the probe round is published."""
    partition, cluster = state.partition, state.rules.cluster
    if partition is None or cluster is None:
        return None
    pending = partition.phase is PartitionPhase.PENDING
    return {
        "state": partition.phase.value,
        "probe_round": cluster.probe_round,
        "clusters": None if pending else partition.clusters,
        "silhouette": partition.silhouette,
        "reason": partition.reason,
    }


def cluster_line_view(line: RunState) -> dict[str, Any]:
    """Gives one cluster's line. A round is named while one is at work."""
    failure = line.failure
    return {
        "line": line.line,
        "state": shown_state(line),
        "members": len(line.members),
        "round": None if line.round is None else line.round.number,
        "version": 0 if line.base is None else line.base.version,
        "adapter_digest": "" if line.base is None else line.base.digest,
        "error": None
        if failure is None
        else problem_document(error_for(failure.reason, failure.message)),
    }


def clusters_view(state: RunState, clients: Mapping[str, Client]) -> dict[str, Any]:
    """Gives the members of every cluster, and the clients that were in the run but are in none.

    Args:
        state: Of the run.
        clients: Registrations of `clients_of(state)`, for names.
    """
    return {
        "run": state.run,
        "partition": partition_view(state),
        "clusters": [_cluster(line, clients) for line in state.lines],
        "unplaced": sorted(clients_of(state) - members_of_lines(state)) if state.lines else [],
    }


def clients_of(state: RunState) -> frozenset[str]:
    """Gives every client that took part in the run, or was asked where it belongs."""
    asked = (item.waiting for item in state.placements)
    return state.participants.union(members_of_lines(state), *asked)


def rounds_published(state: RunState) -> int:
    """Gives how many rounds every line that did not fail has published."""
    lines = [line for line in state.lines if line.phase is not RunPhase.FAILED] or [state]
    return min(0 if line.base is None else line.base.version for line in lines)


def _cluster(line: RunState, clients: Mapping[str, Client]) -> dict[str, Any]:
    return {
        "line": line.line,
        "version": 0 if line.base is None else line.base.version,
        "members": [
            {
                "client": client,
                "display_name": display_name(clients, client),
                "placed": "first_task" if client in line.placed else "probe",
            }
            for client in sorted(line.members)
        ],
    }
