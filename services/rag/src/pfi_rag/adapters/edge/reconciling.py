"""Makes a shard agree with the document files, which are the truth."""

from collections.abc import Collection

from pfi_rag.adapters.edge.document_file import read_passages
from pfi_rag.adapters.edge.library import Kept, Library
from pfi_rag.adapters.edge.shard import Shard


def reconcile(library: Library, shard: Shard, kept: Collection[Kept]) -> int:
    """Removes passages of no document, and adds again those that a document lacks.

    A kill leaves at most one document to mend; a power cut, those since the last flush; a shard
    that could not be read, all. Passages that are added again have no vectors until they are
    embedded.

    Returns:
        How many documents were mended.
    """
    present = shard.counts()
    wanted = {item.source: item.record.passages for item in kept}
    for source in present.keys() - wanted.keys():
        shard.remove(source)
    lacking = [source for source, count in wanted.items() if present.get(source, 0) != count]
    for source in lacking:
        shard.remove(source)
        read = list(read_passages(library.path(source)))
        shard.add(source, [passage for _, passage in read], [span for span, _ in read], "")
    return len(lacking)
