"""Whose turn it is: fairness between clients, refusals, and turns that end."""

import asyncio
from collections import Counter

import pytest

from pfi_aggregator.application.upload_places import PlaceLimits, UploadPlaces
from pfi_common.errors import UploadsLimitedError


class Upload:
    """One upload of a client, which runs until the test ends it."""

    def __init__(self, places: UploadPlaces, client: str) -> None:
        self.client = client
        self.running = asyncio.Event()
        self.end = asyncio.Event()
        self.task = asyncio.create_task(self._run(places))

    async def _run(self, places: UploadPlaces) -> UploadsLimitedError | None:
        try:
            async with places.take(self.client) as place, place.receiving():
                self.running.set()
                await self.end.wait()
        except UploadsLimitedError as error:
            return error


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def clients_running(uploads: list[Upload]) -> list[str]:
    return [item.client for item in uploads if item.running.is_set() and not item.task.done()]


async def end(*uploads: Upload) -> None:
    for upload in uploads:
        upload.end.set()
    await asyncio.gather(*[upload.task for upload in uploads], return_exceptions=True)


def limits(**changes: float) -> PlaceLimits:
    return PlaceLimits(
        **{"places": 2, "places_per_client": 2, "waiting": 3, "turn_seconds": 3600.0} | changes
    )


async def start(places: UploadPlaces, clients: str) -> list[Upload]:
    uploads = []
    for client in clients:
        uploads.append(Upload(places, client))
        await settle()
    return uploads


async def test_so_many_run_and_the_next_waits():
    places = UploadPlaces(limits())
    uploads = await start(places, "abc")
    assert (clients_running(uploads), places.running_count, places.waiting_count) == (
        ["a", "b"],
        2,
        1,
    )
    await end(uploads[0])
    assert clients_running(uploads) == ["b", "c"]
    await end(*uploads)
    assert (places.running_count, places.waiting_count) == (0, 0)


async def test_a_client_with_many_uploads_does_not_hold_up_another():
    places = UploadPlaces(limits(places=2, waiting=10))
    uploads = await start(places, "aaaaab")
    assert clients_running(uploads) == ["a", "a"]
    await end(uploads[0])
    assert clients_running(uploads) == ["a", "b"]
    await end(*uploads)


async def test_a_client_has_no_more_places_than_its_own():
    places = UploadPlaces(limits(places=4, places_per_client=1))
    uploads = await start(places, "aab")
    assert clients_running(uploads) == ["a", "b"]
    await end(uploads[0])
    assert clients_running(uploads) == ["a", "b"]
    await end(*uploads)


async def test_among_equals_the_first_comes_first():
    places = UploadPlaces(limits(places=1))
    uploads = await start(places, "abcd")
    order = []
    for upload in uploads:
        assert upload.running.is_set()
        order += clients_running(uploads)
        await end(upload)
    assert order == ["a", "b", "c", "d"]


async def test_the_one_who_would_be_last_is_refused_and_told_when_to_return():
    places = UploadPlaces(limits(places=1, waiting=2))
    uploads = await start(places, "abbc")
    error = await uploads[2].task
    assert error.retryable
    assert 1.0 <= error.retry_after_seconds <= 3.0
    assert [upload.task.done() for upload in uploads] == [False, False, True, False]
    await end(*uploads)


async def test_a_refused_client_keeps_its_place_in_the_order():
    places = UploadPlaces(limits(places=1, waiting=1))
    first, second, third = await start(places, "abc")
    assert await third.task is not None
    await end(first)
    newcomer, again = await start(places, "dc")  # second runs; d waits, and c has asked before it
    assert await newcomer.task is not None
    await end(second)
    assert again.running.is_set()
    await end(again)


async def test_the_status_tells_what_an_upload_would_be_told():
    places = UploadPlaces(limits(places=1, waiting=1))
    places.check("c")
    uploads = await start(places, "ab")
    with pytest.raises(UploadsLimitedError):
        places.check("c")
    await end(*uploads)
    uploads = await start(places, "aa")
    places.check("c")
    await end(*uploads)


async def test_a_turn_ends_when_others_wait_and_only_then():
    places = UploadPlaces(limits(places=1, turn_seconds=0.05))
    (holder,) = await start(places, "a")
    await asyncio.sleep(0.1)  # longer than a turn: nobody waits, so it stays
    assert not holder.task.done()
    (other,) = await start(places, "b")
    error = await asyncio.wait_for(holder.task, 60)
    assert error.retry_after_seconds <= 1.5
    await asyncio.wait_for(other.running.wait(), 60)
    await end(other)


async def test_everybody_who_keeps_asking_gets_a_turn():
    places = UploadPlaces(limits(places=2, waiting=2, turn_seconds=0.01))
    served: Counter[str] = Counter()
    stop = asyncio.Event()

    async def greedy() -> None:
        while not stop.is_set():
            upload = Upload(places, "greedy")
            ending = asyncio.create_task(stop.wait())
            await asyncio.wait([upload.task, ending], return_when=asyncio.FIRST_COMPLETED)
            ending.cancel()
            await end(*[upload] * stop.is_set())

    async def modest(client: str) -> None:
        while not served[client]:
            upload = Upload(places, client)
            running = asyncio.create_task(upload.running.wait())
            await asyncio.wait([upload.task, running], return_when=asyncio.FIRST_COMPLETED)
            running.cancel()
            served[client] += upload.running.is_set()
            await end(upload)

    pests = [asyncio.create_task(greedy()) for _ in range(20)]
    await asyncio.wait_for(asyncio.gather(*[modest(f"c{index}") for index in range(6)]), 60)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*pests), 60)
    assert len(served) == 6
    assert (places.running_count, places.waiting_count) == (0, 0)


async def test_who_gives_up_leaves_nothing_behind():
    places = UploadPlaces(limits(places=1))
    first, second, third = await start(places, "abc")
    second.task.cancel()
    await asyncio.wait([second.task])
    assert places.waiting_count == 1
    first.end.set()
    third.task.cancel()  # in the same turn of the loop in which it is given the place
    await asyncio.wait([first.task, third.task])
    assert (places.running_count, places.waiting_count) == (0, 0)
    (last,) = await start(places, "d")
    assert last.running.is_set()
    await end(last)


async def test_a_place_that_was_lost_before_receiving_is_lost():
    places = UploadPlaces(limits())
    async with places.take("a") as place:
        place.lose()
        with pytest.raises(UploadsLimitedError):
            async with place.receiving():
                await asyncio.Event().wait()
