"""One process of a local federation."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pfi_cli.local import tied_command
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.waiting import wait_until
from pfi_common.errors import LocalFederationFailedError

LOG_TAIL_LINES = 5


@dataclass(frozen=True)
class Command:
    """What to run.

    Attributes:
        name: Name for people and for the log file.
        arguments: Program (absolute path) and its arguments.
        environment: The whole environment.
        log_path: File that takes standard output and error.
        held_descriptors: Open files that the process keeps, such as a lock that lives with it.
    """

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    held_descriptors: Sequence[int] = field(default=())


class ChildProcess:
    """Starts a command that ends with this process, and stops it.

    Start it in a thread that lives as long as this process does (the main thread): the kernel
    ties a child to the thread that made it.
    """

    def __init__(self, command: Command) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def name(self) -> str:
        """Name for people."""
        return self._command.name

    @property
    def pid(self) -> int | None:
        """Its pid while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def record(self) -> ProcessRecord | None:
        """Pid and start of the running process."""
        return None if self.pid is None else ProcessRecord.of(self.pid)

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How it ended (negative: by that signal); None before the start and while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        """Starts the process; its output is appended to the log."""
        self._command.log_path.parent.mkdir(parents=True, exist_ok=True)
        tied = [
            sys.executable,
            "-I",
            "-S",
            tied_command.__file__,
            str(os.getpid()),
            *self._command.arguments,
        ]
        with self._command.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                tied,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self._command.environment),
                start_new_session=True,  # Ctrl-C reaches the parent alone, which stops in order
                pass_fds=tuple(self._command.held_descriptors),
            )

    def terminate(self) -> None:
        """Asks the process to end; `stop` waits for it."""
        if self._process is not None and self.running:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, grace_seconds: float = 10.0) -> None:
        """Ends the process: politely, then for sure. Does nothing when it has ended."""
        self.terminate()
        if not self.wait(grace_seconds):
            self.kill()
        self._end_group()

    def kill(self) -> None:
        """Ends the process at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _end_group(self) -> None:
        """Ends what the process has started itself and left behind; it leads a group of its own."""
        if self._process is None:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return

    def wait(self, timeout_seconds: float) -> bool:
        """Waits for the end; False when the time is up."""
        return wait_until(lambda: not self.running, timeout_seconds)

    def failure(self) -> LocalFederationFailedError:
        """An error that says how the process ended, with the end of its log."""
        return LocalFederationFailedError(
            f"{self.name} ended with status {self.exit_status}; "
            f"log {self._command.log_path}: {self.log_tail()}"
        )

    def log_tail(self) -> str:
        """The last lines of the log on one line."""
        if not self._command.log_path.exists():
            return "(empty)"
        lines = self._command.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-LOG_TAIL_LINES:]) or "(empty)"
