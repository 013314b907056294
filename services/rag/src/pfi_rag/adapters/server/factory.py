"""Opens the tenant that a certificate leads to."""

import threading

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import UnexpectedResponse

from pfi_common.errors import IndexForeignError
from pfi_rag.adapters.server.failures import ServerFailures
from pfi_rag.adapters.server.points import OWNER, owner_point, payload_of
from pfi_rag.adapters.server.store import DIMENSIONS, ServerStore
from pfi_rag.adapters.server.tenant import BM25, DENSE, TenantPoints
from pfi_rag.domain.ownership import TENANT_FIELD, Owner, tenant_filter

_KEYWORDS = ("kind", "document", "source", "model")
_CONFLICT = 409
_EDGES = 16


class ServerStoreFactory:
    """A `StoreFactory` over one collection of a Qdrant server.

    Args:
        client: Connection to the server.
        collection: The collection of all owners; made when it is not there.
        model_digest: Embedding model of the vectors; none for BM25 alone.
    """

    def __init__(self, client: QdrantClient, collection: str, model_digest: str | None) -> None:
        self._client = client
        self._collection = collection
        self._model_digest = model_digest
        self._lock = threading.Lock()
        self._ready = False

    def open(self, owner: Owner) -> ServerStore:
        """See `StoreFactory.open`.

        Raises:
            StoreUnavailableError: The server cannot be used.
        """
        with self._lock:
            if not self._ready:
                self._make_collection()
                self._ready = True
        tenant = tenant_filter(owner)
        points = TenantPoints(self._client, self._collection, tenant)
        _check_key(points, tenant.value, owner.key_sha256)
        return ServerStore(points, tenant.value, self._model_digest)

    def _make_collection(self) -> None:
        with ServerFailures():
            if not self._client.collection_exists(self._collection):
                self._create()
            tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            self._client.create_payload_index(self._collection, TENANT_FIELD, tenant)
            for field in _KEYWORDS:
                self._client.create_payload_index(
                    self._collection, field, models.PayloadSchemaType.KEYWORD
                )
            self._client.create_payload_index(
                self._collection, "visible", models.PayloadSchemaType.BOOL
            )

    def _create(self) -> None:
        """Makes the collection with a graph for each tenant and none across tenants."""
        try:
            self._client.create_collection(
                self._collection,
                vectors_config={
                    DENSE: models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
                },
                sparse_vectors_config={
                    BM25: models.SparseVectorParams(modifier=models.Modifier.IDF)
                },
                hnsw_config=models.HnswConfigDiff(m=0, payload_m=_EDGES),
            )
        except UnexpectedResponse as error:
            if error.status_code != _CONFLICT:  # another service has just made it
                raise


def _check_key(points: TenantPoints, tenant: str, key_sha256: str) -> None:
    """Pins a new tenant to its owner's key.

    Raises:
        IndexForeignError: Another key made it.
    """
    found = [point for page in points.scroll({"kind": OWNER}) for point in page]
    if not found:
        points.upsert([owner_point(tenant, key_sha256)])
    elif payload_of(found[0])["key_sha256"] != key_sha256:
        raise IndexForeignError
