"""What a decision asks the outside world to do. A closed list: `Effect` names all of them.

Effects are carried out at least once, so each is named by (run, round, attempt, kind) and may be
repeated without harm.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class CreateInitialAdapter:
    """Make version 0."""

    kind: Literal["create_initial_adapter"] = "create_initial_adapter"
    number: ClassVar[int] = 0
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class OpenRound:
    """Let the aggregator take uploads."""

    number: int
    attempt: int
    kind: Literal["open_round"] = "open_round"


@dataclass(frozen=True, slots=True)
class DispatchTasks:
    """Give each client of the cohort its task."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    deadline: datetime
    kind: Literal["dispatch_tasks"] = "dispatch_tasks"


@dataclass(frozen=True, slots=True)
class CancelTasks:
    """Take tasks of these clients back."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    kind: Literal["cancel_tasks"] = "cancel_tasks"


@dataclass(frozen=True, slots=True)
class SealRound:
    """Fix the counted set."""

    number: int
    attempt: int
    kind: Literal["seal_round"] = "seal_round"


@dataclass(frozen=True, slots=True)
class FinalizeRound:
    """Merge, publish, verify and countersign."""

    number: int
    attempt: int
    kind: Literal["finalize_round"] = "finalize_round"


@dataclass(frozen=True, slots=True)
class AbortRound:
    """Void the attempt."""

    number: int
    attempt: int
    kind: Literal["abort_round"] = "abort_round"


@dataclass(frozen=True, slots=True)
class SettleRound:
    """Delete the updates of every attempt up to this one and tell the clients."""

    number: int
    attempt: int
    kind: Literal["settle_round"] = "settle_round"


@dataclass(frozen=True, slots=True)
class DispatchEvaluation:
    """Give each of these clients an evaluation task."""

    number: int
    clients: tuple[str, ...]
    deadline: datetime
    kind: Literal["dispatch_evaluation"] = "dispatch_evaluation"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class CancelEvaluation:
    """Take evaluation tasks back."""

    number: int
    clients: tuple[str, ...]
    kind: Literal["cancel_evaluation"] = "cancel_evaluation"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class StoreEvaluation:
    """Write the evaluation artifact."""

    number: int
    kind: Literal["store_evaluation"] = "store_evaluation"
    attempt: ClassVar[int] = 0


Effect = (
    CreateInitialAdapter
    | OpenRound
    | DispatchTasks
    | CancelTasks
    | SealRound
    | FinalizeRound
    | AbortRound
    | SettleRound
    | DispatchEvaluation
    | CancelEvaluation
    | StoreEvaluation
)


def effect_key(effect: Effect) -> str:
    """Names an effect within its run: `<round>/<attempt>/<kind>`."""
    return f"{effect.number}/{effect.attempt}/{effect.kind}"
