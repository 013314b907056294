"""The name of one attempt of a round's line."""

from dataclasses import dataclass

from pfi_aggregator.domain.names import check_name
from pfi_common.errors import InvalidRequestError


@dataclass(frozen=True, order=True)
class RoundKey:
    """Names one attempt of a round's line. Valid once made.

    Attributes:
        run: Run id.
        round: Round number, from 1.
        attempt: Attempt, from 1.
        line: Line.

    Raises:
        InvalidRequestError: a part breaks its rule.
    """

    run: str
    round: int
    attempt: int
    line: str

    def __post_init__(self) -> None:
        check_name("run", self.run)
        check_name("line", self.line)
        for field in ("round", "attempt"):
            if getattr(self, field) < 1:
                message = f"{field} counts from 1."
                raise InvalidRequestError(message, field=field)

    def __str__(self) -> str:
        return f"{self.run}/{self.round}/{self.attempt}/{self.line}"
