"""A federation for one agent in the test's event loop: real gRPC and TLS, scripted servers."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.certificates import FederationFixture
from tests.support.client_agent.aggregator import ScriptedAggregator
from tests.support.client_agent.coordinator import Coordinator, Enrolment
from tests.support.client_agent.observer import RecordingObserver
from tests.support.client_agent.published import ScriptedServing
from tests.support.client_agent.rows import mixed_rows
from tests.support.client_agent.tasks import TaskBuilder
from tests.support.grpc_server import RunningServer, eventually, running_server

from pfi.coordinator.v1 import enrolment_service_pb2 as enrolment
from pfi.coordinator.v1 import enrolment_service_pb2_grpc as enrolment_grpc
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.enrol import enrol
from pfi_client_agent.application.run_agent import run_agent
from pfi_client_agent.bootstrap import LearningOptions, Outside, build_workplace
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.identity import JoinToken, LocalIdentity, load_identity
from pfi_common.spec import RunSpec
from pfi_common.tensors import Schema, initial_adapter

SECRET = "join-secret"


@dataclass
class ScriptedFederation:
    """Servers that an agent talks to, and what they know."""

    certificates: FederationFixture
    enrolment: Enrolment
    coordinator: Coordinator
    aggregator: ScriptedAggregator
    serving: ScriptedServing
    enrolment_server: RunningServer
    member_server: RunningServer

    def token(self, secret: str = SECRET, fingerprint: str | None = None) -> str:
        authority = fingerprint or self.certificates.authority.fingerprint
        return JoinToken(self.enrolment_server.target, authority, secret).encode()

    def say(self, **message) -> None:
        self.coordinator.say(**message)


@asynccontextmanager
async def scripted_federation(folder: Path):
    """Start an enrolment port, and one port for everything with client certificates."""
    certificates = FederationFixture(folder)
    enrolments = Enrolment(certificates)
    coordinator = Coordinator(enrolments)
    aggregator = ScriptedAggregator(
        certificates.signer("aggregator/spool-0"), certificates.verifier()
    )

    def add_enrolment(server):
        enrolment_grpc.add_EnrolmentServiceServicer_to_server(enrolments, server)

    serving = ScriptedServing(aggregator)

    def add_members(server):
        coordinator.add_to(server)
        serving.add_to(server)
        aggregator.add_to(server)

    identity = certificates.service()
    async with AsyncExitStack() as stack:
        enrolment_server = await stack.enter_async_context(
            running_server(identity, add_enrolment, require_client_certificate=False)
        )
        members = await stack.enter_async_context(running_server(identity, add_members))
        addresses = {"spool-0": members.target}
        coordinator.aggregators = addresses
        enrolments.endpoints = enrolment.FederationEndpoints(
            coordinator=members.target, aggregators=addresses
        )
        yield ScriptedFederation(
            certificates, enrolments, coordinator, aggregator, serving, enrolment_server, members
        )


class RunningAgent:
    """An agent in the test's event loop.

    Attributes:
        folder: Its state.
        observer: What it was told.
        place: What it works with.
        running: The agent; ends with its error.
    """

    def __init__(
        self,
        folder: StateFolder,
        data: LocalData,
        learning,
        outside=None,
        device_class="",
        device=None,
    ) -> None:
        self.folder = folder
        self.observer = RecordingObserver()
        self._stop = asyncio.Event()
        self.place = build_workplace(
            folder,
            data,
            LearningOptions(),
            self.observer,
            outside or Outside(),
            device_class=device_class,
            device=device,
        )
        if learning is not None:
            self.place.learning.close()
            object.__setattr__(self.place, "learning", LearningThread(lambda: learning))
        self.running = asyncio.create_task(run_agent(self.place, self._stop))

    async def stop(self) -> None:
        """Stop it as SIGTERM does."""
        self._stop.set()
        await self.running

    async def in_session(self, coordinator: Coordinator) -> None:
        """Wait for a session of this agent: that of one before it may not have closed yet."""
        await self.until(lambda: self.observer.named("session_opened") and coordinator.connected)

    async def results(self, coordinator: Coordinator, count: int):
        """Wait for so many results."""
        await self.until(lambda: len(coordinator.results) >= count)
        return coordinator.results[:count]

    async def until(self, condition) -> None:
        """Wait for a condition; the agent's own failure ends it early."""
        await eventually(lambda: condition() or self.running.done(), timeout_seconds=60)
        if self.running.done():
            self.running.result()
        assert condition()


@dataclass
class TinyRun:
    """A run on the tiny backbone."""

    spec: RunSpec
    schema: Schema
    backbone_digest: str

    @classmethod
    def describe(cls, spec: RunSpec, folder: Path, cache_folder: Path) -> "TinyRun":
        description = describe_backbone(spec, folder, DigestCache(cache_folder / "backbones.json"))
        return cls(spec, description.adapter_schema, description.backbone_digest)

    def base(self, seed=1) -> bytes:
        """Payload of version 0."""
        return initial_adapter(self.schema, seed).tobytes()

    def builder(self, federation: ScriptedFederation, client: LocalIdentity) -> TaskBuilder:
        signer = federation.certificates.signer("coordinator")
        return TaskBuilder(self.spec, self.schema, self.backbone_digest, client, signer)


def some_data(count=24) -> LocalData:
    """Data of every kind."""
    data = LocalData("rows")
    for row in mixed_rows(count):
        data.add(row)
    return data


async def enrolled(federation: ScriptedFederation, root: Path) -> StateFolder:
    """Enrol a device."""
    folder = StateFolder(root)
    await enrol(folder, federation.token(), "tester")
    assert load_identity(folder.identity)
    return folder
