"""Uploads into an aggregator, and into handlers that do less, over the same mutual TLS."""
