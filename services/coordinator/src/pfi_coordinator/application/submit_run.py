"""Takes a new run."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pfi_common.clock import Clock
from pfi_common.spec import (
    LONGEST_DEADLINE,
    SHORTEST_DEADLINE,
    Cohort,
    RunSpec,
    UpdateSimilarity,
    parse_description,
    parse_run_spec,
    run_facts,
)
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.demands_of import demands_of
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import Origin, RunDocument
from pfi_coordinator.domain.events import RunSubmitted
from pfi_coordinator.domain.retrying import AT_ONCE, RetryPauses
from pfi_coordinator.domain.rules import ClusterRules, RunRules
from pfi_coordinator.domain.selection_rules import (
    DerivedDeadline,
    SelectionRules,
    UtilityRules,
)
from pfi_coordinator.domain.state import new_run


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a new run has to know of the federation.

    Attributes:
        spools: Every spool.
        spool_patience_seconds: How long a round waits for one that does not answer, when it could
            go elsewhere.
        pauses: How long a round that failed rests before it is tried again.
    """

    spools: tuple[str, ...]
    spool_patience_seconds: float
    pauses: RetryPauses


class SubmitRun:
    """Checks and stores runs."""

    def __init__(
        self,
        runs: RunStore,
        apply: ApplyEvent,
        guard: GuardStore,
        clock: Clock,
        place: Deployment,
    ) -> None:
        self._runs = runs
        self._apply = apply
        self._guard = guard
        self._clock = clock
        self._place = place

    async def __call__(
        self,
        spec: Mapping[str, Any],
        description: Mapping[str, Any],
        origin: Origin | None = None,
    ) -> str:
        """Stores a run and starts it, from the version of another run if one is given.

        Returns:
            The run id.

        Raises:
            StoreUnsuitableError: The store has lost the registry.
            SpecInvalidError: Specification or description break a rule, or the description lacks
                the sizes that a demanded estimate of memory is made from.
            SpecUnsoundError: The combination is unsound.
            SchemaMismatchError: The description is of another adapter.
            RunExistsError: A run with this name exists.
        """
        self._guard.require_intact()
        parsed, described = parse_run_spec(spec), parse_description(description)
        run_facts(parsed, described)  # refuses a description of another adapter
        run = f"r-{secrets.token_hex(5)}"
        now = self._clock.now()
        # It makes version 0; each round finds spools of its own.
        spool = secrets.choice(self._place.spools)
        document = RunDocument(run, parsed.name, now, spool, parsed, described, origin)
        rules = rules_of(parsed, self._place.spool_patience_seconds, self._place.pauses)
        rules = replace(rules, demands=demands_of(parsed, described))
        await self._runs.create(document, new_run(run, rules, now))
        await self._apply(run, RunSubmitted())
        get_logger().info(LogEvent.RUN_SUBMITTED, run=run, spool=spool)
        return run


def rules_of(
    spec: RunSpec, spool_patience_seconds: float, pauses: RetryPauses = AT_ONCE
) -> RunRules:
    """Gives what rounds are decided by."""
    aggregate = spec.aggregate
    return RunRules(
        rounds=spec.stop.rounds,
        selected_count=spec.selected_count,
        size=spec.cohort.size,
        minimum=spec.cohort.minimum,
        deadline_seconds=spec.cohort.first_deadline.total_seconds(),
        seed=spec.seed,
        encoding=spec.encoding.upload,
        cluster=_cluster_rules(spec),
        one_spool=(aggregate.rule, aggregate.product) != ("mean", "factors"),
        spool_patience_seconds=spool_patience_seconds,
        fewest=aggregate.fewest_updates,
        attempts=spec.cohort.attempts,
        retry_first_seconds=pauses.first_seconds,
        retry_most_seconds=pauses.most_seconds,
        selection=_selection_rules(spec.cohort),
        derived=_derived_deadline(spec.cohort),
    )


def _selection_rules(cohort: Cohort) -> SelectionRules:
    parameters = UtilityRules()
    if cohort.utility is not None:
        parameters = UtilityRules(**cohort.utility.model_dump())
    return SelectionRules(
        policy=cohort.select,
        fairness_cap=cohort.fairness_cap,
        utility=parameters,
        replace=cohort.replace_dropouts,
        absence_seconds=cohort.absence.total_seconds(),
    )


def _derived_deadline(cohort: Cohort) -> DerivedDeadline | None:
    if cohort.deadline != "auto":
        return None
    return DerivedDeadline(SHORTEST_DEADLINE.total_seconds(), LONGEST_DEADLINE.total_seconds())


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
