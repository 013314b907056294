import asyncio
from datetime import timedelta

import pytest
from tests.support.clock import START, ManualClock
from tests.support.grpc_server import fresh_revocations

from pfi_common.errors import (
    ClientRevokedError,
    IdentityInvalidError,
    RevocationListStaleError,
)
from pfi_common.identity import Identity
from pfi_common.rpc import open_streams
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import CallerIdentity
from pfi_common.rpc.open_streams import OpenStreams


def member(name: str, role="client") -> CallerIdentity:
    return CallerIdentity(Identity("example", role, name), "00" * 32, START + timedelta(days=1))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def revocations(clock):
    return fresh_revocations(clock)


@pytest.fixture
def streams(clock, revocations, monkeypatch):
    monkeypatch.setattr(open_streams, "_CHECK_SECONDS", 0.01)
    return OpenStreams(Admission("example", revocations, clock))


class Handler:
    """A handler that waits for ever in a watched block."""

    def __init__(self, streams: OpenStreams, caller: CallerIdentity) -> None:
        self.stream = None
        self.task = asyncio.create_task(self._run(streams, caller))

    async def _run(self, streams, caller):
        with streams.watched(caller) as self.stream:
            await asyncio.Event().wait()

    async def ended(self):
        await asyncio.wait([self.task], timeout=60)
        assert self.task.cancelled()
        return self.stream.error


async def test_a_revoked_client_is_cut_and_others_stay(streams, revocations):
    one, other = Handler(streams, member("c-1")), Handler(streams, member("c-2"))
    await asyncio.sleep(0)
    revocations.replace({"c-1"})
    assert isinstance(await one.ended(), ClientRevokedError)
    assert not other.task.done()
    other.task.cancel()
    assert await other.ended() is None


async def test_all_streams_of_the_client_are_cut(streams, revocations):
    handlers = [Handler(streams, member("c-1")) for _ in range(3)]
    await asyncio.sleep(0)
    revocations.replace({"c-1"})
    errors = [await handler.ended() for handler in handlers]
    assert [type(error) for error in errors] == [ClientRevokedError] * 3


async def test_an_expired_certificate_is_cut(streams, clock, revocations):
    handler = Handler(streams, member("coordinator", "service"))
    await asyncio.sleep(0)
    clock.advance(86401)
    assert isinstance(await handler.ended(), IdentityInvalidError)


async def test_a_stale_list_cuts_clients_and_keeps_services(streams, clock):
    client = Handler(streams, member("c-1"))
    service = Handler(streams, member("coordinator", "service"))
    await asyncio.sleep(0)
    clock.advance(601)
    assert isinstance(await client.ended(), RevocationListStaleError)
    assert not service.task.done()
    service.task.cancel()
    await service.ended()


async def test_nothing_watches_when_nothing_is_open(streams):
    handler = Handler(streams, member("c-1"))
    await asyncio.sleep(0)
    handler.task.cancel()
    await handler.ended()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [task for task in others if not task.cancelling()]


async def test_watching_starts_again(streams, revocations):
    first = Handler(streams, member("c-2"))
    await asyncio.sleep(0)
    first.task.cancel()
    await first.ended()
    second = Handler(streams, member("c-1"))
    await asyncio.sleep(0)
    revocations.replace({"c-1"})
    assert isinstance(await second.ended(), ClientRevokedError)
