"""Which cluster a client belongs to."""

from typing import Protocol


class Memberships(Protocol):
    """Looks a client's cluster up, however many clients a run has.

    The run store keeps it: membership is written together with the decision that gives it. Every
    method raises StoreUnavailableError when the store does not answer.
    """

    async def line_of(self, run: str, client: str) -> str | None:
        """Gives the line of the client's cluster; None when it is in none."""
        ...
