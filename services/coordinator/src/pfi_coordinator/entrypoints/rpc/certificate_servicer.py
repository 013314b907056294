"""CertificateService: renewal with a valid certificate."""

# ruff: noqa: N802 - method names are those of the proto

from pfi.coordinator.v1 import certificate_service_pb2 as messages
from pfi.coordinator.v1.certificate_service_pb2_grpc import CertificateServiceServicer
from pfi_common.rpc.caller import RpcContext, current_caller, require_client
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.renew_certificate import RenewCertificate
from pfi_coordinator.entrypoints.rpc.enrolment_servicer import endpoints_message, issued


class CertificateServicer(CertificateServiceServicer):
    """Translates renewal."""

    def __init__(self, renew: RenewCertificate, replicas: KnownReplicas) -> None:
        self._renew = renew
        self._replicas = replicas

    async def RenewCertificate(
        self, _request: messages.RenewCertificateRequest, _context: RpcContext
    ) -> messages.RenewCertificateResponse:
        """See CertificateService.RenewCertificate."""
        certificate = await self._renew(require_client(), current_caller().key_sha256)
        await self._replicas.refresh()
        return messages.RenewCertificateResponse(
            certificate=issued(certificate), endpoints=endpoints_message(self._replicas)
        )
