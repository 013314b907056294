"""Runs the service."""

import asyncio
import json
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry

from pfi.rag.v1 import retrieval_service_pb2_grpc
from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import RevocationList
from pfi_common.identity.files import PRIVATE, write_durably
from pfi_common.rest.embedded_server import EmbeddedServer
from pfi_common.rest.tls_files import TlsFiles
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.handling import CallHandling
from pfi_common.rpc.interceptor import PlatformInterceptor
from pfi_common.rpc.server import build_server
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger
from pfi_rag.adapters.process_locks import StateLock, wait_until_unused
from pfi_rag.adapters.service_identity import ensure_identity, read_federation_authority
from pfi_rag.application.transfer_slots import TransferSlots
from pfi_rag.bootstrap.graph import Graph, build_graph
from pfi_rag.entrypoints.rest.app import RestParts, build_app
from pfi_rag.entrypoints.rest.peer import PeerProtocol
from pfi_rag.entrypoints.retrieval_servicer import RetrievalServicer
from pfi_rag.metrics import RagMetrics
from pfi_rag.settings import RagSettings

ENDPOINTS = "endpoints.json"
BuildGraph = Callable[[RagSettings, RagMetrics, Clock], Graph]
"""Wires the use cases; `build_graph` outside of tests."""


@dataclass(frozen=True)
class Endpoints:
    """Where a running service listens.

    Attributes:
        rpc: host:port of gRPC.
        rest: host:port of the REST API; empty for none.
        certificate: File (PEM) with the authority that the service is verified against.
    """

    rpc: str
    rest: str
    certificate: Path

    def text(self) -> str:
        """Writes them as endpoints.json has them."""
        return json.dumps(
            {"rpc": self.rpc, "rest": self.rest, "certificate": str(self.certificate)}, indent=1
        )


def serve(settings: RagSettings, until_unused: Path | None) -> None:
    """Serves until SIGTERM or SIGINT, then drains.

    Args:
        settings: Of the process.
        until_unused: Lock file; the service ends, too, when no process holds it any more.

    Raises:
        PlatformError: It cannot start; the message says what to do.
    """
    configure_logging("rag", settings.log_level)
    asyncio.run(_serve(settings, until_unused))


async def _serve(settings: RagSettings, until_unused: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_unused is not None:
        # A thread that waits for a lock cannot be stopped; as a daemon it ends with the process.
        threading.Thread(target=_watch, args=(until_unused, loop, stop), daemon=True).start()
    file = settings.state / ENDPOINTS
    async with running_service(settings, stop, SystemClock()) as endpoints:
        write_durably(file, endpoints.text().encode(), PRIVATE)
        await stop.wait()
        file.unlink(missing_ok=True)


def _watch(path: Path, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    wait_until_unused(path)
    get_logger().info(Event.USERS_GONE)
    loop.call_soon_threadsafe(stop.set)


@asynccontextmanager
async def running_service(
    settings: RagSettings, stop: asyncio.Event, clock: Clock, build: BuildGraph = build_graph
) -> AsyncIterator[Endpoints]:
    """Serves inside the context; leaving it drains.

    Args:
        settings: Of the process.
        stop: Set to begin draining; set by leaving the context, too.
        clock: Tells the time.
        build: Wires the use cases.
    """
    async with AsyncExitStack() as stack:
        stack.callback(StateLock(settings.state).close)
        # A service that was killed left it; nobody is to call, or to meet at, its old ports.
        (settings.state / ENDPOINTS).unlink(missing_ok=True)
        running = _Running(settings, stop, clock, build)
        stack.push_async_callback(running.graph.indexes.close)
        endpoints = running.listen(stack)
        await running.server.start()
        get_logger().info(
            Event.RAG_LISTENING, address=endpoints.rpc, endpoint=endpoints.rest or None
        )
        async with asyncio.TaskGroup() as group:
            drained = group.create_task(running.server.serve_until(stop, settings.drain_seconds))
            group.create_task(running.serve_rest())
            try:
                yield endpoints
            finally:
                stop.set()
                await drained
                running.stop_rest()


class _Running:
    """The parts of a service that runs."""

    def __init__(
        self, settings: RagSettings, stop: asyncio.Event, clock: Clock, build: BuildGraph
    ) -> None:
        self._settings = settings
        authority = settings.federation_authority or settings.state / "authority.pem"
        self._callers_pem, federation = read_federation_authority(authority)
        self._identity = ensure_identity(settings.state, (), clock)
        registry = CollectorRegistry()
        metrics = RagMetrics(registry)
        self.graph = build(settings, metrics, clock)
        admission = Admission(federation, own_revocations(clock), clock)
        handling = CallHandling(admission, metrics.rpc, clock)
        self.server = build_server(PlatformInterceptor(handling))
        self._rest: EmbeddedServer | None = None
        self._parts = RestParts(
            use=self.graph.use,
            admission=admission,
            metrics=metrics,
            registry=registry,
            clock=clock,
            ready=lambda: not stop.is_set(),
            slots=TransferSlots(),
        )

    def listen(self, stack: AsyncExitStack) -> Endpoints:
        """Takes the ports."""
        servicer = RetrievalServicer(self.graph.use, self._parts.slots)
        retrieval_service_pb2_grpc.add_RetrievalServiceServicer_to_server(
            servicer, self.server.grpc
        )
        settings = self._settings
        port = self.server.add_port(
            settings.address,
            self._identity,
            require_client_certificate=True,
            client_authority_pem=self._callers_pem,
        )
        rest = ""
        if settings.rest_address:
            self._rest = EmbeddedServer(settings.rest_address, protocol=PeerProtocol)
            stack.callback(self._rest.close)
            rest = _join(settings.rest_address, self._rest.port)
        certificate = (settings.state / "identity" / "authority.pem").absolute()
        return Endpoints(_join(settings.address, port), rest, certificate)

    async def serve_rest(self) -> None:
        """Serves the REST API until `stop_rest`."""
        if self._rest is not None:
            tls = TlsFiles(self._settings.state / "identity", self._callers_pem)
            await self._rest.serve(build_app(self._parts), tls)

    def stop_rest(self) -> None:
        """Begins to end the REST API."""
        if self._rest is not None:
            self._rest.stop()


def own_revocations(clock: Clock) -> RevocationList:
    """Makes the revocation list of this service: empty, and always fresh.

    The index is the client's own and runs in the client's trust domain. Whom the federation refuses
    is the federation's affair; it must not lock people out of their own documents, nor must a
    federation that cannot be reached.
    """
    revocations = RevocationList(clock, maximum_age_seconds=math.inf)
    revocations.replace(frozenset())
    return revocations


def _join(address: str, port: int) -> str:
    """Gives an address with the port that was bound in place of the one that was asked for."""
    return f"{address.rpartition(':')[0]}:{port}"
