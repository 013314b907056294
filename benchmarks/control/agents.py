"""Agents without data: a session each, and nothing behind it."""

import asyncio
import random
from collections.abc import Callable
from contextlib import AsyncExitStack

from benchmarks.control.members import Member, hello
from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.adapters.coordinator_link import SessionStream, open_session
from pfi_client_agent.domain.backoff import Backoff
from pfi_common.errors import PlatformError, ServiceUnavailableError
from pfi_common.rpc.channel import secure_channel

WELCOME_SECONDS = 30.0
CAP_SECONDS = 5.0
Heard = Callable[["Agent", session.SessionResponse], None]


class Agent:
    """One open session.

    Args:
        member: Whose.
        heard: Is given every message after the welcome.
    """

    def __init__(self, member: Member, heard: Heard) -> None:
        self.client = member.client
        self._member = member
        self._heard = heard
        self._open = AsyncExitStack()

    async def connect(self, target: str, connecting: asyncio.Semaphore) -> None:
        """Opens the session, if need be again and again, and listens from then on.

        Args:
            target: Of the coordinator.
            connecting: How many may do so at a time.
        """
        backoff = Backoff(random.random, cap_seconds=CAP_SECONDS)
        while True:
            try:
                async with connecting:
                    await self._connect(target)
            except PlatformError as error:
                await self._open.aclose()
                if not error.retryable:
                    raise
                await asyncio.sleep(backoff.next_delay(error.retry_after_seconds))
            else:
                self._listening = asyncio.create_task(self._listen())
                return

    async def say(self, message: session.SessionRequest) -> None:
        """Sends a message."""
        await self._stream.send(message)

    async def close(self) -> None:
        """Ends the session."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        await self._open.aclose()

    async def _connect(self, target: str) -> None:
        opened = open_session(target, self._member.identity, secure_channel)
        self._stream: SessionStream = await self._open.enter_async_context(opened)
        await self._stream.send(hello())
        async with asyncio.timeout(WELCOME_SECONDS):
            first = await self._stream.receive()
        if first is None or not first.HasField("welcome"):
            raise ServiceUnavailableError("the coordinator ended the session")

    async def _listen(self) -> None:
        while (message := await self._stream.receive()) is not None:
            self._heard(self, message)
        raise RuntimeError(f"the session of {self.client} ended")
