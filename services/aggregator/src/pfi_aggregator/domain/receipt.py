"""Proof that an update is durable and counted at most once."""

from dataclasses import dataclass

from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(frozen=True)
class Receipt:
    """What a receipt says. A function of the committed file and of whether its attempt is void.

    Attributes:
        key: Attempt of the round's line.
        update: The update.
        voided: True when the attempt was aborted.
    """

    key: RoundKey
    update: CountedUpdate
    voided: bool
