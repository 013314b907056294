"""What a decision asks the outside world to do. A closed list: `Effect` names all of them.

Effects are carried out at least once, so each is named by (run, line, round, attempt, kind) and may
be repeated without harm.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from pfi_coordinator.domain.state import GLOBAL


@dataclass(frozen=True, slots=True)
class _OfLine:
    line: str = field(default=GLOBAL, kw_only=True)


@dataclass(frozen=True, slots=True)
class CreateInitialAdapter(_OfLine):
    """Make version 0."""

    kind: Literal["create_initial_adapter"] = "create_initial_adapter"
    number: ClassVar[int] = 0
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class OpenRound(_OfLine):
    """Let the aggregator take uploads."""

    number: int
    attempt: int
    kind: Literal["open_round"] = "open_round"


@dataclass(frozen=True, slots=True)
class DispatchTasks(_OfLine):
    """Give each of these clients of the cohort its task; `wave` counts replacements."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    deadline: datetime
    wave: int = 0
    kind: Literal["dispatch_tasks"] = "dispatch_tasks"


@dataclass(frozen=True, slots=True)
class CancelTasks(_OfLine):
    """Take tasks of these clients back; `wave` counts replacements, and the seal after them."""

    number: int
    attempt: int
    clients: tuple[str, ...]
    wave: int = 0
    kind: Literal["cancel_tasks"] = "cancel_tasks"


@dataclass(frozen=True, slots=True)
class SealRound(_OfLine):
    """Fix the counted set."""

    number: int
    attempt: int
    kind: Literal["seal_round"] = "seal_round"


@dataclass(frozen=True, slots=True)
class ReduceRound(_OfLine):
    """Have the other spools fold, and workers compute what the round needs computed in pieces."""

    number: int
    attempt: int
    kind: Literal["reduce_round"] = "reduce_round"


@dataclass(frozen=True, slots=True)
class FinalizeRound(_OfLine):
    """Merge, publish, verify and countersign."""

    number: int
    attempt: int
    kind: Literal["finalize_round"] = "finalize_round"


@dataclass(frozen=True, slots=True)
class AbortRound(_OfLine):
    """Void the attempt."""

    number: int
    attempt: int
    kind: Literal["abort_round"] = "abort_round"


@dataclass(frozen=True, slots=True)
class VoidRound(_OfLine):
    """Tell spools that did not answer that the attempt is void, whenever they are back."""

    number: int
    attempt: int
    spools: tuple[str, ...]
    kind: Literal["void_round"] = "void_round"


@dataclass(frozen=True, slots=True)
class SettleRound(_OfLine):
    """Delete the updates of every attempt up to this one and tell the clients."""

    number: int
    attempt: int
    kind: Literal["settle_round"] = "settle_round"


@dataclass(frozen=True, slots=True)
class DispatchEvaluation(_OfLine):
    """Give each of these clients an evaluation task."""

    number: int
    clients: tuple[str, ...]
    deadline: datetime
    kind: Literal["dispatch_evaluation"] = "dispatch_evaluation"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class CancelEvaluation(_OfLine):
    """Take evaluation tasks back; `past` evaluations of the line were before theirs."""

    number: int
    clients: tuple[str, ...]
    past: int = 0
    kind: Literal["cancel_evaluation"] = "cancel_evaluation"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class StoreEvaluation(_OfLine):
    """Write the evaluation artifact."""

    number: int
    kind: Literal["store_evaluation"] = "store_evaluation"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class PartitionClients(_OfLine):
    """Have the clients of the probe round grouped by their sketches."""

    number: int
    kind: Literal["partition_clients"] = "partition_clients"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class ForgetSketches(_OfLine):
    """Delete the sketches of the probe round."""

    number: int
    kind: Literal["forget_sketches"] = "forget_sketches"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class PlaceClients(_OfLine):
    """Ask each of these new clients which line fits its rows best."""

    number: int
    clients: tuple[str, ...]
    deadline: datetime
    kind: Literal["place_clients"] = "place_clients"
    attempt: ClassVar[int] = 0


@dataclass(frozen=True, slots=True)
class CancelPlacement(_OfLine):
    """Take this question back."""

    number: int
    clients: tuple[str, ...]
    kind: Literal["cancel_placement"] = "cancel_placement"
    attempt: ClassVar[int] = 0


Effect = (
    CreateInitialAdapter
    | OpenRound
    | DispatchTasks
    | CancelTasks
    | SealRound
    | ReduceRound
    | FinalizeRound
    | AbortRound
    | VoidRound
    | SettleRound
    | DispatchEvaluation
    | CancelEvaluation
    | StoreEvaluation
    | PartitionClients
    | ForgetSketches
    | PlaceClients
    | CancelPlacement
)


def effect_key(effect: Effect) -> str:
    """Names an effect within its run: `<round>/<attempt>/<kind>`, after the line of a cluster.

    What is done again for replacements ends with their `wave`.
    """
    name = f"{effect.number}/{effect.attempt}/{effect.kind}"
    if isinstance(effect, DispatchTasks | CancelTasks) and effect.wave:
        name = f"{name}/{effect.wave}"
    return name if effect.line == GLOBAL else f"{effect.line}/{name}"
