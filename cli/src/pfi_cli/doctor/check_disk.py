"""Room on the disks, and whether folders can be written."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pfi_cli.doctor.findings import Finding, ok, problem, warning
from pfi_cli.doctor.scene import Scene
from pfi_cli.output.units import bytes_text

NAME = "disk"
LITTLE_BYTES = 2_000_000_000
TOO_LITTLE_BYTES = 200_000_000


def check_disk(scene: Scene) -> Iterator[Finding]:
    """Looks at every folder that the platform writes to."""
    layout = scene.layout
    yield _folder("state", layout.root)
    others = {"artifacts": layout.artifacts, "redis": layout.redis}
    for name, folder in {**layout.spools(), **others}.items():
        if folder.is_dir():
            yield _folder(name, folder)
    for agent in scene.agents:
        yield _folder(f"agent {agent.name}", agent)


def _folder(name: str, folder: Path) -> Finding:
    there = _nearest(folder)
    free_bytes = shutil.disk_usage(there).free
    found = f"{bytes_text(free_bytes)} free at {there}"
    if not _can_write(there):
        step = "Run as the user that owns it, or give that user the right to write."
        return problem(NAME, name, f"{there} cannot be written", step)
    if free_bytes < LITTLE_BYTES:
        kind = problem if free_bytes < TOO_LITTLE_BYTES else warning
        return kind(NAME, name, found, "Make room: an update that finds no room is refused.")
    return ok(NAME, name, found)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.is_dir())


def _can_write(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"pfi")
            file.flush()
    except OSError:
        return False
    return True
