"""Computes a round's adapter from its counted updates. Blocks; changes nothing that is stored."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import OptimizerState, move_adapter
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import ArtifactCorruptError
from pfi_common.tensors import mean

_THREADS = min(4, os.cpu_count() or 1)  # the uploads are over, so all cores may fold


@dataclass(frozen=True)
class MergeRound:
    """Reads each counted update once, in memory that does not grow with their number.

    Attributes:
        fold: Folds an update.
        ahead: What has been folded before.
        make_room: Called first: returns memory that uploads have left over.
        failpoints: For fault tests.
    """

    fold: FoldUpdate
    ahead: FoldAhead
    make_room: Callable[[], None]
    failpoints: Failpoints

    def sums(
        self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]
    ) -> tuple[NDArray[np.int64], int]:
        """Gives the weighted sums of the counted set, to which the caller may add, and the weight.

        What was folded ahead is used when all of it is counted; the order does not matter.

        Shapes: (n,).

        Raises:
            ArtifactCorruptError: a committed update is not what was committed.
        """
        self.make_room()
        merge, left = self._begin(plan, counted)
        with ThreadPoolExecutor(_THREADS, "fold") as threads:
            folds = [
                threads.submit(self._fold, plan, merge, update, update.weight_units)
                for update in left
            ]
            try:
                for fold in folds:
                    fold.result()
            finally:
                threads.shutdown(cancel_futures=True)
        return merge.sums()

    def selected_mean(
        self, plan: RoundPlan, counted: tuple[CountedUpdate, ...], weights: Mapping[str, int]
    ) -> NDArray[np.float32]:
        """Gives the mean of some counted updates, each with a weight of its own.

        Shapes: (n,).

        Args:
            plan: The round's plan.
            counted: The counted set.
            weights: Weight by task, in units of 2^-8 examples, of each update that is averaged.

        Raises:
            ArtifactCorruptError: a committed update is not what was committed.
        """
        self.make_room()
        merge = Merge(plan)
        for update in counted:
            if update.task in weights:
                self._fold(plan, merge, update, weights[update.task])
        return merge.mean()

    def _fold(
        self, plan: RoundPlan, merge: Merge, update: CountedUpdate, weight_units: int
    ) -> None:
        self.fold.run(plan, merge, update, weight_units)
        self.failpoints.reach(Failpoint.DURING_FOLD)

    def _begin(
        self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]
    ) -> tuple[Merge, list[CountedUpdate]]:
        """Gives the sums to start from and what they lack."""
        folded = self.ahead.take(plan.key)
        if folded is None or not set(counted).issuperset(folded.updates):
            return Merge(plan), list(counted)
        self.failpoints.reach(Failpoint.DURING_FOLD)
        done = set(folded.updates)
        return folded.merge, [update for update in counted if update not in done]


def mean_of(
    plan: RoundPlan, sums: NDArray[np.int64], total_weight_units: int
) -> NDArray[np.float32]:
    """Gives the mean of sums, rounded once to float32, in their place.

    Shapes: (n,).
    """
    return mean(sums, total_weight_units, plan.fixed_point.fraction_bits, in_place=True)


def move_base(
    plan: RoundPlan, delta: NDArray[np.float32], base: bytes, state: bytes | None
) -> tuple[NDArray[np.float32], OptimizerState]:
    """Gives the next adapter and the optimiser's next state.

    Args:
        plan: The round's plan.
        delta: Weighted mean of the updates; the adapter takes its place.
        base: Canonical payload of the base adapter.
        state: Bytes of the optimiser's state before; none before the first round.

    Shapes: delta and the adapter (n,).

    Raises:
        ArtifactCorruptError: base or state are not of the plan's schema.
        AdapterInvalidError: the result is not finite.
    """
    count = plan.schema.coordinate_count
    if len(base) != 4 * count:
        raise ArtifactCorruptError("The base adapter does not have the schema's size.")
    if state is None:
        moments = OptimizerState.first(plan.server_optimizer, count)
    else:
        moments = OptimizerState.from_bytes(state, plan.server_optimizer, count)
    vector = np.frombuffer(base, dtype="<f4")
    return move_adapter(plan.server_optimizer, vector, delta, moments, into=delta), moments
