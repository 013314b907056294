"""One client, with what its device last said of itself."""

from rich.markup import escape
from rich.table import Table

from pfi_cli.api.records import Client, Device
from pfi_cli.output.tables import state_text
from pfi_cli.output.units import bytes_text

_UNKNOWN = "not known"
_NUMBERS = {2: "bfloat16", 4: "float32"}


def client_details(client: Client) -> Table:
    """A client, one fact a line."""
    table = Table(box=None, pad_edge=False, show_header=False)
    rows = {
        "client": client.client,
        "name": escape(client.display_name),
        "state": state_text(client.state),
        "connected": _yes(client.connected),
        "rows": _UNKNOWN if client.training_rows is None else str(client.training_rows),
        "agent": escape(client.agent_version) or _UNKNOWN,
        "upload encodings": ", ".join(client.upload_encodings) or _UNKNOWN,
        "device class": client.device_class or "none",
        **_device_rows(client.device),
    }
    for name, value in rows.items():
        table.add_row(name, value)
    return table


def _device_rows(device: Device | None) -> dict[str, str]:
    if device is None:
        return {"device": "told while it is connected"}
    return {
        "battery": _battery(device),
        "charging": _yes(device.charging),
        "metered network": _yes(device.metered),
        "idle": _yes(device.idle),
        "memory for training": _memory(device),
    }


def _battery(device: Device) -> str:
    if device.has_battery is False:
        return "none"
    return _UNKNOWN if device.battery_percent is None else f"{device.battery_percent} %"


def _memory(device: Device) -> str:
    if device.memory_bytes is None:
        return _UNKNOWN
    numbers = _NUMBERS.get(device.element_bytes or 0, "")
    return f"{bytes_text(device.memory_bytes)} {numbers}".strip()


def _yes(known: bool | None) -> str:
    return {None: _UNKNOWN, True: "yes", False: "no"}[known]
