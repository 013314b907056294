"""Embeddings by ONNX Runtime, and the installation of the model."""

from pfi_rag.adapters.embeddings.embedder import OnnxEmbedder, load_embedder
from pfi_rag.adapters.embeddings.library import InstalledModel, ModelLibrary

__all__ = ["InstalledModel", "ModelLibrary", "OnnxEmbedder", "load_embedder"]
