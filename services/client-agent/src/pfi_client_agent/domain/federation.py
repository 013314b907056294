"""Where a federation is reached."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Endpoints:
    """Addresses (host:port) that an agent uses.

    Attributes:
        enrolment: The coordinator's enrolment port.
        coordinator: The coordinator's port for members.
        aggregators: Aggregators by spool.
    """

    enrolment: str
    coordinator: str
    aggregators: Mapping[str, str] = field(default_factory=dict)
