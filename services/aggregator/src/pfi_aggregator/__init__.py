"""The aggregator: receives updates, merges them exactly, publishes adapters."""
