"""FedAvg and FedAvgM: gradient descent on the server, with momentum."""

from dataclasses import dataclass
from typing import ClassVar

from pfi_aggregator.domain.server_optimizer.base import Float64, check_positive, check_range


@dataclass(frozen=True)
class Sgd:
    """FedAvg with learning_rate 1 and momentum 0, FedAvgM with momentum.

    With D the weighted mean of the updates:

        m = momentum * m + D        (m is 0 before the first round)
        w = w + learning_rate * m

    Source: McMahan et al. 2017; Hsu et al. 2019, "Measuring the effects of non-identical data
    distribution for federated visual classification", section 4.3.

    Raises:
        InvalidRequestError: a parameter is out of its range.
    """

    name: ClassVar[str] = "sgd"

    learning_rate: float
    momentum: float

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate)
        check_range("momentum", self.momentum, minimum=0, below=1)

    @property
    def initial_moments(self) -> tuple[float, ...]:
        """One vector with momentum, none without."""
        return (0.0,) if self.momentum else ()

    def step(self, delta: Float64, moments: tuple[Float64, ...]) -> Float64:
        """Gives learning_rate * m."""
        if not moments:
            return self.learning_rate * delta
        (momentum,) = moments
        momentum *= self.momentum
        momentum += delta
        return self.learning_rate * momentum
