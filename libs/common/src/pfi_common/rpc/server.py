"""Servers: mutual TLS, limits, health, and an orderly end."""

import asyncio

import grpc
from cryptography.hazmat.primitives.serialization import Encoding
from grpc_health.v1 import health, health_pb2_grpc  # type: ignore[import-untyped]

from pfi_common.errors import SettingsInvalidError
from pfi_common.identity.folder import LocalIdentity
from pfi_common.rpc.interceptor import PlatformInterceptor
from pfi_common.rpc.options import ServerOptions
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class RpcServer:
    """A gRPC server with its health service.

    Attributes:
        grpc: Where servicers are added.
    """

    def __init__(self, server: grpc.aio.Server, health_servicer: health.aio.HealthServicer) -> None:
        self.grpc = server
        self._health = health_servicer

    def add_port(
        self,
        address: str,
        identity: LocalIdentity,
        *,
        require_client_certificate: bool,
        client_authority_pem: bytes | None = None,
    ) -> int:
        """Listens with TLS on host:port and gives the port that was bound (for port 0).

        Args:
            address: host:port.
            identity: The server's certificate; its authority's certificate is sent along, so that
                enrolling clients can compare it with their token.
            require_client_certificate: False on the enrolment port alone.
            client_authority_pem: Certificate of the authority that callers are verified against,
                where it is not the server's own.

        Raises:
            SettingsInvalidError: The address cannot be bound.
        """
        callers_pem = client_authority_pem or identity.authority_pem
        credentials = _credentials(identity, callers_pem if require_client_certificate else None)
        try:
            return self.grpc.add_secure_port(address, credentials)
        except RuntimeError:
            raise SettingsInvalidError(
                f"cannot listen on {address}: another process may have the port"
            ) from None

    async def start(self) -> None:
        """Starts answering."""
        await self.grpc.start()

    async def serve_until(self, stop: asyncio.Event, grace_seconds: float) -> None:
        """Serves until `stop` is set, then drains.

        Health says NOT_SERVING first; then new calls are refused, and running ones have
        `grace_seconds` to end before they are cancelled.
        """
        await stop.wait()
        get_logger().info(Event.SERVICE_DRAINING, seconds=grace_seconds)
        await self._health.enter_graceful_shutdown()
        await self.grpc.stop(grace_seconds)
        get_logger().info(Event.SERVICE_STOPPED)


def build_server(
    interceptor: PlatformInterceptor, options: ServerOptions | None = None
) -> RpcServer:
    """Makes a server that has the health service and nothing else yet."""
    limits = options or ServerOptions()
    server = grpc.aio.server(
        interceptors=[interceptor],
        options=limits.arguments(),
        maximum_concurrent_rpcs=limits.maximum_calls,
        compression=grpc.Compression.NoCompression,
    )
    health_servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health_servicer, server)
    return RpcServer(server, health_servicer)


def _credentials(
    identity: LocalIdentity, client_authority_pem: bytes | None
) -> grpc.ServerCredentials:
    certificate = identity.certificate.public_bytes(Encoding.PEM)
    pair = (identity.key_pem, certificate + identity.authority_pem)
    return grpc.ssl_server_credentials(
        [pair],
        root_certificates=client_authority_pem,
        require_client_auth=client_authority_pem is not None,
    )
