"""The state of a run: counters and sets, small enough to be rewritten on every event.

Rows of single clients (progress, metrics) are not here: they are kept beside the state and never
decide anything.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from pfi_coordinator.domain.demands import UnmetCounts
from pfi_coordinator.domain.forms import AdapterForm
from pfi_coordinator.domain.rules import RunRules

Durations = tuple[tuple[int, int], ...]
"""A histogram of durations: (bin, how many), by bin; see `durations`."""

GLOBAL = "global"
"""The line that every run begins with; a run without clusters has no other."""


class RunPhase(StrEnum):
    """Where a run is in its life."""

    PENDING = "pending"
    RUNNING = "running"
    EVALUATING = "evaluating"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether the run does no more work for its user."""
        return self in {RunPhase.COMPLETED, RunPhase.FAILED, RunPhase.CANCELLED}


class RoundPhase(StrEnum):
    """Where one attempt of a round is in its life."""

    WAITING = "waiting"
    BACKING_OFF = "backing_off"
    OPENING = "opening"
    COLLECTING = "collecting"
    SEALING = "sealing"
    REDUCING = "reducing"
    FINALIZING = "finalizing"
    ABORTING = "aborting"
    PUBLISHED = "published"
    ABORTED = "aborted"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something ended badly: a reason of the error catalog and a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps an effect from being carried out just now; `spool` names those it is about."""

    effect: str
    reason: str
    since: datetime
    spool: str = ""


@dataclass(frozen=True, slots=True)
class AdapterVersion:
    """A published version of a line, and the forms in which clients download it.

    `discarded_energy` is the share of the squared norm that cutting to the schema's rank took, and
    `left_out` says how many counted updates the aggregation rule left out.
    """

    version: int
    digest: str
    schema_digest: str
    lineage_digest: str
    optimizer_state_digest: str
    published_at: datetime
    line: str = GLOBAL
    forms: tuple[AdapterForm, ...] = ()
    discarded_energy: float = 0.0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Replacements:
    """Clients that were selected after the round had been opened, and when."""

    clients: frozenset[str]
    since: datetime


@dataclass(frozen=True, slots=True)
class Pacer:
    """What the policy `utility` remembers from round to round.

    Attributes:
        moved: By how many steps the pacer has moved the quantile of preferred durations.
        utilities: Mean statistical utility that each of the last rounds achieved, oldest first.
    """

    moved: int = 0
    utilities: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class RoundState:
    """One attempt of a round.

    `open`, `committed` and `closed` are disjoint and make up the cohort: clients that still work,
    clients whose update is durable, and clients that gave their task back or were revoked.
    `reported` clients sent a receipt; of `watched` ones the aggregator told whether it clipped.

    `spools` hold the updates, the one that finalizes first, and `dealing` says which client's lies
    where; without any the round lies on the spool of its run. `elsewhere` says that other spools
    could take the next attempt. Of `pieces` that workers compute, `pieces_done` are there.

    Of the attempts before this one a person broke `forgiven` off; the others failed.

    `replacements` are the clients that were selected for others that dropped out. `durations` says
    how long updates took, `utility` is the sum of what `reports` clients reported, and
    `deadline_from` says in words where the deadline comes from.
    """

    number: int
    attempt: int
    phase: RoundPhase
    since: datetime
    open: frozenset[str] = frozenset()
    committed: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    reported: frozenset[str] = frozenset()
    watched: frozenset[str] = frozenset()
    opened_at: datetime | None = None
    deadline: datetime | None = None
    sealed_at: datetime | None = None
    published_at: datetime | None = None
    counted: int = 0
    clipped: int = 0
    capped: int = 0
    merge_seconds: float | None = None
    adapter_digest: str | None = None
    cause: Failure | None = None
    line: str = GLOBAL
    spools: tuple[str, ...] = ()
    dealing: int = 0
    elsewhere: bool = False
    pieces: int = 0
    pieces_done: int = 0
    forgiven: int = 0
    replacements: tuple[Replacements, ...] = ()
    durations: Durations = ()
    utility: float = 0.0
    reports: int = 0
    deadline_from: str = ""

    @property
    def cohort(self) -> frozenset[str]:
        """Every selected client."""
        return self.open | self.committed | self.closed

    def selected(self, client: str) -> bool:
        """Whether a client is of the cohort; `cohort` costs as much as it has members."""
        return client in self.open or client in self.committed or client in self.closed

    def begun_at(self, client: str) -> datetime | None:
        """When a client of the cohort could begin; None before the round was opened."""
        found = (item.since for item in self.replacements if client in item.clients)
        return next(found, self.opened_at)

    def entered(self, phase: RoundPhase, now: datetime) -> "RoundState":
        """Gives this attempt in another phase."""
        return replace(self, phase=phase, since=now)


UNSETTLED = frozenset(
    {RoundPhase.COLLECTING, RoundPhase.SEALING, RoundPhase.REDUCING, RoundPhase.FINALIZING}
)
"""Phases in which the aggregator may still tell of committed updates."""


@dataclass(frozen=True, slots=True)
class SettlingRound:
    """A published round whose receipts are kept until its clients have reported, or `settle_at`."""

    number: int
    attempt: int
    awaiting: frozenset[str]
    settle_at: datetime
    spools: tuple[str, ...] = ()
    dealing: int = 0


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """The closing evaluation."""

    waiting: frozenset[str]
    deadline: datetime
    storing: bool = False


class PartitionPhase(StrEnum):
    """How far the grouping of clients is."""

    PENDING = "pending"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class PartitionState:
    """The grouping of the clients of the probe round.

    Attributes:
        phase: Whether it is known.
        since: Since when the run is in this phase.
        clusters: Number of clusters; 1 when the run goes on as one line, 0 while it is pending.
        silhouette: Of the partition, from -1 to 1; None when none was computed.
        reason: Why it is as it is, in a sentence.
        gone: Clients that were revoked while it was pending.
    """

    phase: PartitionPhase
    since: datetime
    clusters: int = 0
    silhouette: float | None = None
    reason: str = ""
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Placement:
    """New clients that were asked which line fits their rows; the number is unique in the run."""

    number: int
    waiting: frozenset[str]
    deadline: datetime


@dataclass(frozen=True, slots=True)
class RunState:
    """Everything that a run's next decision depends on.

    A run that has formed clusters holds one state of the same kind for each cluster's line. Only
    such a line has `members`, which alone may be selected; `placed` are those of them that joined
    after the clusters had been formed.

    At the last look for clients, `eligible` could be selected; `unmet` counts those that were
    connected and could not, by the first demand that each did not meet.

    While it is paused it opens nothing new. A run that was extended has had `evaluations_past`
    closing evaluations before the one of its new end.
    """

    run: str
    rules: RunRules
    phase: RunPhase
    since: datetime
    created_at: datetime
    ended_at: datetime | None = None
    round: RoundState | None = None
    last_round: RoundState | None = None
    base: AdapterVersion | None = None
    settling: tuple[SettlingRound, ...] = ()
    participants: frozenset[str] = frozenset()
    unwilling: frozenset[str] = frozenset()
    evaluation: EvaluationState | None = None
    eligible: int = 0
    unmet: UnmetCounts = ()
    trouble: Trouble | None = None
    failure: Failure | None = field(default=None)
    line: str = GLOBAL
    members: frozenset[str] = frozenset()
    placed: frozenset[str] = frozenset()
    partition: PartitionState | None = None
    lines: tuple["RunState", ...] = ()
    placements: tuple[Placement, ...] = ()
    placements_begun: int = 0
    paused_since: datetime | None = None
    evaluations_past: int = 0
    pacer: Pacer = Pacer()
    durations: tuple[Durations, ...] = ()

    @property
    def at_rest(self) -> bool:
        """Whether nothing can happen to this run any more."""
        own = self.phase.ended and self.round is None and not self.settling
        return own and all(line.at_rest for line in self.lines)


def new_run(run: str, rules: RunRules, now: datetime) -> RunState:
    """Gives the state of a run before its first event."""
    return RunState(run=run, rules=rules, phase=RunPhase.PENDING, since=now, created_at=now)
