"""10,000 uploads that are begun and never ended: files, handles and memory come back.

Every client opens a call, sends its header and a few bytes, sees that they are stored, and goes
away without a word. A sweep then deletes them all in bounded time, while an honest client is
served.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from tests.support.aggregator.builders import (
    Upload,
    make_plan,
    make_schema,
    make_upload,
    with_ticket,
)
from tests.support.certificates import FederationFixture
from tests.support.faults.aggregator_process import AggregatorProcess
from tests.support.faults.logs import read_events
from tests.support.faults.members import Leader, Sender

from pfi.aggregator.v1 import update_service_pb2 as updates
from pfi.aggregator.v1.update_service_pb2_grpc import UpdateServiceStub
from pfi.common.v1.adapter_pb2 import PayloadChunk
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.rpc.channel import secure_channel

pytestmark = [pytest.mark.faults, pytest.mark.integration]

UPLOADS = 10_000
CLIENTS = 8
SENT_BYTES = 100
ABANDONED_SECONDS = 60
SWEEP_LIMIT_SECONDS = 150.0
MEMORY_LIMIT_BYTES = 64 << 20
PLAN = make_plan(
    schema=make_schema(inputs=3000, outputs=1000, rank=1), maximum_updates=UPLOADS + 100
)


@pytest.fixture
def federation(tmp_path) -> FederationFixture:
    return FederationFixture(tmp_path)


@pytest.fixture
def aggregator(tmp_path, redis_url, federation):
    made = AggregatorProcess(tmp_path / "aggregator", federation, redis_url)
    made.variables["PFI_AGGREGATOR_ABANDONED_UPLOAD_SECONDS"] = str(ABANDONED_SECONDS)
    made.start()
    yield made
    made.stop()


class AbandoningClient:
    """A client with many tasks, which begins the upload of each."""

    def __init__(self, federation: FederationFixture, leader: Leader, number: int) -> None:
        self.client = f"c-{number:012}"
        self.identity = federation.client(self.client)
        self._leader = leader
        template = make_upload(
            PLAN,
            self.client,
            key_sha256=self.identity.key_sha256,
            expiry=datetime.now(UTC) + timedelta(hours=1),  # noqa: TID251 - the process' own time
        )
        self._template = template

    async def begin(self, target: str, tasks: list[str]) -> None:
        """Begins them one after the other."""
        async with secure_channel(target, self.identity) as channel:
            stub = UpdateServiceStub(channel)
            for task in tasks:
                await self._begin(stub, task)

    async def _begin(self, stub: UpdateServiceStub, task: str) -> None:
        upload = self._upload(task)
        ticket = self._leader.signer.sign(upload.ticket)
        call = stub.UploadUpdate(_beginning(upload, ticket), timeout=60)
        asked = updates.GetUploadStatusRequest(
            ticket=ticket, payload_sha256=upload.header.payload_sha256
        )
        async with asyncio.timeout(60):
            while True:
                status = await stub.GetUploadStatus(asked, timeout=10)
                if status.resume_offset_bytes == SENT_BYTES:
                    break
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    def _upload(self, task: str) -> Upload:
        ticket = type(self._template.ticket)()
        ticket.CopyFrom(self._template.ticket)
        ticket.task = task
        return Upload(ticket, self._template.header, self._template.payload)


async def _beginning(
    upload: Upload, ticket: SignedStatement
) -> AsyncIterator[updates.UploadUpdateRequest]:
    yield updates.UploadUpdateRequest(header=with_ticket(upload, ticket))
    chunk = PayloadChunk(offset_bytes=0, data=upload.payload[:SENT_BYTES])
    yield updates.UploadUpdateRequest(chunk=chunk)
    await asyncio.Event().wait()


def tasks_of(client: int) -> list[str]:
    return [f"{PLAN.key}.{number}".replace("/", ".") for number in range(client, UPLOADS, CLIENTS)]


def files_in(folder: Path) -> int:
    return sum(1 for path in folder.iterdir() if not path.name.startswith("."))


def open_files(process: psutil.Process) -> int:
    return process.num_fds()


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_ten_thousand_abandoned_uploads_leave_nothing(aggregator, federation):
    leader = Leader(federation)
    await leader.create_initial(aggregator.target, PLAN)
    await leader.open(aggregator.target, PLAN)
    honest = Sender(federation, leader, PLAN, "c-00000000aaaa")
    process = psutil.Process(aggregator.process.pid)
    files_before, memory_before = open_files(process), process.memory_info().rss
    incoming = aggregator.spool / "incoming"

    clients = [AbandoningClient(federation, leader, number) for number in range(CLIENTS)]
    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number, client in enumerate(clients):
            group.create_task(client.begin(aggregator.target, tasks_of(number)))
    seconds = time.monotonic() - begun
    swept = sum(event["count"] for event in read_events(aggregator.log, "partial_uploads_swept"))
    assert files_in(incoming) == 2 * (UPLOADS - swept), seconds  # the fault: payload and header
    assert UPLOADS - swept > 0

    receipt = await honest.send(aggregator.target)
    deadline = time.monotonic() + ABANDONED_SECONDS + SWEEP_LIMIT_SECONDS
    while files_in(incoming):
        assert time.monotonic() < deadline, f"{files_in(incoming)} files are left"
        await asyncio.sleep(0.5)
    swept = sum(event["count"] for event in read_events(aggregator.log, "partial_uploads_swept"))
    assert swept == UPLOADS
    assert open_files(process) <= files_before + 10
    assert process.memory_info().rss - memory_before < MEMORY_LIMIT_BYTES
    assert await honest.status(aggregator.target) == receipt
    (counted,) = await leader.seal(aggregator.target, PLAN)
    assert counted.task == honest.task
