"""A real gRPC server over TLS in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import grpc
from prometheus_client import CollectorRegistry

from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import LocalIdentity, RevocationList
from pfi_common.rpc.interceptor import PlatformInterceptor, create_interceptor
from pfi_common.rpc.options import ServerOptions
from pfi_common.rpc.server import RpcServer, build_server
from pfi_common.telemetry.metrics import RpcMetrics


def fresh_revocations(clock: Clock | None = None) -> RevocationList:
    """Makes a revocation list that was read just now and is empty."""
    revocations = RevocationList(clock or SystemClock())
    revocations.replace(set())
    return revocations


@dataclass
class RunningServer:
    """A server that answers.

    Attributes:
        port: Where it listens on 127.0.0.1.
        target: The same as host:port.
        revocations: Its revocation list.
        registry: Its metrics.
        server: The server itself.
        interceptor: What every call goes through.
    """

    port: int
    server: RpcServer
    revocations: RevocationList
    registry: CollectorRegistry = field(repr=False)
    interceptor: PlatformInterceptor = field(repr=False)

    @property
    def target(self) -> str:
        return f"127.0.0.1:{self.port}"


@asynccontextmanager
async def running_server(
    identity: LocalIdentity,
    add_services: Callable[[grpc.aio.Server], None],
    *,
    require_client_certificate: bool = True,
    revocations: RevocationList | None = None,
    clock: Clock | None = None,
    options: ServerOptions | None = None,
    port: int = 0,
) -> AsyncIterator[RunningServer]:
    """Serves while the block runs, with the platform's interceptor and limits.

    Args:
        identity: Of the server.
        add_services: Adds servicers, for instance
            `partial(add_UpdateServiceServicer_to_server, servicer)`.
        require_client_certificate: False for an enrolment port.
        revocations: The server's list; an empty fresh one unless given.
        clock: The server's clock; the machine's unless given.
        options: Limits; the platform's unless given.
        port: Where to listen; any free port unless given.
    """
    clock = clock or SystemClock()
    revocations = revocations or fresh_revocations(clock)
    registry = CollectorRegistry()
    metrics = RpcMetrics("test", registry)
    interceptor = create_interceptor(identity.identity.federation, revocations, metrics, clock)
    server = build_server(interceptor, options)
    add_services(server.grpc)
    port = server.add_port(
        f"127.0.0.1:{port}", identity, require_client_certificate=require_client_certificate
    )
    await server.start()
    try:
        yield RunningServer(port, server, revocations, registry, interceptor)
    finally:
        await server.grpc.stop(None)


async def eventually(condition: Callable[[], bool], timeout_seconds: float = 60.0) -> None:
    """Waits until a condition holds."""
    async with asyncio.timeout(timeout_seconds):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
