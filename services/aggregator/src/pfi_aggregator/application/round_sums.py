"""The sums of a round and whose they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pfi_aggregator.domain.merge import Merge
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(eq=False)
class RoundSums:
    """Sums that grow by whole updates, however these come.

    Attributes:
        plan: The round's plan.
        merge: The sums.
        updates: The updates in them.
        spoilt: True once half an update may stay in the sums, which nobody may use any more.
    """

    plan: RoundPlan
    merge: Merge
    updates: list[CountedUpdate] = field(default_factory=list)
    spoilt: bool = False

    def add(self, update: CountedUpdate) -> None:
        """Notes an update that is in the sums."""
        self.updates.append(update)

    @contextmanager
    def whole_or_spoilt(self) -> Iterator[None]:
        """Marks the sums as spoilt unless the context ends well, whatever the error."""
        ended = False
        try:
            yield
            ended = True
        finally:
            self.spoilt = self.spoilt or not ended
