"""Who is there: the trace, followed as time passes."""

import numpy as np

from pfi_coordinator.domain.simulation.device_model import DeviceModel
from pfi_coordinator.domain.simulation.fleet import Fleet, Rows
from pfi_coordinator.domain.simulation.trace import (
    DAY_SECONDS,
    Stays,
    disjoint,
    joined,
    stays_for_ever,
    stays_of_day,
)

_EARLIEST_SECONDS = 0.75 * DAY_SECONDS
"""A day's stays may begin so long before its midnight, UTC: zones, and early nights."""


class Presence:
    """Hands out arrivals and departures in the order of time, drawing days as they come."""

    def __init__(self, fleet: Fleet, model: DeviceModel, seed: int) -> None:
        self._fleet, self._model, self._seed = fleet, model, seed
        self._busy_until = np.full(fleet.size, -np.inf)
        self._arriving = stays_for_ever(fleet)
        self._nobody = self._arriving.rows(slice(0, 0))
        self._leaving = self._nobody
        self._arrived = self._left = 0
        self._day = -2

    def until(self, now: float) -> tuple[Rows, Stays]:
        """Gives who left and who came since the last call, and is still there.

        Args:
            now: Seconds; never less than in the call before.

        Returns:
            Devices that left, and the stays of those that came.
        """
        while (self._day * DAY_SECONDS) - _EARLIEST_SECONDS <= now:
            self._draw_day()
        end = int(np.searchsorted(self._leaving.end, now, side="right"))
        left = self._leaving.device[self._left : end]
        self._left = end
        return left, self._came(now)

    def _came(self, now: float) -> Stays:
        begun = int(np.searchsorted(self._arriving.begin, now, side="right"))
        if begun == self._arrived:
            return self._nobody
        came = self._arriving.rows(slice(self._arrived, begun))
        self._arrived = begun
        return came.rows(came.end > now)

    def _draw_day(self) -> None:
        """Adds the stays of the next day to those that are still to come."""
        drawn = stays_of_day(self._day, self._fleet, self._model, self._seed)
        fresh = disjoint(drawn, self._busy_until)
        arriving = joined([self._arriving.rows(slice(self._arrived, None)), fresh])
        leaving = joined([self._leaving.rows(slice(self._left, None)), fresh])
        self._arriving = arriving.rows(np.argsort(arriving.begin, kind="stable"))
        self._leaving = leaving.rows(np.argsort(leaving.end, kind="stable"))
        self._arrived = self._left = 0
        self._day += 1
