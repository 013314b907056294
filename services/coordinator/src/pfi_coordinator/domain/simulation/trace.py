"""When devices are there: each local day one night on the charger, and some visits.

The trace depends on devices and seed alone, never on what the run does.
"""

from dataclasses import dataclass, fields

import numpy as np

from pfi_coordinator.domain.simulation.device_model import DeviceModel
from pfi_coordinator.domain.simulation.fleet import Flags, Fleet, Numbers, Rows

DAY_SECONDS = 86_400.0
GAP_SECONDS = 5.0
"""Least pause between two stays of a device."""

_HOUR_SECONDS, _MINUTE_SECONDS = 3600.0, 60.0
_SHORTEST_SECONDS = 60.0
_MOST_VISITS = 8
_TRACE_STREAM = 2
_FIRST_STREAM_DAY = 8


@dataclass(frozen=True)
class Stays:
    """Times at which devices are there; one row is one stay.

    Attributes:
        device: Row of the device.
        begin: Seconds after midnight, UTC, of the first day.
        end: The same; infinite for devices that never leave.
        charging: Whether on mains.
        metered: Whether on a metered network.
        level: Charge of the battery at the begin, 1 is full.
    """

    device: Rows
    begin: Numbers
    end: Numbers
    charging: Flags
    metered: Flags
    level: Numbers

    def __len__(self) -> int:
        return len(self.device)

    def rows(self, chosen: Rows | Flags | slice) -> "Stays":
        """Gives some of the stays."""
        return Stays(*(getattr(self, item.name)[chosen] for item in fields(self)))

    def with_begin(self, begin: Numbers) -> "Stays":
        """Gives the same stays with other beginnings."""
        return Stays(self.device, begin, self.end, self.charging, self.metered, self.level)


def joined(parts: list[Stays]) -> Stays:
    """Gives all of these stays, unsorted."""
    columns = (item.name for item in fields(Stays))
    return Stays(*(np.concatenate([getattr(part, name) for part in parts]) for name in columns))


def stays_for_ever(fleet: Fleet) -> Stays:
    """Gives the stays of devices that are always there."""
    device = np.flatnonzero(fleet.always_on)
    size = len(device)
    begin, end = np.full(size, -np.inf), np.full(size, np.inf)
    yes = np.ones(size, dtype=bool)
    return Stays(device, begin, end, yes, ~yes, np.ones(size))


def stays_of_day(day: int, fleet: Fleet, model: DeviceModel, seed: int) -> Stays:
    """Draws the stays that begin on one local day of each device; they may overlap.

    Args:
        day: Number of the day; the first simulated one is 0.
        fleet: The devices.
        model: What is assumed of them.
        seed: Of the simulation.
    """
    rng = np.random.default_rng([seed, _TRACE_STREAM, day + _FIRST_STREAM_DAY])
    midnight = day * DAY_SECONDS - fleet.zone_seconds
    drawn = joined([_night(rng, midnight, model), _visits(rng, midnight, model)])
    return drawn.rows(~fleet.always_on[drawn.device])


def _night(rng: np.random.Generator, midnight: Numbers, model: DeviceModel) -> Stays:
    night, size = model.night, len(midnight)
    there = rng.random(size) < night.share
    begin = midnight + _HOUR_SECONDS * rng.normal(night.begin_hour, night.begin_spread_hours, size)
    hours = np.clip(rng.normal(night.hours, night.hours_spread, size), 0.1, 20.0)
    yes = np.ones(size, dtype=bool)
    end = begin + _HOUR_SECONDS * hours
    return Stays(np.arange(size), begin, end, yes, ~yes, np.ones(size)).rows(there)


def _visits(rng: np.random.Generator, midnight: Numbers, model: DeviceModel) -> Stays:
    day = model.day
    number = np.minimum(rng.poisson(day.visits, len(midnight)), _MOST_VISITS)
    device = np.repeat(np.arange(len(midnight)), number)
    size = len(device)
    first, last = sorted((day.first_hour, day.last_hour))
    begin = midnight[device] + _HOUR_SECONDS * rng.uniform(first, last, size)
    minutes = day.visit_minutes * np.exp(rng.normal(0.0, day.visit_spread, size))
    end = begin + np.maximum(_MINUTE_SECONDS * minutes, _SHORTEST_SECONDS)
    metered = rng.random(size) < model.network.metered_visits
    battery = model.battery
    level = np.clip(rng.normal(battery.level, battery.level_spread, size), 0.05, 1.0)
    return Stays(device, begin, end, np.zeros(size, dtype=bool), metered, level)


def disjoint(stays: Stays, busy_until: Numbers) -> Stays:
    """Lets each stay begin after the device's earlier ones; drops what is left too short.

    Args:
        stays: Of one day.
        busy_until: When the last stay of each device before them ends; is brought up to date.
    """
    ordered = stays.rows(np.lexsort((stays.begin, stays.device)))
    # One running maximum serves all devices when each lies above everything of the one before it.
    span = 1e9
    shifted = ordered.end + ordered.device * span
    before = np.concatenate([[-np.inf], np.maximum.accumulate(shifted)[:-1]])
    before = np.maximum(before - ordered.device * span, busy_until[ordered.device])
    begin = np.maximum(ordered.begin, before + GAP_SECONDS)
    kept = ordered.with_begin(begin).rows(ordered.end - begin >= _SHORTEST_SECONDS)
    np.maximum.at(busy_until, kept.device, kept.end)
    return kept
