"""Metrics of the clusters of runs. Declared in `observability/metrics.yaml`."""

from collections import Counter as Tally

from prometheus_client import CollectorRegistry, Counter, Gauge

from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.state import RunPhase, RunState


class ClusterMetrics:
    """Counts lines of clusters and clients that joined one."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lines = Gauge(
            "pfi_coordinator_cluster_lines",
            "Lines of clusters that this leader has seen, by state.",
            ["state"],
            registry=registry,
        )
        self._placed = Counter(
            "pfi_coordinator_clients_placed",
            "Clients that joined a cluster, by how they were placed.",
            ["by"],
            registry=registry,
        )
        self._phases: dict[tuple[str, str], RunPhase] = {}

    def observe(self, step: Step) -> None:
        """Counts what a decision changed."""
        for line in step.after.lines:
            self._observe_members(line_named(step.before, line.line), line)
        known = {(step.after.run, line.line): line.phase for line in step.after.lines}
        if known.items() <= self._phases.items():
            return
        self._phases |= known
        tally = Tally(self._phases.values())
        for state in RunPhase:
            self._lines.labels(state=state.value).set(tally[state])

    def _observe_members(self, before: RunState | None, after: RunState) -> None:
        members = frozenset() if before is None else before.members
        placed = frozenset() if before is None else before.placed
        by_task = len(after.placed - placed)
        by_probe = len(after.members - members) - by_task
        for way, count in (("probe", by_probe), ("first_task", by_task)):
            if count:
                self._placed.labels(by=way).inc(count)
