"""A retrieval service in the test's event loop: real mutual TLS, gRPC and REST."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import httpx
from tests.support.certificates import FederationFixture
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.stores import InMemoryStoreFactory

from pfi_client_agent.adapters.retrieval_link import RetrievalLink
from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.channel import secure_channel
from pfi_rag.application.ports import Embedder, StoreFactory
from pfi_rag.bootstrap.graph import Graph, wire
from pfi_rag.bootstrap.server import Endpoints, running_service
from pfi_rag.metrics import RagMetrics
from pfi_rag.settings import RagSettings

DEFAULT = HashEmbedder()


def rag_settings(state: Path, **changes: object) -> RagSettings:
    """Settings that read nothing of the machine."""
    return RagSettings(state=state, models=state / "models", drain_seconds=2, **changes)


@dataclass
class RunningRag:
    """A service that answers.

    Attributes:
        endpoints: Where it listens.
        federation: Issues clients.
        factory: Its store.
        folder: For key files.
    """

    endpoints: Endpoints
    federation: FederationFixture
    factory: StoreFactory
    folder: Path

    @property
    def authority_pem(self) -> bytes:
        return self.endpoints.certificate.read_bytes()

    def channel(self, identity: LocalIdentity) -> grpc.aio.Channel:
        return secure_channel(self.endpoints.rpc, identity, self.authority_pem)

    @asynccontextmanager
    async def link(self, identity: LocalIdentity) -> AsyncIterator[RetrievalLink]:
        async with self.channel(identity) as channel:
            yield RetrievalLink(channel)

    def https(self, identity: LocalIdentity | None) -> httpx.AsyncClient:
        """An HTTPS client with this identity's certificate, or none."""
        context = ssl.create_default_context(cadata=self.authority_pem.decode())
        if identity is not None:
            pair = self.folder / f"{identity.key_sha256}.pem"
            pair.write_bytes(identity.key_pem + identity.certificate_chain_pem)
            context.load_cert_chain(pair)
        base = f"https://{self.endpoints.rest}"
        return httpx.AsyncClient(base_url=base, verify=context, trust_env=False, timeout=60)


@asynccontextmanager
async def running_rag(
    folder: Path,
    *,
    embedder: Embedder | None = DEFAULT,
    clock: Clock | None = None,
    factory: StoreFactory | None = None,
    **changes,
) -> AsyncIterator[RunningRag]:
    """Serves while the block runs.

    Args:
        folder: Of the federation and of the service.
        embedder: The model; None for none.
        clock: The service's clock.
        factory: Its store; in memory unless given.
        changes: Other settings.
    """
    federation = FederationFixture(folder)
    authority = folder / "authority" / "authority.pem"
    settings = rag_settings(folder / "rag", federation_authority=authority, **changes)
    store = factory or InMemoryStoreFactory(None if embedder is None else embedder.digest)

    def build(given: RagSettings, metrics: RagMetrics, clock: Clock) -> Graph:
        return wire(store, embedder, given, metrics, clock)

    stop = asyncio.Event()
    async with running_service(settings, stop, clock or SystemClock(), build) as endpoints:
        yield RunningRag(endpoints, federation, store, folder)


def log_lines(text: str) -> list[dict]:
    """JSON log lines of a service."""
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
