"""Who holds a lock on a file, without touching the lock."""

from pathlib import Path

_LOCKS = Path("/proc/locks")


def lock_holder(path: Path) -> int | None:
    """Gives the pid that holds an exclusive flock on a file; None for nobody.

    Trying the lock would answer as well, and could make a service that starts at that moment
    believe that another one runs.

    Raises:
        FileNotFoundError: There is no such file, or the system lists no locks.
    """
    status = path.stat()
    for line in _LOCKS.read_text().splitlines():
        kind, mode, pid, place = (line.split()[index] for index in (1, 3, 4, 5))
        if kind == "FLOCK" and mode == "WRITE" and place.rpartition(":")[2] == str(status.st_ino):
            return int(pid)
    return None
