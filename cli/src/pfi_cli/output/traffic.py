"""Payload bytes of a run so far."""

from collections.abc import Iterable
from dataclasses import dataclass

from pfi_cli.api.runs import Member, Run


@dataclass(frozen=True)
class Traffic:
    """Payload bytes between clients and the federation.

    Attributes:
        up_bytes: Updates that the aggregator has committed.
        down_bytes: Adapters that clients say they have received.
    """

    up_bytes: int
    down_bytes: int

    @classmethod
    def of_members(cls, members: Iterable[Member]) -> "Traffic":
        """Sums over the members of a cohort."""
        known = tuple(members)
        return cls(
            up_bytes=sum(member.payload_bytes or 0 for member in known),
            down_bytes=round(sum(m.metrics.get("downloaded_bytes", 0.0) for m in known)),
        )

    @classmethod
    def of_run(cls, run: Run) -> "Traffic":
        """Sums all rounds and the closing evaluation."""
        members = [member for each in run.rounds for member in each.cohort]
        return cls.of_members([*members, *run.evaluation])
