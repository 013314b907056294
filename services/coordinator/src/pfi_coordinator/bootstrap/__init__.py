"""Builds the coordinator by hand from its settings."""
