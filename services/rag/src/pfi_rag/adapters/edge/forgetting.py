"""Erasure: what is forgotten leaves the disk, and a search of the raw files says so.

The engine marks deleted points and keeps their bytes in its log and pages. So the points that stay
are written into a fresh shard, which takes the old one's place in one step; the old folder is
removed. What is to be erased is on disk in `forgetting.json` before anything is touched, so that
an erasure which a kill stops is finished at the next opening.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from pfi_common.errors import IndexDamagedError
from pfi_common.identity.files import PRIVATE, sync_folder, write_durably
from pfi_rag.adapters.edge.document_file import read_passages
from pfi_rag.adapters.edge.layout import IndexLayout, split_source
from pfi_rag.adapters.edge.library import Library
from pfi_rag.adapters.edge.points import DENSE, Scope, named_vectors
from pfi_rag.adapters.edge.raw_search import RawSearch, windows
from pfi_rag.adapters.edge.room import require_little_room
from pfi_rag.adapters.edge.shard import Shard
from pfi_rag.adapters.edge.shelf import Shelf
from pfi_rag.adapters.edge.usage import allocated_bytes


def check_room(layout: IndexLayout, shelf: Shelf) -> None:
    """Asks for room for the shard that is written beside the old one.

    Raises:
        DiskFullError: There is too little, so nothing may be touched.
    """
    require_little_room(layout.folder, allocated_bytes(shelf.shard.path))


def begin(layout: IndexLayout, documents: Collection[str]) -> None:
    """Writes down, durably, what is to be erased."""
    write_durably(layout.forgetting, json.dumps(sorted(documents)).encode(), PRIVATE)


def begun(layout: IndexLayout) -> list[str] | None:
    """Gives the ids of an erasure that was not finished.

    Raises:
        IndexDamagedError: It cannot be told which.
    """
    try:
        return [str(item) for item in json.loads(layout.forgetting.read_bytes())]
    except FileNotFoundError:
        return None
    except ValueError:
        raise IndexDamagedError("The list of documents to forget is damaged.") from None


def spare(layout: IndexLayout, document: str) -> None:
    """Takes a document that is stored anew off the list of an erasure that is not complete."""
    listed = begun(layout)
    if listed and document in listed:
        begin(layout, set(listed) - {document})


def finish(layout: IndexLayout) -> None:
    """Says that the erasure is complete."""
    layout.forgetting.unlink(missing_ok=True)
    sync_folder(layout.folder)


def erase(
    layout: IndexLayout, library: Library, shelf: Shelf, documents: Collection[str]
) -> list[str]:
    """Removes the files of documents and all points of theirs, and gives the sources that went.

    Points may be there without a file: a kill may have stopped this between the two.
    """
    sources = sorted(
        {source for document in documents for source in library.revisions_of(document)}
        | _sources_in(shelf.shard, documents)
    )
    for source in sources:
        library.discard(source)
    # What an attempt before this one left would hold what is to be erased.
    shelf.tidy()
    check_room(layout, shelf)
    try:
        shelf.replace(_without(layout, shelf.shard, sources))
    finally:
        shelf.tidy()
    return sources


def _without(layout: IndexLayout, shard: Shard, sources: Collection[str]) -> Path:
    """Writes all points but those of some sources into a new shard, and gives its folder."""
    fresh = Shard.create(layout.next_shard())
    try:
        for records in shard.batches(Scope(without=tuple(sources))):
            fresh.insert(records)
    finally:
        fresh.close()
    return fresh.path


def traces(library: Library, shard: Shard, documents: Collection[str]) -> set[bytes]:
    """Gives pieces of all that the files hold of documents: ids, texts, and vectors.

    Pieces that also belong to a document that stays, such as a sentence in both, are left out
    among the vectors; texts of documents that stay are not searched.
    """
    sources = [source for document in documents for source in library.revisions_of(document)]
    pieces = {document.encode() for document in documents}
    for source in sources:
        for _, passage in read_passages(library.path(source)):
            pieces.update(windows(passage.text.encode("utf-8", "surrogatepass")))
    sources = sorted({*sources, *_sources_in(shard, documents)})
    if sources:
        going = set(_vector_pieces(shard, Scope(tuple(sources))))
        pieces |= going - set(_vector_pieces(shard, Scope(without=tuple(sources))))
    return pieces


def files_with(layout: IndexLayout, pieces: set[bytes], kept: Collection[Path]) -> tuple[int, int]:
    """Searches all files of the index but the texts of documents that stay.

    Returns:
        How many files were searched, and how many of them hold a piece.
    """
    staying = {layout.forgetting, *kept}
    files = [path for path in layout.folder.rglob("*") if path.is_file() and path not in staying]
    return len(files), len(RawSearch(pieces).files_holding(files))


def _sources_in(shard: Shard, documents: Collection[str]) -> set[str]:
    """Gives the revisions of documents that a shard has points of."""
    wanted = set(documents)
    found = ((source, split_source(source)) for source in shard.counts())
    return {source for source, parts in found if parts is not None and parts[0] in wanted}


def _vector_pieces(shard: Shard, scope: Scope) -> Iterator[bytes]:
    for records in shard.batches(scope):
        for record in records:
            vector = named_vectors(record).get(DENSE)
            if vector is not None:
                yield from windows(np.asarray(vector, dtype="<f4").tobytes()[:64])
