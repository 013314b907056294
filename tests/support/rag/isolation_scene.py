"""A retrieval service on Qdrant Edge in which several clients have documents with canaries."""

import io
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.service import RunningRag, running_rag

from pfi.rag.v1 import retrieval_service_pb2_grpc as wire_grpc
from pfi_client_agent.adapters.retrieval_link import OutgoingDocument, RetrievalLink
from pfi_common.telemetry.log import configure_logging
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.domain.ownership import Owner, partition_of

CLIENTS = tuple(f"c-{number:012d}" for number in range(3))
DOCUMENTS = 4
SHARED_NAME = "plan.md"
WORDS = ["pump", "valve", "boiler", "locker", "code", "orchid", "budget", "salary", "hall", "seven"]
EMBEDDER = HashEmbedder()


@dataclass
class Tenant:
    """A client and its documents.

    Attributes:
        client: Client id.
        link: Its calls.
        stub: The same, message by message.
        canaries: Strings that no other client may see.
        documents: Ids of its documents.
        partition: Name of its folder.
    """

    client: str
    link: RetrievalLink
    stub: wire_grpc.RetrievalServiceStub
    canaries: list[str]
    documents: list[str]
    partition: str


@dataclass
class Scene:
    """A running service with documents of several clients.

    Attributes:
        rag: The service.
        tenants: Its clients.
        log: All that was logged.
        root: Folder of the indexes.
    """

    rag: RunningRag
    tenants: list[Tenant]
    log: io.StringIO
    root: Path

    def others(self, tenant: Tenant) -> list[Tenant]:
        return [other for other in self.tenants if other is not tenant]


@asynccontextmanager
async def isolation_scene(folder: Path) -> AsyncIterator[Scene]:
    """Starts a service on Qdrant Edge and gives each client its documents."""
    root, log = folder / "indexes", io.StringIO()
    configure_logging("rag", stream=log)
    async with AsyncExitStack() as stack:
        factory = EdgeStoreFactory(root, EMBEDDER.digest)
        rag = await stack.enter_async_context(
            running_rag(folder, embedder=EMBEDDER, factory=factory)
        )
        tenants = [await _tenant(rag, client, stack) for client in CLIENTS]
        yield Scene(rag, tenants, log, root)


async def _tenant(rag: RunningRag, client: str, stack: AsyncExitStack) -> Tenant:
    identity = rag.federation.client(client)
    channel = await stack.enter_async_context(rag.channel(identity))
    link, stub = RetrievalLink(channel), wire_grpc.RetrievalServiceStub(channel)
    made = [document_of(client, number) for number in range(DOCUMENTS)]
    documents = [made_document for made_document, _ in made]
    canaries = [canary for _, listed in made for canary in listed]
    answers = [answer async for answer in link.add(documents)]
    owner = Owner(identity.identity.federation, client, identity.key_sha256)
    ids = [answer.document for answer in answers]
    return Tenant(client, link, stub, canaries, ids, partition_of(owner))


def document_of(client: str, number: int) -> tuple[OutgoingDocument, list[str]]:
    generator = random.Random(f"{client}/{number}")
    canaries = [f"canary{generator.getrandbits(64):016x}" for _ in range(3)]
    text = "\n\n".join(
        f"{' '.join(generator.sample(WORDS, 6))} {canaries[0]} part{part}." for part in range(4)
    )
    name = SHARED_NAME if number == 0 else f"{canaries[1]}/notes.md"
    return OutgoingDocument(name, text.encode(), {"topic": canaries[2]}), canaries
