"""What Redis has written so far, kept and put back later: a store that loses its last moments."""

import shutil
from pathlib import Path


class StoreCopy:
    """The append-only file, or folder of files, as it is when this is made.

    The server only appends, so a copy that is taken meanwhile is what it would have after a crash.
    """

    def __init__(self, data: Path, kept: Path) -> None:
        self._data = data
        self._kept = kept
        kept.mkdir()
        _copy(data, kept)

    def put_back(self) -> None:
        """Replaces what was written since; the server must not run."""
        before = _size(self._data)
        for path in _written(self._data):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        _copy(self._kept, self._data)
        assert _size(self._data) < before, "nothing was written since"


def _copy(source: Path, target: Path) -> None:
    for path in _written(source):
        if path.is_dir():
            shutil.copytree(path, target / path.name)
        else:
            shutil.copy2(path, target / path.name)


def _written(folder: Path) -> list[Path]:
    """`appendonly.aof` until Redis 6, `appendonlydir` since Redis 7."""
    found = sorted(folder.glob("appendonly*"))
    assert found, f"no append-only file in {folder}"
    return found


def _size(folder: Path) -> int:
    files = [file for path in _written(folder) for file in (path, *path.rglob("*"))]
    return sum(file.stat().st_size for file in files if file.is_file())
