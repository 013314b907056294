"""The private documents of a demo's clients, and their way into the clients' indexes."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pfi_cli.demo.client_facts import client_passages
from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.programs import program_path
from pfi_cli.local.supervisor import TEND_SECONDS
from pfi_cli.settings import inherited_environment


def write_documents(folder: Path, client_index: int, seed: int) -> Path:
    """Writes each private fact of a client into a text file of its own, and gives the folder."""
    own = folder / f"client_{client_index}"
    own.mkdir(parents=True, exist_ok=True)
    for passage in client_passages(client_index, seed):
        (own / f"{passage.id}.txt").write_text(passage.text + "\n", encoding="utf-8")
    return own


def add_documents(
    layout: StateLayout, folders: Sequence[tuple[str, Path]], tend: Callable[[], None]
) -> None:
    """Adds each client's documents to its own index with `pfi-agent documents add`.

    Args:
        layout: Where the clients' state folders and logs lie.
        folders: Documents by client name.
        tend: Is called while this waits; may raise.

    Raises:
        LocalFederationFailedError: They could not be added; the end of the log says why.
    """
    adding = [ChildProcess(_command(layout, name, folder)) for name, folder in folders]
    try:
        for process in adding:
            process.start()
        while any(process.running for process in adding):
            tend()
            time.sleep(TEND_SECONDS)
        for process in adding:
            if process.exit_status != 0:
                raise process.failure()
    finally:
        for process in adding:
            process.stop()


def _command(layout: StateLayout, name: str, folder: Path) -> Command:
    arguments = [str(program_path("pfi-agent")), "documents", "add", str(folder)]
    arguments += ["--as", "facts", "--state", str(layout.agents / name), "--json"]
    log = layout.log(f"documents-{name}")
    return Command(f"documents of {name}", arguments, inherited_environment(), log)
