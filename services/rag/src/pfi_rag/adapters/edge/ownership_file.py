"""The lock of an index, and the key that it belongs to."""

import fcntl
import json
import os

from pfi_common.errors import IndexDamagedError, IndexForeignError, IndexLockedError
from pfi_common.identity.files import PRIVATE, write_durably
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.domain.ownership import Owner


class IndexLock:
    """An exclusive lock on an index, from making to closing, or to the process's end.

    Args:
        layout: The index.

    Raises:
        IndexLockedError: Another store, here or in another process, has it.
    """

    def __init__(self, layout: IndexLayout) -> None:
        self._descriptor = os.open(layout.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise IndexLockedError from None

    def close(self) -> None:
        """Lets another process take over."""
        os.close(self._descriptor)


def check_owner(layout: IndexLayout, owner: Owner) -> None:
    """Pins a new index to its owner's key, and an old one's owner to that key.

    Raises:
        IndexForeignError: Another client or another key made the index.
        IndexDamagedError: What says who made it cannot be read.
    """
    asking = {"spiffe_id": owner.uri, "key_sha256": owner.key_sha256}
    try:
        made_by = json.loads(layout.owner.read_bytes())
    except FileNotFoundError:
        write_durably(layout.owner, json.dumps(asking).encode(), PRIVATE)
        return
    except ValueError:
        raise IndexDamagedError("The file that says who owns the index is damaged.") from None
    if made_by != asking:
        raise IndexForeignError
