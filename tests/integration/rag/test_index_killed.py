"""SIGKILL leaves an index in which every document agrees with its passages."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from tests.architecture.tree import REPOSITORY
from tests.support.rag.documents import ask, make_owner
from tests.support.rag.embedders import HashEmbedder
from tests.support.rag.writer_process import texts_of

from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory
from pfi_rag.domain.query import RetrievalMode

pytestmark = [pytest.mark.integration, pytest.mark.faults]

EMBEDDER = HashEmbedder()
FEWEST_STEPS = {
    "open": 5,
    "put": 2,
    "replace": 3,
    "delete": 1,
    "forget": 6,
    "forget_everything": 6,
}


@pytest.mark.slow
@pytest.mark.parametrize("operation", FEWEST_STEPS)
def test_a_kill_at_any_step_leaves_before_or_after(operation: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.rag.killing", str(tmp_path), operation]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= FEWEST_STEPS[operation]


def acknowledged(lines: list[str]) -> tuple[dict[str, int], tuple[str, int] | None]:
    """Last finished revision of each name, and the change that was begun and not finished."""
    finished: dict[str, int] = {}
    begun = None
    for line in lines:
        word, name, revision = line.split()
        begun = (name, int(revision)) if word == "begin" else None
        if word == "done":
            finished[name] = int(revision)
    return finished, begun


def revisions_in(store: EdgeStore) -> dict[str, int]:
    """Reads each document's revision from its passages, which must be all of that one."""
    found = {}
    for record in store.documents():
        hits = [
            hit
            for hit in ask(store, record.name, EMBEDDER, 50).hits
            if hit.document == record.document
        ]
        revision = int(hits[0].text.split()[1].removeprefix("revision"))
        texts = [hit.text for hit in sorted(hits, key=lambda hit: hit.position)]
        assert texts == texts_of(record.name, revision)
        assert record.passages == len(texts)
        found[record.name] = revision
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_at_random_loses_nothing_that_was_acknowledged(seed: int, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.rag.writer_process", str(tmp_path), str(seed)]
    changes = random.Random(seed).randint(20, 400)
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(changes)]
        writer.kill()
        lines += writer.stdout.readlines()
    finished, begun = acknowledged([line for line in lines if line.endswith("\n")])
    store = EdgeStoreFactory(tmp_path, EMBEDDER.digest).open(make_owner())
    try:
        found = revisions_in(store)
        assert store.status().mode is RetrievalMode.HYBRID
        assert store.status().passages == sum(
            len(texts_of(name, revision)) for name, revision in found.items()
        )
    finally:
        store.close()
    for name in finished.keys() | found.keys():
        allowed = {finished.get(name, 0)}
        if begun and begun[0] == name:
            allowed.add(begun[1])
        assert found.get(name, 0) in allowed


def test_another_process_cannot_open_an_index(tmp_path: Path) -> None:
    store = EdgeStoreFactory(tmp_path, EMBEDDER.digest).open(make_owner())
    command = [sys.executable, "-m", "tests.support.rag.writer_process", str(tmp_path), "0"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    store.close()
    assert done.returncode != 0
    assert "IndexLockedError" in done.stderr
    assert done.stdout == ""
