"""Which join token belongs to which client of a fleet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from pfi_common.errors import TokenInvalidError


@dataclass
class TokenLedger:
    """Tokens that were given out; it is kept before a token is used, so that none is used twice.

    Attributes:
        given: Tokens by client number.
        refused: Tokens that the coordinator did not accept; they are not given out again.
    """

    given: dict[int, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)

    def give(self, clients: Iterable[int], tokens: Sequence[str]) -> None:
        """Give each client that has no token the next one that nobody has.

        Args:
            clients: Numbers of clients that still have to enrol.
            tokens: Join tokens; a repeated one counts once.

        Raises:
            TokenInvalidError: There are too few; then nothing was given.
        """
        waiting = sorted(client for client in clients if client not in self.given)
        taken = self.refused | set(self.given.values())
        free = [token for token in dict.fromkeys(tokens) if token not in taken]
        if len(free) < len(waiting):
            raise TokenInvalidError(
                f"{len(waiting)} clients of the fleet have no join token yet, and {len(free)} "
                f"unused ones were given"
            )
        self.given.update(zip(waiting, free, strict=False))

    def refuse(self, client: int) -> None:
        """Note that a client's token was not accepted; the client gets another one later."""
        token = self.given.pop(client, None)
        if token is not None:
            self.refused.add(token)
