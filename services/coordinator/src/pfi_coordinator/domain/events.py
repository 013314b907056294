"""What can happen to a run. A closed list: `Event` names all of them.

An event about an attempt carries the round's number and the attempt, so that a late or repeated one
is recognised and changes nothing.
"""

from dataclasses import dataclass
from typing import Literal

from pfi_coordinator.domain.state import AdapterVersion


@dataclass(frozen=True, slots=True)
class RunSubmitted:
    """The run was stored."""

    type: Literal["run_submitted"] = "run_submitted"


@dataclass(frozen=True, slots=True)
class InitialAdapterMade:
    """Version 0 is published."""

    adapter: AdapterVersion
    type: Literal["initial_adapter_made"] = "initial_adapter_made"


@dataclass(frozen=True, slots=True)
class ClientsEligible:
    """These clients could be selected now."""

    clients: tuple[str, ...]
    type: Literal["clients_eligible"] = "clients_eligible"


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """The aggregator takes uploads of this attempt."""

    number: int
    attempt: int
    type: Literal["round_opened"] = "round_opened"


@dataclass(frozen=True, slots=True)
class CommittedUpdate:
    """A durable update, as the aggregator reports it."""

    client: str
    clipped: bool = False
    capped: bool = False


@dataclass(frozen=True, slots=True)
class UpdatesCommitted:
    """The aggregator reported these updates; repeats are normal."""

    number: int
    attempt: int
    updates: tuple[CommittedUpdate, ...]
    type: Literal["updates_committed"] = "updates_committed"


@dataclass(frozen=True, slots=True)
class TasksFinished:
    """These clients sent a verified receipt."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    type: Literal["tasks_finished"] = "tasks_finished"


@dataclass(frozen=True, slots=True)
class TasksGivenBack:
    """These clients gave their task back."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    type: Literal["tasks_given_back"] = "tasks_given_back"


@dataclass(frozen=True, slots=True)
class ClientsRevoked:
    """These clients are no members any more."""

    clients: tuple[str, ...]
    type: Literal["clients_revoked"] = "clients_revoked"


@dataclass(frozen=True, slots=True)
class RoundSealed:
    """The counted set is fixed."""

    number: int
    attempt: int
    counted: tuple[str, ...]
    type: Literal["round_sealed"] = "round_sealed"


@dataclass(frozen=True, slots=True)
class RoundPublished:
    """The next version is published and countersigned."""

    number: int
    attempt: int
    adapter: AdapterVersion
    merge_seconds: float
    type: Literal["round_published"] = "round_published"


@dataclass(frozen=True, slots=True)
class RoundAborted:
    """The attempt is void."""

    number: int
    attempt: int
    type: Literal["round_aborted"] = "round_aborted"


@dataclass(frozen=True, slots=True)
class EvaluationAnswered:
    """These clients sent their closing evaluation, or gave it back."""

    clients: tuple[str, ...]
    type: Literal["evaluation_answered"] = "evaluation_answered"


@dataclass(frozen=True, slots=True)
class EvaluationStored:
    """The evaluation is an artifact."""

    type: Literal["evaluation_stored"] = "evaluation_stored"


@dataclass(frozen=True, slots=True)
class EffectDelayed:
    """An effect could not be carried out yet and is tried again; without a reason: it could."""

    effect: str
    reason: str
    type: Literal["effect_delayed"] = "effect_delayed"


@dataclass(frozen=True, slots=True)
class EffectFailed:
    """An effect can never be carried out."""

    effect: str
    number: int
    attempt: int
    reason: str
    message: str
    type: Literal["effect_failed"] = "effect_failed"


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """A person cancelled the run."""

    type: Literal["cancel_requested"] = "cancel_requested"


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; deadlines are looked at."""

    type: Literal["tick"] = "tick"


Event = (
    RunSubmitted
    | InitialAdapterMade
    | ClientsEligible
    | RoundOpened
    | UpdatesCommitted
    | TasksFinished
    | TasksGivenBack
    | ClientsRevoked
    | RoundSealed
    | RoundPublished
    | RoundAborted
    | EvaluationAnswered
    | EvaluationStored
    | EffectDelayed
    | EffectFailed
    | CancelRequested
    | Tick
)
