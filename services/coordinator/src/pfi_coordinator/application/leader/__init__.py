"""The leader: one task that drives every active run."""
