"""What the adaptive server optimisers share: all but how the second moment remembers."""

from abc import ABC, abstractmethod

import numpy as np

from pfi_aggregator.domain.server_optimizer.base import Float64


class Adaptive(ABC):
    """Steps by the first moment over the root of the second.

    With D the weighted mean of the updates:

        m = beta1 * m + (1 - beta1) * D        (m is 0 before the first round)
        w = w + learning_rate * m / (sqrt(v) + tau)

    and v as each says, tau^2 before the first round: the published algorithm asks for a first v of
    at least tau^2, and none corrects a bias.

    Source: Reddi et al. 2021, "Adaptive Federated Optimization", algorithm 2.
    """

    learning_rate: float
    beta1: float
    tau: float

    @property
    def initial_moments(self) -> tuple[float, ...]:
        """First and second moment."""
        return (0.0, self.tau * self.tau)

    def step(self, delta: Float64, moments: tuple[Float64, ...]) -> Float64:
        """Gives learning_rate * m / (sqrt(v) + tau)."""
        first, second = moments
        first *= self.beta1
        first += (1.0 - self.beta1) * delta
        self.remember(second, delta * delta)
        return self.learning_rate * first / (np.sqrt(second) + self.tau)

    @abstractmethod
    def remember(self, second: Float64, square: Float64) -> None:
        """Updates the second moment in place by D^2."""
