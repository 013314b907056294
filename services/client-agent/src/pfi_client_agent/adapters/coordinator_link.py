"""Calls to the coordinator: enrolment, renewal, and the session stream."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from pfi.coordinator.v1 import certificate_service_pb2 as certificates
from pfi.coordinator.v1 import certificate_service_pb2_grpc as certificates_grpc
from pfi.coordinator.v1 import enrolment_service_pb2 as enrolment
from pfi.coordinator.v1 import enrolment_service_pb2_grpc as enrolment_grpc
from pfi.coordinator.v1 import session_service_pb2 as session
from pfi.coordinator.v1 import session_service_pb2_grpc as session_grpc
from pfi_common.errors import ServiceUnavailableError
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.channel import enrolment_channel
from pfi_common.rpc.errors import translated
from pfi_common.rpc.policy import Deadline

OpenChannel = Callable[[str, LocalIdentity], grpc.aio.Channel]
"""Opens a channel to a member; `pfi_common.rpc.channel.secure_channel` outside of tests."""

_CALL_SECONDS = Deadline.SHORT.value


@dataclass
class SessionStream:
    """An open session.

    Args:
        call: The stream.
    """

    call: "grpc.aio.StreamStreamCall[session.SessionRequest, session.SessionResponse]"

    async def send(self, message: session.SessionRequest) -> None:
        """Send a message.

        Raises:
            PlatformError: The stream has ended.
        """
        with translated():
            try:
                await self.call.write(message)
            except asyncio.InvalidStateError:
                await self.call.read()  # raises what the call ended with
                raise ServiceUnavailableError("the coordinator ended the session") from None

    async def receive(self) -> session.SessionResponse | None:
        """Wait for the next message; None when the server ended the stream without an error.

        Raises:
            PlatformError: The stream ended with it.
        """
        with translated():
            message = await self.call.read()
        return message if isinstance(message, session.SessionResponse) else None


async def enrol_client(
    endpoint: str, authority_pem: bytes, request: enrolment.EnrolClientRequest
) -> enrolment.EnrolClientResponse:
    """Trade a join token for a certificate.

    Raises:
        PlatformError: The coordinator refuses, or does not answer.
    """
    async with enrolment_channel(endpoint, authority_pem) as channel:
        with translated():
            stub = enrolment_grpc.EnrolmentServiceStub(channel)
            return await stub.EnrolClient(request, timeout=_CALL_SECONDS)


async def renew_expired(
    endpoint: str, identity: LocalIdentity, sign: Callable[[bytes], bytes]
) -> enrolment.IssuedCertificate:
    """Renew a certificate that has expired, by proving that its key is here.

    Args:
        endpoint: The enrolment port.
        identity: The expired identity.
        sign: Signs the nonce with its key.

    Raises:
        PlatformError: The coordinator refuses, or does not answer.
    """
    async with enrolment_channel(endpoint, identity.authority_pem) as channel:
        with translated():
            stub = enrolment_grpc.EnrolmentServiceStub(channel)
            challenge = await stub.CreateRenewalChallenge(
                enrolment.CreateRenewalChallengeRequest(), timeout=_CALL_SECONDS
            )
            request = enrolment.RenewExpiredCertificateRequest(
                certificate_pem=identity.certificate_chain_pem,
                nonce=challenge.nonce,
                signature=sign(challenge.nonce),
            )
            response = await stub.RenewExpiredCertificate(request, timeout=_CALL_SECONDS)
            return response.certificate


async def renew(
    endpoint: str, identity: LocalIdentity, open_channel: OpenChannel
) -> certificates.RenewCertificateResponse:
    """Renew a certificate that is still valid.

    Raises:
        PlatformError: The coordinator refuses, or does not answer.
    """
    async with open_channel(endpoint, identity) as channel:
        with translated():
            stub = certificates_grpc.CertificateServiceStub(channel)
            return await stub.RenewCertificate(
                certificates.RenewCertificateRequest(), timeout=_CALL_SECONDS
            )


@asynccontextmanager
async def open_session(
    endpoint: str, identity: LocalIdentity, open_channel: OpenChannel
) -> AsyncIterator[SessionStream]:
    """Open a session stream; it ends with the block.

    Raises:
        PlatformError: From the stream's methods, when the coordinator refuses or is gone.
    """
    async with open_channel(endpoint, identity) as channel:
        call = session_grpc.SessionServiceStub(channel).Session()
        try:
            yield SessionStream(call)
        finally:
            call.cancel()
