"""A real Redis server on a unix socket, for a local federation and for tests."""

import fcntl
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType

from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.redis_program import check_and_record, find_redis_program, read_version
from pfi_cli.local.runtime_folder import make_runtime_folder, runtime_folder
from pfi_cli.local.waiting import wait_until
from pfi_common.errors import LocalFederationFailedError

START_SECONDS = 30.0
LEFTOVER_GRACE_SECONDS = 5.0


class RedisServer:
    """One server whose data lies in a folder; it ends with the process that started it.

    Acknowledged writes of the last second may be lost in a power cut (AOF everysec); nothing is
    evicted. The server listens on a unix socket in a private folder only, and holds a lock on its
    data folder for as long as it lives.
    """

    def __init__(self, folder: Path, *, log_path: Path | None = None) -> None:
        """Describes the server.

        Args:
            folder: Data folder; made when absent.
            log_path: File for the server's log; `redis.log` in the folder when None.
        """
        self._folder = folder
        self._log_path = log_path or folder / "redis.log"
        self._process: ChildProcess | None = None

    def __enter__(self) -> "RedisServer":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def socket_path(self) -> Path:
        """The unix socket; the same at every start of this folder."""
        return runtime_folder(self._folder) / "redis.sock"

    @property
    def url(self) -> str:
        """URL for clients."""
        return f"unix://{self.socket_path}"

    @property
    def pid(self) -> int | None:
        """Its pid while it runs."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """Whether it was started and has not ended."""
        return self._process is not None and self._process.running

    @property
    def exit_status(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.exit_status

    @property
    def record(self) -> ProcessRecord | None:
        """Pid and start of the running process."""
        return None if self._process is None else self._process.record

    def start(self) -> None:
        """Starts the server and returns when it answers.

        Raises:
            LocalFederationFailedError: No server program, another server on this folder, or it
                does not come up.
            StoreUnsuitableError: The data was written by a newer server.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        program = find_redis_program()
        with self._locked_folder() as lock:
            check_and_record(read_version(program), self._folder / "version.json")
            make_runtime_folder(self._folder)
            self._process = ChildProcess(
                Command("redis", self._arguments(program), {"LC_ALL": "C"}, self._log_path, (lock,))
            )
            self._process.start()
        self._record_process(self._process)
        self._wait_until_it_answers(self._process)

    def stop(self) -> None:
        """Ends the server after it has written everything."""
        if self._process is not None:
            self._process.stop()
        socket_path = self.socket_path
        socket_path.unlink(missing_ok=True)
        # What else may lie in the folder is not the server's, and no reason to stay locked.
        with suppress(OSError):
            socket_path.parent.rmdir()

    def kill(self) -> None:
        """Ends the server at once, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def _arguments(self, program: Path) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self._folder.resolve()),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
            "save": "",
            "daemonize": "no",
        }
        return [
            str(program),
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]

    @contextmanager
    def _locked_folder(self) -> Iterator[int]:
        """Locks the data folder; the server inherits the descriptor, so the lock lives with it."""
        descriptor = os.open(self._folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _try_lock(descriptor):
                self._stop_leftover(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)

    def _stop_leftover(self, descriptor: int) -> None:
        """Ends the server of a parent that was killed; one whose parent lives is not touched."""
        path = self._folder / "process.json"
        if path.exists():
            recorded = json.loads(path.read_text(encoding="utf-8"))
            if not ProcessRecord(**recorded["parent"]).alive:
                ProcessRecord(**recorded["server"]).send(signal.SIGTERM)
        if wait_until(lambda: _try_lock(descriptor), LEFTOVER_GRACE_SECONDS):
            return
        raise LocalFederationFailedError(f"another Redis server uses {self._folder}")

    def _record_process(self, process: ChildProcess) -> None:
        server, parent = process.record, ProcessRecord.of(os.getpid())
        if server is not None and parent is not None:
            record = {"server": asdict(server), "parent": asdict(parent)}
            (self._folder / "process.json").write_text(json.dumps(record), encoding="utf-8")

    def _wait_until_it_answers(self, process: ChildProcess) -> None:
        answers = wait_until(
            lambda: not process.running or _answers(self.socket_path), START_SECONDS
        )
        if not process.running:
            raise process.failure()
        if not answers:
            process.stop()
            raise LocalFederationFailedError(
                f"the Redis server did not answer in {START_SECONDS:.0f} s"
            )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _answers(path: Path) -> bool:
    """Whether the server has loaded its data: `+PONG`, not `-LOADING`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False
