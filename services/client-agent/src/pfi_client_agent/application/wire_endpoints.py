"""Reads where a federation is reached."""

from pfi.coordinator.v1.enrolment_service_pb2 import FederationEndpoints
from pfi_client_agent.domain.federation import Endpoints


def endpoints_of(enrolment: str, given: FederationEndpoints) -> Endpoints:
    """Read what the coordinator says.

    Args:
        enrolment: Where this agent enrolled.
        given: The answer to an enrolment or a renewal.
    """
    return Endpoints(
        enrolment,
        given.coordinator,
        dict(given.aggregators),
        tuple(sorted(given.coordinators)),
        tuple(sorted(given.enrolments)),
    )
