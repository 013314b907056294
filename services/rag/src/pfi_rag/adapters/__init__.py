"""Adapters: Qdrant Edge, a Qdrant server, and ONNX Runtime behind the ports."""
