"""Who listens on a TCP port of this machine."""

import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")
_TABLES = ("net/tcp", "net/tcp6")
_LISTENING = "0A"
_CONNECT_SECONDS = 0.5


def answers(address: str) -> bool:
    """Whether something takes connections at host:port."""
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS):
            return True
    except OSError:
        return False


def holds_port(pids: Iterable[int], port: int) -> bool | None:
    """Whether one of the processes listens on a port; None where the system does not tell.

    Linux lists listening sockets by inode, and a process's open files name the inodes.
    """
    sockets = _listening_inodes(port)
    if sockets is None:
        return None
    return any(f"socket:[{inode}]" in _open_files(pid) for inode in sockets for pid in pids)


def _listening_inodes(port: int) -> set[str] | None:
    tables = [_PROC / name for name in _TABLES if (_PROC / name).is_file()]
    if not tables:
        return None
    rows = [line.split() for table in tables for line in table.read_text().splitlines()[1:]]
    return {
        row[9]
        for row in rows
        if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
    }


def _open_files(pid: int) -> set[str]:
    """What a process has open; files that it closes meanwhile, and foreign processes, tell none."""
    found: set[str] = set()
    with suppress(OSError):
        for entry in (_PROC / str(pid) / "fd").iterdir():
            with suppress(OSError):
                found.add(str(entry.readlink()))
    return found
