"""SessionService: one stream per agent."""

# ruff: noqa: N802 - method names are those of the proto

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from pfi.coordinator.v1 import session_service_pb2 as messages
from pfi.coordinator.v1.session_service_pb2_grpc import SessionServiceServicer
from pfi_common.errors import InvalidRequestError, StoreUnavailableError
from pfi_common.rpc.caller import RpcContext, require_client
from pfi_coordinator.application.change_device import ChangeDevice
from pfi_coordinator.application.deliver_inbox import InboxReader
from pfi_coordinator.application.ended_runs import FindEndedRuns
from pfi_coordinator.application.known_replicas import KnownReplicas
from pfi_coordinator.application.open_session import OpenSession
from pfi_coordinator.application.pace_sessions import PaceSessions
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.record_progress import RecordProgress
from pfi_coordinator.application.record_result import RecordResult
from pfi_coordinator.application.session_hub import SessionHub, SessionLink
from pfi_coordinator.entrypoints.rpc import session_messages as wire
from pfi_coordinator.entrypoints.rpc.answers import Answers
from pfi_coordinator.entrypoints.rpc.device_messages import read_device

HELLO_SECONDS = 10.0
"""How long a stream may stay silent before its `hello`."""

_STORE_PAUSE_SECONDS = 1.0
"""One call may fail although the store did not go away, so that no return of it would wake."""

_MAXIMUM_ANSWERS = 64
"""Answers that an agent may leave unread before the next of its messages is looked at."""


@dataclass(frozen=True)
class SessionUseCases:
    """What a session needs."""

    pace: PaceSessions
    open: OpenSession
    ended_runs: FindEndedRuns
    hub: SessionHub
    change_device: ChangeDevice
    board: TaskBoard
    progress: RecordProgress
    results: RecordResult
    replicas: KnownReplicas
    draining: asyncio.Event


Requests = AsyncIterator[messages.SessionRequest]
Responses = AsyncIterator[messages.SessionResponse]


class SessionServicer(SessionServiceServicer):
    """Translates sessions: what comes in is handled in order, what lies in the inbox goes out."""

    def __init__(self, use_cases: SessionUseCases) -> None:
        self._use = use_cases

    async def Session(self, request_iterator: Requests, _context: RpcContext) -> Responses:
        """See SessionService.Session."""
        client = require_client()
        hello = wire.read_hello(await _first(request_iterator))
        self._use.pace.arrive(client)
        session = await self._use.open(client, hello)
        link = SessionLink(session)
        self._use.hub.add(link)
        try:
            ended = await self._use.ended_runs(hello.kept_runs)
            yield wire.welcome(client, self._use.replicas, ended)
            async for response in self._talk(link, request_iterator):
                yield response
        finally:
            self._use.hub.remove(link)
            with contextlib.suppress(StoreUnavailableError):
                await self._use.open.close(link.record)

    async def _talk(self, link: SessionLink, requests: Requests) -> Responses:
        """Gives answers and deliveries until the agent, the platform or an error ends it."""
        answers = Answers[messages.SessionResponse](_MAXIMUM_ANSWERS)
        reader = asyncio.create_task(self._read(link, requests, answers))
        reader.add_done_callback(lambda _: link.wake())
        inbox = InboxReader(self._use.board, link.client)
        try:
            while True:
                await link.news.wait()
                link.news.clear()
                if link.error is not None:
                    raise link.error
                for answer in answers.take():
                    yield answer
                if reader.done():
                    reader.result()
                    return
                if self._use.draining.is_set():
                    yield wire.reconnect_after(self._use.pace.send_away())
                    return
                for response in await _unsent(inbox, link):
                    yield response
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(
        self, link: SessionLink, requests: Requests, answers: Answers[messages.SessionResponse]
    ) -> None:
        async for request in requests:
            kind = request.WhichOneof("message")
            if kind == "progress":
                progress = request.progress
                self._use.progress(
                    link.client, progress.task, progress.steps_done, progress.steps_total
                )
            elif kind == "result":
                task = request.result.task
                outcome = wire.read_outcome(request.result)
                await self._use.results(link.client, task, outcome)
                await answers.put(wire.recorded(task))
                link.wake()
            elif kind == "device_changed":
                await self._use.change_device(link, read_device(request.device_changed))
            else:
                raise InvalidRequestError(
                    "a session has one `hello`, then progress, results and changes of the device"
                )


async def _unsent(inbox: InboxReader, link: SessionLink) -> list[messages.SessionResponse]:
    """Gives what is to be sent; while the store is away nothing is, and it is asked again later."""
    try:
        return list(wire.deliveries(await inbox.unsent()))
    except StoreUnavailableError:
        asyncio.get_running_loop().call_later(_STORE_PAUSE_SECONDS, link.wake)
        return []


async def _first(requests: Requests) -> messages.SessionRequest:
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            return await anext(requests)
    except TimeoutError:
        raise InvalidRequestError(f"no `hello` within {HELLO_SECONDS:.0f} seconds") from None
    except StopAsyncIteration:
        raise InvalidRequestError("the stream ended before `hello`") from None
