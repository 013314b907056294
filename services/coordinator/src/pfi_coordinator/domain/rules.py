"""The few facts of a run specification that rounds are decided by."""

from dataclasses import dataclass

from pfi_coordinator.domain.demands import NOTHING_DEMANDED, Demands
from pfi_coordinator.domain.selection_rules import AT_RANDOM, DerivedDeadline, SelectionRules

MAXIMUM_ATTEMPTS = 3
"""How often a round is opened before its run fails, unless the run says otherwise."""

SETTLE_GRACE_SECONDS = 60.0
"""How long a published round keeps receipts for clients that have not reported yet."""

MAXIMUM_ASKED_AT_ONCE = 256
"""New clients that are asked at once where they belong: each fetches a version of every line."""


@dataclass(frozen=True, slots=True)
class ClusterRules:
    """How clients are grouped.

    Attributes:
        probe_round: Round whose updates are compared; later rounds belong to the clusters.
        count: Number of clusters; None for the one with the best silhouette.
        maximum_count: Most clusters that are tried.
        minimum_size: Fewest clients of a cluster.
        minimum_silhouette: Lowest silhouette to form clusters with.
        over_select: Clients that are selected per update asked for.
    """

    probe_round: int
    count: int | None
    maximum_count: int
    minimum_size: int
    minimum_silhouette: float
    over_select: float


@dataclass(frozen=True, slots=True)
class RunRules:
    """What the round machine needs to know of a run.

    Attributes:
        rounds: Rounds after which the run is evaluated.
        selected_count: Clients that are selected when enough are eligible (N of the line's round).
        size: Updates that seal a round at once.
        minimum: Fewest updates that may be published.
        deadline_seconds: How long a round collects, and how long it waits for a whole cohort; with
            a derived deadline until a round was observed.
        seed: Seed of the run; selection is drawn from it.
        encoding: Upload encoding that the run asks for, in lower case (`int8_block`).
        cluster: How clients are grouped; None for a run of one line.
        one_spool: Whether all updates of a round have to lie on one spool.
        fewest: Fewest updates that the aggregation rule is defined for; a line never asks for less.
        attempts: How often a round is opened before the run fails; attempts that a person broke off
            are not counted.
        retry_first_seconds: Pause before a round that failed is tried again; 0 for none. It doubles
            with every further failure of the round.
        retry_most_seconds: Longest such pause.
        spool_patience_seconds: How long a round that could go elsewhere waits for a spool that does
            not answer.
        demands: What devices have to be like to be selected.
        selection: How cohorts are selected and kept up.
        derived: How the deadline follows from durations; None for the given one.
    """

    rounds: int
    selected_count: int
    size: int
    minimum: int
    deadline_seconds: float
    seed: int
    encoding: str
    cluster: ClusterRules | None = None
    one_spool: bool = False
    spool_patience_seconds: float = 300.0
    fewest: int = 1
    demands: Demands = NOTHING_DEMANDED
    attempts: int = MAXIMUM_ATTEMPTS
    retry_first_seconds: float = 0.0
    retry_most_seconds: float = 300.0
    selection: SelectionRules = AT_RANDOM
    derived: DerivedDeadline | None = None
