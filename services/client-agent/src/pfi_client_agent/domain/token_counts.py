"""How long rows are as a model sees them."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class TokenCounts:
    """Lengths of rows, in tokens.

    Attributes:
        total: Of all rows together.
        median: The middle one.
        percentile_95: 95 of 100 rows are at most so long.
        longest: The longest one.
    """

    total: int
    median: int
    percentile_95: int
    longest: int


def token_counts(lengths: Sequence[int]) -> TokenCounts:
    """Sum lengths up (tokens); percentiles are lengths that occur."""
    ordered = sorted(lengths) or [0]
    last = len(ordered) - 1
    return TokenCounts(
        total=sum(ordered),
        median=ordered[last // 2],
        percentile_95=ordered[last * 95 // 100],
        longest=ordered[-1],
    )
