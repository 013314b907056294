"""Who has commanded."""

from typing import Protocol


class LeaderTokens(Protocol):
    """The highest fencing token seen. Durable; blocks."""

    def highest(self) -> int:
        """Gives the highest token; 0 for none."""
        ...

    def raise_to(self, token: int) -> None:
        """Stores a token that is higher than the highest."""
        ...
