"""Finds the change that the counted updates of a round make."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.merge_round import MergeRound, mean_of
from pfi_aggregator.application.partial_sums import PartialSums
from pfi_aggregator.application.reduction_pieces import ReductionPieces, stale_piece
from pfi_aggregator.domain.lineage import AggregationReport
from pfi_aggregator.domain.partial_sum import PartialSum, Sums
from pfi_aggregator.domain.reduction import (
    Reduced,
    Reduction,
    read_piece,
    reduction_digest,
    reduction_of,
    require_population,
)
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints


@dataclass(frozen=True, eq=False)
class Change:
    """What moves the shared adapter.

    Shapes: delta (n,).

    Attributes:
        delta: The change of each coordinate, before the server optimiser.
        report: What rule and product did.
    """

    delta: NDArray[np.float32]
    report: AggregationReport


@dataclass(frozen=True)
class FindChange:
    """Merges exactly, or completes what workers have reduced."""

    merge: MergeRound
    pieces: ReductionPieces
    partials: PartialSums
    failpoints: Failpoints

    async def run(
        self,
        plan: RoundPlan,
        counted: tuple[CountedUpdate, ...],
        partials: Sequence[PartialSum] = (),
    ) -> Change:
        """Gives the change; equal bits for equal counted sets, on however many spools they lie.

        Args:
            plan: The round's plan.
            counted: Counted updates of this spool.
            partials: What every other spool of the plan adds.

        Raises:
            PopulationTooSmallError: the rule is not defined for so few updates.
            ReductionIncompleteError: a piece is not there.
            ReductionFailedError: a worker could not compute a piece, or it is damaged or another
                round's.
            ArtifactCorruptError: a committed update or a piece is damaged.
        """
        require_population(plan, counted)
        reduction = reduction_of(plan, counted)
        if reduction is None:
            return Change(await self._mean(plan, counted, partials), _report(plan, Reduced()))
        reduced = await self._complete(plan, counted, reduction)
        if reduced.delta is not None:
            return Change(reduced.delta, _report(plan, reduced))
        weights = reduced.weights or {}
        delta = await in_thread(self.merge.selected_mean, plan, counted, weights)
        return Change(delta, _report(plan, reduced))

    async def _mean(
        self,
        plan: RoundPlan,
        counted: tuple[CountedUpdate, ...],
        partials: Sequence[PartialSum],
    ) -> NDArray[np.float32]:
        sums = Sums(*await in_thread(self.merge.sums, plan, counted))
        for partial in partials:
            await self.partials.add(partial, sums)
            self.failpoints.reach(Failpoint.PARTIAL_ADDED)
        return await in_thread(mean_of, plan, sums.values, sums.total_weight_units)

    async def _complete(
        self, plan: RoundPlan, counted: tuple[CountedUpdate, ...], reduction: Reduction
    ) -> Reduced:
        digest, completion = reduction_digest(plan, counted), reduction.completion()
        for piece in range(reduction.piece_count):
            data = await self.pieces.require(plan.key, piece)
            body = await in_thread(read_piece, digest, piece, data)
            if body is None:
                raise stale_piece(piece)
            await in_thread(completion.add, piece, body)
        return await in_thread(completion.finish)


def _report(plan: RoundPlan, reduced: Reduced) -> AggregationReport:
    return AggregationReport(
        rule=plan.rule.rule.name,
        product=plan.product.name,
        left_out=reduced.left_out,
        discarded_energy=reduced.discarded_energy,
    )
