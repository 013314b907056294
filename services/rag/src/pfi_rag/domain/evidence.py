"""When a passage speaks of a query at all."""

COSINE_THRESHOLD = 0.35
"""Least cosine between a query and a passage that shares no word with it."""
