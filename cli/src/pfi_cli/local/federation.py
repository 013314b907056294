"""A whole federation as processes on this machine."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial

from pfi_cli.local.api_key import api_key_is_known
from pfi_cli.local.back_off import BackOff
from pfi_cli.local.federation_file import (
    FederationFile,
    RecordedProcess,
    read_federation,
    write_federation,
)
from pfi_cli.local.folder_lock import FolderLock
from pfi_cli.local.interruption import uninterrupted
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.leftovers import end_leftovers
from pfi_cli.local.local_service import READY_SECONDS, LocalService
from pfi_cli.local.ports import check_free, still_usable
from pfi_cli.local.preparation import Preparation
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.redis_server import RedisServer
from pfi_cli.local.scale import ALONE, Scale
from pfi_cli.local.service_plans import service_plans
from pfi_cli.local.sizes import refuse_to_lose_rounds, running_already
from pfi_cli.local.start_refused import StartRefusedError
from pfi_cli.local.state_folder import make_state_folder
from pfi_cli.settings import inherited_environment
from pfi_common.errors import LocalFederationFailedError, PlatformError

# Services that run already, but may refuse to work without the registry.
LOST_STORE_SECONDS = 10.0

Say = Callable[[str], None]


class LocalFederation:
    """Starts the processes of a federation, keeps them running and ends them.

    All of its methods belong to the main thread: its processes end with the thread that made them.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each choice
        self,
        layout: StateLayout,
        *,
        name: str,
        demo: bool = False,
        accept_empty_store: bool = False,
        scale: Scale | None = None,
        say: Say,
    ) -> None:
        """Describes the federation.

        Args:
            layout: Where its state lies.
            name: Name of a new federation; an old one keeps its own.
            demo: Whether the folder may be deleted by the next demo.
            accept_empty_store: Whether to go on with an empty registry if Redis has lost it.
            scale: How many processes of each kind; as it was, or one of each, unless given.
            say: Takes a sentence for people whenever something happens.
        """
        self._scale = scale or _scale_before(layout)
        self._layout = layout
        self._accept_empty_store = accept_empty_store
        self._say = say
        self._lock = FolderLock(layout.lock)
        self._redis = RedisServer(layout.redis, log_path=layout.log("redis"))
        environment = inherited_environment()
        self._preparation = Preparation(layout, self._redis.url, environment, self._scale)
        plans = service_plans(layout, self._redis.url, self._scale)
        self._services = {plan.name: LocalService(plan, layout, environment) for plan in plans}
        self._back_offs = {name: BackOff() for name in ("redis", *self._services)}
        self._file = FederationFile(name=name, demo=demo)

    @property
    def endpoints(self) -> Mapping[str, str]:
        """Addresses by name."""
        return self._file.endpoints

    @property
    def redis(self) -> RedisServer:
        """The store."""
        return self._redis

    def service(self, name: str) -> LocalService:
        """One of `aggregator`, `aggregator-1`, ..., `worker`, ..., `coordinator`, ..."""
        return self._services[name]

    def start(self) -> None:
        """Starts everything and returns when it can work; ends what it started if it cannot.

        Raises:
            LocalFederationFailedError: It runs already, or a process cannot be started.
            SettingsInvalidError: The state folder cannot be written.
        """
        make_state_folder(self._layout.root)
        self._take_folder()
        complete = False
        try:
            self._start_processes()
            self._update(ready=True)
            complete = True
        finally:
            if not complete:
                with uninterrupted():
                    self.stop()

    def tend(self) -> None:
        """Looks at each process once, and starts again what has crashed, with growing delays."""
        if self._is_due("redis", running=self._redis.running, status=self._redis.exit_status):
            self._start_again("redis", self._redis.start)
        for name, service in self._services.items():
            if self._is_due(name, running=service.running, status=service.exit_status):
                self._start_again(name, partial(service.start, self.endpoints))

    def start_service(self, name: str) -> None:
        """Starts a stopped service at its recorded ports and waits until it can work."""
        self._services[name].start(self.endpoints)
        self._wait_for(name)

    def stop(self) -> None:
        """Ends all processes in order and frees the folder; nothing if it was never taken."""
        if not self._lock.held:
            return
        for service in self._services.values():
            service.terminate()
        for service in self._services.values():
            service.stop()
        self._redis.stop()
        self._update(supervisor=None, processes={}, ready=False)
        self._lock.release()

    def _take_folder(self) -> None:
        if not self._lock.acquire():
            raise running_already(self._layout, self._scale)
        try:
            refuse_to_lose_rounds(self._layout, self._scale)
        except StartRefusedError:
            self._lock.release()
            raise
        found = read_federation(self._layout)
        if found is not None:
            self._file = found
            ended = end_leftovers({name: p.record for name, p in found.processes.items()})
            if ended:
                self._say(f"ended processes that a killed supervisor left: {', '.join(ended)}")
        supervisor = _recorded(ProcessRecord.of(os.getpid()))
        size = asdict(self._scale)
        self._update(supervisor=supervisor, processes={}, ready=False, **size)

    def _start_processes(self) -> None:
        self._update(endpoints=still_usable(self.endpoints))
        check_free(self.endpoints)
        self._preparation.issue_identities(self._file.name)
        self._redis.start()
        self._started("redis")
        for name in (*self._aggregators, *self._scale.worker_names):
            self._services[name].start(self.endpoints)
        # They can work only when the coordinator has made the store this federation's.
        for name in self._aggregators:
            self._update(endpoints=self._services[name].wait_until_listening(self.endpoints))
        if self._accept_empty_store:
            self._preparation.accept_empty_store(self.endpoints)
        for name in self._scale.coordinator_names:
            # One after the other: the first one makes the store this federation's.
            self._services[name].start(self.endpoints)
            self._preparation.create_api_key(self.endpoints)
            self._wait_for(name)
        if api_key_is_known(self._layout):
            for name in (*self._scale.worker_names, *self._aggregators):
                self._wait_for(name)
        else:
            self._go_on_without_key()

    def _go_on_without_key(self) -> None:
        """Makes a new API key for a store that does not know the old one, unless all was lost."""
        for name in self._scale.worker_names:  # which know nothing of the store's federation
            self._wait_for(name)
        try:
            for name in self._aggregators:
                self._wait_for(name, LOST_STORE_SECONDS)
        except LocalFederationFailedError as error:
            raise LocalFederationFailedError(
                f"Redis seems to have lost its data; restore it from its backup, or begin with an "
                f"empty registry by `pfi up --accept-empty-store --state {self._layout.root}`: "
                f"clients then enrol again, with a new token and another state folder "
                f"({error.message})"
            ) from error
        self._preparation.create_api_key(self.endpoints, replace=True)
        self._say("Redis did not know the API key of this folder; a new one was made")

    @property
    def _aggregators(self) -> list[str]:
        return list(self._scale.spools.values())

    def _wait_for(self, name: str, seconds: float = READY_SECONDS) -> None:
        addresses = self._services[name].wait_until_ready(self.endpoints, seconds)
        self._update(endpoints=addresses)
        self._started(name)

    def _is_due(self, name: str, *, running: bool, status: int | None) -> bool:
        """Says so when a process is down; True when it is time to start it again."""
        if running:
            return False
        back_off, now = self._back_offs[name], time.monotonic()
        delay = back_off.crashed(now)
        if delay is not None:
            self._say(f"{name} ended (status {status}); it is started again in {delay:.1f} s")
        return back_off.due(now)

    def _start_again(self, name: str, start: Callable[[], None]) -> None:
        self._back_offs[name].started(time.monotonic())
        try:
            start()
        except PlatformError as error:
            self._say(f"{name} could not be started: {error.message}")
        else:
            self._started(name)

    def _started(self, name: str) -> None:
        self._back_offs[name].started(time.monotonic())
        record = self._record(name)
        if record is not None:
            processes = {**self._file.processes, name: RecordedProcess(**vars(record))}
            self._update(processes=processes)
            self._say(f"{name} runs (pid {record.pid})")

    def _record(self, name: str) -> ProcessRecord | None:
        return self._redis.record if name == "redis" else self._services[name].record

    def _update(self, **changes: object) -> None:
        self._file = self._file.model_copy(update=changes)
        write_federation(self._layout, self._file)


def _scale_before(layout: StateLayout) -> Scale:
    """How many processes the federation of a folder had; one of each in a new folder."""
    found = read_federation(layout)
    return ALONE if found is None else found.scale


def _recorded(record: ProcessRecord | None) -> RecordedProcess | None:
    return None if record is None else RecordedProcess(pid=record.pid, start=record.start)
