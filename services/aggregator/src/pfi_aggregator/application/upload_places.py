"""How many uploads run at a time, and whose turn it is.

Of those who wait, the client with the fewest running uploads is next; among equals, the one who has
asked for longest, also if it was refused in between. When more wait than may, the one who would be
last is refused. While somebody waits, nobody keeps a place for longer than a turn: the upload is
ended, keeps its bytes, and goes on when it is its client's turn again. So an idle, a trickling or a
greedy client delays others, and starves nobody.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from pfi_aggregator.application.upload_place import Place
from pfi_aggregator.domain.pacing import spread
from pfi_common.errors import UploadsLimitedError

_RETRY_SECONDS = 2.0
_REMEMBERED_CLIENTS = 10_000


@dataclass(frozen=True)
class PlaceLimits:
    """How many uploads there may be.

    Attributes:
        places: Running at a time.
        places_per_client: Running at a time, of one client.
        waiting: Waiting for a place.
        turn_seconds: How long an upload keeps its place when others wait.
    """

    places: int = 256
    places_per_client: int = 8
    waiting: int = 64
    turn_seconds: float = 30.0


@dataclass(eq=False)
class _Waiter:
    client: str
    asked_at: float
    place: "asyncio.Future[Place]" = field(repr=False)


class UploadPlaces:
    """Gives places to uploads. Lives on one event loop; the properties may be read anywhere."""

    def __init__(self, limits: PlaceLimits | None = None) -> None:
        self._limits = limits or PlaceLimits()
        self._places: list[Place] = []
        self._waiters: list[_Waiter] = []
        self._refused: OrderedDict[str, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def running_count(self) -> int:
        """Uploads that have a place."""
        return len(self._places)

    @property
    def waiting_count(self) -> int:
        """Uploads that wait for one."""
        return len(self._waiters)

    @asynccontextmanager
    async def take(self, client: str) -> AsyncIterator[Place]:
        """Holds a place inside the context; waits for it.

        Raises:
            UploadsLimitedError: too many wait already.
        """
        place = await self._enter(client)
        try:
            yield place
        finally:
            self._places.remove(place)
            self._dispatch()

    def check(self, client: str) -> None:
        """Says whether an upload that comes now would be let wait; from any thread.

        Raises:
            UploadsLimitedError: too many wait already.
        """
        waiters = list(self._waiters)
        if len(waiters) < self._limits.waiting or not waiters:
            return
        running = Counter(place.client for place in list(self._places))
        own = running[client] + sum(waiter.client == client for waiter in waiters)
        asked_at = self._refused.get(client, float("inf"))
        if (own, asked_at) >= max(_ranks(waiters, running).values()):
            raise _refusal()

    async def _enter(self, client: str) -> Place:
        loop = asyncio.get_running_loop()
        asked_at = self._refused.get(client, loop.time())
        waiter = _Waiter(client, asked_at, loop.create_future())
        self._waiters.append(waiter)
        self._dispatch()
        self._refuse_last()
        try:
            return await waiter.place
        except asyncio.CancelledError:
            self._leave(waiter)
            raise

    def _leave(self, waiter: _Waiter) -> None:
        """Undoes an entry that was cancelled, also when the place had just been given."""
        if waiter in self._waiters:
            self._waiters.remove(waiter)
        elif waiter.place.done() and not waiter.place.cancelled() and not waiter.place.exception():
            self._places.remove(waiter.place.result())
        self._dispatch()

    def _dispatch(self) -> None:
        """Gives free places to those whose turn it is, or sees to it that one becomes free."""
        while (waiter := self._next()) is not None and len(self._places) < self._limits.places:
            self._waiters.remove(waiter)
            self._refused.pop(waiter.client, None)
            place = Place(waiter.client, asyncio.get_running_loop().time())
            self._places.append(place)
            waiter.place.set_result(place)
        self._set_timer()

    def _next(self) -> _Waiter | None:
        running = Counter(place.client for place in self._places)
        allowed = [
            waiter
            for waiter in self._waiters
            if running[waiter.client] < self._limits.places_per_client
            and not waiter.place.cancelled()  # its caller has gone and is about to leave
        ]
        return min(allowed, key=lambda item: (running[item.client], item.asked_at), default=None)

    def _refuse_last(self) -> None:
        if len(self._waiters) <= self._limits.waiting:
            return
        ranks = _ranks(self._waiters, Counter(place.client for place in self._places))
        last = max(self._waiters, key=lambda waiter: ranks[waiter])
        self._waiters.remove(last)
        if last.place.cancelled():
            return
        self._refused[last.client] = last.asked_at
        if len(self._refused) > _REMEMBERED_CLIENTS:
            self._refused.popitem(last=False)
        last.place.set_exception(_refusal())

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        kept = [place.since for place in self._places if not place.lost]
        if self._next() is not None and kept:
            at = min(kept) + self._limits.turn_seconds
            self._timer = asyncio.get_running_loop().call_at(at, self._end_turns)

    def _end_turns(self) -> None:
        """Takes the place of the client with the most, of those whose turn is over."""
        now = asyncio.get_running_loop().time()
        running = Counter(place.client for place in self._places)
        over = [
            place
            for place in self._places
            if not place.lost and now - place.since >= self._limits.turn_seconds
        ]
        over.sort(key=lambda place: (-running[place.client], place.since))
        leaving = sum(place.lost for place in self._places)
        for place in over[: max(0, len(self._waiters) - leaving)]:
            place.lose()
        self._set_timer()


def _ranks(waiters: list[_Waiter], running: "Counter[str]") -> dict[_Waiter, tuple[int, float]]:
    """Says who is how far from a turn: the client's uploads before this one, then the time."""
    before = Counter(running)
    ranks = {}
    for waiter in sorted(waiters, key=lambda item: item.asked_at):
        ranks[waiter] = (before[waiter.client], waiter.asked_at)
        before[waiter.client] += 1
    return ranks


def _refusal() -> UploadsLimitedError:
    return UploadsLimitedError(retry_after_seconds=spread(_RETRY_SECONDS))
