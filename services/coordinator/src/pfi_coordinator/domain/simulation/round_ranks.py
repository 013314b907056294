"""The places of devices in the draw of a round, worked out once each."""

import numpy as np

from pfi_coordinator.domain.draws import rank
from pfi_coordinator.domain.simulation.fleet import Fleet, Rows

_BYTES = 8
"""Of a place so many bytes are compared: enough that no two devices share them."""


class RoundRanks:
    """Places of the round that was asked for last."""

    def __init__(self, fleet: Fleet) -> None:
        self._names = fleet.names
        self._round: tuple[int, int] | None = None
        self._places = np.zeros(fleet.size, dtype=np.uint64)
        self._known = np.zeros(fleet.size, dtype=bool)

    def first(self, devices: Rows, count: int, *, seed: int, number: int) -> Rows:
        """Gives the devices that a draw puts first, in the order of their rows.

        Args:
            devices: To choose from.
            count: How many.
            seed: Of the run.
            number: Of the round.
        """
        if self._round != (seed, number):
            self._round = (seed, number)
            self._known[:] = False
        self._learn(devices[~self._known[devices]], seed, number)
        drawn = np.argpartition(self._places[devices], count)[:count]
        return np.sort(devices[drawn])

    def _learn(self, devices: Rows, seed: int, number: int) -> None:
        names = self._names[devices].tolist()
        places = b"".join([rank(seed, number, name)[:_BYTES] for name in names])
        self._places[devices] = np.frombuffer(places, dtype=">u8")
        self._known[devices] = True
