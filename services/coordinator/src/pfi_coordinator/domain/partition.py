"""From the probe round to one line for each cluster."""

from collections.abc import Iterable, Set
from dataclasses import replace
from datetime import datetime

from pfi_coordinator.domain.decision import Decision, unchanged, waiting_round
from pfi_coordinator.domain.effects import ForgetSketches, PartitionClients
from pfi_coordinator.domain.events import ClientsPartitioned
from pfi_coordinator.domain.lines import cluster_line
from pfi_coordinator.domain.state import (
    PartitionPhase,
    PartitionState,
    RunPhase,
    RunState,
)

_NOT_FOUND = "the clients of the probe round do not fall into groups"


def ends_probe(state: RunState, number: int) -> bool:
    """Whether clients are grouped after this round."""
    return state.rules.cluster is not None and number == state.rules.cluster.probe_round


def begin_partition(state: RunState, now: datetime) -> Decision:
    """Asks for the grouping of the clients whose updates were counted."""
    pending = PartitionState(PartitionPhase.PENDING, since=now)
    return replace(state, partition=pending), (PartitionClients(_probe_round(state)),)


def partition_pending(state: RunState) -> bool:
    """Whether the run waits for its clusters."""
    known = state.partition
    running = state.phase is RunPhase.RUNNING
    return running and known is not None and known.phase is PartitionPhase.PENDING


def keeps_sketches(state: RunState) -> bool:
    """Whether sketches of this run may be stored."""
    decided = state.partition is not None and state.partition.phase is PartitionPhase.DONE
    return state.rules.cluster is not None and not decided


def forget_sketches(state: RunState) -> ForgetSketches:
    """Asks for the sketches to be deleted."""
    return ForgetSketches(_probe_round(state))


def clients_partitioned(state: RunState, event: ClientsPartitioned, now: datetime) -> Decision:
    """Opens a line for each cluster, or goes on as one line and says why."""
    pending = state.partition
    if not partition_pending(state) or pending is None:
        return unchanged(state)
    clusters = _ordered(event.clusters, pending.gone)
    found = len(clusters) > 1
    done = PartitionState(
        PartitionPhase.DONE,
        since=now,
        clusters=max(len(clusters), 1),
        silhouette=event.silhouette,
        reason=event.reason or ("" if found else _NOT_FOUND),
    )
    decided = replace(state, partition=done, trouble=None)
    forget = (forget_sketches(state),)
    if not found:
        return waiting_round(decided, _probe_round(state) + 1, 1, now), forget
    lines = tuple(
        _opened(state, cluster_line(index), members, now)
        for index, members in enumerate(clusters, start=1)
    )
    return replace(decided, lines=lines), forget


def _probe_round(state: RunState) -> int:
    return 0 if state.rules.cluster is None else state.rules.cluster.probe_round


def _ordered(clusters: Iterable[tuple[str, ...]], gone: Set[str]) -> tuple[frozenset[str], ...]:
    """Orders clusters by size, the largest first, then by their smallest client id."""
    left = [frozenset(cluster) - gone for cluster in clusters]
    return tuple(
        sorted((cluster for cluster in left if cluster), key=lambda item: (-len(item), min(item)))
    )


def _opened(state: RunState, name: str, members: frozenset[str], now: datetime) -> RunState:
    """Forks a line from the version that the probe round has published."""
    line = RunState(
        run=state.run,
        rules=replace(state.rules, cluster=None),
        phase=RunPhase.RUNNING,
        since=now,
        created_at=now,
        base=None if state.base is None else replace(state.base, line=name),
        participants=members,
        line=name,
        members=members,
        pacer=state.pacer,
        durations=state.durations,
        paused_since=state.paused_since,
    )
    return waiting_round(line, _probe_round(state) + 1, 1, now)
