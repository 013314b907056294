"""Threads that wait for work, of which the one that worked last works next."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

Work = Callable[[], Callable[[], object]]
"""Does what is to be done, and gives what tells of it."""


class WarmThreads:
    """At most so many threads; work that finds none of them idle waits for its turn.

    An executor of the standard library gives work to the thread that has waited longest, whose
    memory the processor has forgotten, and hands its results over through a second future.

    Args:
        maximum: Most threads. They are started as they are needed and end with the process.
    """

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[Work]] = []
        self._waiting: deque[Work] = deque()
        self._started = 0

    def begin(self, work: Work) -> None:
        """Has work done in one of the threads; it raises nothing."""
        with self._lock:
            if self._idle:
                inbox = self._idle.pop()
            elif self._started < self._maximum:
                inbox = self._start()
            else:
                self._waiting.append(work)
                return
        inbox.put(work)

    def _start(self) -> "SimpleQueue[Work]":
        inbox: SimpleQueue[Work] = SimpleQueue()
        name = f"pfi-blocking-{self._started}"
        # A daemon: one that waits for work must not keep the process from ending.
        threading.Thread(target=self._serve, args=(inbox,), name=name, daemon=True).start()
        self._started += 1
        return inbox

    def _serve(self, inbox: "SimpleQueue[Work]") -> None:
        while True:
            tell = inbox.get()()
            # First idle, then told of: the next call of who waits for this one finds the thread.
            self._ready(inbox)
            tell()
            del tell  # and what it holds

    def _ready(self, inbox: "SimpleQueue[Work]") -> None:
        with self._lock:
            if self._waiting:
                inbox.put(self._waiting.popleft())
            else:
                self._idle.append(inbox)
