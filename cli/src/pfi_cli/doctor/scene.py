"""What the checks look at."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pfi_cli.local.federation_file import FederationFile
from pfi_cli.local.layout import StateLayout
from pfi_common.clock import Clock


@dataclass(frozen=True)
class Scene:
    """The machine as the command line names it.

    Attributes:
        layout: State folder of a local federation, whether there is one or not.
        federation: What is recorded of it; None for none.
        url: Admin API of a coordinator; None when none is known.
        authority: PEM file that the API is verified with; None when none is known.
        redis_url: Redis of the federation; None when none is known.
        agents: State folders of agents.
        spec: Run specification that devices should be able to train; None for none.
        backbone: Local copy of its backbone; None to look where the specification says.
        clock: Tells the time.
    """

    layout: StateLayout
    federation: FederationFile | None
    url: str | None
    authority: Path | None
    redis_url: str | None
    agents: tuple[Path, ...]
    spec: Path | None
    backbone: Path | None
    clock: Clock

    @property
    def running(self) -> bool:
        """Whether anything of the local federation runs."""
        return self.federation is not None and self.federation.anything_runs


def agent_folders(layout: StateLayout, named: Iterable[Path]) -> tuple[Path, ...]:
    """Gives the named state folders of agents, else those below the state folder."""
    chosen = tuple(named)
    if chosen or not layout.agents.is_dir():
        return chosen
    return tuple(sorted(path for path in layout.agents.iterdir() if path.is_dir()))
