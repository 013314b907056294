"""Who may call each method, and how long a call may take. A method that is not here is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType

from pfi_common.identity.member import Identity


class Caller(StrEnum):
    """Kinds of callers."""

    ANYONE = "anyone"
    """Nobody is authenticated: enrolment and health."""
    CLIENT = "client"
    COORDINATOR = "coordinator"
    AGGREGATOR = "aggregator"


class Deadline(Enum):
    """Longest deadline that a call may have, in seconds."""

    SHORT = 10.0
    LONG = 120.0
    TRANSFER = 3600.0
    STREAM = None
    """No deadline is needed and none is too long."""


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """The rules of one method.

    Attributes:
        callers: Who may call.
        deadline: Longest deadline.
        idempotent: True for a unary method that channels repeat by themselves when the server is
            unavailable.
    """

    callers: frozenset[Caller]
    deadline: Deadline
    idempotent: bool = False


def caller_of(identity: Identity) -> Caller | None:
    """Gives the kind of caller that a member is; `None` for one that calls nothing."""
    if identity.role == "client":
        return Caller.CLIENT
    if identity.role == "service" and identity.name == "coordinator":
        return Caller.COORDINATOR
    if identity.role == "service" and identity.name.startswith("aggregator/"):
        return Caller.AGGREGATOR
    return None


_ANYONE = frozenset({Caller.ANYONE})
_CLIENT = frozenset({Caller.CLIENT})
_COORDINATOR = frozenset({Caller.COORDINATOR})

_ENROLMENT = "/pfi.coordinator.v1.EnrolmentService"
_ROUND = "/pfi.aggregator.v1.RoundService"
_UPDATE = "/pfi.aggregator.v1.UpdateService"
_RETRIEVAL = "/pfi.rag.v1.RetrievalService"
_HEALTH = "/grpc.health.v1.Health"

POLICIES: Mapping[str, MethodPolicy] = MappingProxyType(
    {
        f"{_ENROLMENT}/EnrolClient": MethodPolicy(_ANYONE, Deadline.SHORT, idempotent=True),
        f"{_ENROLMENT}/CreateRenewalChallenge": MethodPolicy(
            _ANYONE, Deadline.SHORT, idempotent=True
        ),
        f"{_ENROLMENT}/RenewExpiredCertificate": MethodPolicy(_ANYONE, Deadline.SHORT),
        "/pfi.coordinator.v1.CertificateService/RenewCertificate": MethodPolicy(
            _CLIENT, Deadline.SHORT, idempotent=True
        ),
        "/pfi.coordinator.v1.SessionService/Session": MethodPolicy(_CLIENT, Deadline.STREAM),
        "/pfi.coordinator.v1.ServingService/GetServingAdapter": MethodPolicy(
            _CLIENT, Deadline.SHORT, idempotent=True
        ),
        "/pfi.aggregator.v1.AdapterService/DownloadAdapter": MethodPolicy(
            _CLIENT | _COORDINATOR, Deadline.TRANSFER
        ),
        f"{_UPDATE}/UploadUpdate": MethodPolicy(_CLIENT, Deadline.TRANSFER),
        f"{_UPDATE}/GetUploadStatus": MethodPolicy(_CLIENT, Deadline.SHORT, idempotent=True),
        f"{_ROUND}/GetSpool": MethodPolicy(_COORDINATOR, Deadline.SHORT, idempotent=True),
        f"{_ROUND}/CreateInitialAdapter": MethodPolicy(
            _COORDINATOR, Deadline.LONG, idempotent=True
        ),
        f"{_ROUND}/OpenRound": MethodPolicy(_COORDINATOR, Deadline.SHORT, idempotent=True),
        f"{_ROUND}/WatchRound": MethodPolicy(_COORDINATOR, Deadline.STREAM),
        f"{_ROUND}/SealRound": MethodPolicy(_COORDINATOR, Deadline.LONG, idempotent=True),
        f"{_ROUND}/FinalizeRound": MethodPolicy(_COORDINATOR, Deadline.TRANSFER, idempotent=True),
        f"{_ROUND}/FoldRound": MethodPolicy(_COORDINATOR, Deadline.TRANSFER, idempotent=True),
        f"{_ROUND}/SettleRound": MethodPolicy(_COORDINATOR, Deadline.LONG, idempotent=True),
        f"{_ROUND}/AbortRound": MethodPolicy(_COORDINATOR, Deadline.LONG, idempotent=True),
        f"{_RETRIEVAL}/AddDocuments": MethodPolicy(_CLIENT, Deadline.STREAM),
        f"{_RETRIEVAL}/SearchPassages": MethodPolicy(_CLIENT, Deadline.SHORT, idempotent=True),
        f"{_RETRIEVAL}/ListDocuments": MethodPolicy(_CLIENT, Deadline.SHORT, idempotent=True),
        f"{_RETRIEVAL}/DeleteDocument": MethodPolicy(_CLIENT, Deadline.SHORT, idempotent=True),
        f"{_RETRIEVAL}/ForgetDocuments": MethodPolicy(_CLIENT, Deadline.TRANSFER),
        f"{_RETRIEVAL}/GetIndex": MethodPolicy(_CLIENT, Deadline.SHORT, idempotent=True),
        f"{_HEALTH}/Check": MethodPolicy(_ANYONE, Deadline.STREAM),
        f"{_HEALTH}/Watch": MethodPolicy(_ANYONE, Deadline.STREAM),
    }
)
"""The rules of every method, by its full name."""
