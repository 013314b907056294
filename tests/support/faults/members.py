"""Members of a federation whose other end is a real aggregator process: the leader, and clients."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice

import numpy as np
from tests.support.aggregator.builders import SEED, Upload, make_upload, with_ticket
from tests.support.certificates import FederationFixture

from pfi.aggregator.v1 import round_service_pb2 as rounds
from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1.adapter_service_pb2 import DownloadAdapterRequest
from pfi.aggregator.v1.adapter_service_pb2_grpc import AdapterServiceStub
from pfi.aggregator.v1.lineage_pb2 import CountedUpdate, Lineage
from pfi.aggregator.v1.round_service_pb2 import SealRoundResponse
from pfi.aggregator.v1.round_service_pb2_grpc import RoundServiceStub
from pfi.aggregator.v1.ticket_pb2 import UpdateReceipt
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.wire.plans import write_plan
from pfi_common.identity import LocalIdentity
from pfi_common.rpc.channel import secure_channel
from pfi_common.rpc.chunks import iter_chunks
from pfi_common.rpc.errors import translated

CALL_SECONDS = 10.0
TOKEN = 1


class Leader:
    """The leading coordinator as an aggregator sees it: signs tickets and gives commands."""

    def __init__(self, federation: FederationFixture) -> None:
        self.identity = federation.service("coordinator")
        self.signer = federation.signer("coordinator")
        self._verifier = federation.verifier()

    @asynccontextmanager
    async def rounds(self, target: str) -> AsyncIterator[RoundServiceStub]:
        """The aggregator's commands."""
        async with secure_channel(target, self.identity) as channel:
            with translated():
                yield RoundServiceStub(channel)

    async def create_initial(self, target: str, plan: RoundPlan) -> Lineage:
        """Has version 0 made."""
        request = rounds.CreateInitialAdapterRequest(
            leader_token=TOKEN,
            run=plan.key.run,
            line=plan.key.line,
            schema=plan.schema.to_proto(),
            seed=SEED,
        )
        async with self.rounds(target) as stub:
            response = await stub.CreateInitialAdapter(request, timeout=CALL_SECONDS)
        return self.lineage(response.lineage)

    async def open(self, target: str, plan: RoundPlan) -> None:
        """Opens a round."""
        request = rounds.OpenRoundRequest(leader_token=TOKEN, plan=write_plan(plan))
        async with self.rounds(target) as stub:
            await stub.OpenRound(request, timeout=CALL_SECONDS)

    async def seal(self, target: str, plan: RoundPlan) -> list[CountedUpdate]:
        """Fixes the counted set."""
        return list((await self.sealed(target, plan)).counted)

    async def sealed(self, target: str, plan: RoundPlan) -> SealRoundResponse:
        """Fixes the counted set, and says what workers must reduce."""
        request = rounds.SealRoundRequest(leader_token=TOKEN, key=_key(plan))
        async with self.rounds(target) as stub:
            response: SealRoundResponse = await stub.SealRound(request, timeout=CALL_SECONDS)
            return response

    async def abort(self, target: str, plan: RoundPlan) -> None:
        """Voids the attempt."""
        request = rounds.AbortRoundRequest(leader_token=TOKEN, key=_key(plan))
        async with self.rounds(target) as stub:
            await stub.AbortRound(request, timeout=CALL_SECONDS)

    async def finalize(self, target: str, plan: RoundPlan) -> SignedStatement:
        """Has the counted updates merged and published."""
        request = rounds.FinalizeRoundRequest(leader_token=TOKEN, key=_key(plan))
        async with self.rounds(target) as stub:
            return (await stub.FinalizeRound(request, timeout=60)).lineage

    async def settle(self, target: str, plan: RoundPlan) -> None:
        """Lets the updates go."""
        request = rounds.SettleRoundRequest(leader_token=TOKEN, key=_key(plan))
        async with self.rounds(target) as stub:
            await stub.SettleRound(request, timeout=CALL_SECONDS)

    async def download(self, target: str, digest: str) -> bytes:
        """The payload of an adapter."""
        payload = bytearray()
        async with secure_channel(target, self.identity) as channel:
            with translated():
                call = AdapterServiceStub(channel).DownloadAdapter(
                    DownloadAdapterRequest(digest=digest), timeout=CALL_SECONDS
                )
                async for message in call:
                    payload += message.chunk.data
        return bytes(payload)

    def lineage(self, statement: SignedStatement) -> Lineage:
        """A verified lineage."""
        return self._verifier.verify(statement, Lineage, signer="aggregator/spool-0")

    def receipt(self, statement: SignedStatement) -> UpdateReceipt:
        """A verified receipt."""
        return self._verifier.verify(statement, UpdateReceipt, signer="aggregator/spool-0")


class Sender:
    """A client with one update for one round.

    Attributes:
        identity: Its certificate.
        plan: Of the round.
        upload: What it sends.
        ticket: The leader's permission.
    """

    def __init__(
        self,
        federation: FederationFixture,
        leader: Leader,
        plan: RoundPlan,
        client: str,
        *,
        vector: np.ndarray | None = None,
        seed: int = 1,
        examples: int = 3,
    ) -> None:
        self.identity: LocalIdentity = federation.client(client)
        self.plan = plan
        self.upload: Upload = make_upload(
            plan,
            client,
            vector=vector,
            seed=seed,
            examples=examples,
            key_sha256=self.identity.key_sha256,
            expiry=datetime.now(UTC) + timedelta(hours=1),  # noqa: TID251 - the process' own time
        )
        self.ticket = leader.signer.sign(self.upload.ticket)

    @property
    def task(self) -> str:
        """Id of its task."""
        return self.upload.ticket.task

    async def send(
        self, target: str, offset_bytes: int = 0, *, stall_after_chunks: int | None = None
    ) -> SignedStatement:
        """Uploads from an offset on, or only so many chunks; gives the receipt as signed."""
        header = with_ticket(self.upload, self.ticket)
        header.offset_bytes = offset_bytes

        async def messages() -> AsyncIterator[updates.UploadUpdateRequest]:
            yield updates.UploadUpdateRequest(header=header)
            chunks = iter_chunks(memoryview(self.upload.payload), offset_bytes)
            for chunk in islice(chunks, stall_after_chunks):
                yield updates.UploadUpdateRequest(chunk=chunk)
            if stall_after_chunks is not None:
                await asyncio.Event().wait()

        async with secure_channel(target, self.identity) as channel:
            with translated():
                call = UpdateServiceStub(channel).UploadUpdate(messages(), timeout=60)
                return (await call).receipt

    async def status(self, target: str) -> int | SignedStatement:
        """Offset of a resume, or the receipt."""
        request = updates.GetUploadStatusRequest(
            ticket=self.ticket, payload_sha256=self.upload.header.payload_sha256
        )
        async with secure_channel(target, self.identity) as channel:
            with translated():
                stub = UpdateServiceStub(channel)
                response = await stub.GetUploadStatus(request, timeout=CALL_SECONDS)
        if response.WhichOneof("status") == "receipt":
            return response.receipt
        return response.resume_offset_bytes

    async def complete(self, target: str) -> SignedStatement:
        """Does what an agent does after an interruption: asks, then goes on."""
        found = await self.status(target)
        return found if isinstance(found, SignedStatement) else await self.send(target, found)


def _key(plan: RoundPlan) -> rounds.RoundKey:
    return write_plan(plan).key
