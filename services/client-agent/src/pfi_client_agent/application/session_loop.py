"""Keeps a session with the coordinator open: reconnects, renews, and knows when to give up."""

import asyncio
import random
from collections.abc import Iterable, Sequence
from typing import Any

from pfi.coordinator.v1.session_service_pb2 import (
    SessionHello,
    SessionRequest,
    SessionResponse,
    SessionWelcome,
)
from pfi_client_agent import __version__
from pfi_client_agent.adapters.coordinator_link import SessionStream, open_session
from pfi_client_agent.application.device_watch import device_message
from pfi_client_agent.application.task_desk import TaskDesk
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.domain.backoff import Backoff
from pfi_client_agent.domain.device_report import DeviceReport
from pfi_common.errors import (
    IdentityInvalidError,
    InternalError,
    PlatformError,
    ServiceUnavailableError,
    SessionsLimitedError,
)

PROTOCOL = 1

Outgoing = asyncio.Queue[SessionRequest]
"""What a session has to send."""

_WELCOME_SECONDS = 30.0
_SETTLED_SECONDS = 5.0
_MAXIMUM_KEPT_RUNS = 64
_CAP_SECONDS = 15.0
# A device that sleeps stops its timers, so the wall clock is looked at now and then.
_RENEWAL_CHECK_SECONDS = 60.0


class SessionLoop:
    """Sessions, one after the other.

    Args:
        place: Who this agent is, and what it has.
        desk: Takes what sessions bring.
    """

    def __init__(self, place: Workplace, desk: TaskDesk) -> None:
        self._place = place
        self._membership = place.membership
        self._desk = desk
        self._backoff = Backoff(random.random, cap_seconds=_CAP_SECONDS)
        self._used = self._membership.identity

    async def run(self) -> None:
        """Hold sessions until this is cancelled.

        Raises:
            PlatformError: Trying again would not help: revoked, superseded, refused.
        """
        while True:
            error: PlatformError | None = None
            delay: float | None = None
            try:
                delay = await self._hold_session()
            except SessionsLimitedError as limited:
                # Nothing is wrong: this agent's turn comes later.
                error = limited
                if limited.retry_after_seconds is not None:
                    delay = self._backoff.spread(limited.retry_after_seconds)
            except PlatformError as ended:
                if not self._may_return(ended):
                    raise
                error = ended
                if ended.retry_after_seconds is None:
                    self._membership.try_another_coordinator()
            if delay is None:
                delay = self._backoff.next_delay(error.retry_after_seconds if error else None)
            self._place.observer.session_ended(error, delay)
            await asyncio.sleep(delay)

    async def _hold_session(self) -> float | None:
        """Hold one session; gives when the next may begin, None to leave it to the back-off."""
        await self._membership.ensure_valid()
        self._used = self._membership.identity
        address = self._membership.coordinator
        async with open_session(address, self._used, self._membership.open_channel) as stream:
            kept = (await asyncio.to_thread(self._place.residuals.runs))[:_MAXIMUM_KEPT_RUNS]
            report = await self._place.device.look()
            await stream.send(SessionRequest(hello=self._hello(kept, report)))
            welcome = await self._be_welcomed(stream)
            await asyncio.to_thread(self._forget, set(welcome.ended_runs) & set(kept))
            self._place.observer.session_opened(self._membership.client, address)
            opened = self._place.clock.monotonic()
            try:
                told = report if welcome.takes_device_reports else None
                return await self._exchange(stream, told)
            finally:
                # One that ended at once says nothing about the next.
                if self._place.clock.monotonic() - opened >= _SETTLED_SECONDS:
                    self._backoff.reset()

    def _hello(self, kept_runs: Sequence[str], report: DeviceReport) -> SessionHello:
        return SessionHello(
            agent_version=__version__,
            protocol_minimum=PROTOCOL,
            protocol_maximum=PROTOCOL,
            upload_encodings=self._place.upload_encodings,
            training_rows=self._place.data.training_rows,
            ready=True,
            device_class=self._place.device_class,
            kept_runs=kept_runs,
            device=device_message(report),
        )

    async def _be_welcomed(self, stream: SessionStream) -> SessionWelcome:
        """Wait for the answer to `hello`."""
        try:
            async with asyncio.timeout(_WELCOME_SECONDS):
                first = await stream.receive()
        except TimeoutError as error:
            raise ServiceUnavailableError("the coordinator does not answer") from error
        if first is None or first.WhichOneof("message") != "welcome":
            raise ServiceUnavailableError("the coordinator ended the session")
        self._membership.learn(first.welcome)
        return first.welcome

    def _forget(self, runs: Iterable[str]) -> None:
        """Forget what updates of runs lost that nothing can be added to any more."""
        for run in runs:
            self._place.residuals.forget(run)

    async def _exchange(self, stream: SessionStream, told: DeviceReport | None) -> float | None:
        """Exchange messages until the session ends.

        Args:
            stream: The session.
            told: What the coordinator knows of the device; None when it takes no news of it.
        """
        receiving = asyncio.create_task(self._receive(stream))
        renewing = asyncio.create_task(self._renew())
        outgoing = self._desk.connect()
        others: list[asyncio.Task[Any]] = [renewing, asyncio.create_task(_send(stream, outgoing))]
        if told is not None:
            others.append(asyncio.create_task(self._tell_changes(told, outgoing)))
        try:
            await asyncio.wait({receiving, renewing}, return_when=asyncio.FIRST_COMPLETED)
            return receiving.result() if receiving.done() else renewing.result()
        finally:
            self._desk.disconnect()
            for running in (receiving, *others):
                running.cancel()
            await asyncio.gather(receiving, *others, return_exceptions=True)

    async def _tell_changes(self, told: DeviceReport, outgoing: Outgoing) -> None:
        async for report in self._place.device.changes(told):
            outgoing.put_nowait(SessionRequest(device_changed=device_message(report)))

    async def _receive(self, stream: SessionStream) -> float | None:
        while (message := await stream.receive()) is not None:
            if message.WhichOneof("message") == "reconnect_after":
                return self._backoff.spread(message.reconnect_after.delay.ToMilliseconds() / 1000)
            self._take(message)
        return None

    def _take(self, message: SessionResponse) -> None:
        match message.WhichOneof("message"):
            case "task":
                self._desk.offer(message.task)
            case "task_cancelled":
                self._desk.cancel(message.task_cancelled.task)
            case "result_recorded":
                self._desk.recorded(message.result_recorded.task)
            case "round_settled":
                settled = message.round_settled
                self._place.updates.forget(settled.run, settled.round)

    async def _renew(self) -> float:
        """Renew in time; the session then begins anew with the new certificate."""
        while self._membership.identity is self._used:
            await asyncio.sleep(min(self._membership.renewal_seconds, _RENEWAL_CHECK_SECONDS))
            await self._membership.ensure_valid()
        return 0.0

    def _may_return(self, error: PlatformError) -> bool:
        if isinstance(error, IdentityInvalidError):
            # The certificate that was used has run out: the next session takes another one.
            return self._membership.expired or self._membership.identity is not self._used
        return error.retryable or isinstance(error, InternalError)


async def _send(stream: SessionStream, outgoing: Outgoing) -> None:
    while True:
        message = await outgoing.get()
        try:
            await stream.send(message)
        except PlatformError:
            # The receiving side learns why the stream ended; results are kept until recorded.
            return
