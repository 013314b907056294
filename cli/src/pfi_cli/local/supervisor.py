"""Keeps a federation running until it is told to stop."""

import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pfi_cli.local.federation import LocalFederation, Say
from pfi_cli.local.federation_file import read_federation, write_federation
from pfi_cli.local.interruption import interruptible, uninterrupted
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.leftovers import end_leftovers
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.programs import program_path
from pfi_cli.local.start_refused import StartRefusedError
from pfi_cli.local.state_folder import make_state_folder
from pfi_cli.local.waiting import wait_until
from pfi_cli.settings import inherited_environment
from pfi_common.errors import (
    CATALOG,
    LocalFederationFailedError,
    PlatformError,
    error_for,
)

TEND_SECONDS = 0.2
START_SECONDS = 180.0
STOP_SECONDS = 60.0
PRINTED_ERROR = re.compile(r"^([A-Z_]+): (.*(?:\n- .*)*)$(?:\nnext: (.*)$)?", re.MULTILINE)


def run_in_foreground(
    federation: LocalFederation, on_ready: Callable[[], None], on_tick: Callable[[], None]
) -> None:
    """Starts a federation, tends it until a stop signal comes, and ends it.

    Args:
        federation: What to run.
        on_ready: Called once when everything can work.
        on_tick: Called some times a second.
    """
    with interruptible():
        try:
            federation.start()
            on_ready()
            while True:
                federation.tend()
                on_tick()
                time.sleep(TEND_SECONDS)
        except KeyboardInterrupt:
            return
        finally:
            with uninterrupted():
                federation.stop()


def run_detached(layout: StateLayout, name: str, options: Sequence[str] = ()) -> None:
    """Starts a supervisor that outlives this command, and returns when everything can work.

    Args:
        layout: The state folder.
        name: Name of a new federation.
        options: Further ones of `pfi up`.

    Raises:
        LocalFederationFailedError: It could not start the federation.
        SettingsInvalidError: The state folder cannot be written.
    """
    log = layout.log("supervisor")
    make_state_folder(layout.root)
    log.parent.mkdir(exist_ok=True)
    written_before = log.stat().st_size if log.exists() else 0
    program = [str(program_path("pfi")), "up"]
    command = [*program, "--state", str(layout.root), "--name", name, *options]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=inherited_environment(),
            start_new_session=True,
        )
    started = wait_until(
        lambda: process.poll() is not None or _is_ready(layout, process.pid), START_SECONDS
    )
    if process.poll() is not None or not started:
        raise _failure(log, log.read_bytes()[written_before:].decode(errors="replace"))


def stop_supervised(layout: StateLayout, say: Say) -> bool:
    """Ends the federation in a folder, whatever is left of it; False when nothing ran.

    Raises:
        LocalFederationFailedError: There is no federation in the folder.
    """
    found = read_federation(layout)
    if found is None:
        raise LocalFederationFailedError(f"there is no federation in {layout.root}")
    supervised = found.running
    if found.supervisor is not None and supervised:
        _end_supervisor(found.supervisor.record, say)
    left = end_leftovers({name: process.record for name, process in found.processes.items()})
    if left:
        say(f"ended processes that were left: {', '.join(left)}")
    remaining = read_federation(layout) or found
    write_federation(
        layout, remaining.model_copy(update={"supervisor": None, "processes": {}, "ready": False})
    )
    return supervised or bool(left)


def _end_supervisor(supervisor: ProcessRecord, say: Say) -> None:
    supervisor.send(signal.SIGTERM)
    if not wait_until(lambda: not supervisor.alive, STOP_SECONDS):
        say("the supervisor did not end in time and is killed")
        supervisor.send(signal.SIGKILL)
        wait_until(lambda: not supervisor.alive, STOP_SECONDS)


def _failure(log: Path, written: str) -> PlatformError:
    """The error that the supervisor printed before it ended, with its next step."""
    for reason, message, next_step in reversed(PRINTED_ERROR.findall(written)):
        if reason == LocalFederationFailedError.reason and next_step:
            return StartRefusedError(message, next_step)
        if reason in CATALOG:
            return error_for(reason, message)
    return LocalFederationFailedError(f"the supervisor did not start the federation; see {log}")


def _is_ready(layout: StateLayout, pid: int) -> bool:
    found = read_federation(layout)
    return (
        found is not None
        and found.ready
        and found.supervisor is not None
        and found.supervisor.pid == pid
    )
