"""One service of a local federation as a process."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.ports import check_free
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.programs import program_path
from pfi_cli.local.service_plans import ServicePlan
from pfi_cli.local.waiting import wait_until
from pfi_common.errors import LocalFederationFailedError

READY_SECONDS = 60.0
PROBE_SECONDS = 2.0


class LocalService:
    """Starts, watches and ends one service; it listens at the same ports at every start."""

    def __init__(
        self, plan: ServicePlan, layout: StateLayout, environment: Mapping[str, str]
    ) -> None:
        """Describes the service.

        Args:
            plan: How it is run.
            layout: Where its files lie.
            environment: What it inherits beside its settings.
        """
        self._plan = plan
        self._layout = layout
        self._environment = environment
        self._process: ChildProcess | None = None

    @property
    def name(self) -> str:
        """Name for people."""
        return self._plan.name

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.running

    @property
    def record(self) -> ProcessRecord | None:
        """Pid and start of the running process."""
        return None if self._process is None else self._process.record

    @property
    def exit_status(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.exit_status

    def start(self, known: Mapping[str, str]) -> None:
        """Starts the process at the known addresses; `wait_until_ready` waits for it.

        Raises:
            LocalFederationFailedError: It is not installed, or one of its ports is taken.
        """
        own = {ours: known[ours] for ours in self._plan.endpoints.values() if ours in known}
        check_free(own)
        self._endpoints_file.parent.mkdir(parents=True, exist_ok=True)
        self._endpoints_file.unlink(missing_ok=True)
        self._process = ChildProcess(self._command(known))
        self._process.start()

    def wait_until_listening(self, known: Mapping[str, str]) -> dict[str, str]:
        """Waits until the service has its addresses; gives all known ones, its own included.

        Raises:
            LocalFederationFailedError: It ended, or did not listen in time.
        """
        return {**known, **self._read_endpoints(self._started())}

    def wait_until_ready(
        self, known: Mapping[str, str], seconds: float = READY_SECONDS
    ) -> dict[str, str]:
        """Waits until the service can work; gives all known addresses, its own included.

        Raises:
            LocalFederationFailedError: It ended, or was not ready in time.
        """
        process = self._started()
        addresses = self.wait_until_listening(known)
        ready = wait_until(lambda: not process.running or self._is_ready(addresses), seconds)
        if not process.running:
            raise process.failure()
        if not ready:
            raise LocalFederationFailedError(
                f"{self.name} was not ready within {seconds:.0f} s; "
                f"log {self._layout.log(self.name)}: {process.log_tail()}"
            )
        return addresses

    def terminate(self) -> None:
        """Asks the process to end; `stop` waits for it."""
        if self._process is not None:
            self._process.terminate()

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """Ends the process at once, as a crash would."""
        if self._process is not None:
            self._process.kill()

    @property
    def _endpoints_file(self) -> Path:
        return self._layout.endpoints(self.name)

    def _command(self, known: Mapping[str, str]) -> Command:
        return Command(
            self.name,
            [str(program_path(self._plan.program)), self._plan.command],
            {**self._environment, **self._plan.settings(known)},
            self._layout.log(self.name),
        )

    def _started(self) -> ChildProcess:
        if self._process is None:
            raise LocalFederationFailedError(f"{self.name} was not started")
        return self._process

    def _read_endpoints(self, process: ChildProcess) -> dict[str, str]:
        wait_until(lambda: not process.running or self._endpoints_file.exists(), READY_SECONDS)
        if not self._endpoints_file.exists():
            raise process.failure()
        written = json.loads(self._endpoints_file.read_text(encoding="utf-8"))
        return {ours: written[theirs] for theirs, ours in self._plan.endpoints.items()}

    def _is_ready(self, addresses: Mapping[str, str]) -> bool:
        url, context = self._plan.ready_url(addresses), None
        if url.startswith("https:"):
            context = ssl.create_default_context(cafile=self._layout.authority)
        try:
            with urllib.request.urlopen(url, timeout=PROBE_SECONDS, context=context) as answer:  # noqa: S310
                return bool(answer.status == HTTPStatus.OK)
        except (urllib.error.URLError, OSError):
            return False
