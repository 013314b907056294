"""What every server optimiser is."""

import math
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_common.errors import InvalidRequestError

Float64 = NDArray[np.float64]


class ServerOptimizer(Protocol):
    """Moves adapter coordinates by the mean of the updates; all arithmetic in float64.

    Attributes:
        name: Name that its stored state carries.
    """

    name: ClassVar[str]

    @property
    def initial_moments(self) -> tuple[float, ...]:
        """First value of each state vector; empty when it keeps no state."""
        ...

    def step(self, delta: Float64, moments: tuple[Float64, ...]) -> Float64:
        """Gives what is added to the coordinates; updates the moments in place.

        Shapes: all (n,).
        """
        ...


def check_range(field: str, value: float, *, minimum: float, below: float = math.inf) -> None:
    """Checks minimum <= value < below.

    Raises:
        InvalidRequestError: it is not so, or the value is not a number.
    """
    if not minimum <= value < below:
        message = f"server_optimizer.{field} is out of its range."
        raise InvalidRequestError(message, field=field)


def check_positive(field: str, value: float) -> None:
    """Checks that a value is above 0 and finite.

    Raises:
        InvalidRequestError: it is not.
    """
    if not (math.isfinite(value) and value > 0):
        message = f"server_optimizer.{field} must be above 0 and finite."
        raise InvalidRequestError(message, field=field)
