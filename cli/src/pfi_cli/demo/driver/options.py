"""What a demo is asked to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pfi_common.errors import InvalidRequestError

DEFAULT_CLIENTS = 4
MAXIMUM_CLIENTS = 16


@dataclass(frozen=True)
class DemoOptions:
    """What a demo is asked to do.

    Attributes:
        clients: How many client agents.
        rounds: How many rounds.
        data: The user's own files, one for all clients or one for each; empty for the demo's own.
        state: Folder of the federation; an earlier demo in it is deleted.
        keep: Whether the federation goes on after the report, until Ctrl-C.
    """

    clients: int
    rounds: int
    data: Sequence[Path]
    state: Path
    keep: bool


def client_count(asked: int | None, data: Sequence[Path]) -> int:
    """How many clients there are, which several data files decide.

    Raises:
        InvalidRequestError: Number of clients and files contradict each other.
    """
    if len(data) <= 1:
        return DEFAULT_CLIENTS if asked is None else asked
    if asked not in {None, len(data)}:
        raise InvalidRequestError(
            f"--data was given {len(data)} times for --clients {asked}; give it once, to split one "
            "file among all, or once for each client"
        )
    return len(data)
