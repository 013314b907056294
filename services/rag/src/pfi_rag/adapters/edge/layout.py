"""Names of an index's files; the one place that knows them.

    <index>/lock                      held by the process that has the index open
    <index>/owner.json                who made the index
    <index>/documents/<source>.txt    one document: what is known of it, and its passages
    <index>/current                   name of the shard folder that counts
    <index>/shard-<number>/           Qdrant Edge: vectors, words, and where the text stands
    <index>/forgetting.json           ids of documents whose erasure has begun

`<source>` is `<document id>-<revision>`. The document files are the truth; a shard is an index of
them that can be made again.
"""

import re
from pathlib import Path

_SOURCE = re.compile(r"(?P<document>d-[0-9a-f]{16})-(?P<revision>\d{12})")
_SHARD = re.compile(r"shard-(\d{6})")
PARTIAL = ".partial"
"""Ending of a document file that is not committed."""


class IndexLayout:
    """Paths of one index.

    Args:
        folder: The index's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = folder / "lock"
        self.owner = folder / "owner.json"
        self.documents = folder / "documents"
        self._documents = str(self.documents)
        self.current = folder / "current"
        self.forgetting = folder / "forgetting.json"

    def document(self, source: str) -> Path:
        """Gives the file of a revision of a document."""
        return self.documents / f"{source}.txt"

    def passages_of(self, source: str) -> str:
        """Gives the same for a search, which has no time for a `Path`."""
        return f"{self._documents}/{source}.txt"

    def partial(self, source: str) -> Path:
        """Gives the file of a revision that is not committed."""
        return self.documents / f"{source}{PARTIAL}"

    def leftovers(self) -> list[Path]:
        """Gives files that a kill left half written, whatever they were to become."""
        whole = (self.owner, self.current, self.forgetting)
        replacing = [path for file in whole for path in self.folder.glob(f".{file.name}.*")]
        return [*self.documents.glob(f"*{PARTIAL}"), *replacing]

    def doomed(self) -> list[Path]:
        """Gives what is left of indexes that were here and are to be removed as a whole."""
        return list(self.folder.parent.glob(f".{self.folder.name}.*"))

    def shards(self) -> list[Path]:
        """Gives all shard folders, oldest first."""
        return sorted(path for path in self.folder.glob("shard-*") if _SHARD.fullmatch(path.name))

    def next_shard(self) -> Path:
        """Gives the folder of a shard newer than all that are there."""
        numbers = [int(path.name.removeprefix("shard-")) for path in self.shards()]
        return self.folder / f"shard-{max(numbers, default=0) + 1:06d}"


def source_name(document: str, revision: int) -> str:
    """Names a revision of a document."""
    return f"{document}-{revision:012d}"


def revision_of(source: str) -> int:
    """Gives the revision that a source is."""
    return int(source.rpartition("-")[2])


def split_source(source: str) -> tuple[str, int] | None:
    """Gives document and revision; `None` for a name that is not a source."""
    match = _SOURCE.fullmatch(source)
    return (match["document"], int(match["revision"])) if match else None
