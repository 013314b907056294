"""The devices of a simulation: one row each, drawn once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_coordinator.domain.simulation.device_model import DeviceModel

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

_FLEET_STREAM = 1
_HOUR_SECONDS = 3600.0


@dataclass(frozen=True)
class Fleet:
    """Facts of each device that do not change.

    Attributes:
        names: Client ids, sorted.
        zone_seconds: Offset of the local clock from UTC.
        always_on: Whether the device is always there.
        tokens_per_second: Speed of training.
        download_bytes_per_second: Of the network.
        upload_bytes_per_second: Of the network.
        training_rows: Rows that the device holds.
        loss_factor: Loss of a backbone on them, relative to the mean device.
    """

    names: NDArray[np.object_]
    zone_seconds: Numbers
    always_on: Flags
    tokens_per_second: Numbers
    download_bytes_per_second: Numbers
    upload_bytes_per_second: Numbers
    training_rows: Rows
    loss_factor: Numbers

    @property
    def size(self) -> int:
        """Number of devices."""
        return len(self.names)


def draw_fleet(size: int, model: DeviceModel, seed: int) -> Fleet:
    """Draws the devices.

    Args:
        size: How many.
        model: What is assumed of them.
        seed: Of the simulation; the same one gives the same devices.
    """
    rng = np.random.default_rng([seed, _FLEET_STREAM])
    west, east = sorted((round(model.zones.west_hours), round(model.zones.east_hours)))
    network = model.network
    return Fleet(
        names=np.array([f"c-{index:012x}" for index in range(size)], dtype=object),
        zone_seconds=(rng.integers(west, east + 1, size) * _HOUR_SECONDS).astype(np.float64),
        always_on=rng.random(size) < model.zones.always_on,
        tokens_per_second=_log_normal(
            rng, model.training.tokens_per_second, model.training.spread, size
        ),
        download_bytes_per_second=_log_normal(
            rng, network.download_bytes_per_second, network.spread, size
        ),
        upload_bytes_per_second=_log_normal(
            rng, network.upload_bytes_per_second, network.spread, size
        ),
        training_rows=np.maximum(
            _log_normal(rng, model.data.rows, model.data.spread, size), 1.0
        ).astype(np.int64),
        loss_factor=_log_normal(rng, 1.0, model.data.loss_spread, size),
    )


def _log_normal(rng: np.random.Generator, median: float, spread: float, size: int) -> Numbers:
    return median * np.exp(rng.normal(0.0, spread, size))


def device_of(client: str) -> int:
    """Gives the row of a client id."""
    return int(client.removeprefix("c-"), 16)
