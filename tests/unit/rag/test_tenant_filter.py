"""Every request to a shared server is narrowed to the tenant of the certificate."""

import json
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from qdrant_client import QdrantClient
from tests.support.rag.documents import add, ask, make_owner
from tests.support.rag.embedders import HashEmbedder

from pfi_rag.adapters.server import ServerStoreFactory
from pfi_rag.adapters.server.tenant import TenantPoints
from pfi_rag.domain.documents import document_id
from pfi_rag.domain.ownership import TENANT_FIELD, TenantFilter, partition_of
from pfi_rag.domain.query import SearchFilter

EMBEDDER = HashEmbedder()
OWNER = make_owner()
TENANT = partition_of(OWNER)
ON_POINTS = {
    "upsert",
    "batch_update_points",
    "count",
    "facet",
    "scroll",
    "query_batch_points",
}
ON_COLLECTIONS = {"collection_exists", "create_collection", "create_payload_index"}


class Recording:
    """Passes calls on and keeps what they were."""

    def __init__(self, client: QdrantClient) -> None:
        self._client = client
        self.calls: list[tuple[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append((name, [*arguments, named]))
            return method(*arguments, **named)

        return call


@pytest.fixture
def recording() -> Iterator[Recording]:
    client = QdrantClient(":memory:")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Payload indexes have no effect")
        yield Recording(client)
    client.close()


def plain(value: Any) -> Any:
    if hasattr(value, "model_dump"):
        return plain(value.model_dump(exclude_none=True))
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def filters_in(value: Any) -> Iterator[dict]:
    """Gives every filter in a request."""
    if isinstance(value, dict):
        if "must" in value:
            yield value
        else:
            for item in value.values():
                yield from filters_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from filters_in(item)


def points_in(value: Any) -> Iterator[dict]:
    """Gives every point that a request writes."""
    if isinstance(value, dict):
        if {"id", "payload"} <= value.keys():
            yield value
        for item in value.values():
            yield from points_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from points_in(item)


def use_everything(recording: Recording) -> None:
    factory = ServerStoreFactory(recording, "passages", EMBEDDER.digest)  # type: ignore[arg-type]
    store = factory.open(OWNER)
    add(store, "a", ["pump one"], EMBEDDER)
    add(store, "a", ["pump two"], None)
    ask(store, "pump", EMBEDDER)
    store.reindex(EMBEDDER, lambda done, total: None)
    ask(store, "pump", EMBEDDER)
    ask(store, "pump", EMBEDDER, narrowed=SearchFilter(name_prefix="a"))
    ask(store, "pump", EMBEDDER, narrowed=SearchFilter(documents=frozenset({document_id("b")})))
    store.find("a")
    store.documents()
    store.status()
    store.delete(document_id("a"))
    store.forget([document_id("a")])
    store.forget(None)


def test_every_request_names_the_tenant(recording: Recording) -> None:
    use_everything(recording)
    condition = {"key": TENANT_FIELD, "match": {"value": TENANT}}
    seen = set()
    for name, arguments in recording.calls:
        seen.add(name)
        if name in ON_COLLECTIONS:
            continue
        request = plain(arguments)
        filters, points = list(filters_in(request)), list(points_in(request))
        assert filters or points, name
        for found in filters:
            assert found["must"][0] == condition, (name, json.dumps(request))
            assert "should" not in found
        for point in points:
            assert point["payload"][TENANT_FIELD] == TENANT
    assert seen == ON_POINTS | ON_COLLECTIONS


def test_word_statistics_are_the_tenants_own(recording: Recording) -> None:
    use_everything(recording)
    words = [
        query
        for name, arguments in recording.calls
        if name == "query_batch_points"
        for query in plain(arguments)[1]
        if query["using"] == "bm25"
    ]
    assert words
    for query in words:
        corpus = query["params"]["idf"]["corpus"]
        assert corpus == {"must": [{"key": TENANT_FIELD, "match": {"value": TENANT}}]}


def test_a_point_cannot_be_given_away(recording: Recording) -> None:
    points = TenantPoints(recording, "passages", TenantFilter(TENANT))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="tenant"):
        points.setting({TENANT_FIELD: "other"}, {})
