import asyncio
from importlib.metadata import version

import pytest
from tests.support.coordinator.values import RUN, client_id, session
from tests.support.coordinator.waiting import eventually

from pfi_common.errors import SessionSupersededError, StoreUnavailableError
from pfi_coordinator.application.deliver_inbox import InboxReader
from pfi_coordinator.application.keep_presence import KeepPresence
from pfi_coordinator.application.open_session import Hello, OpenSession
from pfi_coordinator.application.ports.signals import (
    InboxChanged,
    Resynchronise,
    SessionReplaced,
)
from pfi_coordinator.application.record_progress import RecordProgress
from pfi_coordinator.application.session_hub import SessionHub, SessionLink
from pfi_coordinator.domain.tasks import Assignment, Notice, TaskName, TaskState

NAME = TaskName(RUN, "1.1", client_id(1))


def test_a_newer_link_ends_the_older_one():
    hub = SessionHub()
    older, newer = SessionLink(session(1)), SessionLink(session(1, session="s-newer"))
    hub.add(older)
    hub.add(newer)
    assert isinstance(older.error, SessionSupersededError)
    hub.remove(older)
    assert hub.records() == [newer.record]
    assert newer.error is None


def test_signals_wake_and_end_the_links_that_they_concern():
    hub = SessionHub()
    links = [SessionLink(session(index)) for index in (1, 2)]
    for link in links:
        hub.add(link)
        link.news.clear()
    hub.notice(InboxChanged(client_id(1)))
    hub.notice(InboxChanged(client_id(9)))
    assert [link.news.is_set() for link in links] == [True, False]
    hub.notice(Resynchronise())
    assert links[1].news.is_set()
    hub.notice(SessionReplaced(client_id(1), "s-another"))
    assert links[0].error is None
    hub.notice(SessionReplaced(client_id(1), links[0].record.session))
    assert isinstance(links[0].error, SessionSupersededError)


async def test_an_inbox_is_sent_once_for_each_session(graph):
    board = graph.ports.board
    settled = Notice(settled_run=RUN, settled_round=1)
    await board.tell([NAME.client], settled)
    await board.hand_out([Assignment(NAME, b"task")])
    reader = InboxReader(board, NAME.client)
    first = await reader.unsent()
    assert (first.notices, first.tasks) == ((settled,), (b"task",))
    assert (await reader.unsent()).tasks == ()
    await board.take_back([NAME], TaskState.CANCELLED)
    later = await reader.unsent()
    assert (later.notices, later.tasks) == ((Notice(cancelled_task=NAME.text),), ())
    other = await InboxReader(board, NAME.client).unsent()
    assert other.notices == (settled, Notice(cancelled_task=NAME.text))


async def test_progress_is_written_in_batches_and_only_of_the_callers_tasks(graph):
    board = graph.ports.board
    await board.hand_out([Assignment(NAME, b"task")])
    progress = RecordProgress(board)
    progress(client_id(2), NAME.text, 9, 10)
    progress(NAME.client, "junk", 9, 10)
    progress(NAME.client, NAME.text, 11, 10)
    for steps in (1, 2, 3):
        progress(NAME.client, NAME.text, steps, 10)
    await progress.flush()
    (rows,) = await board.rows(RUN, ["1.1"])
    assert (rows[NAME.client].steps_done, rows[NAME.client].state) == (3, TaskState.TRAINING)


async def test_progress_is_lost_when_the_store_is_away(graph):
    async def away(changes):
        raise StoreUnavailableError

    graph.ports.board.change = away
    progress = RecordProgress(graph.ports.board, interval_seconds=0.0)
    writer = asyncio.create_task(progress.run())
    progress(NAME.client, NAME.text, 1, 2)
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writer.done()
    writer.cancel()


@pytest.fixture
async def presence(graph):
    hub = SessionHub()
    await graph.probe.mark("marked")
    keep = KeepPresence("replica-0", graph.ports.presence, hub, graph.guard)
    return graph.ports.presence, hub, keep


async def is_connected(store):
    return await store.connected() == [session(1)]


async def test_sessions_that_the_store_forgot_are_recorded_again(presence):
    store, hub, keep = presence
    hub.add(SessionLink(session(1)))
    keep.notice(Resynchronise())
    beating = asyncio.create_task(keep.run())
    await eventually(lambda: is_connected(store))
    beating.cancel()


async def test_a_look_tells_whether_the_store_answers(graph):
    marker, graph.probe.marker = graph.probe.marker, away
    assert graph.guard.answers
    with pytest.raises(StoreUnavailableError):
        await graph.guard.look()
    assert (graph.guard.answers, graph.guard.intact) == (False, True)
    graph.probe.marker = marker
    await graph.probe.mark("marked")
    await graph.guard.look()
    assert graph.guard.answers


async def away():
    raise StoreUnavailableError


async def test_a_newer_session_elsewhere_is_not_overwritten(presence):
    store, hub, keep = presence
    newer = session(1, session="s-newer", replica="replica-1")
    await store.beat("replica-1")
    await store.enter(newer)
    hub.add(SessionLink(session(1)))
    keep.notice(Resynchronise())
    beating = asyncio.create_task(keep.run())
    for _ in range(20):
        await asyncio.sleep(0)
    assert await store.connected() == [newer]
    beating.cancel()


async def test_sessions_that_nobody_holds_are_forgotten(presence):
    store, hub, keep = presence
    await store.beat("replica-1")
    elsewhere = session(3, replica="replica-1")
    for item in (session(1), session(2), elsewhere):
        await store.enter(item)
    hub.add(SessionLink(session(2)))
    beating = asyncio.create_task(keep.run())
    for _ in range(3):
        for _ in range(20):
            await asyncio.sleep(0)
        keep.notice(Resynchronise())
    assert sorted(await store.connected(), key=lambda item: item.client) == [session(2), elsewhere]
    beating.cancel()


async def test_a_session_that_is_just_opening_is_no_ghost(presence):
    store, hub, keep = presence
    await store.enter(session(1))
    beating = asyncio.create_task(keep.run())
    for _ in range(20):
        await asyncio.sleep(0)
    hub.add(SessionLink(session(1)))
    keep.notice(Resynchronise())
    for _ in range(20):
        await asyncio.sleep(0)
    assert await store.connected() == [session(1)]
    beating.cancel()


@pytest.mark.parametrize("failure", [StoreUnavailableError, asyncio.CancelledError])
async def test_a_session_that_fails_to_open_is_forgotten(graph, failure):
    async def fail():
        raise failure

    await graph.join(1)
    store, signals = graph.ports.presence, graph.ports.signals
    await store.leave(session(1))
    signals.clients_changed = fail
    opening = OpenSession("replica-0", graph.ports.registry, store, signals)
    with pytest.raises(failure):
        await opening(client_id(1), Hello(version("pfi-coordinator"), 1, 1, (), 10, ready=True))
    assert await store.connected() == []


async def test_a_replica_begins_without_sessions(presence):
    store, _, keep = presence
    await store.enter(session(1))
    await keep.start()
    assert await store.connected() == []
