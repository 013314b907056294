"""A Qdrant server: one collection, in which each owner is a tenant."""

from pfi_rag.adapters.server.connection import ServerAddress, connect
from pfi_rag.adapters.server.factory import ServerStoreFactory
from pfi_rag.adapters.server.store import ServerStore

__all__ = ["ServerAddress", "ServerStore", "ServerStoreFactory", "connect"]
