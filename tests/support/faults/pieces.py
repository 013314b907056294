"""Reduces a sealed round beside its aggregator, as a worker does."""

from tests.support.faults.aggregator_process import AggregatorProcess

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.wrapping_key import read_wrapping_key
from pfi_aggregator.application.reduce_piece import ReducePiece
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.artifacts import open_artifact_store


async def reduce_pieces(aggregator: AggregatorProcess, key: RoundKey, count: int) -> None:
    """Reduces every piece of a round; none for what the aggregator merges alone."""
    if count == 0:
        return
    wrapping_key = read_wrapping_key(aggregator.state / "spool-wrapping-key")
    keys = RoundKeys(aggregator.state / "spool-keys", wrapping_key)
    artifacts = open_artifact_store(aggregator.artifacts.as_uri())
    reader = SpoolReader(SpoolLayout(aggregator.spool), keys)
    reduce = ReducePiece(reader, artifacts, ReductionPieces(artifacts))
    for piece in range(count):
        await reduce.run(key, piece)
