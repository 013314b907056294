"""An index as it is opened: locked, checked, and mended after a kill."""

from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_rag.adapters.edge import forgetting
from pfi_rag.adapters.edge.catalogue import Catalogue
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.library import Library
from pfi_rag.adapters.edge.ownership_file import IndexLock, check_owner
from pfi_rag.adapters.edge.reconciling import reconcile
from pfi_rag.adapters.edge.room import require_little_room
from pfi_rag.adapters.edge.shelf import Shelf
from pfi_rag.domain.ownership import Owner


class OpenIndex:
    """The parts of an index that this process owns.

    Attributes:
        layout: Names of the files.
        library: Document files.
        shelf: The shard.
        catalogue: Documents in memory.

    Args:
        layout: The index; made when it is not there.
        owner: Who opens it.

    Raises:
        IndexLockedError: It is open elsewhere.
        IndexForeignError: It is another owner's.
        IndexDamagedError: It cannot be read.
    """

    def __init__(self, layout: IndexLayout, owner: Owner) -> None:
        self.layout = layout
        layout.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        require_little_room(layout.folder)
        self._lock = IndexLock(layout)
        try:
            check_owner(layout, owner)
            self._load()
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Lets another process open the index."""
        try:
            self.shelf.close()
        finally:
            self._lock.close()

    def _load(self) -> None:
        self.library = Library(self.layout)
        self.shelf = Shelf(self.layout)
        try:
            self._finish_forgetting()
            kept = self.library.recover()
            mended = reconcile(self.library, self.shelf.shard, kept)
            if mended:
                get_logger().warning(Event.INDEX_MENDED, count=mended)
            self.catalogue = Catalogue(kept)
        except BaseException:
            self.shelf.close()
            raise

    def _finish_forgetting(self) -> None:
        """Completes an erasure that a kill stopped."""
        documents = forgetting.begun(self.layout)
        if documents is not None:
            forgetting.erase(self.layout, self.library, self.shelf, documents)
            forgetting.finish(self.layout)
