"""Builds the graph of a large index, in another process.

The engine holds the interpreter's lock while it optimises: ten seconds and more in which a service
would answer nothing. So a copy of the shard is optimised by a child process, searches go on, and
the copy then takes the shard's place.
"""

import os
import subprocess
import sys
from pathlib import Path

from pfi_common.errors import StoreUnavailableError
from pfi_rag.adapters.edge.failures import EdgeFailures
from pfi_rag.adapters.edge.layout import IndexLayout
from pfi_rag.adapters.edge.room import require_room
from pfi_rag.adapters.edge.shard import Shard
from pfi_rag.adapters.edge.shelf import Shelf
from pfi_rag.adapters.edge.usage import allocated_bytes

OPTIMISE_FROM_PASSAGES = 50_000
"""Below, an exact scan is fast enough and finds everything; a graph of few points finds less."""
_STALE_SHARE = 0.2
_LONGEST_SECONDS = 3600
_BLOCK_BYTES = 1 << 20
_PR_SET_PDEATHSIG = 1
_DIE_WITH_PARENT = f"""
import ctypes, os, signal, sys
if sys.platform == "linux":
    # The engine keeps every other thread of this process waiting, so that none could watch.
    ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
"""
_OPTIMISE = """
import qdrant_edge
shard = qdrant_edge.EdgeShard.load(sys.argv[2])
shard.optimize()
shard.flush()
shard.close()
"""


@EdgeFailures()
def optimise_when_due(layout: IndexLayout, shelf: Shelf) -> bool:
    """Replaces a large shard, a fifth of which has no graph, by one that has.

    Nothing may be written meanwhile. The other process ends with this one.

    Raises:
        StoreUnavailableError: The other process failed or took too long; the shard stands as it
            was, and no copy of it is left.
        DiskFullError: There is no room for the copy and its graph.
    """
    if not _due(shelf.shard):
        return False
    shelf.shard.flush()
    require_room(layout.folder, 3 * allocated_bytes(shelf.shard.path))
    fresh = layout.next_shard()
    try:
        _copy(shelf.shard.path, fresh)
        _optimise(fresh)
        shelf.replace(fresh)
    finally:
        shelf.tidy()
    return True


def _optimise(path: Path) -> None:
    program = [sys.executable, "-c", _DIE_WITH_PARENT + _OPTIMISE, str(os.getpid()), str(path)]
    try:
        done = subprocess.run(program, check=False, capture_output=True, timeout=_LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        raise StoreUnavailableError("The index took too long to be optimised.") from None
    if done.returncode:
        raise StoreUnavailableError("The index could not be optimised.")


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
