"""Metrics of the coordinator. Declared in `observability/metrics.yaml`."""

from collections import Counter as Tally
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from pfi_common.clock import Clock
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_common.telemetry.metrics import RpcMetrics
from pfi_coordinator.application.leader.run_waits import RunWaits
from pfi_coordinator.application.log_clusters import log_clusters
from pfi_coordinator.application.records import Step
from pfi_coordinator.cluster_metrics import ClusterMetrics
from pfi_coordinator.domain.lines import every_line, line_named
from pfi_coordinator.domain.state import RoundPhase, RoundState, RunPhase, RunState
from pfi_coordinator.session_metrics import SessionMetrics
from pfi_coordinator.wait_metrics import WaitMetrics

_ROUND_SECONDS = (0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 600, 1800, 3600)
_COHORT_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class CoordinatorMetrics:
    """Every metric object of the coordinator."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.rpc = RpcMetrics("coordinator", registry)
        self._runs = Gauge(
            "pfi_coordinator_runs",
            "Runs that this leader has seen, by state.",
            ["state"],
            registry=registry,
        )
        self._rounds = Counter(
            "pfi_coordinator_rounds",
            "Attempts of rounds that ended, by outcome.",
            ["outcome"],
            registry=registry,
        )
        self._round_seconds = Histogram(
            "pfi_coordinator_round_seconds",
            "Time from opening a round to its publication.",
            buckets=_ROUND_SECONDS,
            registry=registry,
        )
        self._cohort = Histogram(
            "pfi_coordinator_cohort_clients",
            "Clients selected for an attempt of a round.",
            buckets=_COHORT_SIZES,
            registry=registry,
        )
        self._counted = Counter(
            "pfi_coordinator_updates_counted",
            "Updates counted in published rounds.",
            registry=registry,
        )
        self._delayed = Gauge(
            "pfi_coordinator_runs_delayed",
            "Runs that something keeps from going on; their `why` names it.",
            registry=registry,
        )
        self._enrolments = Counter(
            "pfi_coordinator_enrolments", "Clients that were enrolled.", registry=registry
        )
        self.sessions = SessionMetrics(registry)
        self._leading = Gauge(
            "pfi_coordinator_leading", "1 while this replica leads, else 0.", registry=registry
        )
        self._clusters = ClusterMetrics(registry)
        self._waits = WaitMetrics(registry)
        self._phases: dict[str, RunPhase] = {}
        self._troubled: set[str] = set()

    def watch(
        self,
        *,
        sessions: Callable[[], float],
        leading: Callable[[], float],
        waits: RunWaits,
        clock: Clock,
    ) -> None:
        """Says where the gauges of this process come from."""
        self.sessions.watch(sessions)
        self._leading.set_function(leading)
        self._waits.watch(waits, clock)

    def enrolled(self) -> None:
        """Counts an enrolment."""
        self._enrolments.inc()

    def observe(self, step: Step) -> None:
        """Counts and logs what a decision changed."""
        self._observe_run(step)
        self._clusters.observe(step)
        log_clusters(step)
        for line in every_line(step.after):
            self._observe_line(line_named(step.before, line.line), line)

    def _observe_line(self, before: RunState | None, after: RunState) -> None:
        known, current = None if before is None else before.round, after.round
        if current is not None and (known is None or known.phase is not current.phase):
            self._observe_phase(after.run, current)
        ended = after.last_round
        if ended is not None and (before is None or ended != before.last_round):
            self._observe_end(after.run, ended)

    def _observe_run(self, step: Step) -> None:
        run, phase = step.after.run, step.after.phase
        if self._phases.get(run) is not phase:
            self._phases[run] = phase
            tally = Tally(self._phases.values())
            for state in RunPhase:
                self._runs.labels(state=state.value).set(tally[state])
            reason = None if step.after.failure is None else step.after.failure.reason
            get_logger().info(LogEvent.RUN_CHANGED, run=run, state=phase.value, reason=reason)
        if all(line.trouble is None for line in every_line(step.after)):
            self._troubled.discard(run)
        else:
            self._troubled.add(run)
        self._delayed.set(len(self._troubled))

    def _observe_phase(self, run: str, current: RoundState) -> None:
        if current.phase is RoundPhase.OPENING:
            self._cohort.observe(len(current.cohort))
        _log_round(run, current)

    def _observe_end(self, run: str, ended: RoundState) -> None:
        self._rounds.labels(outcome=ended.phase.value).inc()
        if ended.phase is RoundPhase.PUBLISHED:
            self._counted.inc(ended.counted)
            if ended.opened_at is not None and ended.published_at is not None:
                seconds = (ended.since - ended.opened_at).total_seconds()
                self._round_seconds.observe(seconds)
        _log_round(run, ended)


def _log_round(run: str, current: RoundState) -> None:
    get_logger().info(
        LogEvent.ROUND_CHANGED,
        run=run,
        line=current.line,
        round=current.number,
        attempt=current.attempt,
        state=current.phase.value,
        cohort=len(current.cohort),
        updates=len(current.committed),
        reason=None if current.cause is None else current.cause.reason,
    )
