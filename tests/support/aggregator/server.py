"""A real aggregator on mTLS, in the test's own process, and clients made from the protos."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.aggregator.builders import KEY, SEED, SPOOL, Upload, make_upload
from tests.support.certificates import DAY, LOOPBACK, FederationFixture
from tests.support.redis import mark_federation

from pfi.aggregator.v1 import (
    adapter_service_pb2,
    adapter_service_pb2_grpc,
    round_service_pb2,
    round_service_pb2_grpc,
    ticket_pb2,
    update_service_pb2,
    update_service_pb2_grpc,
)
from pfi.common.v1 import adapter_pb2, signed_pb2
from pfi_aggregator.bootstrap.server import Endpoints, running_aggregator
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.settings import AggregatorSettings
from pfi_aggregator.wire.names import write_key
from pfi_aggregator.wire.plans import write_plan
from pfi_common.clock import Clock, SystemClock
from pfi_common.identity import LocalIdentity, save_identity, save_signer
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.errors import translated

TOKEN = 3
SECONDS = 10.0


class ClientLink:
    """What an agent does at the aggregator."""

    def __init__(self, target: str, identity: LocalIdentity) -> None:
        self.identity = identity
        self.channel = secure_channel(target, identity)
        self.updates = update_service_pb2_grpc.UpdateServiceStub(self.channel)
        self.adapters = adapter_service_pb2_grpc.AdapterServiceStub(self.channel)

    async def upload(
        self,
        upload: Upload,
        ticket: signed_pb2.SignedStatement,
        *,
        offset: int = 0,
        chunk_bytes: int = 1 << 20,
    ) -> ticket_pb2.UpdateReceipt:
        """Sends all bytes from the offset on and gives the receipt."""
        requests = upload_requests(upload, ticket, offset=offset, chunk_bytes=chunk_bytes)
        with translated():
            response = await self.updates.UploadUpdate(requests, timeout=60)
        return ticket_pb2.UpdateReceipt.FromString(response.receipt.payload)

    async def status(
        self, upload: Upload, ticket: signed_pb2.SignedStatement
    ) -> update_service_pb2.GetUploadStatusResponse:
        """Asks how the upload stands."""
        request = update_service_pb2.GetUploadStatusRequest(
            ticket=ticket, payload_sha256=upload.header.payload_sha256
        )
        with translated():
            return await self.updates.GetUploadStatus(request, timeout=SECONDS)

    async def download(self, digest: str, offset: int = 0) -> bytes:
        """Gives an adapter's bytes from an offset on."""
        request = adapter_service_pb2.DownloadAdapterRequest(digest=digest, offset_bytes=offset)
        received = bytearray()
        with translated():
            async for response in self.adapters.DownloadAdapter(request, timeout=60):
                received += response.chunk.data
        return bytes(received)


async def upload_requests(
    upload: Upload,
    ticket: signed_pb2.SignedStatement,
    *,
    offset: int = 0,
    chunk_bytes: int = 1 << 20,
    end: int | None = None,
) -> AsyncIterator[update_service_pb2.UploadUpdateRequest]:
    """The messages of an upload, up to `end`."""
    header = update_service_pb2.UpdateHeader()
    header.CopyFrom(upload.header)
    header.ticket.CopyFrom(ticket)
    header.offset_bytes = offset
    yield update_service_pb2.UploadUpdateRequest(header=header)
    payload = upload.payload[:end]
    for start in range(offset, len(payload), chunk_bytes):
        data = payload[start : start + chunk_bytes]
        chunk = adapter_pb2.PayloadChunk(offset_bytes=start, data=data)
        yield update_service_pb2.UploadUpdateRequest(chunk=chunk)


class LeaderLink:
    """What the leading coordinator does at the aggregator."""

    def __init__(self, target: str, identity: LocalIdentity, token: int = TOKEN) -> None:
        self.channel = secure_channel(target, identity)
        self.stub = round_service_pb2_grpc.RoundServiceStub(self.channel)
        self.token = token

    async def start(self, plan: RoundPlan) -> None:
        """Publishes version 0 and opens the round."""
        request = round_service_pb2.CreateInitialAdapterRequest(
            leader_token=self.token,
            run=plan.key.run,
            line=plan.key.line,
            schema=plan.schema.to_proto(),
            seed=SEED,
        )
        with translated():
            await self.stub.CreateInitialAdapter(request, timeout=SECONDS)
        await self.open(plan)

    async def open(self, plan: RoundPlan) -> None:
        """Opens the round."""
        request = round_service_pb2.OpenRoundRequest(leader_token=self.token, plan=write_plan(plan))
        with translated():
            await self.stub.OpenRound(request, timeout=SECONDS)

    async def seal(self, key=KEY) -> round_service_pb2.SealRoundResponse:
        request = round_service_pb2.SealRoundRequest(leader_token=self.token, key=write_key(key))
        with translated():
            return await self.stub.SealRound(request, timeout=60)

    async def finalize(self, key=KEY) -> round_service_pb2.FinalizeRoundResponse:
        request = round_service_pb2.FinalizeRoundRequest(
            leader_token=self.token, key=write_key(key)
        )
        with translated():
            return await self.stub.FinalizeRound(request, timeout=120)

    async def settle(self, key=KEY) -> None:
        request = round_service_pb2.SettleRoundRequest(leader_token=self.token, key=write_key(key))
        with translated():
            await self.stub.SettleRound(request, timeout=60)

    async def abort(self, key=KEY) -> None:
        request = round_service_pb2.AbortRoundRequest(leader_token=self.token, key=write_key(key))
        with translated():
            await self.stub.AbortRound(request, timeout=60)

    def watch(self, key=KEY):
        """The stream of committed updates."""
        return self.stub.WatchRound(round_service_pb2.WatchRoundRequest(key=write_key(key)))


@dataclass
class Site:
    """Folders and identities of one aggregator, from which it can be started again."""

    folder: Path
    federation: FederationFixture
    settings: AggregatorSettings
    coordinator: LocalIdentity

    @classmethod
    def make(cls, folder: Path, redis_url: str, clock: Clock | None = None) -> "Site":
        """Makes the identities."""
        federation = FederationFixture(folder, clock=clock)
        identity = federation.service(f"aggregator/{SPOOL}", LOOPBACK)
        save_identity(
            folder / "state" / "identity",
            key_pem=identity.key_pem,
            certificate_chain_pem=identity.certificate_chain_pem,
            authority_pem=identity.authority_pem,
        )
        key = Ed25519PrivateKey.generate()
        certificate = federation.authority.issue_signer(
            key.public_key(), f"aggregator/{SPOOL}", DAY
        )
        save_signer(folder / "state" / "identity", key, certificate)
        settings = AggregatorSettings(
            state=folder / "state",
            spool=folder / "spool",
            spool_name=SPOOL,
            artifacts_url=f"file://{folder}/artifacts",
            redis_url=redis_url,
            drain_seconds=5,
        )
        return cls(folder, federation, settings, federation.service("coordinator"))

    def __post_init__(self) -> None:
        self.signer = self.federation.signer("coordinator")

    @asynccontextmanager
    async def running(self, clock: Clock | None = None) -> AsyncIterator["RunningSite"]:
        """Serves while the block runs; starting it again is a restart."""
        mark_federation(self.settings.redis_url)
        async with AsyncExitStack() as stack:
            stop = asyncio.Event()
            serving = running_aggregator(self.settings, stop, clock or SystemClock())
            endpoints = await stack.enter_async_context(serving)
            site = RunningSite(self, endpoints, stop, stack)
            await site.wait_until_ready()
            yield site


class RunningSite:
    """A running aggregator and the links to it.

    Attributes:
        stop: Begins draining, as SIGTERM does.
    """

    def __init__(
        self, site: Site, endpoints: Endpoints, stop: asyncio.Event, stack: AsyncExitStack
    ) -> None:
        self.site = site
        self.endpoints = endpoints
        self.stop = stop
        self._stack = stack

    async def leader(self, token: int = TOKEN) -> LeaderLink:
        link = LeaderLink(self.endpoints.aggregator, self.site.coordinator, token)
        await self._stack.enter_async_context(link.channel)
        return link

    async def client(self, client: str = "c-000000000001") -> ClientLink:
        """Links a new client."""
        return await self.link(self.site.federation.client(client))

    async def link(self, identity: LocalIdentity) -> ClientLink:
        """Links a client that was made before."""
        link = ClientLink(self.endpoints.aggregator, identity)
        await self._stack.enter_async_context(link.channel)
        return link

    def make(
        self, plan: RoundPlan, link: ClientLink, **upload: object
    ) -> tuple[Upload, signed_pb2.SignedStatement]:
        """An upload of the link's client, and its signed ticket."""
        expiry = SystemClock().now() + timedelta(hours=1)
        upload = {"expiry": expiry, **upload}
        name = link.identity.identity.name
        made = make_upload(plan, name, key_sha256=link.identity.key_sha256, **upload)
        return made, self.site.signer.sign(made.ticket)

    async def wait_until_ready(self) -> None:
        """Waits until the revocation list has been read."""
        async with asyncio.timeout(SECONDS):
            while await self._get("/readyz") != 200:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.01)

    async def metrics(self) -> str:
        """Gives what is scraped."""
        return (await self._fetch("/metrics"))[1]

    async def _get(self, path: str) -> int:
        return (await self._fetch(path))[0]

    async def _fetch(self, path: str) -> tuple[int, str]:
        host, _, port = self.endpoints.operations.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        head, _, body = answer.partition("\r\n\r\n")
        return int(head.split()[1]), body
