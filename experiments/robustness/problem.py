"""Softmax regression on images of handwritten digits, shared out among clients unevenly.

The data are scikit-learn's copy of the UCI digits: 1,797 images of 8 by 8 pixels (Alpaydin and
Kaynak 1998, "Optical Recognition of Handwritten Digits").
"""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from experiments.robustness.config import ProblemSettings

Matrix = NDArray[np.float64]
CLASSES = 10
_BRIGHTEST = 16.0


@dataclass(frozen=True, eq=False)
class Problem:
    """The rows of every client, and those that none has.

    Shapes: inputs (clients, rows, features + 1), labels (clients, rows), test_inputs (tests,
    features + 1), test_labels (tests,).

    Attributes:
        inputs: Pixels, and a 1 for the bias.
        labels: Digits.
        test_inputs: Of the held-out rows.
        test_labels: Of the held-out rows.
        settings: Of the problem.
    """

    inputs: Matrix
    labels: NDArray[np.int64]
    test_inputs: Matrix
    test_labels: NDArray[np.int64]
    settings: ProblemSettings

    @property
    def size(self) -> int:
        """Coordinates of the shared weights."""
        return int(self.inputs.shape[2]) * CLASSES

    def updates(self, weights: Matrix, wrong: slice) -> Matrix:
        """Trains every client from the same weights.

        Shapes: weights (size,), result (clients, size).

        Args:
            weights: The shared weights.
            wrong: Clients that train on 9 - label.
        """
        labels = self.labels.copy()
        labels[wrong] = CLASSES - 1 - labels[wrong]
        targets = np.eye(CLASSES)[labels]
        start = np.tile(weights.reshape(-1, CLASSES), (len(labels), 1, 1))
        own = start.copy()
        for _ in range(self.settings.local_steps):
            errors = _softmax(self.inputs @ own) - targets
            own -= self.settings.learning_rate * (
                self.inputs.transpose(0, 2, 1) @ errors / labels.shape[1]
            )
        return (own - start).reshape(len(labels), -1)

    def accuracy(self, weights: Matrix) -> float:
        """Gives the share of held-out rows that weights tell right; all wrong if not finite."""
        if not np.isfinite(weights).all():
            return 0.0
        found = (self.test_inputs @ weights.reshape(-1, CLASSES)).argmax(axis=1)
        return float((found == self.test_labels).mean())


def make_problem(settings: ProblemSettings, seed: int) -> Problem:
    """Shares the images out: some of a client's rows come from two classes of its own."""
    generator = np.random.default_rng(seed)
    digits = load_digits()
    inputs = np.hstack([digits.data / _BRIGHTEST, np.ones((len(digits.data), 1))])
    labels = digits.target.astype(np.int64)
    order = generator.permutation(len(labels))
    held_out = round(settings.held_out * len(labels))
    test, train = order[:held_out], order[held_out:]
    dealt = _deal(labels[train], settings, generator)
    return Problem(inputs[train][dealt], labels[train][dealt], inputs[test], labels[test], settings)


def _deal(
    labels: NDArray[np.int64], settings: ProblemSettings, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Gives each client as many rows, no row twice.

    Shapes: labels (rows,), result (clients, rows of each).
    """
    each = len(labels) // settings.clients
    left = list(generator.permutation(len(labels)))
    hands: list[list[int]] = []
    for _ in range(settings.clients):
        own = generator.choice(CLASSES, 2, replace=False)
        wanted = [row for row in left if labels[row] in own][: round(settings.skew * each)]
        taken = set(wanted)
        left = [row for row in left if row not in taken]
        hands.append(wanted)
    spread = iter(left)
    filled = [[*hand, *islice(spread, each - len(hand))] for hand in hands]
    return np.array(filled, dtype=np.int64)


def _softmax(scores: Matrix) -> Matrix:
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
