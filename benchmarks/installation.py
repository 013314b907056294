"""Time and size of each distribution, installed with plain pip into a fresh environment."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import REPOSITORY
from benchmarks.result import Result, Row

PROJECTS = {
    "pfi-common": ["./libs/common"],
    "pfi-coordinator": ["./libs/common", "./services/coordinator"],
    "pfi-aggregator": ["./libs/common", "./services/aggregator"],
    "pfi-cli": ["./libs/common", "./cli"],
    "pfi-client-agent": ["./libs/common", "./services/client-agent"],
    "pfi-cli[local]": [
        "./libs/common",
        "./services/coordinator",
        "./services/aggregator",
        "./services/client-agent",
        "./cli[local]",
    ],
}
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Installation:
    """What one installation took."""

    seconds: float
    size_mib: float
    torch_mib: float


def size_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file())


def install(projects: list[str]) -> Installation:
    """Installs into a new environment, which is deleted afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        (packages,) = environment.glob("lib/python3*/site-packages")
        before = size_bytes(packages)
        started = time.monotonic()
        subprocess.run(
            [environment / "bin" / "pip", "install", "--quiet", "--no-cache-dir",
             "--constraint", "requirements/constraints.txt", *projects],
            cwd=REPOSITORY, check=True,
        )  # fmt: skip
        seconds = time.monotonic() - started
        torch = packages / "torch"
        return Installation(
            seconds,
            (size_bytes(packages) - before) / MEBIBYTE,
            size_bytes(torch) / MEBIBYTE if torch.is_dir() else 0.0,
        )


def measure(runs: int = 3) -> Result:
    """Installs every distribution some times."""
    rows = []
    for name, projects in PROJECTS.items():
        found = [install(projects) for _ in range(runs)]
        rows.append(Row.of(f"{name}: time", "s", [item.seconds for item in found]))
        rows.append(Row.of(f"{name}: size", "MiB", [item.size_mib for item in found]))
        if found[0].torch_mib:
            rows.append(Row.of(f"{name}: of it torch", "MiB", [item.torch_mib for item in found]))
    return Result(
        name="installation",
        about="Each distribution with all that it requires, pip install into a fresh environment.",
        rows=rows,
        notes=[
            "No pip cache; the time of downloads depends on the network. The size is that of "
            "site-packages without pip itself. torch is the CPU build of 2.13.0."
        ],
    )
