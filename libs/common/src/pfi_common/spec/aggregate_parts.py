"""The part of a run specification that says how updates become one change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from pfi_common.spec.part import Rank, SpecPart
from pfi_common.spec.robust_bounds import (
    MAXIMUM_BUCKET_SIZE,
    bucket_count,
    fewest_for_krum,
    fewest_for_median,
    fewest_for_trimmed_mean,
    updates_for,
)

AttackerCount = Annotated[int, Field(ge=0, le=10_000)]


class _Aggregate(SpecPart):
    """What every rule has."""

    product: Literal["factors", "svd", "stack"] = "factors"
    """Average A and B apart, take the mean of B A, or add the clients' B A to the shared one"""
    maximum_rank: Rank | None = None
    """Rank of the shared adapter with product stack, which needs it; null for others"""
    clip_norm: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """L2 norm that an update is scaled down to, before the rule; null for none"""
    coordinate_limit: Annotated[float, Field(ge=1e-6, le=1e6)] = 10.0
    """Highest magnitude of a coordinate after the clip; an update with a higher one is refused"""
    max_weight: Annotated[int, Field(ge=1, le=1 << 32)] = 4096
    """Highest number of examples that an update counts with; more are capped"""


class MeanAggregate(_Aggregate):
    """The weighted mean, which survives no attacker; with `clip_norm`, norm clipping."""

    rule: Literal["mean"] = "mean"
    """Mean of the updates, weighted by their numbers of distinct training rows"""

    @property
    def fewest_updates(self) -> int:
        """Fewest updates that the rule is defined for."""
        return 1


class _Robust(_Aggregate):
    """What every robust rule has."""

    bucket_size: Annotated[int, Field(ge=1, le=MAXIMUM_BUCKET_SIZE)] = 1
    """Updates averaged together, at random, before the rule; 1 for none"""


class MedianAggregate(_Robust):
    """Coordinate-wise median (Yin et al. 2018, "Byzantine-Robust Distributed Learning")."""

    rule: Literal["median"] = "median"
    """Coordinate-wise median of the updates, unweighted"""

    @property
    def fewest_updates(self) -> int:
        """Fewest updates that the rule is defined for."""
        return updates_for(fewest_for_median(), self.bucket_size)


class TrimmedMeanAggregate(_Robust):
    """Coordinate-wise trimmed mean (Yin et al. 2018, "Byzantine-Robust Distributed Learning")."""

    rule: Literal["trimmed_mean"] = "trimmed_mean"
    """Coordinate-wise mean without the highest and lowest values, unweighted"""
    trimmed_share: Annotated[float, Field(gt=0, lt=0.5)] = 0.2
    """Share of the values left out at each side; at least the share of attackers to be survived"""

    @property
    def fewest_updates(self) -> int:
        """Fewest updates of which at least one is left out at each side."""
        return updates_for(fewest_for_trimmed_mean(self.trimmed_share), self.bucket_size)


class KrumAggregate(_Robust):
    """Krum (Blanchard et al. 2017, "Machine Learning with Adversaries")."""

    rule: Literal["krum"] = "krum"
    """The update that is nearest to its neighbours"""
    attackers: AttackerCount
    """Attackers to be survived; no default fits every federation"""

    @property
    def fewest_updates(self) -> int:
        """Fewest updates that outnumber the attackers."""
        return updates_for(fewest_for_krum(self.attackers, 1), self.bucket_size)


class MultiKrumAggregate(_Robust):
    """Multi-Krum (Blanchard et al. 2017, "Machine Learning with Adversaries")."""

    rule: Literal["multi_krum"] = "multi_krum"
    """Unweighted mean of the updates that are nearest to their neighbours"""
    attackers: AttackerCount
    """Attackers to be survived; no default fits every federation"""
    selected: Annotated[int, Field(ge=2, le=10_000)] | None = None
    """Updates, or buckets, that are averaged; null for cohort.minimum - attackers - 2"""

    @property
    def fewest_updates(self) -> int:
        """Fewest updates that outnumber the attackers and leave enough to select."""
        return updates_for(fewest_for_krum(self.attackers, self.selected or 2), self.bucket_size)

    def selected_of(self, minimum: int) -> int:
        """Gives how many updates, or buckets, are averaged.

        Args:
            minimum: Fewest updates of a round, at least `fewest_updates`.
        """
        return self.selected or bucket_count(minimum, self.bucket_size) - self.attackers - 2


RobustAggregate = MedianAggregate | TrimmedMeanAggregate | KrumAggregate | MultiKrumAggregate
"""A variant that survives attackers."""
Aggregate = Annotated[MeanAggregate | RobustAggregate, Field(discriminator="rule")]


def with_rule(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fills the rule that a document leaves out: the mean."""
    filled, aggregate = dict(document), document.get("aggregate")
    if isinstance(aggregate, Mapping) and "rule" not in aggregate:
        filled["aggregate"] = {"rule": "mean", **aggregate}
    return filled
