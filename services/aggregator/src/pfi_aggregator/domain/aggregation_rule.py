"""How the updates of a round become one change: the rule, and the product of factors."""

from dataclasses import dataclass, field
from typing import ClassVar

from pfi_common.errors import InvalidRequestError
from pfi_common.spec.robust_bounds import (
    MAXIMUM_BUCKET_SIZE,
    bucket_count,
    fewest_for_krum,
    fewest_for_median,
    fewest_for_trimmed_mean,
)

_SEED_LIMIT = 1 << 64


@dataclass(frozen=True)
class MeanRule:
    """The weighted mean: it survives no attacker."""

    name: ClassVar[str] = "mean"

    @property
    def fewest_rows(self) -> int:
        """Fewest updates, or buckets, that the rule is defined for."""
        return 1


@dataclass(frozen=True)
class MedianRule:
    """Coordinate-wise median, unweighted.

    Source: Yin et al. 2018, "Byzantine-Robust Distributed Learning: Towards Optimal Statistical
    Rates", definition 1.
    """

    name: ClassVar[str] = "median"

    @property
    def fewest_rows(self) -> int:
        """Fewest updates, or buckets, that the rule is defined for."""
        return fewest_for_median()


@dataclass(frozen=True)
class TrimmedMeanRule:
    """Coordinate-wise mean without the highest and the lowest values, unweighted.

    Source: Yin et al. 2018, definition 2.

    Attributes:
        trimmed_share: Share left out at each side, above 0 and below 0.5.

    Raises:
        InvalidRequestError: the share is out of its range.
    """

    name: ClassVar[str] = "trimmed_mean"

    trimmed_share: float

    def __post_init__(self) -> None:
        if not 0 < self.trimmed_share < 0.5:  # noqa: PLR2004 - half at each side leaves nothing
            raise _refuse("rule.trimmed_share", "must lie above 0 and below 0.5.")

    @property
    def fewest_rows(self) -> int:
        """Fewest updates, or buckets, of which at least one is left out at each side."""
        return fewest_for_trimmed_mean(self.trimmed_share)


@dataclass(frozen=True)
class KrumRule:
    """The updates nearest to their neighbours: Krum, and with several selected multi-Krum.

    Source: Blanchard et al. 2017, "Machine Learning with Adversaries: Byzantine Tolerant Gradient
    Descent", section 4.

    Attributes:
        attackers: Attackers to be survived, f.
        selected: Updates, or buckets, that are averaged; 1 for Krum.

    Raises:
        InvalidRequestError: none is selected.
    """

    attackers: int
    selected: int

    def __post_init__(self) -> None:
        if self.attackers < 0 or self.selected < 1:
            raise _refuse("rule.selected", "must be at least 1, and attackers at least 0.")

    @property
    def name(self) -> str:
        """Name in run specifications and reports."""
        return "krum" if self.selected == 1 else "multi_krum"

    @property
    def fewest_rows(self) -> int:
        """Fewest updates, or buckets, that the attackers are outnumbered in."""
        return fewest_for_krum(self.attackers, self.selected)


Rule = MeanRule | MedianRule | TrimmedMeanRule | KrumRule


@dataclass(frozen=True)
class AggregationRule:
    """The rule of a round, and whether updates are averaged in buckets before it.

    Attributes:
        rule: The rule.
        bucket_size: Updates of a bucket; 1 for no buckets.
        bucket_seed: Seed of the buckets, below 2^64.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """

    rule: Rule = field(default_factory=MeanRule)
    bucket_size: int = 1
    bucket_seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.bucket_size <= MAXIMUM_BUCKET_SIZE:
            raise _refuse("rule.bucket_size", f"must lie in 1 to {MAXIMUM_BUCKET_SIZE}.")
        if isinstance(self.rule, MeanRule) and self.bucket_size > 1:
            raise _refuse("rule.bucket_size", "has no effect on the mean; leave it out.")
        if not 0 <= self.bucket_seed < _SEED_LIMIT:
            raise _refuse("rule.bucket_seed", "must lie in 0 to 2^64 - 1.")

    def row_count(self, updates: int) -> int:
        """How many vectors the rule sees of so many updates."""
        return bucket_count(updates, self.bucket_size)


WEIGHTED_MEAN = AggregationRule()


@dataclass(frozen=True)
class FactorsProduct:
    """The factors A and B are merged separately (FedIT)."""

    name: ClassVar[str] = "factors"


@dataclass(frozen=True)
class SvdProduct:
    """The mean of the products B A, cut to the schema's rank by singular values (FlexLoRA)."""

    name: ClassVar[str] = "svd"


@dataclass(frozen=True)
class StackProduct:
    """The updates' adapters are added to the shared one and recompressed (FLoRA)."""

    name: ClassVar[str] = "stack"


Product = FactorsProduct | SvdProduct | StackProduct
SEPARATE_FACTORS = FactorsProduct()


def _refuse(field: str, rule: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} {rule}", field=field)
