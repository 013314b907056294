from typing import get_args

from pfi_coordinator.domain import effects
from pfi_coordinator.domain.simulation.carry_out import OUTCOMES

WITHOUT_OUTCOME = {
    effects.DispatchTasks,
    effects.DispatchEvaluation,
    effects.VoidRound,
    effects.SettleRound,
}
OF_CLUSTERS = {
    effects.PartitionClients,
    effects.ForgetSketches,
    effects.PlaceClients,
    effects.CancelPlacement,
}
"""Runs with clusters are not simulated."""


def test_every_effect_has_an_outcome_or_needs_none():
    assert set(get_args(effects.Effect)) == {*OUTCOMES, *WITHOUT_OUTCOME, *OF_CLUSTERS}
