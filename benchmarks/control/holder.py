"""Idle agents in one process: each keeps its session open, and comes back by an agent's own rules.

`python -m benchmarks.control.holder FOLDER STATUS TARGET START COUNT` writes to the file STATUS,
again and again, how many of its sessions are open and why others ended; it ends with SIGTERM.
"""

import asyncio
import json
import random
import signal
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

from benchmarks.control.members import Member, hello, read_members
from pfi.coordinator.v1.session_service_pb2 import SessionResponse
from pfi_client_agent.adapters.coordinator_link import SessionStream, open_session
from pfi_client_agent.domain.backoff import Backoff
from pfi_common.errors import PlatformError, ServiceUnavailableError
from pfi_common.open_files import raise_open_files
from pfi_common.rpc.channel import secure_channel

CONNECTING = 16
"""Sessions that are opened at the same time at first; later each agent is on its own."""
WELCOME_SECONDS = 30.0
SETTLED_SECONDS = 5.0
CAP_SECONDS = 15.0
TELL_SECONDS = 0.2


class Holder:
    """Some agents.

    Args:
        target: Where sessions are opened.
    """

    def __init__(self, target: str) -> None:
        self.open = 0
        self.welcomed = 0
        self.ended: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._target = target
        self._connecting = asyncio.Semaphore(CONNECTING)

    async def hold(self, member: Member) -> None:
        """Keeps a session open for ever; ends when the agent would give up."""
        backoff = Backoff(random.random, cap_seconds=CAP_SECONDS)
        first = True
        while True:
            delay: float | None = None
            begun = asyncio.get_running_loop().time()
            try:
                delay = await self._session(member, first=first)
            except PlatformError as error:
                self.ended[error.reason] += 1
                if not error.retryable:
                    self.refused[error.reason] += 1
                    return
                if error.retry_after_seconds is not None:
                    delay = backoff.next_delay(error.retry_after_seconds)
            first = False
            if asyncio.get_running_loop().time() - begun >= SETTLED_SECONDS:
                backoff.reset()
            await asyncio.sleep(backoff.next_delay() if delay is None else delay)

    async def _session(self, member: Member, *, first: bool) -> float | None:
        """Holds one session; gives the delay that its end asks for."""
        async with AsyncExitStack() as turn:
            if first:
                await turn.enter_async_context(self._connecting)
            async with open_session(self._target, member.identity, secure_channel) as stream:
                delay = await self._be_welcomed(stream)
                await turn.aclose()
                return delay if delay is not None else await self._rest(stream)

    async def _be_welcomed(self, stream: SessionStream) -> float | None:
        await stream.send(hello())
        try:
            async with asyncio.timeout(WELCOME_SECONDS):
                message = await stream.receive()
        except TimeoutError:
            raise ServiceUnavailableError("the coordinator does not answer") from None
        if message is not None and message.HasField("reconnect_after"):
            return self._told(message)
        if message is None or not message.HasField("welcome"):
            raise ServiceUnavailableError("the coordinator ended the session")
        return None

    async def _rest(self, stream: SessionStream) -> float | None:
        self.open += 1
        self.welcomed += 1
        try:
            while (message := await stream.receive()) is not None:
                if message.HasField("reconnect_after"):
                    return self._told(message)
            return None
        finally:
            self.open -= 1

    def _told(self, message: SessionResponse) -> float:
        self.ended["reconnect_after"] += 1
        return message.reconnect_after.delay.ToMilliseconds() / 1000

    def status(self) -> str:
        """What is so just now."""
        return json.dumps(
            {
                "open": self.open,
                "welcomed": self.welcomed,
                "ended": self.ended,
                "refused": self.refused,
            }
        )


async def main(folder: Path, status: Path, target: str, start: int, count: int) -> None:
    """Holds sessions until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    holder = Holder(target)
    members = read_members(folder / "members.json", start, count)
    working = [asyncio.create_task(holder.hold(member)) for member in members]
    while not stop.is_set():
        status.with_suffix(".new").write_text(holder.status())
        status.with_suffix(".new").replace(status)
        await asyncio.sleep(TELL_SECONDS)
    for task in working:
        task.cancel()
    await asyncio.gather(*working, return_exceptions=True)


if __name__ == "__main__":
    raise_open_files()
    _, folder_, status_, target_, start_, count_ = sys.argv
    asyncio.run(main(Path(folder_), Path(status_), target_, int(start_), int(count_)))
