"""Answering on the device: what answers, which adapter, and in what order."""
