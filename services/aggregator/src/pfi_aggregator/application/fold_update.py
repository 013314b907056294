"""Folds one committed update into a merge. Blocks."""

from dataclasses import dataclass, replace

from pfi_aggregator.application.ports import Rounds
from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_update import check_stored_record
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(frozen=True)
class FoldUpdate:
    """Reads a committed file once; it is verified while it is folded."""

    rounds: Rounds

    def run(self, plan: RoundPlan, merge: Merge, update: CountedUpdate, weight_units: int) -> None:
        """Folds an update with a weight, which need not be its own.

        Raises:
            ArtifactCorruptError: it is not what was committed; the merge is of no more use.
            PlatformError: it cannot be read; the merge is of no more use.
        """
        with self.rounds.read(plan.key, update.task) as stored:
            check_stored_record(plan, update, stored.record)
            weighted = replace(update, weight_units=weight_units)
            merge.fold(weighted, stored.record, stored.payload)
