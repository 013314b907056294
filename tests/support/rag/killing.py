"""Kills a process at every step that it takes in an index's folder, and looks at what is left.

`python -m tests.support.rag.killing FOLDER OPERATION` forks one process for each step, before any
of them opens an index: the first is killed before its first change to a file, the second before
its second, until one gets through. After each, a fresh process opens the index and checks it.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.rag.documents import add, ask, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory
from pfi_rag.domain.documents import document_id

EMBEDDER = HashEmbedder()
OLD = [f"The oldword{number} of the first revision stays in hall seven." for number in range(3)]
NEW = [f"The newword{number} of the second revision moved to hall nine." for number in range(5)]
OTHER = [f"The otherword{number} belongs to a document that nobody touches." for number in range(4)]
STEPS = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "open", "os.truncate"}
MIDST_OF_REMOVAL = {"wal", "current", "payload_storage", "owner.json"}


def open_store(root: Path) -> EdgeStore:
    return EdgeStoreFactory(root, EMBEDDER.digest).open(make_owner())


def prepare(root: Path) -> None:
    store = open_store(root)
    add(store, "doc", OLD, EMBEDDER)
    add(store, "other", OTHER, EMBEDDER)
    store.close()


OPERATIONS: dict[str, Callable[[EdgeStore], object]] = {
    "put": lambda store: add(store, "fresh", NEW, EMBEDDER),
    "replace": lambda store: add(store, "doc", NEW, EMBEDDER),
    "delete": lambda store: store.delete(document_id("doc")),
    "forget": lambda store: store.forget([document_id("doc")]),
    "forget_everything": lambda store: store.forget(None),
    "open": lambda store: None,
}
OUTCOMES: dict[str, list[dict[str, list[str]]]] = {
    "put": [{"doc": OLD, "other": OTHER}, {"doc": OLD, "other": OTHER, "fresh": NEW}],
    "replace": [{"doc": OLD, "other": OTHER}, {"doc": NEW, "other": OTHER}],
    "delete": [{"doc": OLD, "other": OTHER}, {"other": OTHER}],
    "forget": [{"doc": OLD, "other": OTHER}, {"other": OTHER}],
    "forget_everything": [{"doc": OLD, "other": OTHER}, {}],
    "open": [{}],
}


def kill_before(step: int, root: Path) -> None:
    """Arms the process: it dies before its `step`-th change below a folder."""
    left = step

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in STEPS and _changes(event, arguments, root):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(watch)


def _changes(event: str, arguments: tuple[object, ...], root: Path) -> bool:
    if event == "open" and not int(str(arguments[2])) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return False
    # The removal of a tree names what it removes by the last part alone.
    return str(arguments[0]).startswith(str(root)) or arguments[0] in MIDST_OF_REMOVAL


def check(root: Path, operation: str) -> None:
    """Opens the index and compares it with what may be there.

    Raises:
        AssertionError: It is neither as before nor as after, or something is left over.
    """
    store = open_store(root)
    outcome = {
        record.name: [hit.text for hit in _passages(store, record.name)]
        for record in store.documents()
    }
    assert outcome in OUTCOMES[operation], outcome
    assert store.status().passages == sum(map(len, outcome.values()))
    assert store.status().missing_vectors == 0
    there = {text for texts in outcome.values() for text in texts}
    absent = [text for text in OLD + NEW + OTHER if text not in there]
    for text in absent:
        assert text not in [hit.text for hit in ask(store, text, EMBEDDER, limit=50).hits]
    if "doc" not in outcome and operation.startswith("forget"):
        assert_not_on_disk(root, [*OLD, document_id("doc")])
    elif operation.startswith("forget"):
        store.forget([document_id("doc")])
        assert_not_on_disk(root, [*OLD, document_id("doc")])
    store.close()


def assert_not_on_disk(root: Path, texts: list[str]) -> None:
    """Raises: AssertionError: a file holds one of the texts."""
    for path in root.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(text.encode() in data for text in texts), path


def _passages(store: EdgeStore, name: str) -> list:
    record = store.find(name)
    assert record is not None
    found = ask(store, "oldword0 newword0 revision hall document nobody touches", EMBEDDER, 50)
    mine = [hit for hit in found.hits if hit.document == record.document]
    return sorted(mine, key=lambda hit: hit.position)


def in_child(work: Callable[[], object]) -> int:
    """Does work in a forked process and gives how it ended, as `os.waitpid` tells."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the child ends here, whatever it was
            sys.excepthook(*sys.exc_info())
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def run(folder: Path, operation: str) -> int:
    """Kills at every step and gives how many there were."""
    template, root = folder / "template", folder / "indexes"
    template.mkdir()
    if operation != "open":
        assert in_child(lambda: prepare(template)) == 0
    step = 0
    while True:
        step += 1
        # Most of a shard's files is holes.
        subprocess.run(["cp", "-a", "--sparse=always", template, root], check=True)

        def work(step: int = step) -> None:
            if operation == "open":
                kill_before(step, root)
                open_store(root).close()
                return
            store = open_store(root)
            kill_before(step, root)
            OPERATIONS[operation](store)

        ended = in_child(work)
        assert in_child(lambda: check(root, operation)) == 0, f"killed at step {step}"
        if not os.WIFSIGNALED(ended):
            assert ended == 0
            return step - 1
        shutil.rmtree(root)


if __name__ == "__main__":
    sys.stdout.write(f"{run(Path(sys.argv[1]), sys.argv[2])}\n")
