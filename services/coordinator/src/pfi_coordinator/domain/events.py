"""What can happen to a run. A closed list: `Event` names all of them.

An event about an attempt carries the round's number and the attempt, so that a late or repeated one
is recognised and changes nothing. `line` says which line it is about.
"""

from dataclasses import dataclass, field
from typing import Literal

from pfi_coordinator.domain.demands import UnmetCounts
from pfi_coordinator.domain.facts import ClientFacts, ClientReport, CommittedUpdate
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass(frozen=True, slots=True)
class _OfLine:
    line: str = field(default=GLOBAL, kw_only=True)


@dataclass(frozen=True, slots=True)
class RunSubmitted(_OfLine):
    """The run was stored."""

    type: Literal["run_submitted"] = "run_submitted"


@dataclass(frozen=True, slots=True)
class InitialAdapterMade(_OfLine):
    """Version 0 is published."""

    adapter: AdapterVersion
    type: Literal["initial_adapter_made"] = "initial_adapter_made"


@dataclass(frozen=True, slots=True)
class ClientsEligible(_OfLine):
    """These clients could be selected now, and these spools would take their updates.

    `unmet` counts the other connected clients by the first demand that each misses. Without spools,
    of those that are known, none was asked: too few clients, or an open round that has its own.
    `facts` tell what the run knows of clients, if its policy asks. `absent` clients hold an open
    task and have been away longer than allowed.
    """

    clients: tuple[str, ...]
    spools: tuple[str, ...] = ()
    spools_known: int = 0
    unmet: UnmetCounts = ()
    facts: tuple[ClientFacts, ...] = ()
    absent: tuple[str, ...] = ()
    type: Literal["clients_eligible"] = "clients_eligible"


@dataclass(frozen=True, slots=True)
class RoundOpened(_OfLine):
    """The aggregator takes uploads of this attempt."""

    number: int
    attempt: int
    type: Literal["round_opened"] = "round_opened"


@dataclass(frozen=True, slots=True)
class UpdatesCommitted(_OfLine):
    """The aggregator reported these updates; repeats are normal."""

    number: int
    attempt: int
    updates: tuple[CommittedUpdate, ...]
    type: Literal["updates_committed"] = "updates_committed"


@dataclass(frozen=True, slots=True)
class UploadsClosed(_OfLine):
    """The aggregator takes no more updates of this attempt."""

    number: int
    attempt: int
    type: Literal["uploads_closed"] = "uploads_closed"


@dataclass(frozen=True, slots=True)
class TasksFinished(_OfLine):
    """These clients sent a verified receipt."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    reports: tuple[ClientReport, ...] = ()
    type: Literal["tasks_finished"] = "tasks_finished"


@dataclass(frozen=True, slots=True)
class TasksGivenBack(_OfLine):
    """These clients gave their task back."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    type: Literal["tasks_given_back"] = "tasks_given_back"


@dataclass(frozen=True, slots=True)
class ClientsRevoked(_OfLine):
    """These clients are no members any more."""

    clients: tuple[str, ...]
    type: Literal["clients_revoked"] = "clients_revoked"


@dataclass(frozen=True, slots=True)
class RoundSealed(_OfLine):
    """The counted set is fixed; workers have to compute so many pieces."""

    number: int
    attempt: int
    counted: tuple[str, ...]
    pieces: int = 0
    type: Literal["round_sealed"] = "round_sealed"


@dataclass(frozen=True, slots=True)
class PiecesReduced(_OfLine):
    """So many pieces are there."""

    number: int
    attempt: int
    done: int
    type: Literal["pieces_reduced"] = "pieces_reduced"


@dataclass(frozen=True, slots=True)
class RoundReduced(_OfLine):
    """The partial sums of every other spool and all pieces are there."""

    number: int
    attempt: int
    type: Literal["round_reduced"] = "round_reduced"


@dataclass(frozen=True, slots=True)
class RoundPublished(_OfLine):
    """The next version is published and countersigned."""

    number: int
    attempt: int
    adapter: AdapterVersion
    merge_seconds: float
    type: Literal["round_published"] = "round_published"


@dataclass(frozen=True, slots=True)
class RoundAborted(_OfLine):
    """The attempt is void; these of its spools did not answer and do not know it yet."""

    number: int
    attempt: int
    unaware: tuple[str, ...] = ()
    type: Literal["round_aborted"] = "round_aborted"


@dataclass(frozen=True, slots=True)
class ClientsPartitioned(_OfLine):
    """The clients of the probe round were grouped; one group means that none were found.

    Attributes:
        clusters: Client ids of each cluster.
        silhouette: Of the partition; None when none was computed.
        reason: Why it is as it is, in a sentence.
    """

    clusters: tuple[tuple[str, ...], ...]
    silhouette: float | None
    reason: str
    type: Literal["clients_partitioned"] = "clients_partitioned"


@dataclass(frozen=True, slots=True)
class ClientPlaced(_OfLine):
    """A new client said which line fits its rows best."""

    number: int
    client: str
    chosen: str
    type: Literal["client_placed"] = "client_placed"


@dataclass(frozen=True, slots=True)
class EvaluationAnswered(_OfLine):
    """These clients sent their closing evaluation, or gave it back."""

    clients: tuple[str, ...]
    type: Literal["evaluation_answered"] = "evaluation_answered"


@dataclass(frozen=True, slots=True)
class EvaluationStored(_OfLine):
    """The evaluation is an artifact; `past` evaluations of the line were before it."""

    past: int = 0
    type: Literal["evaluation_stored"] = "evaluation_stored"


@dataclass(frozen=True, slots=True)
class EffectDelayed(_OfLine):
    """An effect could not be carried out yet and is tried again; without a reason: it could.

    `spool` names the spools that stand in the way.
    """

    effect: str
    reason: str
    spool: str = ""
    type: Literal["effect_delayed"] = "effect_delayed"


@dataclass(frozen=True, slots=True)
class EffectFailed(_OfLine):
    """An effect can never be carried out."""

    effect: str
    number: int
    attempt: int
    reason: str
    message: str
    type: Literal["effect_failed"] = "effect_failed"


@dataclass(frozen=True, slots=True)
class CancelRequested(_OfLine):
    """A person cancelled the run."""

    type: Literal["cancel_requested"] = "cancel_requested"


@dataclass(frozen=True, slots=True)
class PauseRequested(_OfLine):
    """A person paused the run; `at_once` breaks an open attempt off as well."""

    at_once: bool = False
    type: Literal["pause_requested"] = "pause_requested"


@dataclass(frozen=True, slots=True)
class ResumeRequested(_OfLine):
    """A person let a paused run go on."""

    type: Literal["resume_requested"] = "resume_requested"


@dataclass(frozen=True, slots=True)
class ExtendRequested(_OfLine):
    """A person wants this many rounds in all."""

    rounds: int
    type: Literal["extend_requested"] = "extend_requested"


@dataclass(frozen=True, slots=True)
class Tick(_OfLine):
    """Time has passed; deadlines are looked at."""

    type: Literal["tick"] = "tick"


Event = (
    RunSubmitted
    | InitialAdapterMade
    | ClientsEligible
    | RoundOpened
    | UpdatesCommitted
    | UploadsClosed
    | TasksFinished
    | TasksGivenBack
    | ClientsRevoked
    | RoundSealed
    | PiecesReduced
    | RoundReduced
    | RoundPublished
    | RoundAborted
    | ClientsPartitioned
    | ClientPlaced
    | EvaluationAnswered
    | EvaluationStored
    | EffectDelayed
    | EffectFailed
    | CancelRequested
    | PauseRequested
    | ResumeRequested
    | ExtendRequested
    | Tick
)
