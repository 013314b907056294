"""Makes the messages that clients get."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.state import AdapterVersion
from pfi_coordinator.domain.tasks import Assignment


class TaskFactory(Protocol):
    """Turns decisions into signed tasks. The same arguments give the same bytes.

    A task belongs to the line of the adapter that it begins with.
    """

    def train_task(  # noqa: PLR0913 - one argument for each part that the task states
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        *,
        number: int,
        attempt: int,
        deadline: datetime,
        counted_round: int = 0,
    ) -> Assignment:
        """Makes a training task with its upload ticket.

        Args:
            document: The run.
            base: What the client trains from.
            client: Who gets it; what its agent can encode decides about the upload.
            number: Round.
            attempt: Attempt of the round.
            deadline: End of the round.
            counted_round: Last round of the line that counted an update of the client; 0 for none.
        """
        ...

    def evaluate_task(
        self,
        document: RunDocument,
        base: AdapterVersion,
        client: Client,
        deadline: datetime,
        *,
        past: int = 0,
    ) -> Assignment:
        """Makes the task of the closing evaluation; `past` of the line's were before it."""
        ...

    def place_task(
        self,
        document: RunDocument,
        candidates: Sequence[AdapterVersion],
        client: Client,
        *,
        number: int,
        deadline: datetime,
    ) -> Assignment:
        """Makes the task by which a new client chooses a line; `number` tells askings apart."""
        ...
