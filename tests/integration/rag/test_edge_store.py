"""What only the embedded store does: raw files, damage, large indexes."""

import json
import shutil
import uuid
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge
from tests.support.rag.documents import add, ask, make_owner, make_record
from tests.support.rag.embedders import HashEmbedder

from pfi_common.errors import (
    DiskFullError,
    IndexDamagedError,
    PlatformError,
    StoreUnavailableError,
)
from pfi_rag.adapters.edge import EdgeStore, EdgeStoreFactory, forgetting, optimising, store
from pfi_rag.adapters.edge.failures import EdgeFailures
from pfi_rag.adapters.edge.raw_search import RawSearch, windows
from pfi_rag.domain.documents import StoredPassage, document_id
from pfi_rag.domain.ownership import index_location
from pfi_rag.domain.query import Query, RetrievalMode

pytestmark = pytest.mark.integration

EMBEDDER = HashEmbedder()
OWNER = make_owner()
SECRET = "The secret recipe needs saffron from the northern valley and patience."
LONG = [f"{SECRET} Step {number}: " + "stir the pot slowly " * 40 for number in range(20)]
SHARED = "A sentence that both documents have in common stands here as it is."


def open_store(root: Path) -> EdgeStore:
    return EdgeStoreFactory(root, EMBEDDER.digest).open(OWNER)


def files_with(root: Path, texts: list[str]) -> list[Path]:
    pieces = [piece for text in texts for piece in windows(text.encode())]
    return RawSearch(pieces).files_holding([path for path in root.rglob("*") if path.is_file()])


def test_text_stands_in_document_files_alone(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    opened.flush()
    holding = files_with(tmp_path, LONG)
    assert [path.parent.name for path in holding] == ["documents"]
    opened.close()


def test_a_forgotten_text_is_in_no_file(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", [*LONG, SHARED], EMBEDDER)
    add(opened, "other.txt", [SHARED, "Something else."], EMBEDDER)
    report = opened.forget([document_id("secret.txt")])
    assert (report.documents, report.passages, report.kept_passages) == (1, 21, 2)
    assert report.searched_files > 10
    assert report.files_with_text == 0
    assert files_with(tmp_path, LONG) == []
    assert ask(opened, SHARED, EMBEDDER).hits[0].text == SHARED
    opened.close()


def test_a_deleted_document_is_erased_with_the_next_forgetting(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG[:1], EMBEDDER)
    shard = opened._index.shelf.shard
    pieces = forgetting.traces(opened._index.library, shard, [document_id("secret.txt")])
    opened.delete(document_id("secret.txt"))
    opened.flush()
    assert files_with(tmp_path, LONG) == []
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    left = {path.parent.name for path in RawSearch(pieces).files_holding(files)}
    assert "vectors" in left  # of its embedding, in the engine's pages
    assert opened.forget([document_id("secret.txt")]).files_with_text == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert RawSearch(pieces).files_holding(files) == []
    opened.close()


def test_what_is_left_over_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that nobody knows of holds the text: the proof fails and stays open."""
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    folder = index_location(tmp_path, OWNER)
    (folder / "core.dump").write_bytes(b"\x00" * 4097 + LONG[3].encode())
    report = opened.forget([document_id("secret.txt")])
    assert report.files_with_text == 1
    assert json.loads((folder / "forgetting.json").read_bytes()) == [document_id("secret.txt")]
    opened.close()


def test_an_incomplete_erasure_spares_what_is_stored_anew(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    folder = index_location(tmp_path, OWNER)
    (folder / "core.dump").write_bytes(LONG[3].encode())
    assert opened.forget([document_id("secret.txt")]).files_with_text == 1
    assert opened.forget([document_id("other.txt")]).files_with_text == 0
    (folder / "core.dump").write_bytes(document_id("secret.txt").encode())
    assert opened.forget([document_id("secret.txt")]).files_with_text == 1
    record = add(opened, "secret.txt", ["It may be known now."], EMBEDDER)
    opened.close()
    opened = open_store(tmp_path)
    assert opened.documents() == [record]
    opened.close()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Service runtime error: No space left on device (os error 28)", DiskFullError),
        ("failed to open: Too many open files (os error 24)", StoreUnavailableError),
        ("Service runtime error: wrong magic", IndexDamagedError),
    ],
)
def test_failures_of_the_engine_are_told_apart(said: str, kind: type[PlatformError]) -> None:
    with pytest.raises(kind), EdgeFailures():
        raise Exception(said)  # noqa: TRY002 - as the engine does


def test_offboarding_is_the_removal_of_one_folder(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    opened.close()
    (folder,) = tmp_path.iterdir()
    assert folder == index_location(tmp_path, OWNER)
    shutil.rmtree(folder)
    assert files_with(tmp_path, LONG) == []
    opened = open_store(tmp_path)
    assert opened.documents() == []
    opened.close()


def test_a_damaged_shard_is_made_again_from_the_documents(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    record = add(opened, "secret.txt", LONG, EMBEDDER)
    opened.close()
    folder = index_location(tmp_path, OWNER)
    shard = folder / (folder / "current").read_text()
    for path in shard.rglob("*"):
        if path.is_file():
            path.write_bytes(b"damaged")
    opened = open_store(tmp_path)
    assert opened.documents() == [record]
    result = ask(opened, "saffron", EMBEDDER, limit=50)
    assert (len(result.hits), result.mode) == (20, RetrievalMode.BM25)
    opened.reindex(EMBEDDER, lambda done, total: None)
    assert ask(opened, "saffron", EMBEDDER).mode is RetrievalMode.HYBRID
    assert [path.name for path in folder.glob("shard-*")] == [(folder / "current").read_text()]
    opened.close()


def test_a_shard_whose_ids_say_nothing_is_made_again(tmp_path: Path) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    opened.close()
    folder = index_location(tmp_path, OWNER)
    with_other_ids(folder / (folder / "current").read_text())
    opened = open_store(tmp_path)
    result = ask(opened, "saffron", EMBEDDER, limit=50)
    assert all(SECRET in hit.text for hit in result.hits)
    assert (len(result.hits), result.mode) == (20, RetrievalMode.BM25)
    opened.close()


def with_other_ids(path: Path) -> None:
    """Gives the points of a shard ids like those of versions before this one."""
    shard = edge.EdgeShard.load(str(path))
    records, _ = shard.scroll(edge.ScrollRequest(limit=100, with_payload=True, with_vector=True))
    points = [edge.Point(str(uuid.uuid4()), item.vector, item.payload) for item in records]
    shard.update(edge.UpdateOperation.delete_points([item.id for item in records]))
    shard.update(edge.UpdateOperation.upsert_points(points))
    shard.close()


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"not json\n", None])
def test_a_damaged_document_is_told(tmp_path: Path, damage: bytes | None) -> None:
    opened = open_store(tmp_path)
    add(opened, "secret.txt", LONG, EMBEDDER)
    opened.close()
    (path,) = index_location(tmp_path, OWNER).glob("documents/*")
    path.write_bytes(path.read_bytes()[:-1] if damage is None else damage)
    with pytest.raises(IndexDamagedError):
        open_store(tmp_path)


def test_a_damaged_owner_is_told(tmp_path: Path) -> None:
    open_store(tmp_path).close()
    (index_location(tmp_path, OWNER) / "owner.json").write_bytes(b"{")
    with pytest.raises(IndexDamagedError):
        open_store(tmp_path)


def test_a_put_that_fails_leaves_what_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_store(tmp_path)
    record = add(opened, "secret.txt", ["The first revision."], EMBEDDER)
    wrong = [StoredPassage(0, "The second.", (), 1, 1, np.ones(3, dtype=np.float32))]
    with pytest.raises(IndexDamagedError):
        opened.put(make_record("secret.txt", ["The second."]), wrong)
    assert opened.documents() == [record]
    assert [hit.text for hit in ask(opened, "revision second", EMBEDDER).hits] == [
        "The first revision."
    ]
    assert len(list(index_location(tmp_path, OWNER).glob("documents/*"))) == 1
    opened.close()


def random_document(name: str, count: int, seed: int) -> tuple[str, list[StoredPassage]]:
    vectors = np.random.default_rng(seed).standard_normal((count, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return name, [
        StoredPassage(number, f"{name} word{number}", (), 1, 1, vector)
        for number, vector in enumerate(vectors)
    ]


def put_random(opened: EdgeStore, name: str, count: int, seed: int) -> list[StoredPassage]:
    _, passages = random_document(name, count, seed)
    opened.put(make_record(name, [passage.text for passage in passages]), passages)
    return passages


@pytest.mark.slow
def test_a_large_index_gets_a_graph_and_keeps_its_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimising, "OPTIMISE_FROM_PASSAGES", 7_000)
    opened = open_store(tmp_path)
    put_random(opened, "first", 6_500, 1)
    opened.flush()
    assert opened._index.shelf.shard.vectors() == (6_500, 0)
    passages = put_random(opened, "second", 2_000, 2)
    opened.flush()
    vectors, in_graph = opened._index.shelf.shard.vectors()
    assert vectors == 8_500
    assert in_graph > 0.8 * vectors
    for number in range(0, 2_000, 200):
        found = opened.search(Query(f"word{number}", passages[number].vector, 1)).hits
        assert (found[0].name, found[0].position) == ("second", number)
    before = opened._index.shelf.shard.path
    opened.flush()
    assert opened._index.shelf.shard.path == before
    opened.close()
    opened = open_store(tmp_path)
    assert opened.status().passages == 8_500
    opened.close()


def test_a_document_of_many_passages_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_FLUSH_PASSAGES", 100)
    opened = open_store(tmp_path)
    put_random(opened, "many", 1_200, 3)
    assert opened._unflushed == 0
    assert opened.status().stored_bytes > 1_000_000
    opened.close()
