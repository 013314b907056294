"""What a coordinator asks of the job that reduces a piece, as JSON arguments."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import InvalidRequestError


class _Arguments(BaseModel):
    """All arguments; unknown and missing ones are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    run: str
    round: int
    attempt: int
    line: str
    piece: int
    spool: str = ""


@dataclass(frozen=True)
class PieceOrder:
    """One piece of a sealed round; `spool` is empty for the worker's only one."""

    key: RoundKey
    piece: int
    spool: str


def read_piece_order(arguments: Mapping[str, object]) -> PieceOrder:
    """Reads which piece of which round is asked for.

    Raises:
        InvalidRequestError: the arguments do not say so.
    """
    try:
        read = _Arguments.model_validate(dict(arguments))
    except ValidationError as error:
        message = "The task's arguments are not those of a reduction piece."
        raise InvalidRequestError(message) from error
    key = RoundKey(read.run, read.round, read.attempt, read.line)
    return PieceOrder(key, read.piece, read.spool)
