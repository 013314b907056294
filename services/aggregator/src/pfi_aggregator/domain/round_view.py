"""What is known of one attempt of a round."""

from dataclasses import dataclass

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import RoundState


@dataclass(frozen=True)
class RoundOutcome:
    """What a finalized round has led to; durable before the adapter's pointer is written.

    Attributes:
        lineage_digest: Digest of the signed lineage, an artifact.
        merge_seconds: Wall time of reading, merging and optimising.
        spool: How the lineage names this spool; empty when this spool's aggregator signed it.
    """

    lineage_digest: str
    merge_seconds: float
    spool: str = ""


@dataclass(frozen=True)
class RoundView:
    """One attempt at one moment.

    Attributes:
        state: Where it stands, or stood when it was settled.
        plan: Its plan; none once it is settled.
        outcome: Set once it is finalized.
    """

    state: RoundState
    plan: RoundPlan | None
    outcome: RoundOutcome | None

    @property
    def settled(self) -> bool:
        """Whether its updates are gone."""
        return self.plan is None
