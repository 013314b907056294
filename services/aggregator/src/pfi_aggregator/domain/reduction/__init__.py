"""Rules and products that need all updates of a round at once, computed by workers in pieces.

A reduction is chosen by the plan's rule or product (`registry`), cut into pieces that depend on
plan and counted set alone, and put together by the aggregator when all pieces are there.
"""

from pfi_aggregator.domain.reduction.base import Completion, Reduced, Reduction, UpdateReader
from pfi_aggregator.domain.reduction.codec import read_piece, reduction_digest, write_piece
from pfi_aggregator.domain.reduction.registry import (
    piece_count,
    reduction_of,
    require_population,
)

__all__ = [
    "Completion",
    "Reduced",
    "Reduction",
    "UpdateReader",
    "piece_count",
    "read_piece",
    "reduction_digest",
    "reduction_of",
    "require_population",
    "write_piece",
]
