"""Runs a command that gets SIGTERM when the process that started it ends.

Usage: `tied_command.py PARENT_PID COMMAND...`. A script of its own instead of a `preexec_fn`, which
may deadlock in a process with threads. It replaces itself by the command, so the command keeps the
pid, and the kernel keeps the death signal over the replacement. Where the kernel has no such signal
(other systems than Linux) the command runs untied, and the next start finds it by its recorded pid.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def _tie_to(parent_pid: int) -> None:
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent_pid:  # the parent ended before the tie was made
        raise SystemExit(1)


def main() -> None:
    """Ties this process to its parent, then becomes the command."""
    parent_pid, command = int(sys.argv[1]), sys.argv[2:]
    _tie_to(parent_pid)
    for inherited in (
        signal.SIGPIPE,
        signal.SIGXFSZ,
    ):  # Python ignores them; the command should not
        signal.signal(inherited, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606  (no shell on purpose)


if __name__ == "__main__":
    main()
