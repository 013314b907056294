"""FedYogi: adaptive steps on the server, whose second moment forgets slowly."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from pfi_aggregator.domain.server_optimizer.base import Float64, check_positive, check_range


@dataclass(frozen=True)
class Yogi:
    """FedYogi, as published: no bias correction.

    With D the weighted mean of the updates:

        m = beta1 * m + (1 - beta1) * D                    (m is 0 before the first round)
        v = v - (1 - beta2) * D^2 * sign(v - D^2)          (v is tau^2 before the first round)
        w = w + learning_rate * m / (sqrt(v) + tau)

    v never falls below beta2 times itself: where it is above D^2, it loses less than
    (1 - beta2) * v. The published algorithm asks for a first v of at least tau^2; this takes tau^2.

    Source: Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2.

    Raises:
        InvalidRequestError: a parameter is out of its range.
    """

    name: ClassVar[str] = "yogi"

    learning_rate: float
    beta1: float
    beta2: float
    tau: float

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate)
        check_range("beta1", self.beta1, minimum=0, below=1)
        check_range("beta2", self.beta2, minimum=0, below=1)
        check_positive("tau", self.tau)

    @property
    def initial_moments(self) -> tuple[float, ...]:
        """First and second moment."""
        return (0.0, self.tau * self.tau)

    def step(self, delta: Float64, moments: tuple[Float64, ...]) -> Float64:
        """Gives learning_rate * m / (sqrt(v) + tau)."""
        first, second = moments
        first *= self.beta1
        first += (1.0 - self.beta1) * delta
        square = delta * delta
        second -= (1.0 - self.beta2) * square * np.sign(second - square)
        return self.learning_rate * first / (np.sqrt(second) + self.tau)
