"""Builds the service's objects and wires them."""

from dataclasses import dataclass

from pfi_common.clock import Clock
from pfi_rag.adapters.edge import EdgeStoreFactory
from pfi_rag.application.add_document import AddDocument
from pfi_rag.application.delete_document import DeleteDocument
from pfi_rag.application.forget_documents import ForgetDocuments
from pfi_rag.application.get_index import GetIndex
from pfi_rag.application.ingestion import Ingestion
from pfi_rag.application.list_documents import ListDocuments
from pfi_rag.application.open_indexes import OpenIndexes
from pfi_rag.application.ports import Embedder, StoreFactory
from pfi_rag.application.search_passages import SearchPassages
from pfi_rag.application.use_cases import UseCases
from pfi_rag.metrics import RagMetrics
from pfi_rag.settings import RagSettings


@dataclass(frozen=True)
class Graph:
    """What runs.

    Attributes:
        use: The use cases.
        indexes: The open indexes, closed at the end.
    """

    use: UseCases
    indexes: OpenIndexes


def build_graph(settings: RagSettings, metrics: RagMetrics, clock: Clock) -> Graph:
    """Loads the model, if one is installed, and wires the use cases.

    Raises:
        EmbeddingModelInvalidError: The model is incomplete or altered.
        SettingsInvalidError: The store cannot be used with these settings.
    """
    # Importing the runtime takes half a second, which services with another store or none spare.
    from pfi_rag.adapters.embeddings import load_embedder

    embedder = load_embedder(settings.models)
    factory = _open_store(settings, embedder.digest if embedder is not None else None)
    return wire(factory, embedder, settings, metrics, clock)


def _open_store(settings: RagSettings, model_digest: str | None) -> StoreFactory:
    if settings.store == "edge":
        return EdgeStoreFactory(settings.state / "indexes", model_digest)
    # The client library takes a second to import.
    from pfi_rag.adapters.server import ServerAddress, ServerStoreFactory, connect

    key = settings.server_api_key
    address = ServerAddress(
        settings.server_url, key.get_secret_value() if key else None, settings.server_authority
    )
    return ServerStoreFactory(connect(address), settings.server_collection, model_digest)


def wire(
    factory: StoreFactory,
    embedder: Embedder | None,
    settings: RagSettings,
    metrics: RagMetrics,
    clock: Clock,
) -> Graph:
    """Wires the use cases over a store and a model."""
    indexes = OpenIndexes(factory, embedder, settings.open_indexes)
    metrics.watch_indexes(lambda: indexes.open_count)
    use = UseCases(
        add=AddDocument(
            indexes, Ingestion(embedder), metrics, clock, settings.maximum_document_bytes
        ),
        search=SearchPassages(indexes, embedder, metrics, clock),
        list_documents=ListDocuments(indexes),
        delete=DeleteDocument(indexes),
        forget=ForgetDocuments(indexes, metrics),
        index=GetIndex(indexes, embedder),
    )
    return Graph(use, indexes)
