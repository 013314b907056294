"""The leader: holds the lease, takes a fencing token, and keeps one driver for each active run."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from pfi_common.clock import Clock
from pfi_common.errors import LeaderSupersededError, PlatformError, StoreUnavailableError
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.leader.drive_run import DriveRun
from pfi_coordinator.application.leader.driving_tools import DrivingTools
from pfi_coordinator.application.leader.run_waits import RunWaits
from pfi_coordinator.application.ports.aggregators import Aggregators
from pfi_coordinator.application.ports.leadership import Leadership
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.signals import (
    ClientsChanged,
    Resynchronise,
    RunChanged,
    Signal,
)

_RENEW_SECONDS = 1.5
_LOST_AFTER_SECONDS = 4.0
"""A leader that could not renew for so long steps down: its lease of 5 seconds runs out."""

_TRY_SECONDS = 0.5
"""How often the others try to take the lease: one of them has it so soon after it ran out."""

_LOST = "the lease was lost"

_TOKEN_SECONDS = 3.0
"""How long an aggregator may take to tell its token; one that is away is fenced all the same."""


@dataclass(frozen=True)
class Candidate:
    """Who wants to lead: a replica, and this process of it."""

    replica: str
    holder: str


class Lead:
    """Leads whenever the lease can be had."""

    def __init__(
        self,
        candidate: Candidate,
        leadership: Leadership,
        aggregators: Aggregators,
        tools: DrivingTools,
    ) -> None:
        self._me = candidate
        self._leadership = leadership
        self._aggregators = aggregators
        self._tools = tools
        self._runs: RunStore = tools.runs
        self._clock: Clock = tools.clock
        self._drivers: dict[str, tuple[DriveRun, asyncio.Task[None]]] = {}
        self._paused_until: dict[str, float] = {}
        self._news = asyncio.Event()
        self.leading = False

    @property
    def waits(self) -> RunWaits:
        """What the runs that are led wait for."""
        return self._tools.waits

    def notice(self, signal: Signal) -> None:
        """Wakes the drivers that a signal concerns."""
        if isinstance(signal, RunChanged):
            self._wake(signal.run)
        elif isinstance(signal, ClientsChanged | Resynchronise):
            for run in self._drivers:
                self._wake(run)
            self._news.set()

    async def __call__(self) -> None:
        """Leads for ever; cancel it to stop."""
        try:
            while True:
                with suppress(StoreUnavailableError):
                    if await self._leadership.acquire(self._me.replica, self._me.holder):
                        await self._term()
                await asyncio.sleep(_TRY_SECONDS)
        finally:
            await self._stop_drivers()
            with suppress(StoreUnavailableError):
                await self._leadership.release(self._me.replica, self._me.holder)

    async def _term(self) -> None:
        """Leads until the lease is lost or a newer leader is met."""
        incarnation = await self._leadership.incarnation()
        token = await self._take_token()
        get_logger().info(LogEvent.LEADER_ELECTED, replica=self._me.replica, leader_token=token)
        self.leading = True
        reason = ""
        try:
            reason = await self._drive(token, incarnation)
        except LeaderSupersededError as error:
            reason = error.reason
        finally:
            self.leading = False
            await self._stop_drivers()
        get_logger().warning(LogEvent.LEADER_STEPPED_DOWN, reason=reason, leader_token=token)

    async def _take_token(self) -> int:
        spools = sorted(self._aggregators.addresses)
        seen = await asyncio.gather(*(self._highest_token(spool) for spool in spools))
        return await self._leadership.next_token(max(seen, default=0))

    async def _highest_token(self, spool: str) -> int:
        try:
            async with asyncio.timeout(_TOKEN_SECONDS):
                return await self._aggregators.highest_token(spool)
        except (PlatformError, TimeoutError) as error:
            get_logger().warning(LogEvent.AGGREGATOR_UNREACHABLE, spool=spool, error=error)
            return 0

    async def _drive(self, token: int, incarnation: str) -> str:
        """Drives every active run, and says why the term has ended.

        Drivers remember what the store holds for good, so a store that was restarted, and may have
        lost its last moments, needs new ones.
        """
        renewed_at = self._clock.monotonic()
        while self._clock.monotonic() - renewed_at < _LOST_AFTER_SECONDS:
            asked_at = self._clock.monotonic()  # the lease begins no later than it is answered
            with suppress(StoreUnavailableError):
                if not await self._leadership.renew(self._me.replica, self._me.holder):
                    return _LOST
                if await self._leadership.incarnation() != incarnation:
                    return "the store was restarted"
                renewed_at = asked_at
                await self._arrange(token)
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_SECONDS):
                    await self._news.wait()
            self._news.clear()
        return _LOST

    async def _arrange(self, token: int) -> None:
        """Starts a driver for each active run that has none."""
        self._reap()
        now = self._clock.monotonic()
        for run in await self._runs.active():
            if run not in self._drivers and now >= self._paused_until.get(run, now):
                driver = DriveRun(self._tools, run, token)
                task = asyncio.create_task(driver(), name=f"driver {run}")
                task.add_done_callback(lambda _: self._news.set())
                self._drivers[run] = (driver, task)

    def _reap(self) -> None:
        """Forgets drivers that have ended; one that broke is logged and started again."""
        for run in [run for run, (_, task) in self._drivers.items() if task.done()]:
            _, task = self._drivers.pop(run)
            error = None if task.cancelled() else task.exception()
            if isinstance(error, LeaderSupersededError):
                raise error
            if error is not None:
                get_logger().error(LogEvent.DRIVER_FAILED, run=run, error=error)
                self._paused_until[run] = self._clock.monotonic() + _RENEW_SECONDS

    def _wake(self, run: str) -> None:
        if run in self._drivers:
            self._drivers[run][0].wake()
        else:
            self._news.set()

    async def _stop_drivers(self) -> None:
        tasks = [task for _, task in self._drivers.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._drivers.clear()
        self._tools.waits.clear()
