"""Which effects of the outbox are still wanted, and which may overtake others."""

from collections.abc import Callable
from typing import Any

from pfi_coordinator.domain import effects
from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.state import RoundPhase, RunPhase, RunState

_ROUND_PHASES: dict[type[Any], RoundPhase] = {
    effects.OpenRound: RoundPhase.OPENING,
    effects.DispatchTasks: RoundPhase.COLLECTING,
    effects.SealRound: RoundPhase.SEALING,
    effects.ReduceRound: RoundPhase.REDUCING,
    effects.FinalizeRound: RoundPhase.FINALIZING,
    effects.AbortRound: RoundPhase.ABORTING,
}

_RUN_PHASES: dict[type[Any], Callable[[RunState], bool]] = {
    effects.CreateInitialAdapter: lambda state: state.phase is RunPhase.PENDING,
    effects.DispatchEvaluation: lambda state: state.phase is RunPhase.EVALUATING,
    effects.StoreEvaluation: lambda state: state.phase is RunPhase.EVALUATING,
    effects.PartitionClients: partition_pending,
}


def is_wanted(state: RunState, effect: Effect) -> bool:
    """Whether carrying out this effect still serves the state.

    A run that was cancelled while its aggregator was away must not open the round when it is back.
    Clean-up (cancelled tasks, settled rounds, deleted sketches) is always wanted.

    Args:
        state: The line that the effect is about.
        effect: What was to be done.
    """
    if isinstance(effect, effects.PlaceClients):
        return any(item.number == effect.number for item in state.placements)
    needed = _ROUND_PHASES.get(type(effect))
    if needed is not None:
        current = state.round
        return current is not None and (current.number, current.attempt, current.phase) == (
            effect.number,
            effect.attempt,
            needed,
        )
    wanted = _RUN_PHASES.get(type(effect))
    return wanted is None or wanted(state)


def may_overtake(effect: Effect) -> bool:
    """Whether an effect need not wait for the ones before it, nor hold up the ones after it."""
    return isinstance(
        effect,
        effects.SettleRound | effects.VoidRound | effects.ReduceRound | effects.PartitionClients,
    )
