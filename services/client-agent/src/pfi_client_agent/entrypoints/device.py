"""`pfi-agent device`: what this machine trains on."""

import json

import typer
from rich.console import Console
from rich.table import Table

from pfi_client_agent.entrypoints.options import JsonOption


def device(as_json: JsonOption = False) -> None:
    """Show the devices that training would use: name, memory, number type.

    pfi-agent device --json | jq '.devices[0].free_bytes'
    """
    from pfi_client_agent.adapters.learning.device import describe_devices

    devices = describe_devices()
    if as_json:
        typer.echo(json.dumps({"devices": devices}, indent=1))
        return
    table = Table("device", "kind", "memory", "free", "numbers")
    for each in devices:
        total, free = (f"{each[key] / 1e9:,.1f} GB" for key in ("total_bytes", "free_bytes"))
        table.add_row(each["name"], each["kind"], total, free, each["dtype"])
    Console().print(table)
