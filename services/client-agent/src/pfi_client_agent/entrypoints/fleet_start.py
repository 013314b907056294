"""From the options of `pfi-agent fleet` to a fleet that runs."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from pfi_client_agent.adapters.declared_device import DeclaredDevice, DevicesFile
from pfi_client_agent.adapters.fleet_data import FleetSource, read_shares
from pfi_client_agent.adapters.fleet_folder import FleetFolder
from pfi_client_agent.adapters.weight_files import weight_files
from pfi_client_agent.application.fleet_members import FleetMember
from pfi_client_agent.bootstrap import LearningOptions
from pfi_client_agent.domain.exit_codes import exit_code_for
from pfi_client_agent.domain.next_steps import next_step_for
from pfi_client_agent.entrypoints.fleet_process import FleetProcess, require_open_files
from pfi_client_agent.settings import AgentSettings
from pfi_common.errors import PlatformError, TokenInvalidError
from pfi_common.settings import load_settings
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import configure_logging, get_logger


@dataclass(frozen=True)
class FleetOptions:
    """Options of the command; see `entrypoints.fleet`."""

    source: FleetSource
    state: Path
    tokens: Path | None
    name: str
    at_once: int
    learning: LearningOptions
    at_terminal: bool
    device_classes: tuple[str, ...] = ("",)
    devices: Path | None = None


def start_fleet(options: FleetOptions) -> None:
    """Check everything on this device, then run the fleet.

    Raises:
        typer.Exit: With the exit code of a failure that was logged.
        PlatformError: A failure, at a terminal.
    """
    folder = FleetFolder(options.state)
    with ExitStack() as stack:
        _configure_logs(folder, stack, at_terminal=options.at_terminal)
        try:
            _process(folder, options).run()
        except PlatformError as error:
            get_logger().error(Event.AGENT_FAILED, error=error, next_step=next_step_for(error))
            if options.at_terminal:
                raise
            raise typer.Exit(exit_code_for(error)) from error


def _configure_logs(folder: FleetFolder, stack: ExitStack, *, at_terminal: bool) -> None:
    level = load_settings(AgentSettings).log_level
    if at_terminal:
        folder.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        log = stack.enter_context(folder.log.open("a", encoding="utf-8"))
        configure_logging("client-agent", level, log)
    else:
        configure_logging("client-agent", level)


def _process(folder: FleetFolder, options: FleetOptions) -> FleetProcess:
    require_open_files(options.source.clients, options.at_once)
    tokens = read_tokens(options.tokens)
    if options.learning.backbone is not None:
        weight_files(options.learning.backbone)
    shares, unusable = read_shares(options.source)
    classes = options.device_classes
    devices = None if options.devices is None else DevicesFile(options.devices)
    members = [
        FleetMember(
            number,
            f"{options.name}-{number}",
            folder.client(number),
            data,
            classes[number % len(classes)],
            DeclaredDevice() if devices is None else devices.device(number),
        )
        for number, data in shares.items()
    ]
    get_logger().info(Event.DATA_READ, rows=sum(len(data.rows) for data in shares.values()))
    return FleetProcess(
        folder=folder,
        members=members,
        unusable=unusable,
        tokens=tokens,
        learning=options.learning,
        at_once=options.at_once,
        console=Console(stderr=True) if options.at_terminal else None,
    )


def read_tokens(file: Path | None) -> Sequence[str]:
    """Read join tokens, one a line; blank lines do no harm.

    Raises:
        TokenInvalidError: The file cannot be read.
    """
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenInvalidError(f"the file {file} cannot be read") from error
    return [line.strip() for line in lines if line.strip()]
