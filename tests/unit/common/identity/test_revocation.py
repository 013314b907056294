import asyncio

import pytest
from tests.support.clock import ManualClock

from pfi_common.errors import ClientRevokedError, RevocationListStaleError
from pfi_common.identity import RevocationList


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def revocations(clock):
    return RevocationList(clock)


def test_a_list_that_was_never_read_refuses_everybody(revocations):
    with pytest.raises(RevocationListStaleError):
        revocations.check("c-1")


def test_the_revoked_are_refused_and_the_others_pass(revocations):
    revocations.replace({"c-1"})
    revocations.check("c-2")
    with pytest.raises(ClientRevokedError):
        revocations.check("c-1")
    assert revocations.revoked("c-1")
    assert not revocations.revoked("c-2")


def test_after_ten_minutes_without_news_everybody_is_refused(revocations, clock):
    revocations.replace(set())
    clock.advance(600)
    revocations.check("c-1")
    clock.advance(0.001)
    with pytest.raises(RevocationListStaleError):
        revocations.check("c-1")


def test_news_make_the_list_fresh_though_nothing_changed(revocations, clock):
    revocations.replace({"c-1"})
    clock.advance(599)
    revocations.replace({"c-1"})
    clock.advance(599)
    revocations.check("c-2")


def test_a_stale_list_still_names_the_revoked(revocations, clock):
    revocations.replace({"c-1"})
    clock.advance(601)
    with pytest.raises(ClientRevokedError):
        revocations.check("c-1")


async def test_who_waits_is_woken_by_each_change_and_by_nothing_else(revocations):
    waiting = asyncio.create_task(revocations.wait_for_change())
    await asyncio.sleep(0)
    revocations.replace(set())
    await asyncio.sleep(0)
    assert not waiting.done()
    revocations.replace({"c-1"})
    await asyncio.wait_for(waiting, 60)
    again = asyncio.create_task(revocations.wait_for_change())
    await asyncio.sleep(0)
    assert not again.done()
    revocations.replace({"c-1", "c-2"})
    await asyncio.wait_for(again, 60)
