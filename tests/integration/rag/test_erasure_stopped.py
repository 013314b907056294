"""An erasure that a kill stops is finished, with everything that it was to erase."""

import errno
import shutil
from pathlib import Path

import pytest
from tests.support.rag.documents import add, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_common.errors import DiskFullError
from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory, forgetting, store
from pfi_rag.adapters.edge.raw_search import RawSearch
from pfi_rag.adapters.edge.shard import Shard
from pfi_rag.domain.documents import document_id

pytestmark = pytest.mark.integration

EMBEDDER = HashEmbedder()
SECRET = document_id("secret.txt")


class KilledError(BaseException):
    """Stands for a kill: nothing of the product catches it."""


def open_store(root: Path) -> EdgeStore:
    return EdgeStoreFactory(root, EMBEDDER.digest).open(make_owner())


def test_vectors_are_erased_when_the_texts_went_before_the_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", ["The code of the northern gate is not to be kept."], EMBEDDER)
    add(opened, "other.txt", ["Something that stays where it is."], EMBEDDER)
    parts = opened._index
    pieces = forgetting.traces(parts.library, parts.shelf.shard, [SECRET])
    assert len(pieces) > 2  # id, text, and vector

    def killed(_path: Path) -> Shard:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(forgetting.Shard, "create", killed)
        with pytest.raises(KilledError):
            opened.forget([SECRET])
    opened.close()

    opened = open_store(tmp_path)
    assert [record.name for record in opened.documents()] == ["other.txt"]
    assert list(tmp_path.rglob("forgetting.json")) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert RawSearch(pieces).files_holding(files) == []
    opened.close()


@pytest.mark.parametrize("broken", ["opening", "removal", "renaming"])
def test_an_index_is_usable_after_a_failed_erasure_of_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", ["The code of the northern gate is not to be kept."], EMBEDDER)
    parts = opened._index
    pieces = forgetting.traces(parts.library, parts.shelf.shard, [SECRET])

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        if broken == "opening":
            patched.setattr(store, "OpenIndex", fail)
        elif broken == "removal":
            patched.setattr(shutil, "rmtree", fail)
        else:
            patched.setattr(Path, "rename", fail)
        with pytest.raises(DiskFullError):
            opened.forget(None)
    there = ["secret.txt"] if broken == "renaming" else []
    assert [record.name for record in opened.documents()] == there
    record = add(opened, "other.txt", ["Something new."], EMBEDDER)
    assert record in opened.documents()
    assert opened.forget(None).files_with_text == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert RawSearch(pieces).files_holding(files) == []
    opened.close()


def test_a_store_without_an_index_can_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = open_store(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store, "OpenIndex", fail)
        with pytest.raises(DiskFullError):
            opened.forget(None)
    opened.close()
    open_store(tmp_path).close()
