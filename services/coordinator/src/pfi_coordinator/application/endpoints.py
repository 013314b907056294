"""Where this federation is reached."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoints:
    """host:port of every port that others call.

    Attributes:
        enrolment: Enrolment port.
        session: mTLS port of sessions and renewal.
        admin: Admin API.
        aggregators: Aggregators by spool.
    """

    enrolment: str
    session: str
    admin: str
    aggregators: dict[str, str]
