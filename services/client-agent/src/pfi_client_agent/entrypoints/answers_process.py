"""The process of `pfi-agent serve`, and the part of `pfi-agent start --serve` that answers."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import typer
from rich.console import Console

from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.adapters.serving_folder import ServingFolder
from pfi_client_agent.adapters.serving_log_observer import ServingLogObserver
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.membership import Membership
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.run_agent import run_agent
from pfi_client_agent.application.serving.following import CurrentMembership
from pfi_client_agent.application.serving.observer import ServingObserver
from pfi_client_agent.application.serving.passport import Passport
from pfi_client_agent.application.serving.serving import Serving
from pfi_client_agent.application.stopping import finished_before
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.bootstrap_serving import ServingOptions, build_serving
from pfi_client_agent.domain.exit_codes import exit_code_for
from pfi_client_agent.domain.next_steps import next_step_for
from pfi_client_agent.entrypoints.answers_api.app import ApiParts, build_app
from pfi_client_agent.entrypoints.answers_api.server import AnswersServer
from pfi_client_agent.entrypoints.console_observer import ConsoleObserver
from pfi_client_agent.entrypoints.serving_console import ServingConsole
from pfi_client_agent.settings import AgentSettings
from pfi_common.clock import SystemClock
from pfi_common.errors import PlatformError
from pfi_common.rpc.channel import secure_channel
from pfi_common.settings import load_settings
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


@dataclass(frozen=True)
class Api:
    """An API that is about to start.

    Attributes:
        folder: The state folder.
        server: Listens already.
        options: How this device answers.
        observer: Is told what happens.
    """

    folder: StateFolder
    server: AnswersServer
    options: ServingOptions
    observer: ServingObserver

    async def run(self, membership: CurrentMembership, stop: asyncio.Event) -> None:
        """Answer until `stop` is set; other processes of the state folder can find the API.

        Raises:
            AgentRunningError: Another process has the API of this state folder.
            PlatformError: The backbone that the owner chose cannot be used.
        """
        serving_folder = ServingFolder(self.folder)
        try:
            with serving_folder.lock.locked():
                await self._findable(serving_folder, membership, stop)
        finally:
            self.server.close()

    async def _findable(
        self, serving_folder: ServingFolder, membership: CurrentMembership, stop: asyncio.Event
    ) -> None:
        serving_folder.save_endpoint(self.server.url)
        try:
            await self.answer(membership, stop, lambda: self.observer.ready(self.server.url))
        finally:
            serving_folder.forget_endpoint()

    async def answer(
        self, membership: CurrentMembership, stop: asyncio.Event, ready: Callable[[], None]
    ) -> None:
        """Answer until `stop` is set; `ready` is called when requests can be answered."""
        serving = build_serving(self.folder, self.options, membership, self.observer)
        try:
            await finished_before(stop, self._serve(serving), self._follow(serving, ready))
        finally:
            self.server.close()
            await serving.close()

    async def _serve(self, serving: Serving) -> None:
        parts = ApiParts(
            answers=serving.answers,
            clock=SystemClock(),
            observer=self.observer,
            token=ServingFolder(self.folder).token(),
            loopback=self.server.loopback,
        )
        running = asyncio.create_task(self.server.serve(build_app(parts)))
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            self.server.stop()
            await running
            raise

    async def _follow(self, serving: Serving, ready: Callable[[], None]) -> None:
        await serving.begin()
        await serving.look()
        ready()
        await serving.follow()


@dataclass(frozen=True)
class AnswersProcess:
    """A process that answers and does not train.

    Attributes:
        folder: The state folder.
        address: host:port to listen on.
        options: How this device answers.
        at_terminal: True: sentences for people; else JSON logs.
    """

    folder: StateFolder
    address: str
    options: ServingOptions
    at_terminal: bool

    def run(self) -> None:
        """Answer until SIGTERM or SIGINT.

        Raises:
            typer.Exit: With the exit code of a failure that was logged.
            PlatformError: A failure, at a terminal.
        """
        identity_observer, observer = choose_observers(at_terminal=self.at_terminal)
        try:
            server = AnswersServer(self.address)
            api = Api(self.folder, server, self.options, observer)
            passport = Passport(self.folder, SystemClock(), secure_channel, identity_observer)
            asyncio.run(_with_signals(lambda stop: api.run(passport.current, stop)))
        except PlatformError as error:
            if self.at_terminal:
                raise
            get_logger().error(Event.AGENT_FAILED, error=error, next_step=next_step_for(error))
            raise typer.Exit(exit_code_for(error)) from error
        identity_observer.stopped()


def choose_observers(*, at_terminal: bool) -> tuple[Observer, ServingObserver]:
    """Give sentences to people, JSON logs to everything else."""
    if at_terminal:
        console = Console(stderr=True)
        return ConsoleObserver(console), ServingConsole(console)
    configure_logging("client-agent", load_settings(AgentSettings).log_level)
    return LogObserver(), ServingLogObserver()


async def work_and_answer(place: Workplace, api: Api, stop: asyncio.Event) -> None:
    """Work for the federation and answer, until `stop` is set; either end is the end of both.

    Raises:
        PlatformError: The failure of either.
    """

    async def membership() -> Membership:
        await place.membership.ensure_valid()
        return place.membership

    async def answer() -> None:
        # One after the other: two threads that import torch at once wait for each other.
        await place.learning.ready()
        await api.run(membership, stop)

    running = [asyncio.create_task(run_agent(place, stop)), asyncio.create_task(answer())]
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    ended = await asyncio.gather(*running, return_exceptions=True)
    api.server.close()
    for outcome in ended:
        if isinstance(outcome, BaseException):
            raise outcome


async def _with_signals(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(stop)
