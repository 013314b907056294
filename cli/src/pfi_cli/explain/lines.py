"""The lines of a run: which rounds each has, and the cohorts of them."""

import math
from dataclasses import dataclass
from fractions import Fraction

from pfi_common.spec import RunSpec, UpdateSimilarity
from pfi_common.spec.cluster_parts import GLOBAL_LINE


@dataclass(frozen=True, slots=True)
class LinePlan:
    """A line of a run.

    Attributes:
        line: Its name.
        first_round: Its first round.
        last_round: Its last round.
        selected: Clients selected for a round.
        size: Updates that end a round at once.
        minimum: Fewest updates that are published.
        note: What is special.
    """

    line: str
    first_round: int
    last_round: int
    selected: int
    size: int
    minimum: int
    note: str = ""


def line_plans(spec: RunSpec) -> list[LinePlan]:
    """Gives the lines; those of clusters as if the clusters were equal, since none is known yet."""
    cohort, rounds, cluster = spec.cohort, spec.stop.rounds, spec.cluster
    if not isinstance(cluster, UpdateSimilarity):
        return [LinePlan(GLOBAL_LINE, 1, rounds, spec.selected_count, cohort.size, cohort.minimum)]
    probe, count = cluster.probe_round, cluster.fewest
    begin = LinePlan(
        GLOBAL_LINE,
        1,
        probe,
        spec.selected_count,
        cohort.size,
        cohort.minimum,
        f"round {probe} is the probe round: its updates are compared",
    )
    fewest = spec.aggregate.fewest_updates
    size = max(fewest, _share(cohort.size, count))
    return [
        begin,
        LinePlan(
            f"cluster-1 ... cluster-{count}",
            probe + 1,
            rounds,
            math.ceil(size * Fraction(str(cohort.over_select))),
            size,
            min(size, max(fewest, _share(cohort.minimum, count))),
            _note(cluster, count),
        ),
    ]


def _share(whole: int, count: int) -> int:
    """A part of equal parts, rounded half up and at least 1, as the coordinator shares cohorts."""
    return max(1, (2 * whole + count) // (2 * count))


def _note(cluster: UpdateSimilarity, count: int) -> str:
    automatic = f"2 to {cluster.maximum_count} clusters by silhouette"
    number = automatic if cluster.count == "auto" else f"{count} clusters"
    return f"each of {number}; the figures are of {count} equal ones"
