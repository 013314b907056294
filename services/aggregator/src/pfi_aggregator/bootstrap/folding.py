"""Builds what folds updates: as they come, and at the end."""

from pfi_aggregator.adapters.heap import return_free_memory
from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_aggregator.application.merge_round import MergeRound
from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.metrics import AggregatorMetrics
from pfi_aggregator.settings import AggregatorSettings


def build_merge(
    settings: AggregatorSettings,
    rounds: Rounds,
    failpoints: Failpoints,
    metrics: AggregatorMetrics,
) -> MergeRound:
    """Makes the merge; its `ahead` is what folds before the end."""
    fold = FoldUpdate(rounds)
    ahead = FoldAhead(rounds, fold, settings.fold_ahead_bytes, failpoints)
    metrics.watch_folding(lag=ahead.lag)
    return MergeRound(fold, ahead, return_free_memory, failpoints)
