"""The clients of a fleet."""

from dataclasses import dataclass

from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.ports import DeviceState
from pfi_client_agent.domain.local_data import LocalData


@dataclass(frozen=True)
class FleetMember:
    """One client of a fleet.

    Attributes:
        number: Its number in the fleet, from 0.
        name: Name for people.
        folder: Its own state folder.
        data: Its own rows.
        device_class: Class of its device; empty for none.
        device: Tells what its device is like; None: nothing is known of it.
    """

    number: int
    name: str
    folder: StateFolder
    data: LocalData
    device_class: str = ""
    device: DeviceState | None = None
