"""Combinations that are refused although every field is valid, each with the reason.

`spec_problems` looks at a valid specification; what was written before it is read is looked at by
`document_problems`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.errors import SpecUnsoundError
from pfi_common.spec.aggregate_problems import aggregate_problems
from pfi_common.spec.classification import classification_problems
from pfi_common.spec.cluster_parts import UpdateSimilarity
from pfi_common.spec.error_feedback import error_feedback_problems
from pfi_common.spec.product_problems import product_problems
from pfi_common.spec.run_spec import RunSpec
from pfi_common.spec.selection_problems import selection_problems
from pfi_common.tensors import FixedPoint, plan_fixed_point

MAXIMUM_SELECTED_CLIENTS = 20_000
"""A round's counted set and a version's lineage travel in one message each, of at most 4 MiB."""
MAXIMUM_PROBED_CLIENTS = 8_000
"""A probe round's counted set travels with a sketch of each update in one message."""


def refuse_unsound(problems: Iterator[str]) -> None:
    """Raises one error that tells all problems.

    Raises:
        SpecUnsoundError: there is a problem.
    """
    found = list(problems)
    if found:
        raise SpecUnsoundError("The run specification is unsound:\n- " + "\n- ".join(found))


def spec_problems(spec: RunSpec) -> Iterator[str]:
    """Finds values of a valid specification that do not go together."""
    cohort = spec.cohort
    if cohort.minimum > cohort.size:
        yield (
            f"cohort.minimum {cohort.minimum} is above cohort.size {cohort.size}: a round ends when"
            " size updates are in, so it could never be published. Lower minimum or raise size."
        )
    if spec.selected_count > MAXIMUM_SELECTED_CLIENTS:
        yield (
            f"cohort.size {cohort.size} * over_select {cohort.over_select} selects"
            f" {spec.selected_count} clients: a round counts at most {MAXIMUM_SELECTED_CLIENTS}"
            " updates, because its lineage, which names each, is one message. Lower the cohort."
        )
    if not fixed_point_of(spec).is_fine_enough:
        yield (
            f"cohort.size {cohort.size} * over_select {cohort.over_select} updates with"
            f" aggregate.max_weight {spec.aggregate.max_weight}: the exact merge would round more"
            " coarsely than 2^-24 of aggregate.coordinate_limit. Lower max_weight or the cohort."
        )
    yield from aggregate_problems(spec)
    yield from product_problems(spec)
    yield from classification_problems(spec)
    yield from selection_problems(spec)
    yield from error_feedback_problems(spec)
    if isinstance(spec.cluster, UpdateSimilarity):
        yield from _cluster_problems(spec, spec.cluster)


def _cluster_problems(spec: RunSpec, cluster: UpdateSimilarity) -> Iterator[str]:
    selected = spec.selected_count
    if cluster.probe_round >= spec.stop.rounds:
        yield (
            f"cluster.probe_round {cluster.probe_round} with stop.rounds {spec.stop.rounds}:"
            " clusters begin after the probe round, so none would train. Raise stop.rounds, or"
            " probe earlier."
        )
    if cluster.fewest * cluster.minimum_size > selected:
        yield (
            f"cluster.count {cluster.count} with minimum_size {cluster.minimum_size}: the"
            f" {selected} clients selected for the probe round cannot fill {cluster.fewest}"
            f" clusters of {cluster.minimum_size}. Raise cohort.size, or lower count or"
            " minimum_size."
        )
    if selected > MAXIMUM_PROBED_CLIENTS:
        yield (
            f"cluster.method update_similarity with {selected} selected clients: the sketches of a"
            f" probe round travel in one message, of at most {MAXIMUM_PROBED_CLIENTS} clients."
            " Lower the cohort; clients beyond it are placed when they first take part."
        )


def fixed_point_of(spec: RunSpec) -> FixedPoint:
    """Gives the arithmetic of the run's rounds."""
    return plan_fixed_point(
        spec.aggregate.coordinate_limit, spec.selected_count, spec.aggregate.max_weight
    )
