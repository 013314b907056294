"""Follows what the federation publishes: asks, fetches, and exchanges the adapters that answer."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from pfi.coordinator.v1.serving_service_pb2 import GetServingAdapterResponse
from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.adapters.aggregator_link import Traffic, aggregator_link
from pfi_client_agent.adapters.answering_thread import AnsweringThread
from pfi_client_agent.adapters.personal_store import PersonalStore
from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.serving_link import announced, ask_for_adapter, read_published
from pfi_client_agent.application.adapter_download import download_adapter
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.ports import AnswerEngine
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.application.serving.personal import find_personal, with_personal
from pfi_client_agent.application.serving.state import ServingState
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_client_agent.domain.backoff import Backoff
from pfi_client_agent.domain.federation import replicas
from pfi_client_agent.domain.serving import AdapterSet, PublishedAdapter, Refusal
from pfi_client_agent.domain.training import Vector
from pfi_common.errors import AdapterUnknownError, PlatformError, ServiceUnavailableError

CurrentMembership = Callable[[], Awaitable[Membership]]
"""Gives who this device is, with a valid certificate where that can be had."""

_CAP_SECONDS = 60.0


@dataclass(frozen=True)
class FollowerPlace:
    """What following works with.

    Attributes:
        membership: Who this device is.
        folder: Keeps the last known adapter.
        caches: Where adapters may lie already; the first takes new ones.
        personals: Personal adapters.
        thread: The engine's thread.
        state: What answers.
        observer: Is told of changes.
    """

    membership: CurrentMembership
    folder: ServingFolder
    caches: tuple[AdapterCache, ...]
    personals: PersonalStore
    thread: AnsweringThread
    state: ServingState
    observer: ServingObserver


class Follower:
    """Keeps what answers at the newest published adapter.

    Args:
        place: What it works with.
        run: Id or name of the run; empty: the coordinator chooses.
        poll_seconds: How often to ask.
    """

    def __init__(self, place: FollowerPlace, run: str, poll_seconds: float) -> None:
        self._place = place
        self._state = place.state
        self._run = run
        self._poll_seconds = poll_seconds
        self._backoff = Backoff(random.random, poll_seconds, max(_CAP_SECONDS, poll_seconds))
        self._refused: bytes | None = None

    async def run(self) -> None:
        """Follow until this is cancelled."""
        while True:
            delay = await self.step()
            await asyncio.sleep(delay)

    async def restore(self) -> None:
        """Answer with the last known adapter, which needs no connection."""
        known = await asyncio.to_thread(self._place.folder.newest)
        if known is None:
            return
        try:
            response = GetServingAdapterResponse.FromString(known)
        except DecodeError:
            return
        if self._run not in {"", response.run, response.run_name}:
            return
        try:
            await self._take(response, fetch=self._cached)
        except PlatformError as error:
            self._failed(error)

    async def step(self) -> float:
        """Look once for something new; gives the seconds until the next look."""
        try:
            membership = await self._place.membership()
            await self._take(await self._asked(membership), fetch=self._fetched)
        except PlatformError as error:
            await self._refresh_personal()
            return self._failed(error)
        self._state.failure = None
        self._backoff.reset()
        await self._refresh_personal()
        return self._poll_seconds

    async def _asked(self, membership: Membership) -> GetServingAdapterResponse:
        """Ask every replica of the coordinator in turn: the first one that answers decides."""
        # Where this agent is told to go may be none of those that replicas call themselves.
        left = len({membership.coordinator, *replicas(membership.endpoints)})
        while True:
            address = membership.coordinator
            try:
                async with membership.open_channel(address, membership.identity) as channel:
                    return await ask_for_adapter(channel, self._run)
            except ServiceUnavailableError:
                membership.try_another_coordinator()
                left -= 1
                if not left:
                    raise

    def _failed(self, error: PlatformError) -> float:
        news = self._state.failure is None or self._state.failure.reason != error.reason
        self._state.failure = error
        waits_for_first_round = isinstance(error, AdapterUnknownError)
        delay = (
            self._poll_seconds
            if waits_for_first_round
            else self._backoff.next_delay(error.retry_after_seconds)
        )
        if news:
            self._place.observer.federation_unreachable(error, delay)
        return delay

    async def _take(
        self,
        response: GetServingAdapterResponse,
        fetch: Callable[[PublishedAdapter], Awaitable[Vector | None]],
    ) -> None:
        """Answer with an adapter that is announced, unless it answers or was refused already."""
        wire = response.SerializeToString(deterministic=True)
        if wire == self._refused:
            return
        try:
            published = read_published(response)
            if self._answers(published):
                self._accept()
                return
            vector = await fetch(published)
            if vector is None:
                return
            await self._install(published, vector)
        except PlatformError as error:
            if error.retryable:
                raise
            self._refused = wire
            self._refuse(Refusal(announced(response), error))
        else:
            self._accept()
            await asyncio.to_thread(self._place.folder.save_newest, wire)

    def _answers(self, published: PublishedAdapter) -> bool:
        current = self._state.current
        known = current.published if current is not None else None
        return known is not None and known.key == published.key

    def _accept(self) -> None:
        self._refused = None
        self._state.refusal = None

    def _refuse(self, refusal: Refusal) -> None:
        self._state.refusal = refusal
        self._place.observer.adapter_refused(refusal)

    async def _install(self, published: PublishedAdapter, vector: Vector) -> None:
        shared = AdapterWeights(published.schema, vector)

        def install(engine: AnswerEngine) -> AdapterSet:
            # Loaded first: what fits is known of a loaded backbone alone.
            engine.load(published.backbone)
            found = find_personal(self._place.personals, published)
            adapters = with_personal(AdapterSet(published, shared), found, engine)
            self._state.install(engine, adapters, published.backbone)
            return adapters

        self._place.observer.adapter_changed(await self._place.thread.run(install))

    async def _refresh_personal(self) -> None:
        """Take over a personal adapter that was trained further, or has gone."""
        current = self._state.current
        if current is None or current.published is None:
            return
        published = current.published
        found = await asyncio.to_thread(find_personal, self._place.personals, published)
        known = (current.personal_sha256, current.personal is not None)
        if (found.sha256, found.weights is not None) == known:
            return

        def install(engine: AnswerEngine) -> AdapterSet:
            adapters = with_personal(current, found, engine)
            self._state.install(engine, adapters, published.backbone)
            return adapters

        try:
            self._place.observer.adapter_changed(await self._place.thread.run(install))
        except PlatformError as error:
            self._place.observer.answer_failed(error)

    async def _cached(self, published: PublishedAdapter) -> Vector | None:
        for cache in self._place.caches:
            vector = await asyncio.to_thread(cache.find, published.wanted)
            if vector is not None:
                return vector
        return None

    async def _fetched(self, published: PublishedAdapter) -> Vector | None:
        known = await self._cached(published)
        if known is not None:
            return known
        membership = await self._place.membership()
        address = membership.aggregator(published.spool)
        async with aggregator_link(
            address, membership.identity, membership.open_channel, Traffic()
        ) as link:
            return await download_adapter(self._place.caches[0], link, published.wanted)
