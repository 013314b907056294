"""What the benchmarks of merging share."""
