"""What attackers send in place of their updates.

Attackers know all honest updates of the round and act together. They keep within the coordinate
limit, so that the platform has no other reason to refuse them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """What the attackers of a round know.

    Shapes: own (attackers, n), honest (clients - attackers, n).

    Attributes:
        own: What they would send if they were honest; for a label flip, of their wrong labels.
        honest: What the honest clients send.
        generator: Source of numbers.
        how: Parameters of the attack.
    """

    own: Matrix
    honest: Matrix
    generator: np.random.Generator
    how: Mapping[str, float]


Attack = Callable[[Scene], Matrix]
"""Gives what the attackers send, in the shape of `own`."""


def sign_flip(scene: Scene) -> Matrix:
    """Each turns its own update around and enlarges it."""
    return -scene.how["scale"] * scene.own


def gaussian(scene: Scene) -> Matrix:
    """Each sends noise that is far larger than updates are."""
    spread = scene.how["scale"] * float(np.sqrt(np.square(scene.honest).mean()))
    return scene.generator.normal(0.0, spread, scene.own.shape)


def label_flip(scene: Scene) -> Matrix:
    """Each trains on wrong labels, which the problem gives it, and sends what it has learnt."""
    return scene.own


def little_is_enough(scene: Scene) -> Matrix:
    """All send the honest mean, moved by a few standard deviations of each coordinate.

    Source: Baruch et al. 2019, "A Little Is Enough: Circumventing Defenses For Distributed
    Learning", algorithm 3. There the number of deviations follows from the numbers of clients and
    attackers, so that enough honest updates lie farther out than the attack: 0.05 to 0.8 for 3 to
    12 of 30. Here it is given and larger, which moves more and hides less.
    """
    moved = scene.honest.mean(axis=0) - scene.how["deviations"] * scene.honest.std(axis=0)
    return np.tile(moved, (len(scene.own), 1))


def inner_product(scene: Scene) -> Matrix:
    """All send the negative honest mean, so that the result points away from progress.

    Source: Xie et al. 2020, "Fall of Empires: Breaking Byzantine-tolerant SGD by Inner Product
    Manipulation", section 4.
    """
    turned = -scene.how["scale"] * scene.honest.mean(axis=0)
    return np.tile(turned, (len(scene.own), 1))


ATTACKS: Mapping[str, Attack] = {
    "sign_flip": sign_flip,
    "gaussian": gaussian,
    "label_flip": label_flip,
    "little_is_enough": little_is_enough,
    "inner_product": inner_product,
}
WRONG_LABELS = frozenset({"label_flip"})
"""Attacks whose own updates come from wrong labels."""
