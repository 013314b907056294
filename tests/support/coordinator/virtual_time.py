"""An event loop whose time is counted, not waited for: the same program takes the same steps."""

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tests.support.coordinator.values import NOW

R = TypeVar("R")


class StalledError(Exception):
    """Everybody waits, and for nothing that would ever come."""


class _Jumping(selectors.SelectSelector):
    """Tells its loop to jump to the next timer instead of waiting for it."""

    passed_seconds = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise StalledError
        self.passed_seconds += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop with a clock of its own; work for threads is done at once."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed_seconds

    def run_in_executor(self, executor, func, *arguments):
        done = self.create_future()
        done.set_result(func(*arguments))
        return done


class LoopClock:
    """A clock that tells the time of the running loop."""

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


def run_virtually(coroutine: Coroutine[Any, Any, R]) -> R:
    """Runs a program to its end in no time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(coroutine)
