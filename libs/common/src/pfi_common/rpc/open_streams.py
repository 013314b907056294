"""Open streams, which end when their caller may no longer stay."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pfi_common.errors import PlatformError
from pfi_common.rpc.admission import Admission
from pfi_common.rpc.caller import CallerIdentity

_CHECK_SECONDS = 2.0
"""How often callers are checked although the revocation list did not change: certificates expire,
and a list that is no longer read becomes stale."""


@dataclass(eq=False, slots=True)
class OpenStream:
    """A stream that is being handled.

    Attributes:
        caller: Whose it is.
        task: The handler.
        error: Why the stream was cut; `None` while it may stay.
    """

    caller: CallerIdentity
    task: asyncio.Task[object]
    error: PlatformError | None = None

    def cut(self, error: PlatformError) -> None:
        """Cancels the handler, once."""
        if self.error is None:
            self.error = error
            self.task.cancel()


class OpenStreams:
    """Watches the callers of all open streams, with one task while there are any."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._streams: set[OpenStream] = set()
        self._watcher: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self, caller: CallerIdentity) -> Iterator[OpenStream]:
        """Watches the caller of the current task while the block runs."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("streams are handled in tasks")
        stream = OpenStream(caller, task)
        self._add(stream)
        try:
            yield stream
        finally:
            self._remove(stream)

    def _add(self, stream: OpenStream) -> None:
        self._streams.add(stream)
        if self._watcher is None:
            self._watcher = asyncio.create_task(self._watch())

    def _remove(self, stream: OpenStream) -> None:
        self._streams.discard(stream)
        if not self._streams and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _watch(self) -> None:
        while True:
            change = self._admission.revocations.wait_for_change()
            with suppress(TimeoutError):
                await asyncio.wait_for(change, _CHECK_SECONDS)
            for stream in tuple(self._streams):
                self._check(stream)

    def _check(self, stream: OpenStream) -> None:
        try:
            self._admission.check(stream.caller)
        except PlatformError as error:
            stream.cut(error)
