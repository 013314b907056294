"""The data of the demo's clients."""

from dataclasses import dataclass
from pathlib import Path

from pfi_cli.demo.client_profiles import client_count as most_clients
from pfi_cli.demo.client_profiles import client_profile
from pfi_cli.demo.clients import write_client_data
from pfi_cli.demo.driver.options import DemoOptions
from pfi_cli.demo.driver.own_data import split_file
from pfi_common.errors import DataUnreadableError, InvalidRequestError

ROWS = 240
SEED = 7


@dataclass(frozen=True)
class ClientFile:
    """What a client is called and trains on."""

    name: str
    data: Path


def prepare_data(options: DemoOptions, folder: Path) -> list[ClientFile]:
    """Gives each client its data: the user's own, or rows that differ for real.

    Raises:
        DataUnreadableError: A file of the user is not there, or cannot be split.
        InvalidRequestError: More clients than there are kinds of demo data.
    """
    if not options.data:
        return _demo_files(options.clients, folder)
    for path in options.data:
        if not path.is_file():
            raise DataUnreadableError(f"there is no file {path}")
    if len(options.data) == 1 and options.clients > 1:
        files = split_file(options.data[0], options.clients, folder)
    else:
        files = [path.resolve() for path in options.data]
    return [ClientFile(f"client-{index}", file) for index, file in enumerate(files)]


def _demo_files(clients: int, folder: Path) -> list[ClientFile]:
    """Each client reads another part of the standard library, and has facts and habits."""
    if clients > most_clients():
        raise InvalidRequestError(
            f"there is demo data for {most_clients()} clients; --data takes your own for more"
        )
    return [
        ClientFile(
            client_profile(index).part, write_client_data(folder, index, seed=SEED, rows=ROWS)
        )
        for index in range(clients)
    ]
