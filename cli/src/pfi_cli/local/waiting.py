"""Waits on conditions, with a time limit."""

import time
from collections.abc import Callable

POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Waits until the condition holds; False when the time is up."""
    end = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_SECONDS)
    return True
