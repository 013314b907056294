"""Every kind of passage store, for the suites that run on all of them."""

import os
import secrets
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient
from tests.support.rag.open_stores import MakeFactory, Stores
from tests.support.rag.stores import InMemoryStoreFactory, Partition

from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.adapters.server import ServerAddress, ServerStoreFactory, connect
from pfi_rag.application.ports import PassageStore


def memory_factories() -> MakeFactory:
    partitions: dict[str, Partition] = {}
    return lambda digest: InMemoryStoreFactory(digest, partitions)


def server_client() -> QdrantClient:
    url = os.environ.get("PFI_TEST_QDRANT_URL")  # noqa: TID251
    if not url:
        pytest.skip("PFI_TEST_QDRANT_URL names no Qdrant server")
    return connect(ServerAddress(url))


@pytest.fixture(params=["memory", "edge", "server", "server-simulated"])
def make_factory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeFactory]:
    """Makes factories over the same indexes, for an embedding model or none."""
    if request.param == "memory":
        yield memory_factories()
    elif request.param == "edge":
        yield lambda digest: EdgeStoreFactory(tmp_path / "indexes", digest)
    else:
        simulated = request.param == "server-simulated"
        client = QdrantClient(":memory:") if simulated else server_client()
        collection = f"pfi-test-{secrets.token_hex(6)}"
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Payload indexes have no effect")
            yield lambda digest: ServerStoreFactory(client, collection, digest)
        client.delete_collection(collection)
        client.close()


@pytest.fixture
def stores(make_factory: MakeFactory) -> Iterator[Stores]:
    made = Stores(make_factory)
    yield made
    made.close_all()


@pytest.fixture
def store(stores: Stores) -> PassageStore:
    return stores.open()
