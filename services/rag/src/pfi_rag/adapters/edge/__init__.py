"""Qdrant Edge in this process: one folder and one shard for each owner."""

from pfi_rag.adapters.edge.factory import EdgeStoreFactory
from pfi_rag.adapters.edge.store import EdgeStore

__all__ = ["EdgeStore", "EdgeStoreFactory"]
