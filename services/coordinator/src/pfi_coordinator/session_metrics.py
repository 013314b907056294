"""Metrics of sessions. Declared in `observability/metrics.yaml`."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge


class SessionMetrics:
    """How many agents are connected, and how many were asked to come back.

    Args:
        registry: Where they are collected.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._held = Gauge(
            "pfi_coordinator_sessions", "Sessions that this replica holds.", registry=registry
        )
        self._limited = Counter(
            "pfi_coordinator_sessions_limited",
            "Agents that were asked to come back since too many came at once.",
            registry=registry,
        )

    def watch(self, held: Callable[[], float]) -> None:
        """Says where the gauge comes from."""
        self._held.set_function(held)

    def limited(self) -> None:
        """Counts an agent that was asked to come back since too many came at once."""
        self._limited.inc()
