"""A full disk: nothing is half stored, and what was stored stays usable."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.rag.documents import add, ask, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_common.errors import DiskFullError, StoreUnavailableError
from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory, library, room
from pfi_rag.domain.documents import document_id
from pfi_rag.domain.ownership import index_location

pytestmark = pytest.mark.integration

EMBEDDER = HashEmbedder()
OWNER = make_owner()
OLD = ["The pump stands in hall seven."]
NEW = ["The boiler hums in hall nine."]


def open_store(root: Path) -> EdgeStore:
    return EdgeStoreFactory(root, EMBEDDER.digest).open(OWNER)


def found(opened: EdgeStore, text: str) -> list[str]:
    return [hit.text for hit in ask(opened, text, EMBEDDER, limit=50).hits]


def raising(number: int):
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def leave_free(monkeypatch: pytest.MonkeyPatch, free_bytes: int) -> None:
    """Lets the device seem to have so much room."""
    monkeypatch.setattr(
        room.os, "statvfs", lambda _: SimpleNamespace(f_bavail=free_bytes, f_frsize=1)
    )


def check_unharmed(root: Path, opened: EdgeStore) -> None:
    """Looks at an index in which OLD is stored and NEW was refused, now and after an opening."""
    for _ in range(2):
        assert [record.name for record in opened.documents()] == ["old"]
        assert found(opened, "pump boiler hall") == OLD
        names = [path.name for path in index_location(root, OWNER).glob("documents/*")]
        assert len(names) == 1, names
        opened.close()
        opened = open_store(root)
    assert add(opened, "new", NEW, EMBEDDER) in opened.documents()
    assert found(opened, "boiler") == NEW
    opened.close()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_document_that_cannot_be_written_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    opened = open_store(tmp_path)
    add(opened, "old", OLD, EMBEDDER)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", raising(number))
        with pytest.raises(DiskFullError):
            add(opened, "new", NEW, EMBEDDER)
    check_unharmed(tmp_path, opened)


def test_a_document_whose_name_cannot_be_made_durable_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(tmp_path)
    add(opened, "old", OLD, EMBEDDER)
    with monkeypatch.context() as patched:
        patched.setattr(library, "sync_folder", raising(errno.ENOSPC))
        with pytest.raises(DiskFullError):
            add(opened, "new", NEW, EMBEDDER)
    check_unharmed(tmp_path, opened)


def test_too_many_open_files_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_store(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", raising(errno.EMFILE))
        with pytest.raises(StoreUnavailableError):
            add(opened, "new", NEW, EMBEDDER)
    opened.close()


def test_room_is_asked_for_before_the_engine_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write of the engine to a full device would end the process."""
    opened = open_store(tmp_path)
    add(opened, "old", OLD, EMBEDDER)
    add(opened, "going", ["The ladder is going to go."], EMBEDDER)
    with monkeypatch.context() as patched:
        leave_free(patched, 30 << 20)
        with pytest.raises(DiskFullError, match="32 MiB of free space; 30 MiB are left"):
            add(opened, "new", NEW, EMBEDDER)
        assert opened.delete(document_id("going")) == 1
    check_unharmed(tmp_path, opened)


def test_an_erasure_without_room_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(tmp_path)
    add(opened, "old", OLD, EMBEDDER)
    with monkeypatch.context() as patched:
        leave_free(patched, 1 << 20)
        with pytest.raises(DiskFullError):
            opened.forget([document_id("old")])
    assert list(tmp_path.rglob("forgetting.json")) == []
    check_unharmed(tmp_path, opened)


def test_an_index_is_not_opened_without_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_free(monkeypatch, 0)
    with pytest.raises(DiskFullError):
        open_store(tmp_path)
    monkeypatch.undo()
    open_store(tmp_path).close()
