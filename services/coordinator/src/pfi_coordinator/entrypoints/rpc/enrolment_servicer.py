"""EnrolmentService: the one place where a caller has no valid certificate."""

# ruff: noqa: N802 - method names are those of the proto

from pfi.coordinator.v1 import enrolment_service_pb2 as messages
from pfi.coordinator.v1.enrolment_service_pb2_grpc import EnrolmentServiceServicer
from pfi_common.rpc.caller import RpcContext
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.certify_client import ClientCertificate
from pfi_coordinator.application.enrol_client import EnrolClient
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.rate_limit import RateLimit
from pfi_coordinator.application.renew_expired_certificate import RenewExpiredCertificate
from pfi_coordinator.metrics import CoordinatorMetrics


class EnrolmentServicer(EnrolmentServiceServicer):
    """Translates enrolment and renewal after expiry."""

    def __init__(
        self,
        enrol: EnrolClient,
        renew_expired: RenewExpiredCertificate,
        replicas: KnownReplicas,
        limit: RateLimit,
        metrics: CoordinatorMetrics,
    ) -> None:
        self._enrol = enrol
        self._renew_expired = renew_expired
        self._replicas = replicas
        self._limit = limit
        self._metrics = metrics

    async def EnrolClient(
        self, request: messages.EnrolClientRequest, context: RpcContext
    ) -> messages.EnrolClientResponse:
        """See EnrolmentService.EnrolClient."""
        self._limit.take(_source(context))
        certificate = await self._enrol(
            request.token_secret,
            request.certificate_request_der,
            agent_version=request.agent_version,
            display_name=request.display_name,
        )
        await self._replicas.refresh()
        self._metrics.enrolled()
        get_logger().info(LogEvent.CLIENT_ENROLLED, client=certificate.client)
        return messages.EnrolClientResponse(
            certificate=issued(certificate), endpoints=endpoints_message(self._replicas)
        )

    async def CreateRenewalChallenge(
        self, _request: messages.CreateRenewalChallengeRequest, context: RpcContext
    ) -> messages.CreateRenewalChallengeResponse:
        """See EnrolmentService.CreateRenewalChallenge."""
        self._limit.take(_source(context))
        nonce = await self._renew_expired.create_challenge()
        return messages.CreateRenewalChallengeResponse(nonce=nonce)

    async def RenewExpiredCertificate(
        self, request: messages.RenewExpiredCertificateRequest, context: RpcContext
    ) -> messages.RenewExpiredCertificateResponse:
        """See EnrolmentService.RenewExpiredCertificate."""
        self._limit.take(_source(context))
        certificate = await self._renew_expired(
            request.certificate_pem, request.nonce, request.signature
        )
        return messages.RenewExpiredCertificateResponse(certificate=issued(certificate))


def issued(certificate: ClientCertificate) -> messages.IssuedCertificate:
    """Writes an issued identity."""
    return messages.IssuedCertificate(
        certificate_chain_pem=certificate.chain_pem, client=certificate.client
    )


def endpoints_message(replicas: KnownReplicas) -> messages.FederationEndpoints:
    """Writes where members are reached."""
    return messages.FederationEndpoints(
        coordinator=replicas.endpoints.session,
        aggregators=replicas.endpoints.aggregators,
        coordinators=replicas.sessions,
        enrolments=replicas.enrolments,
    )


def _source(context: RpcContext) -> str:
    """Gives the caller's address without its port."""
    peer: str = context.peer()
    return peer.rpartition(":")[0]
