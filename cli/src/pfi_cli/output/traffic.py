"""Payload bytes of a run so far."""

from collections.abc import Iterable
from dataclasses import dataclass

from pfi_cli.api.runs import Member, Run


@dataclass(frozen=True)
class Traffic:
    """Payload bytes between clients and the federation.

    Attributes:
        up_bytes: From clients, repeats included.
        down_bytes: To clients.
    """

    up_bytes: int
    down_bytes: int

    @classmethod
    def of_members(cls, members: Iterable[Member]) -> "Traffic":
        """Sums what the members of a cohort report."""
        metrics = [member.metrics for member in members]
        return cls(
            up_bytes=round(sum(m.get("uploaded_bytes", 0.0) for m in metrics)),
            down_bytes=round(sum(m.get("downloaded_bytes", 0.0) for m in metrics)),
        )

    @classmethod
    def of_run(cls, run: Run) -> "Traffic":
        """Sums all rounds and the closing evaluation."""
        members = [member for each in run.rounds for member in each.cohort]
        return cls.of_members([*members, *run.evaluation])
