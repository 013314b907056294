"""What is known of the federation in a state folder: `federation.json`."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pfi_cli.local.layout import StateLayout
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.scale import Scale
from pfi_common.errors import LocalFederationFailedError


class RecordedProcess(BaseModel):
    """A process by pid and start."""

    model_config = ConfigDict(frozen=True)

    pid: int
    start: str

    @property
    def record(self) -> ProcessRecord:
        """The process to ask or to end."""
        return ProcessRecord(self.pid, self.start)


class FederationFile(BaseModel):
    """Contents of `federation.json`.

    Attributes:
        name: Name of the federation.
        demo: Whether `pfi demo` made the folder, and so may delete it.
        ready: Whether every process was started and could work.
        supervisor: The process that keeps the federation running.
        processes: Processes of the federation by name.
        endpoints: `host:port` by name; chosen once, so that agents find them after a restart.
        aggregators: How many aggregators it has, each with a spool.
        workers: How many workers it has.
        coordinators: How many replicas of the coordinator it has.
        api_key_file: Name of the file in the folder that holds the API key.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    demo: bool = False
    ready: bool = False
    supervisor: RecordedProcess | None = None
    processes: Mapping[str, RecordedProcess] = Field(default_factory=dict)
    endpoints: Mapping[str, str] = Field(default_factory=dict)
    aggregators: int = 1
    workers: int = 1
    coordinators: int = 1
    api_key_file: str = "api_key"

    @property
    def scale(self) -> Scale:
        """How many processes of each kind it has."""
        return Scale(self.aggregators, self.workers, self.coordinators)

    @property
    def admin(self) -> str | None:
        """Address of the admin API once it has been chosen."""
        return self.endpoints.get("admin")

    @property
    def running(self) -> bool:
        """Whether its supervisor lives."""
        return self.supervisor is not None and self.supervisor.record.alive

    @property
    def anything_runs(self) -> bool:
        """Whether its supervisor lives, or a process that a killed supervisor left."""
        return self.running or any(each.record.alive for each in self.processes.values())


def read_federation(layout: StateLayout) -> FederationFile | None:
    """Reads the file; None when the folder holds no federation.

    Raises:
        LocalFederationFailedError: The file is damaged.
    """
    try:
        text = layout.federation_file.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return FederationFile.model_validate_json(text)
    except ValidationError as error:
        raise LocalFederationFailedError(
            f"{layout.federation_file} is damaged; move the folder away to start a new federation"
        ) from error


def write_federation(layout: StateLayout, contents: FederationFile) -> None:
    """Replaces the file at once, so that a reader sees the old or the new one."""
    write_atomically(layout.federation_file, contents.model_dump_json(indent=2) + "\n")


def write_atomically(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Writes a file so that it is there completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
