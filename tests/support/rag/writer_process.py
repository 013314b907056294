"""Puts, replaces and deletes documents until it is killed, and says what is done.

`python -m tests.support.rag.writer_process FOLDER SEED` prints `begin NAME REVISION` before and
`done NAME REVISION` after each; revision 0 stands for a deletion. What a revision says follows from
its name and number.
"""

import random
import sys
from pathlib import Path

from tests.support.rag.documents import add, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory
from pfi_rag.domain.documents import document_id

EMBEDDER = HashEmbedder()


def texts_of(name: str, revision: int) -> list[str]:
    """Gives the passages of a revision."""
    count = random.Random(f"{name}/{revision}").randint(1, 12)
    return [f"{name} revision{revision} passage{number} of {count}" for number in range(count)]


def say(word: str, name: str, revision: int) -> None:
    """Prints at once."""
    sys.stdout.write(f"{word} {name} {revision}\n")
    sys.stdout.flush()


def write(store: EdgeStore, generator: random.Random, revision: int) -> None:
    """Changes one document."""
    name = f"name{generator.randint(0, 9)}"
    deleted = generator.random() < 0.2
    say("begin", name, 0 if deleted else revision)
    if deleted:
        store.delete(document_id(name))
    else:
        add(store, name, texts_of(name, revision), EMBEDDER)
    say("done", name, 0 if deleted else revision)


if __name__ == "__main__":
    opened = EdgeStoreFactory(Path(sys.argv[1]), EMBEDDER.digest).open(make_owner())
    numbers = random.Random(sys.argv[2])
    for step in range(1, 1_000_000):
        write(opened, numbers, step)
