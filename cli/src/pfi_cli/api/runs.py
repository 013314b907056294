"""A run as the admin API describes it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field, field_validator

from pfi_cli.api.records import Record

ENDED_STATES = frozenset({"completed", "failed", "cancelled"})
GLOBAL = "global"
"""The line that every run begins with."""


def line_order(line: str) -> tuple[int, str]:
    """Sorts lines: the global one, then clusters by their number."""
    number = line.rpartition("-")[2]
    return (0 if line == GLOBAL else int(number) if number.isdigit() else 1, line)


class Why(Record):
    """Why a run is not further: what it waits for, since when, and what helps."""

    waiting_for: str = ""
    since: datetime | None = None
    unblocks: str = ""
    next: str = ""


class Member(Record):
    """One client of a cohort, or of the closing evaluation, which names its line."""

    line: str = GLOBAL
    client: str
    display_name: str = ""
    task: str = ""
    state: str
    steps_done: int = 0
    steps_total: int = 0
    upload_encoding: str | None = None
    device_class: str | None = None
    payload_bytes: int | None = None
    metrics: dict[str, float] = Field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name for people."""
        return self.display_name or self.client


class Round(Record):
    """One round of a line; of several attempts the last.

    Attributes:
        next_opened_at: When the attempt that came after it opened, by the same clock as
            `opened_at`; read from the run.
    """

    line: str = GLOBAL
    round: int
    attempt: int = 1
    state: str
    opened_at: datetime | None = None
    sealed_at: datetime | None = None
    published_at: datetime | None = None
    deadline: datetime | None = None
    deadline_from: str | None = None
    replacements: int = 0
    spools: Sequence[str] = ()
    pieces: int = 0
    pieces_done: int = 0
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
    """An adapter version of a line of a run."""

    line: str = GLOBAL
    version: int
    digest: str
    lineage_digest: str = ""
    published_at: datetime | None = None
    left_out: int = 0


class FixedPoint(Record):
    """Arithmetic of the merge."""

    fraction_bits: int
    resolution: float


class ClusterLine(Record):
    """The line of a cluster; a round while one is open."""

    line: str
    state: str
    members: int = 0
    round: int | None = None
    version: int = 0
    adapter_digest: str = ""
    error: dict[str, Any] | None = None


class Partition(Record):
    """How the clients were grouped; one cluster when the run goes on as one line."""

    state: str
    probe_round: int
    clusters: int | None = None
    silhouette: float | None = None
    reason: str = ""


class RunSummary(Record):
    """A line in the list of runs."""

    run: str
    name: str
    state: str
    created_at: datetime | None = None
    ended_at: datetime | None = None
    rounds_total: int | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ENDED_STATES


class Origin(Record):
    """The version of another run that a run was restarted from."""

    run: str
    line: str
    version: int
    digest: str


class Run(RunSummary):
    """A run with everything that is known of it."""

    revision: int = 0
    why: Why | None = None
    error: dict[str, Any] | None = None
    spec: dict[str, Any] = Field(default_factory=dict)
    backbone_digest: str = ""
    schema_digest: str = ""
    origin: Origin | None = None
    fixed_point: FixedPoint | None = None
    rounds: Sequence[Round] = ()
    evaluation: Sequence[Member] = ()
    adapters: Sequence[Publication] = ()
    lines: Sequence[ClusterLine] = ()
    partition: Partition | None = None

    @field_validator("rounds")
    @classmethod
    def _keep_last_attempts(cls, attempts: Sequence[Round]) -> Sequence[Round]:
        """Keeps the last attempt of each round; the server tells of aborted ones, too."""
        lines = sorted({each.line for each in attempts}, key=line_order)
        return tuple(
            each
            for line in lines
            for each in _last_attempts([each for each in attempts if each.line == line])
        )

    @property
    def rounds_planned(self) -> int:
        """Rounds after which the run stops; more than were specified once it was extended."""
        if self.rounds_total is not None:
            return self.rounds_total
        return int(self.spec.get("stop", {}).get("rounds", len(self.rounds)))

    @property
    def probe_round(self) -> int | None:
        """The round after which clusters go on; None for a run with one line to its end."""
        cluster = self.spec.get("cluster") or {}
        one_line = self.partition is not None and self.partition.clusters == 1
        if cluster.get("method", "none") == "none" or one_line:
            return None
        return int(cluster["probe_round"])

    @property
    def line_names(self) -> Sequence[str]:
        """The global line and those of clusters, in their order."""
        return (GLOBAL, *sorted((each.line for each in self.lines), key=line_order))

    def left_out_of(self, each: Round) -> int:
        """How many counted updates of a published round the aggregation rule left out."""
        named = (version for version in self.adapters if version.line == each.line)
        found = (version.left_out for version in named if version.digest == each.adapter_digest)
        return next(found, 0)

    def rounds_of(self, line: str) -> range:
        """Numbers of the rounds that a line has or will have."""
        probe = self.probe_round
        if line == GLOBAL:
            return range(1, (self.rounds_planned if probe is None else probe) + 1)
        return range((probe or 0) + 1, self.rounds_planned + 1)


def _last_attempts(attempts: Sequence[Round]) -> Sequence[Round]:
    """Keeps the last attempt of each round of a line, and notes when the next round opened."""
    following: datetime | None = None
    last: dict[int, Round] = {}
    for each in sorted(attempts, key=lambda each: (each.round, each.attempt), reverse=True):
        known = each.next_opened_at or following
        last.setdefault(each.round, each.model_copy(update={"next_opened_at": known}))
        following = each.opened_at or following
    return tuple(reversed(last.values()))
