"""Clients of a fleet share a learning thread and nothing else."""

import asyncio

import pytest
from tests.support.client_agent.federation import enrolled, some_data
from tests.support.client_agent.observer import RecordingObserver
from tests.support.client_agent.rows import mixed_rows
from tests.support.grpc_server import eventually

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning_thread import LearningThread
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.control import TaskControl
from pfi_client_agent.application.enrol import enrol, existing_identity
from pfi_client_agent.application.enrol_fleet import EnrolFleet
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.application.local_training import LocalTraining
from pfi_client_agent.application.run_fleet import FleetHooks, RunFleet
from pfi_client_agent.application.task_facts import schema_of
from pfi_client_agent.bootstrap import build_workplace
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.clock import SystemClock
from pfi_common.errors import (
    AgentRunningError,
    PlatformError,
    ServiceUnavailableError,
    TokenInvalidError,
)
from pfi_common.identity import load_identity
from pfi_common.tensors import initial_adapter

pytestmark = pytest.mark.integration

ROUNDS = (1, 2, 3)


def learning_thread(folder):
    return LearningThread(
        lambda: TorchLearner(DigestCache(folder.digests), None, threads=1, held_out_limit=100)
    )


def other_data():
    data = LocalData("other rows")
    for row in mixed_rows(60)[24:]:
        data.add(row)
    return data


class Client:
    """A client that trains what it is given, in a folder of its own."""

    def __init__(self, folder, data, thread):
        self.folder = folder
        self.place = build_workplace(folder, data, thread, RecordingObserver())

    async def train(self, task, base):
        control = TaskControl(lambda _done, _total: None)
        training = LocalTraining(task, self.place, control, schema_of(task), base)
        _, payload = await self.place.learning.run(training.perform)
        files = sorted(self.folder.personal.rglob("*.safetensors"))
        return payload, [file.read_bytes() for file in files]


async def results(clients, builders, base_digest, base):
    """What each client sends and keeps, round by round, one client after the other."""
    return [
        await client.train(builder.train(base_digest, round_number=number), base)
        for number in ROUNDS
        for client, builder in zip(clients, builders, strict=True)
    ]


async def test_a_shared_backbone_gives_the_bits_of_agents_of_their_own(
    federation, tiny_run, folder, tmp_path
):
    second = StateFolder(tmp_path / "second")
    await enrol(second, federation.token("another-secret"), "second")
    folders, data = [folder, second], [some_data(), other_data()]
    builders = [tiny_run.builder(federation, load_identity(each.identity)) for each in folders]
    digest = federation.aggregator.publish(tiny_run.base())
    base = initial_adapter(tiny_run.schema, 1)

    shared = learning_thread(folder)
    together = [Client(*each, shared) for each in zip(folders, data, strict=True)]
    found = await results(together, builders, digest, base)
    shared.close()

    for index, builder in enumerate(builders):
        copy = StateFolder(tmp_path / f"alone-{index}")
        folders[index].identity.rename(tmp_path / f"alone-{index}-identity")
        copy.root.mkdir()
        (tmp_path / f"alone-{index}-identity").rename(copy.identity)
        folders[index].endpoints.rename(copy.endpoints)
        thread = learning_thread(copy)
        alone = await results([Client(copy, data[index], thread)], [builder], digest, base)
        thread.close()
        assert alone == found[index :: len(builders)]


class Enrolling:
    """The enrolment of three clients, and how it went."""

    def __init__(self, root):
        self.fleet = FleetFolder(root)
        self.members = [
            FleetMember(number, f"fleet-{number}", self.fleet.client(number), some_data())
            for number in range(3)
        ]
        self.enrolled: list[int] = []
        self.failed: dict[int, PlatformError] = {}

    async def run(self, tokens):
        enrol = EnrolFleet(
            self.fleet,
            SystemClock(),
            enrolled=lambda member: self.enrolled.append(member.number),
            failed=lambda member, error: self.failed.update({member.number: error}),
        )
        await enrol(self.members, tokens)


def clients_of(enrolling):
    identities = [existing_identity(member.folder) for member in enrolling.members]
    return [identity.identity.name for identity in identities if identity is not None]


async def test_each_client_enrols_once_with_a_key_of_its_own(federation, tmp_path):
    tokens = [federation.token(f"secret-{number}") for number in range(3)]
    first = Enrolling(tmp_path)
    await first.run(tokens)
    assert sorted(first.enrolled) == [0, 1, 2]
    assert len(set(clients_of(first))) == 3
    keys = {existing_identity(member.folder).key_sha256 for member in first.members}
    assert len(keys) == 3
    assert len(federation.enrolment.requests) == 3
    again = Enrolling(tmp_path)
    await again.run([])
    assert clients_of(again) == clients_of(first)
    assert len(federation.enrolment.requests) == 3


async def test_an_interrupted_enrolment_wastes_no_token(federation, tmp_path):
    tokens = [federation.token(f"secret-{number}") for number in range(3)]
    federation.enrolment.lose_answers = 1
    interrupted = Enrolling(tmp_path)
    await interrupted.run(tokens)
    # The token whose answer was lost is used; nobody else may get it.
    lost = list(interrupted.failed)
    assert len(lost) == 1
    again = Enrolling(tmp_path)
    await again.run(tokens)
    assert sorted(again.enrolled) == [0, 1, 2]
    assert len(federation.enrolment._used) == 3


async def test_a_refused_token_is_one_clients_failure_and_is_replaced(federation, tmp_path):
    tokens = [federation.token(f"secret-{number}") for number in range(3)]
    federation.enrolment._used["secret-1"] = ("the key of somebody else", "c-other")
    first = Enrolling(tmp_path)
    await first.run(tokens)
    assert sorted(first.enrolled) == [0, 2]
    assert [error.reason for error in first.failed.values()] == ["TOKEN_USED"]
    again = Enrolling(tmp_path)
    with pytest.raises(TokenInvalidError, match=r"1 clients .* 0 unused"):
        await again.run(tokens)
    await again.run([*tokens, federation.token("secret-3")])
    assert sorted(again.enrolled[-3:]) == [0, 1, 2]


async def test_too_few_tokens_are_said_before_one_is_used(federation, tmp_path):
    enrolling = Enrolling(tmp_path)
    with pytest.raises(TokenInvalidError, match=r"3 clients .* 1 unused"):
        await enrolling.run([federation.token()])
    assert federation.enrolment.requests == []


async def test_enrolment_comes_back_when_the_coordinator_asks_for_a_pause(federation, tmp_path):
    tokens = [federation.token(f"secret-{number}") for number in range(3)]
    federation.enrolment.error = ServiceUnavailableError("too many calls", retry_after_seconds=0.1)
    enrolling = Enrolling(tmp_path)
    running = asyncio.create_task(enrolling.run(tokens))
    await eventually(lambda: len(federation.enrolment.requests) >= 6)
    federation.enrolment.error = None
    await running
    assert sorted(enrolling.enrolled) == [0, 1, 2]


async def test_one_clients_end_is_not_the_fleets(federation, tmp_path):
    """The second client's folder is in use; the first works until it is told to stop."""
    fleet = FleetFolder(tmp_path / "fleet")
    members = []
    for number in range(2):
        folder = fleet.client(number)
        if number == 0:
            await enrolled(federation, folder.root)
        members.append(FleetMember(number, f"fleet-{number}", folder, some_data()))
    failed: dict[int, BaseException] = {}
    thread = LearningThread(lambda: None)

    def open_workplace(member, _connected):
        return build_workplace(member.folder, member.data, thread, RecordingObserver())

    hooks = FleetHooks(
        begun=lambda _member: None,
        failed=lambda member, error: failed.update({member.number: error}),
    )
    stop = asyncio.Event()
    with members[1].folder.locked():
        running = asyncio.create_task(RunFleet(open_workplace, hooks, 4)(members, stop))
        await eventually(lambda: bool(failed) and federation.coordinator.connected)
    assert {number: type(error) for number, error in failed.items()} == {1: AgentRunningError}
    assert not running.done()
    stop.set()
    await running
    thread.close()
    assert list(failed) == [1]
