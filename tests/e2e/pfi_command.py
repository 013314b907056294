"""Runs `pfi` as a user does: a process, its output, its exit status."""

import subprocess
from pathlib import Path

from pfi_cli.local.programs import program_path
from pfi_cli.settings import inherited_environment


def pfi(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        command(*arguments),
        env=environment(),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def command(*arguments: object) -> list[str]:
    """The command line."""
    return [str(program_path("pfi")), *(str(argument) for argument in arguments)]


def environment() -> dict[str, str]:
    """What a user's shell has, without settings of PFI."""
    return {**inherited_environment(), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
