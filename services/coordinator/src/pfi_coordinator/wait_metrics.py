"""Metrics of what runs wait for. Declared in `observability/metrics.yaml`.

Labels are reasons, never runs: a thousand runs make no more series than one.
"""

from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from pfi_common.clock import Clock
from pfi_coordinator.application.leader.run_waits import RunWaits
from pfi_coordinator.domain.why import WaitReason


class WaitMetrics:
    """Gauges that are read when they are scraped."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._runs = Gauge(
            "pfi_coordinator_runs_waiting",
            "Runs of this leader, by what they wait for.",
            ["reason"],
            registry=registry,
        )
        self._waiting = Gauge(
            "pfi_coordinator_run_waiting_seconds",
            "Longest time that a run of this leader has been waiting, by what it waits for.",
            ["reason"],
            registry=registry,
        )
        self._overdue = Gauge(
            "pfi_coordinator_run_overdue_seconds",
            "Longest time by which a run of this leader has outlived the end of its wait.",
            ["reason"],
            registry=registry,
        )

    def watch(self, waits: RunWaits, clock: Clock) -> None:
        """Says where the gauges come from."""
        for reason in WaitReason:
            label = reason.value
            self._runs.labels(reason=label).set_function(partial(_count, waits, reason))
            self._waiting.labels(reason=label).set_function(partial(_longest, waits, reason, clock))
            self._overdue.labels(reason=label).set_function(partial(_overdue, waits, reason, clock))


def _count(waits: RunWaits, reason: WaitReason) -> float:
    return float(waits.count(reason))


def _longest(waits: RunWaits, reason: WaitReason, clock: Clock) -> float:
    return waits.longest_seconds(reason, clock.now())


def _overdue(waits: RunWaits, reason: WaitReason, clock: Clock) -> float:
    return waits.overdue_seconds(reason, clock.now())
