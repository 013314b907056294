"""Says which spool this is and which leader it has obeyed last."""

from dataclasses import dataclass

from pfi_aggregator.application.leadership import Leadership


@dataclass(frozen=True)
class SpoolFacts:
    """The answer to GetSpool.

    Attributes:
        name: Spool name.
        leader_token: Highest fencing token seen; 0 for none.
    """

    name: str
    leader_token: int


@dataclass(frozen=True)
class GetSpool:
    """The use case behind GetSpool."""

    leadership: Leadership
    spool: str

    def run(self) -> SpoolFacts:
        """Gives the facts."""
        return SpoolFacts(self.spool, self.leadership.highest())
