"""`pfi-agent enrol`: from a join token to an identity."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from pfi_client_agent.entrypoints.options import (
    NameOption,
    StateOption,
    read_token,
    state_folder,
)


def enrol(
    token: Annotated[
        str,
        typer.Option("--token", help="Join token from `pfi token create`, or @FILE with it."),
    ],
    name: NameOption = "",
    state: StateOption = None,
) -> None:
    """Enrol this device with a one-time join token.

    The key is made here and never leaves the device. If the connection breaks, run the same
    command again: it gives the same identity.

        pfi-agent enrol --token @join.token --name kitchen
    """
    from pfi_client_agent.application.enrol import enrol as enrol_device

    folder = state_folder(state)
    with folder.locked():
        identity = asyncio.run(enrol_device(folder, read_token(token), name))
    expires_at = identity.certificate.not_valid_after_utc
    Console().print(
        f"Enrolled as [bold]{identity.identity.name}[/bold] in {identity.identity.federation}; "
        f"the certificate is valid until {expires_at:%Y-%m-%d %H:%M} UTC and renews itself.\n"
        f"Next: pfi-agent start --data FILE"
    )
