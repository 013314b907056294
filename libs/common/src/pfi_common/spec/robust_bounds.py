"""How many updates a robust rule needs: said once, for submission and for the merge.

A rule below its bound would survive fewer attackers than it is asked to; it is refused, never
relaxed.
"""

from __future__ import annotations

import math
from fractions import Fraction

MAXIMUM_BUCKET_SIZE = 16
"""Most updates of a bucket: the weights that make unequal buckets count alike stay below 2^8."""
MAXIMUM_COMPARED_ROWS = 2_000
"""Most updates, or buckets, of which every pair is compared."""
_FEWEST_FOR_MEDIAN = 3


def bucket_count(updates: int, bucket_size: int) -> int:
    """Gives the number of buckets, the last of which may be smaller."""
    return -(-updates // bucket_size)


def updates_for(rows: int, bucket_size: int) -> int:
    """Gives the fewest updates that fill so many buckets."""
    return (rows - 1) * bucket_size + 1


def trimmed_count(share: float, rows: int) -> int:
    """Gives floor(share * rows), the share taken as the decimal number that it is written as."""
    return math.floor(Fraction(str(share)) * rows)


def fewest_for_median() -> int:
    """Gives 3: the median of one or two values is their mean."""
    return _FEWEST_FOR_MEDIAN


def fewest_for_trimmed_mean(share: float) -> int:
    """Gives the fewest values of which one is left out at each side."""
    return math.ceil(1 / Fraction(str(share)))


def fewest_for_krum(attackers: int, selected: int) -> int:
    """Gives the fewest updates that Krum or multi-Krum is resilient for.

    Krum needs n >= 2 f + 3 (Blanchard et al. 2017, proposition 4.2: 2 f + 2 < n); multi-Krum is
    resilient up to m <= n - f - 2 selected ones (Damaskinos et al. 2019, "AggregaThor", section
    2.3).
    """
    return max(2 * attackers + 3, selected + attackers + 2)
