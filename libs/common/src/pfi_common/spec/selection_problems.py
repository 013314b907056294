"""Ways of selecting clients that do not go with the rest of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pfi_common.spec.cluster_parts import UpdateSimilarity

if TYPE_CHECKING:
    from pfi_common.spec.run_spec import RunSpec


def selection_problems(spec: RunSpec) -> Iterator[str]:
    """Finds what `cohort.select` cannot be combined with."""
    cohort, utility = spec.cohort, spec.cohort.utility
    if cohort.select != "utility" and utility is not None:
        yield (
            f"cohort.utility with select {cohort.select}: these are parameters of the policy"
            " utility, and would do nothing. Remove them, or select by utility."
        )
    if utility is not None and utility.exploration_minimum > utility.exploration:
        yield (
            f"cohort.utility.exploration_minimum {utility.exploration_minimum} is above"
            f" exploration {utility.exploration}: the share that is explored only falls. Lower the"
            " minimum, or raise exploration."
        )
    cluster = spec.cluster
    if cohort.select != "utility" or not isinstance(cluster, UpdateSimilarity):
        return
    if cluster.probe_round > 1:
        yield (
            f"cohort.select utility with cluster.probe_round {cluster.probe_round}: the"
            " clients that utility prefers would be compared, and clusters be formed of them alone."
            " Probe in round 1, when nobody is preferred yet, or select at random."
        )
