"""One step of a server optimiser over a whole adapter."""

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.server_optimizer.base import ServerOptimizer
from pfi_aggregator.domain.server_optimizer.state import OptimizerState
from pfi_common.errors import AdapterInvalidError

_BLOCK = 1 << 16  # coordinates at a time, so that scratch memory does not grow with the adapter


def move_adapter(
    optimizer: ServerOptimizer,
    base: NDArray[np.float32],
    delta: NDArray[np.float32],
    state: OptimizerState,
    into: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Gives the next adapter: base plus the optimiser's step, rounded once to float32.

    Updates the state in place.

    Shapes: base, delta and into (n,).

    Args:
        optimizer: Which.
        base: The adapter before.
        delta: What moves it.
        state: The optimiser's state.
        into: Where the next adapter goes, which may be `delta` itself; a new array without.

    Raises:
        AdapterInvalidError: a coordinate of the result is not finite.
    """
    result = np.empty_like(base) if into is None else into
    for start in range(0, base.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        moments = tuple(moment[block] for moment in state.moments)
        with np.errstate(over="ignore", invalid="ignore"):
            step = optimizer.step(delta[block].astype(np.float64), moments)
            result[block] = base[block].astype(np.float64) + step
    if not np.isfinite(result).all():
        message = "The merged adapter is not finite; lower `server_optimizer.learning_rate`."
        raise AdapterInvalidError(message)
    return result
