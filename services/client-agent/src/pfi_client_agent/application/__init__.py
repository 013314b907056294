"""What the agent does: one use case per file, as functions."""
