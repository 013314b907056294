"""Presence, ReplicaDirectory, Signals, Leadership and ExportLedger, on memory and on Redis."""

import asyncio
from contextlib import aclosing

import pytest
from tests.support.coordinator.contract import ports
from tests.support.coordinator.exports import MemoryExportLedger
from tests.support.coordinator.replicas import (
    MemoryLeadership,
    MemoryPresence,
    MemoryReplicaDirectory,
    MemorySignals,
)
from tests.support.coordinator.values import NOW, client_id, session
from tests.support.coordinator.waiting import eventually

from pfi_coordinator.application.ports.signals import (
    ClientsChanged,
    InboxChanged,
    Resynchronise,
    RunChanged,
    SessionReplaced,
)
from pfi_coordinator.domain.device import DeviceReport
from pfi_coordinator.domain.replicas import Replica

__all__ = [
    "MemoryExportLedger",
    "MemoryLeadership",
    "MemoryPresence",
    "MemoryReplicaDirectory",
    "MemorySignals",
    "ports",
]


async def test_sessions_of_living_replicas_are_connected(ports):
    await ports.presence.enter(session(1))
    assert await ports.presence.connected() == []
    await ports.presence.beat("replica-0")
    assert await ports.presence.connected() == [session(1)]


async def test_a_second_session_replaces_the_first(ports):
    await ports.presence.beat("replica-0")
    assert await ports.presence.enter(session(1)) is None
    second = session(1, session="s-other")
    assert await ports.presence.enter(second) == session(1)
    await ports.presence.leave(session(1))
    assert await ports.presence.connected() == [second]
    await ports.presence.leave(second)
    assert await ports.presence.connected() == []


async def test_the_record_of_a_session_changes_unless_another_one_is_recorded(ports):
    await ports.presence.beat("replica-0")
    before, after = session(1), session(1, device=DeviceReport(charging=True, memory_bytes=7))
    assert not await ports.presence.change(before, after)
    assert await ports.presence.connected() == []
    await ports.presence.enter(before)
    assert await ports.presence.change(before, after)
    assert await ports.presence.connected() == [after]
    newer = session(1, session="s-newer")
    await ports.presence.enter(newer)
    assert not await ports.presence.change(after, before)
    assert await ports.presence.connected() == [newer]


async def test_a_replica_clears_its_own_sessions_only(ports):
    for replica in ("replica-0", "replica-1"):
        await ports.presence.beat(replica)
    await ports.presence.enter(session(1))
    await ports.presence.enter(session(2, replica="replica-1"))
    await ports.presence.clear("replica-0")
    assert await ports.presence.connected() == [session(2, replica="replica-1")]


async def test_replicas_are_found_where_they_announced_themselves_last(ports):
    assert await ports.replicas.all() == []
    first = Replica("replica-0", "a:1", "a:2", NOW)
    second = Replica("replica-1", "b:1", "b:2", NOW)
    moved = Replica("replica-0", "c:1", "c:2", NOW)
    for replica in (first, second, moved):
        await ports.replicas.announce(replica)
    assert sorted(await ports.replicas.all(), key=lambda item: item.name) == [moved, second]


async def heard(stream, count):
    async with asyncio.timeout(60):
        return [await anext(stream) for _ in range(count)]


async def test_signals_reach_those_who_listen(ports):
    await ports.presence.enter(session(1))
    await ports.presence.enter(session(2, replica="replica-1"))
    async with (
        aclosing(ports.signals.listen("replica-0")) as first,
        aclosing(ports.signals.listen("replica-1")) as second,
    ):
        assert await heard(first, 1) == await heard(second, 1) == [Resynchronise()]
        await ports.signals.run_changed("r-0123456789")
        await ports.signals.clients_changed()
        assert set(await heard(first, 2)) == {RunChanged("r-0123456789"), ClientsChanged()}
        assert set(await heard(second, 2)) == {RunChanged("r-0123456789"), ClientsChanged()}
        await ports.signals.inbox_changed([client_id(1), client_id(2), client_id(3)])
        await ports.signals.session_replaced("replica-1", client_id(2), "s-2")
        assert await heard(first, 1) == [InboxChanged(client_id(1))]
        expected = {InboxChanged(client_id(2)), SessionReplaced(client_id(2), "s-2")}
        assert set(await heard(second, 2)) == expected


async def test_one_replica_leads(ports):
    assert await ports.leadership.acquire("replica-0", "a")
    assert not await ports.leadership.acquire("replica-1", "b")
    assert await ports.leadership.renew("replica-0", "a")
    await ports.leadership.release("replica-1", "b")
    await ports.leadership.release("replica-0", "a")
    assert await ports.leadership.acquire("replica-1", "b")
    assert not await ports.leadership.renew("replica-0", "a")


async def test_a_restarted_replica_takes_over_from_itself(ports):
    assert await ports.leadership.acquire("replica-0", "old")
    assert await ports.leadership.acquire("replica-0", "new")
    assert not await ports.leadership.renew("replica-0", "old")
    assert not await ports.leadership.acquire("replica", "short name")


async def test_fencing_tokens_only_grow(ports):
    assert await ports.leadership.next_token(0) == 1
    assert await ports.leadership.next_token(41) == 42
    assert await ports.leadership.next_token(7) == 43


async def test_the_store_has_one_name_while_it_runs(ports):
    first = await ports.leadership.incarnation()
    assert first
    assert await ports.leadership.incarnation() == first


async def test_an_export_is_ordered_once_in_a_while(ports):
    assert await ports.ledger.order("d" * 64) == 1
    assert await ports.ledger.order("d" * 64) is None
    assert await ports.ledger.order("e" * 64) == 1
    await ports.ledger.clear("d" * 64)
    assert await ports.ledger.order("d" * 64) == 1


@pytest.mark.integration
async def test_a_lease_runs_out(redis_url):
    from pfi_coordinator.adapters.redis.connection import connect
    from pfi_coordinator.adapters.redis.leadership import RedisLeadership

    redis = connect(redis_url)
    leadership = RedisLeadership(redis, lease_seconds=0.1)
    assert await leadership.acquire("replica-0", "a")
    await eventually(lambda: leadership.acquire("replica-1", "b"))
    assert not await leadership.renew("replica-0", "a")
    await redis.aclose()
