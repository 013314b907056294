"""Builds the graph of a large index, in another process.

The engine holds the interpreter's lock while it optimises: ten seconds and more in which a service
would answer nothing. So a copy of the shard is optimised by a child process, searches go on, and
the copy then takes the shard's place.
"""

import subprocess
import sys
from pathlib import Path

from pfi_common.errors import StoreUnavailableError
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.shard import Shard
from pfi_rag.adapters.edge.shelf import Shelf

OPTIMISE_FROM_PASSAGES = 50_000
"""Below, an exact scan is fast enough and finds everything; a graph of few points finds less."""
_STALE_SHARE = 0.2
_LONGEST_SECONDS = 3600
_BLOCK_BYTES = 1 << 20
_PROGRAM = """
import sys
import qdrant_edge
shard = qdrant_edge.EdgeShard.load(sys.argv[1])
shard.optimize()
shard.flush()
shard.close()
"""


def optimise_when_due(layout: IndexLayout, shelf: Shelf) -> bool:
    """Replaces a large shard, a fifth of which has no graph, by one that has.

    Nothing may be written meanwhile.

    Raises:
        StoreUnavailableError: The other process failed; the shard stands as it was.
    """
    if not _due(shelf.shard):
        return False
    shelf.shard.flush()
    fresh = layout.next_shard()
    _copy(shelf.shard.path, fresh)
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(fresh)],
        check=False,
        capture_output=True,
        timeout=_LONGEST_SECONDS,
    )
    if done.returncode:
        raise StoreUnavailableError("The index could not be optimised.")
    shelf.replace(fresh)
    return True


def _due(shard: Shard) -> bool:
    vectors, in_graph = shard.vectors()
    return vectors >= OPTIMISE_FROM_PASSAGES and in_graph < (1 - _STALE_SHARE) * vectors


def _copy(source: Path, target: Path) -> None:
    """Copies a folder; blocks of zeros, of which there are many, take no room."""
    for path in source.rglob("*"):
        copy = target / path.relative_to(source)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(path, copy)
        else:
            copy.mkdir(parents=True, exist_ok=True)


def _copy_file(source: Path, target: Path) -> None:
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK_BYTES):
            if block.count(0) == len(block):
                writer.seek(len(block), 1)
            else:
                writer.write(block)
        writer.truncate(reader.tell())
