"""Computes a round's adapter from its counted updates. Blocks; changes nothing that is stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import OptimizerState, move_adapter
from pfi_aggregator.domain.stored_update import check_stored_record
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import ArtifactCorruptError


@dataclass(frozen=True)
class MergeRound:
    """Reads each counted update once, in memory that does not grow with their number.

    Attributes:
        rounds: The counted updates.
        make_room: Called first: returns memory that uploads have left over.
        failpoints: For fault tests.
    """

    rounds: Rounds
    make_room: Callable[[], None]
    failpoints: Failpoints

    def mean(self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> NDArray[np.float32]:
        """Gives the weighted mean of the counted set; its order does not matter.

        Shapes: (n,).

        Raises:
            ArtifactCorruptError: a committed update is not what was committed.
        """
        weights = {update.task: update.weight_units for update in counted}
        return self.selected_mean(plan, counted, weights)

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
        with self.rounds.read(plan.key, update.task) as stored:
            check_stored_record(plan, update, stored.record)
            weighted = replace(update, weight_units=weight_units)
            merge.fold(weighted, stored.record, stored.payload)
        self.failpoints.reach(Failpoint.DURING_FOLD)


def move_base(
    plan: RoundPlan, delta: NDArray[np.float32], base: bytes, state: bytes | None
) -> tuple[NDArray[np.float32], OptimizerState]:
    """Gives the next adapter and the optimiser's next state.

    Args:
        plan: The round's plan.
        delta: Weighted mean of the updates.
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
    return move_adapter(plan.server_optimizer, vector, delta, moments), moments
