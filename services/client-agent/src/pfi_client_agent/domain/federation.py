"""Where a federation is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256


@dataclass(frozen=True)
class Endpoints:
    """Addresses (host:port) that an agent uses.

    Attributes:
        enrolment: The coordinator's enrolment port, where this agent enrolled.
        coordinator: The coordinator's port for members, as it was named first.
        aggregators: Aggregators by spool.
        coordinators: The same port of every replica.
        enrolments: The enrolment port of every replica.
    """

    enrolment: str
    coordinator: str
    aggregators: Mapping[str, str] = field(default_factory=dict)
    coordinators: tuple[str, ...] = ()
    enrolments: tuple[str, ...] = ()


def replicas(endpoints: Endpoints) -> tuple[str, ...]:
    """Give the address of every replica of the coordinator that is known."""
    return endpoints.coordinators or (endpoints.coordinator,)


def next_replica(endpoints: Endpoints, client: str, current: str) -> str:
    """Give the address after the current one; the first one when the current one is not known.

    Each client has an order of its own: every replica is first for as many clients as any other,
    and the clients of one that fails spread over the rest (rendezvous hashing: Thaler and
    Ravishankar 1998, section 3).
    """

    def weight(address: str) -> bytes:
        return sha256(f"{client}|{address}".encode()).digest()

    ordered = sorted(replicas(endpoints), key=weight)
    place = ordered.index(current) + 1 if current in ordered else 0
    return ordered[place % len(ordered)]
