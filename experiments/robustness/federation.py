"""One federation, from its first weights to its last round."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.robustness.attacks import ATTACKS, WRONG_LABELS, Scene
from experiments.robustness.config import AttackSettings
from experiments.robustness.problem import Problem
from experiments.robustness.rules import COORDINATE_LIMIT, Rule


@dataclass(frozen=True)
class Assault:
    """Who attacks, and how.

    Attributes:
        settings: The attack.
        attackers: How many of the clients; the last ones.
    """

    settings: AttackSettings
    attackers: int


def train(problem: Problem, rule: Rule, assault: Assault, seed: int) -> list[float]:
    """Trains, and gives the accuracy on held-out rows after each round."""
    weights = np.zeros(problem.size)
    generator = np.random.default_rng(seed)
    accuracies = []
    for number in range(1, problem.settings.rounds + 1):
        sent = _sent(problem, weights, assault, generator)
        weights = weights + rule.change(sent, number)
        accuracies.append(problem.accuracy(weights))
    return accuracies


def _sent(
    problem: Problem,
    weights: NDArray[np.float64],
    assault: Assault,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Gives what all clients send, within the coordinate limit."""
    first = problem.settings.clients - assault.attackers
    attacking = slice(first, None)
    wrong = attacking if assault.settings.attack in WRONG_LABELS else slice(0, 0)
    updates = problem.updates(weights, wrong)
    if assault.attackers:
        scene = Scene(updates[attacking], updates[:first], generator, assault.settings.how)
        updates[attacking] = ATTACKS[assault.settings.attack](scene)
    return np.clip(updates, -COORDINATE_LIMIT, COORDINATE_LIMIT).astype(np.float32)
