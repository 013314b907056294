"""The report of a run, computed from stored artifacts and metrics only."""
