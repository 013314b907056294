"""Ends processes of a federation whose supervisor was killed."""

import os
import signal
from collections.abc import Mapping

from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.waiting import wait_until

GRACE_SECONDS = 10.0


def end_leftovers(processes: Mapping[str, ProcessRecord]) -> list[str]:
    """Ends those of the processes that still live, politely at first; gives their names.

    A pid that now belongs to another process is left alone.
    """
    alive = {name: record for name, record in processes.items() if record.alive}
    for record in alive.values():
        record.send(signal.SIGTERM)
    wait_until(lambda: not any(record.alive for record in alive.values()), GRACE_SECONDS)
    for record in alive.values():
        if record.alive:
            _kill_group(record)
    return sorted(alive)


def _kill_group(record: ProcessRecord) -> None:
    """Ends a process and what it has started; processes here lead a group of their own."""
    try:
        os.killpg(record.pid, signal.SIGKILL)
    except ProcessLookupError:
        record.send(signal.SIGKILL)
