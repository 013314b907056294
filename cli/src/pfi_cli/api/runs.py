"""A run as the admin API describes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from pfi_cli.api.records import Record

ENDED_STATES = frozenset({"completed", "failed", "cancelled"})


class Why(Record):
    """Why a run is not further: what it waits for, since when, and what helps."""

    waiting_for: str = ""
    since: datetime | None = None
    unblocks: str = ""
    next: str = ""


class Member(Record):
    """One client of a cohort, or of the closing evaluation."""

    client: str
    display_name: str = ""
    task: str = ""
    state: str
    steps_done: int = 0
    steps_total: int = 0
    payload_bytes: int | None = None
    metrics: dict[str, float] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name for people."""
        return self.display_name or self.client


class Round(Record):
    """One round; of several attempts the last.

    Attributes:
        next_opened_at: When the attempt that came after it opened, by the same clock as
            `opened_at`; read from the run.
    """

    round: int
    attempt: int = 1
    state: str
    opened_at: datetime | None = None
    sealed_at: datetime | None = None
    published_at: datetime | None = None
    deadline: datetime | None = None
    cohort: Sequence[Member] = ()
    counted: int | None = None
    merge_seconds: float | None = None
    clipped: int | None = None
    capped: int | None = None
    adapter_digest: str | None = None
    next_opened_at: datetime | None = None

    @property
    def wall_seconds(self) -> float | None:
        """Time from the opening to the next round's; None before the adapter is published.

        Nothing comes after the last round: it ends with its adapter, by the aggregator's clock.
        """
        if self.opened_at is None or self.published_at is None:
            return None
        end = self.next_opened_at or self.published_at
        return max(0.0, (end - self.opened_at).total_seconds())


class Publication(Record):
    """An adapter version of a run."""

    version: int
    digest: str
    lineage_digest: str = ""
    published_at: datetime | None = None


class FixedPoint(Record):
    """Arithmetic of the merge."""

    fraction_bits: int
    resolution: float


class RunSummary(Record):
    """A line in the list of runs."""

    run: str
    name: str
    state: str
    created_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED_STATES


class Run(RunSummary):
    """A run with everything that is known of it."""

    revision: int = 0
    why: Why | None = None
    error: dict[str, Any] | None = None
    spec: dict[str, Any] = Field(default_factory=dict)
    backbone_digest: str = ""
    schema_digest: str = ""
    fixed_point: FixedPoint | None = None
    rounds: Sequence[Round] = ()
    evaluation: Sequence[Member] = ()
    adapters: Sequence[Publication] = ()

    @field_validator("rounds")
    @classmethod
    def _keep_last_attempts(cls, attempts: Sequence[Round]) -> Sequence[Round]:
        """Keeps the last attempt of each round; the server tells of aborted ones, too."""
        following: datetime | None = None
        last: dict[int, Round] = {}
        for each in sorted(attempts, key=lambda each: (each.round, each.attempt), reverse=True):
            known = each.next_opened_at or following
            last.setdefault(each.round, each.model_copy(update={"next_opened_at": known}))
            following = each.opened_at or following
        return tuple(reversed(last.values()))

    @property
    def rounds_planned(self) -> int:
        """Rounds after which the run stops."""
        return int(self.spec.get("stop", {}).get("rounds", len(self.rounds)))
