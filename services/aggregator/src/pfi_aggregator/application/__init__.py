"""What the aggregator does: one use case a file."""
