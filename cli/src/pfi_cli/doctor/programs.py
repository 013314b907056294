"""Asks other programs, for a limited time."""

import subprocess
from collections.abc import Sequence

from pfi_cli.settings import inherited_environment


def ask(command: Sequence[str], limit_seconds: float) -> tuple[bool, str]:
    """Runs a program.

    Returns:
        Whether it succeeded, and what it said: its output, or else the last line of its errors.
    """
    try:
        done = subprocess.run(
            list(command),
            env=inherited_environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {limit_seconds:g} s"
    except OSError as error:
        return False, error.strerror or str(error)
    if done.returncode == 0:
        return True, done.stdout.strip()
    told = (done.stderr.strip() or done.stdout.strip()).splitlines()
    return False, told[-1] if told else f"exit status {done.returncode}"
