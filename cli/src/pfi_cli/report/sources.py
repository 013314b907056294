"""Where a report's inputs lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_common.errors import ReportIncompleteError


@dataclass(frozen=True)
class Sources:
    """Where a report's inputs lie.

    Attributes:
        artifacts_url: The federation's artifact store.
        authority: PEM file of its certificate authority, which signatures are verified with.
        federation: Its name, which signers belong to.
        agents: State folders of agents that are on this machine; their adapters are checked.
        agents_are_all: Whether every client that reported must have a folder among them.
        answers: Folder of what clients were asked; None where nobody was.
    """

    artifacts_url: str
    authority: Path
    federation: str
    agents: Sequence[Path]
    agents_are_all: bool = True
    answers: Path | None = None


def local_sources(layout: StateLayout, agents: Sequence[Path] | None = None) -> Sources:
    """Finds the inputs of a federation that lives in a state folder.

    Args:
        layout: The state folder.
        agents: State folders of all agents; those below the state folder, which may be some of
            them, when None.

    Raises:
        ReportIncompleteError: There is no federation in the folder.
    """
    found = read_federation(layout)
    if found is None or not layout.authority.exists():
        raise ReportIncompleteError(f"there is no federation in {layout.root}")
    named = agents is not None
    if agents is None:
        agents = sorted(p for p in layout.agents.glob("*") if p.is_dir())
    return Sources(
        layout.artifacts_url, layout.authority, found.name, agents, named, layout.answers
    )
