"""An agent made from the protos alone: it enrols, keeps a session, and uploads random updates."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from tests.support.aggregator.server import ClientLink

from pfi.aggregator.v1 import ticket_pb2, update_service_pb2
from pfi.common.v1 import metrics_pb2, signed_pb2
from pfi.coordinator.v1 import enrolment_service_pb2, session_service_pb2, task_pb2
from pfi.coordinator.v1.enrolment_service_pb2_grpc import EnrolmentServiceStub
from pfi.coordinator.v1.session_service_pb2_grpc import SessionServiceStub
from pfi_common.identity import (
    Identity,
    JoinToken,
    LocalIdentity,
    create_certificate_request,
    generate_key,
    key_to_pem,
)
from pfi_common.rpc.channel import enrolment_channel, secure_channel
from pfi_common.rpc.errors import translated
from pfi_common.tensors import Schema, encode

SECONDS = 10.0
WAIT_SECONDS = 60.0


@dataclass
class Enrolled:
    """An identity and where to go with it."""

    identity: LocalIdentity
    response: enrolment_service_pb2.EnrolClientResponse

    @property
    def client(self) -> str:
        return self.identity.identity.name


async def enrol(token: JoinToken, authority_pem: bytes, name: str = "", key=None) -> Enrolled:
    """Enrols with a token."""
    key = key or generate_key()
    request = enrolment_service_pb2.EnrolClientRequest(
        token_secret=token.secret,
        certificate_request_der=create_certificate_request(key),
        agent_version="test",
        display_name=name,
    )
    async with enrolment_channel(token.endpoint, authority_pem) as channel:
        with translated():
            response = await EnrolmentServiceStub(channel).EnrolClient(request, timeout=SECONDS)
    issued = response.certificate
    identity = LocalIdentity(
        Identity("test", "client", issued.client),
        key_to_pem(key),
        issued.certificate_chain_pem,
        authority_pem,
    )
    return Enrolled(identity, response)


def hello(**changes: object) -> session_service_pb2.SessionRequest:
    values = {
        "agent_version": "test",
        "protocol_minimum": 1,
        "protocol_maximum": 1,
        "upload_encodings": ["fp32"],
        "training_rows": 20,
        "ready": True,
    }
    return session_service_pb2.SessionRequest(
        hello=session_service_pb2.SessionHello(**(values | changes))
    )


class Talk:
    """One session: messages go out through `send`, and come in through `receive`."""

    def __init__(self, target: str, identity: LocalIdentity, **changes: object) -> None:
        self._channel = secure_channel(target, identity)
        self._outgoing: asyncio.Queue = asyncio.Queue()
        self._outgoing.put_nowait(hello(**changes))
        self._call = SessionServiceStub(self._channel).Session(self._requests())

    async def _requests(self) -> AsyncIterator[session_service_pb2.SessionRequest]:
        while (message := await self._outgoing.get()) is not None:
            yield message

    def send(self, message: session_service_pb2.SessionRequest) -> None:
        self._outgoing.put_nowait(message)

    async def receive(self, kind: str | None = None, seconds: float = WAIT_SECONDS):
        """Gives the next message, or the next of a kind; None at the end of the stream."""
        with translated():
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._call.read()
                    if not message:
                        return None
                    found = message.WhichOneof("message")
                    if kind in (None, found):
                        return getattr(message, found)

    async def ended(self, seconds: float = WAIT_SECONDS) -> None:
        """Reads to the end; raises the error that the stream ended with."""
        while await self.receive(seconds=seconds) is not None:
            continue

    async def close(self) -> None:
        self._outgoing.put_nowait(None)
        self._call.cancel()
        await self._channel.close()


@dataclass
class TestAgent:
    """Answers every task that its sessions bring."""

    __test__ = False
    enrolled: Enrolled
    schema: Schema
    delta: float = 0.01
    receipts: dict[str, ticket_pb2.UpdateReceipt] = field(default_factory=dict)
    settled: set[tuple[str, int]] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)

    @property
    def client(self) -> str:
        return self.enrolled.client

    async def run(self) -> None:
        """Keeps a session and works until it is cancelled."""
        talk = Talk(self.enrolled.response.endpoints.coordinator, self.enrolled.identity)
        try:
            while True:
                message = await talk.receive(seconds=600)
                if isinstance(message, task_pb2.Task):
                    self.seen.append(message.task)
                    talk.send(await self.work(message))
                elif isinstance(message, session_service_pb2.RoundSettled):
                    self.settled.add((message.run, message.round))
                elif isinstance(message, session_service_pb2.TaskCancelled):
                    self.cancelled.add(message.task)
        finally:
            await talk.close()

    async def work(self, task: task_pb2.Task) -> session_service_pb2.SessionRequest:
        if task.WhichOneof("work") == "evaluate":
            return completed(task.task, None, EVAL_LOSS_SHARED=1.5, HELD_OUT_ROWS=4)
        receipt = await self.upload(task)
        return completed(task.task, receipt, EVAL_LOSS_SHARED=2.5, TRAIN_LOSS=2.0)

    async def upload(self, task: task_pb2.Task) -> signed_pb2.SignedStatement:
        """Uploads a vector that depends on the task's seed alone."""
        target = self.enrolled.response.endpoints.aggregators[task.spool]
        link = ClientLink(target, self.enrolled.identity)
        payload = encode(task.train.upload_encoding, self.vector(task))
        header = update_service_pb2.UpdateHeader(
            ticket=task.train.ticket,
            encoding=task.train.upload_encoding,
            payload_bytes=len(payload),
            payload_sha256=sha256(payload).hexdigest(),
            example_count=10,
            steps_done=1,
            base_digest=task.base.digest,
        )

        async def messages() -> AsyncIterator[update_service_pb2.UploadUpdateRequest]:
            yield update_service_pb2.UploadUpdateRequest(header=header)
            request = update_service_pb2.UploadUpdateRequest()
            request.chunk.data = payload
            yield request

        async with link.channel:
            with translated():
                response = await link.updates.UploadUpdate(messages(), timeout=60)
        self.receipts[task.task] = ticket_pb2.UpdateReceipt.FromString(response.receipt.payload)
        return response.receipt

    def vector(self, task: task_pb2.Task) -> np.ndarray:
        generator = np.random.default_rng(task.seed)
        count = self.schema.coordinate_count
        return (generator.standard_normal(count) * self.delta).astype(np.float32)


def completed(task: str, receipt, **metrics: float) -> session_service_pb2.SessionRequest:
    """The message that a task is done."""
    done = session_service_pb2.TaskCompleted(
        metrics=[
            metrics_pb2.Metric(
                name=metrics_pb2.MetricName.Value(f"METRIC_NAME_{name}"), value=value
            )
            for name, value in metrics.items()
        ]
    )
    if receipt is not None:
        done.receipt.CopyFrom(receipt)
    return session_service_pb2.SessionRequest(
        result=session_service_pb2.TaskResult(task=task, completed=done)
    )


def abandoned(task: str) -> session_service_pb2.SessionRequest:
    """The message that a task is given back."""
    back = session_service_pb2.TaskAbandoned(
        reason=session_service_pb2.ABANDON_REASON_OUT_OF_MEMORY
    )
    return session_service_pb2.SessionRequest(
        result=session_service_pb2.TaskResult(task=task, abandoned=back)
    )
