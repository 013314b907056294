"""The process of an agent: checks what it is given, enrols if need be, works, and ends in order."""

import asyncio
import signal
from dataclasses import dataclass
from fractions import Fraction

import typer
from rich.console import Console

from pfi_client_agent.adapters.data_file import read_data
from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.adapters.serving_log_observer import ServingLogObserver
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.adapters.weight_files import weight_files
from pfi_client_agent.application.enrol import enrol, existing_identity
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.run_agent import run_agent
from pfi_client_agent.application.stopping import finished_before
from pfi_client_agent.application.workplace import Workplace
from pfi_client_agent.bootstrap import (
    LearningOptions,
    Outside,
    build_workplace,
    machine_of,
    start_learning_thread,
)
from pfi_client_agent.bootstrap_serving import ServingOptions
from pfi_client_agent.domain.exit_codes import exit_code_for
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.next_steps import next_step_for
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.domain.upload_encodings import UPLOAD_ENCODINGS
from pfi_client_agent.entrypoints.answers_api.server import AnswersServer
from pfi_client_agent.entrypoints.answers_process import Api, work_and_answer
from pfi_client_agent.entrypoints.console_observer import ConsoleObserver
from pfi_client_agent.entrypoints.serving_console import ServingConsole
from pfi_client_agent.settings import AgentSettings
from pfi_common.errors import NotEnrolledError, PlatformError
from pfi_common.settings import load_settings
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


def choose_observer(*, at_terminal: bool) -> Observer:
    """Give sentences and bars to people, JSON logs to everything else."""
    if at_terminal:
        return ConsoleObserver(Console(stderr=True))
    configure_logging("client-agent", load_settings(AgentSettings).log_level)
    return LogObserver()


@dataclass(frozen=True)
class AgentProcess:
    """An agent that is about to start.

    Attributes:
        folder: The state folder.
        data: Where the device's rows are; see `read_data`.
        reading: How they are read.
        bad_row_limit: Highest share of bad rows.
        token: Join token; needed on the first start only.
        display_name: Name for people.
        learning: How this device learns.
        observer: Is told what happens.
        serving: Where and how it answers, too; None: it does not.
        upload_encodings: Encodings of updates that are offered to the federation.
        device_class: Class of the device; empty for none.
        metered: What the owner says of the network; None for what the setting says.
    """

    folder: StateFolder
    data: str
    reading: Reading
    bad_row_limit: Fraction
    token: str | None
    display_name: str
    learning: LearningOptions
    observer: Observer
    serving: tuple[str, ServingOptions] | None = None
    upload_encodings: tuple[str, ...] = UPLOAD_ENCODINGS
    device_class: str = ""
    metered: bool | None = None

    def run(self) -> None:
        """Work until SIGTERM or SIGINT.

        Raises:
            typer.Exit: With the exit code of a failure that was logged.
            PlatformError: A failure, at a terminal.
        """
        try:
            data = self._read_data()
            with self.folder.locked():
                asyncio.run(self._work(data))
        except PlatformError as error:
            if isinstance(self.observer, ConsoleObserver):
                self.observer.close()
                raise
            get_logger().error(Event.AGENT_FAILED, error=error, next_step=next_step_for(error))
            raise typer.Exit(exit_code_for(error)) from error

    def _read_data(self) -> LocalData:
        """Check everything on this device before the federation is asked for anything."""
        data = read_data(self.data, self.reading)
        # What cannot be used is told by the failure alone, bad rows included.
        data.require_usable(self.bad_row_limit)
        self.observer.data_read(data)
        if self.learning.backbone is not None:
            weight_files(self.learning.backbone)
        return data

    async def _work(self, data: LocalData) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if await finished_before(stop, self._ensure_enrolled()):
            place = self._workplace(data)
            if self.serving is None:
                await run_agent(place, stop)
            else:
                await work_and_answer(place, self._api(*self.serving), stop)
        self.observer.stopped()

    def _workplace(self, data: LocalData) -> Workplace:
        settings = load_settings(AgentSettings)
        learning = start_learning_thread(self.folder, self.learning)
        metered = settings.metered if self.metered is None else self.metered
        return build_workplace(
            self.folder,
            data,
            learning,
            self.observer,
            Outside(device_look_seconds=settings.device_look_seconds),
            upload_encodings=self.upload_encodings,
            device_class=self.device_class,
            device=machine_of(learning, metered=metered, idle_below=settings.idle_below),
        )

    def _api(self, address: str, options: ServingOptions) -> Api:
        at_terminal = isinstance(self.observer, ConsoleObserver)
        observer = ServingConsole(Console(stderr=True)) if at_terminal else ServingLogObserver()
        return Api(self.folder, AnswersServer(address), options, observer)

    async def _ensure_enrolled(self) -> None:
        if self.token is not None:
            known = existing_identity(self.folder)
            identity = await enrol(self.folder, self.token, self.display_name)
            if known is None or identity.certificate != known.certificate:
                self.observer.enrolled(identity)
        elif existing_identity(self.folder) is None:
            raise NotEnrolledError(
                f"{self.folder.root} holds no identity: give a join token (--token)."
            )
