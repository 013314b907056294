"""The shard that counts, and its replacement by another in one step."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pfi_common.errors import IndexDamagedError
from pfi_common.identity.files import PRIVATE, sync_folder, write_durably
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.shard import Shard

_Answer = TypeVar("_Answer")


class Shelf:
    """Holds the current shard of an index.

    Which folder counts stands in the file `current`, which is replaced atomically: a kill leaves
    the old shard or the new one, and the other folder is removed at the next opening.

    Args:
        layout: The index.
    """

    def __init__(self, layout: IndexLayout) -> None:
        self._layout = layout
        self._lock = threading.Lock()
        self._shard = self._open()
        self.tidy()

    @property
    def shard(self) -> Shard:
        """The current shard, for callers that keep replacements away."""
        return self._shard

    def read(self, call: Callable[[Shard], _Answer]) -> _Answer:
        """Calls with the current shard, which stays open meanwhile."""
        with self._lock:
            return call(self._shard)

    def replace(self, path: Path) -> None:
        """Makes the complete shard in a folder the current one, and removes the one before."""
        fresh = Shard.load(path)
        try:
            sync_folder(self._layout.folder)
            write_durably(self._layout.current, path.name.encode(), PRIVATE)
        except BaseException:
            fresh.close()
            raise
        with self._lock:
            old, self._shard = self._shard, fresh
            old.close()
        shutil.rmtree(old.path)
        sync_folder(self._layout.folder)

    def tidy(self) -> None:
        """Removes shards that do not count, such as one whose making failed."""
        counting = {self._shard.path.name, self._layout.current.read_text()}
        for path in self._layout.shards():
            if path.name not in counting:
                shutil.rmtree(path)

    def close(self) -> None:
        """Lets go of the folder."""
        with self._lock:
            self._shard.close()

    def _open(self) -> Shard:
        try:
            name = self._layout.current.read_text()
        except FileNotFoundError:
            return self._create()
        try:
            return Shard.load(self._layout.folder / name)
        except IndexDamagedError:
            # The shard is made from the document files, so that nothing but vectors is lost.
            return self._create()

    def _create(self) -> Shard:
        path = self._layout.next_shard()
        shard = Shard.create(path)
        sync_folder(self._layout.folder)
        write_durably(self._layout.current, path.name.encode(), PRIVATE)
        return shard
