"""Computes a round's adapter from its counted updates. Blocks; changes nothing that is stored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.server_optimizer import OptimizerState, move_adapter
from pfi_aggregator.domain.stored_update import verify_stored_update
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import ArtifactCorruptError
from pfi_common.tensors import FP32, decode


@dataclass(frozen=True)
class MergeRound:
    """Reads each counted update once, in memory that does not grow with their number."""

    rounds: Rounds
    failpoints: Failpoints

    def run(
        self, plan: RoundPlan, counted: tuple[CountedUpdate, ...], base: bytes, state: bytes | None
    ) -> tuple[NDArray[np.float32], OptimizerState]:
        """Gives the next adapter and the optimiser's next state.

        Args:
            plan: The round's plan.
            counted: The counted set; its order does not matter.
            base: Canonical payload of the base adapter.
            state: Bytes of the optimiser's state before; none before the first round.

        Shapes: the adapter (n,).

        Raises:
            ArtifactCorruptError: a committed update or the state is not what was stored.
            AdapterInvalidError: the result is not finite.
        """
        count = plan.schema.coordinate_count
        if len(base) != 4 * count:
            raise ArtifactCorruptError("The base adapter does not have the schema's size.")
        moments = (
            OptimizerState.first(plan.server_optimizer, count)
            if state is None
            else OptimizerState.from_bytes(state, plan.server_optimizer, count)
        )
        delta = self._mean(plan, counted)
        vector = decode(FP32, base, count)
        return move_adapter(plan.server_optimizer, vector, delta, moments), moments

    def _mean(self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> NDArray[np.float32]:
        merge = Merge(plan)
        for update in counted:
            with self.rounds.read(plan.key, update.task) as stored:
                verify_stored_update(plan, update, stored.record, stored.payload)
                merge.fold(update, stored.record.header.encoding, stored.payload)
            self.failpoints.reach(Failpoint.DURING_FOLD)
        return merge.mean()
