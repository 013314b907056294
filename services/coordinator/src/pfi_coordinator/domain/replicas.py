"""Replicas of the coordinator, as clients reach them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

REMEMBERED = timedelta(days=1)
"""A replica that is away for longer is not named any more; one that restarts is."""


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica.

    Attributes:
        name: Unique in the federation, and kept over restarts.
        session: host:port of the mTLS port.
        enrolment: host:port of the enrolment port.
        seen_at: When it last said that it lives.
    """

    name: str
    session: str
    enrolment: str
    seen_at: datetime


def reachable(own: Replica, known: Iterable[Replica], now: datetime) -> tuple[Replica, ...]:
    """Gives the replicas that clients may be told of: this one, then those seen lately by name."""
    others = sorted(
        (item for item in known if item.name != own.name and now - item.seen_at <= REMEMBERED),
        key=lambda item: item.name,
    )
    return (own, *others)
