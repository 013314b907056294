"""Follows a run to its end."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from pfi_cli.api.client import ApiClient
from pfi_cli.api.runs import Run
from pfi_cli.output.console import stderr
from pfi_cli.output.run_lines import changes, waiting
from pfi_cli.output.run_view import run_view
from pfi_common.clock import Clock, SystemClock
from pfi_common.errors import ServiceUnavailableError, StoreUnavailableError

POLL_SECONDS = 1.0
PATIENCE_SECONDS = 120.0
REFRESHES_PER_SECOND = 4


def watch_run(api: ApiClient, run: Run, *, on_tick: Callable[[], None] = lambda: None) -> Run:
    """Shows a run until it has ended, through restarts of the federation.

    Args:
        api: The federation.
        run: The run as it is known.
        on_tick: Called about once a second; may raise to end the watching.

    Raises:
        ServiceUnavailableError: The federation did not answer for two minutes.
    """
    screen = _Screen(stderr(), SystemClock())
    follower = _Follower(api)
    with screen:
        screen.show(run)
        while not run.ended:
            on_tick()
            run = follower.newer(run)
            screen.show(run)
    return run


class _Follower:
    """Asks for newer revisions, and bears a while without an answer."""

    def __init__(self, api: ApiClient) -> None:
        self._api = api
        self._last_answer = time.monotonic()

    def newer(self, run: Run) -> Run:
        """Waits about a second for a newer revision; gives the old one when there is none."""
        try:
            newer = self._api.run(run.run, after_revision=run.revision, wait_seconds=POLL_SECONDS)
        except (ServiceUnavailableError, StoreUnavailableError):
            if time.monotonic() - self._last_answer > PATIENCE_SECONDS:
                raise
            time.sleep(POLL_SECONDS)
            return run
        self._last_answer = time.monotonic()
        return newer


class _Screen:
    """A live picture on a terminal; lines elsewhere."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._run: Run | None = None
        self._said = ""
        self._wait = ""
        self._wait_seen_at = clock.now()
        self._live = (
            Live(console=console, refresh_per_second=REFRESHES_PER_SECOND)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> "_Screen":
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, run: Run) -> None:
        """Shows the run as it is now."""
        if self._live is not None:
            self._live.update(run_view(run, self._elapsed(run)))
        else:
            for line in (*changes(self._run, run), *self._new_wait(run)):
                self._console.print(line, markup=False, soft_wrap=True)
        self._run = run

    def _new_wait(self, run: Run) -> list[str]:
        """What the run waits for, once it takes long and when it is something else."""
        now, wait = self._clock.now(), run.why.waiting_for if run.why is not None else ""
        if wait != self._wait:
            self._wait, self._wait_seen_at = wait, now
        line = waiting(run, now, self._wait_seen_at)
        if line is None or line == self._said:
            return []
        self._said = line
        return [line]

    def _elapsed(self, run: Run) -> float:
        end = run.ended_at or self._clock.now()
        return (end - (run.created_at or end)).total_seconds()
