"""Takes a new run."""

import secrets
from collections.abc import Mapping
from typing import Any

from pfi_common.clock import Clock
from pfi_common.spec import (
    RunSpec,
    UpdateSimilarity,
    parse_description,
    parse_run_spec,
    run_facts,
)
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.events import RunSubmitted
from pfi_coordinator.domain.rules import ClusterRules, RunRules
from pfi_coordinator.domain.state import new_run


class SubmitRun:
    """Checks and stores runs."""

    def __init__(
        self,
        runs: RunStore,
        apply: ApplyEvent,
        guard: GuardStore,
        clock: Clock,
        spools: tuple[str, ...],
    ) -> None:
        self._runs = runs
        self._apply = apply
        self._guard = guard
        self._clock = clock
        self._spools = spools

    async def __call__(self, spec: Mapping[str, Any], description: Mapping[str, Any]) -> str:
        """Stores a run and starts it.

        Returns:
            The run id.

        Raises:
            StoreUnsuitableError: The store has lost the registry.
            SpecInvalidError: Specification or description break a rule.
            SpecUnsoundError: The combination is unsound.
            SchemaMismatchError: The description is of another adapter.
            RunExistsError: A run with this name exists.
        """
        self._guard.require_intact()
        parsed, described = parse_run_spec(spec), parse_description(description)
        run_facts(parsed, described)  # refuses a description of another adapter
        run = f"r-{secrets.token_hex(5)}"
        now = self._clock.now()
        # A run stays on one spool.
        spool = secrets.choice(self._spools)
        document = RunDocument(run, parsed.name, now, spool, parsed, described)
        await self._runs.create(document, new_run(run, rules_of(parsed), now))
        await self._apply(run, RunSubmitted())
        get_logger().info(LogEvent.RUN_SUBMITTED, run=run, spool=spool)
        return run


def rules_of(spec: RunSpec) -> RunRules:
    """Gives what rounds are decided by."""
    return RunRules(
        rounds=spec.stop.rounds,
        selected_count=spec.selected_count,
        size=spec.cohort.size,
        minimum=spec.cohort.minimum,
        deadline_seconds=spec.cohort.deadline.total_seconds(),
        seed=spec.seed,
        encoding=spec.encoding.upload,
        cluster=_cluster_rules(spec),
    )


def _cluster_rules(spec: RunSpec) -> ClusterRules | None:
    cluster = spec.cluster
    if not isinstance(cluster, UpdateSimilarity):
        return None
    return ClusterRules(
        probe_round=cluster.probe_round,
        count=None if cluster.count == "auto" else cluster.count,
        maximum_count=cluster.maximum_count,
        minimum_size=cluster.minimum_size,
        minimum_silhouette=cluster.minimum_silhouette,
        over_select=spec.cohort.over_select,
    )
