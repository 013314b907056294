"""Runs the demo: a whole federation with its clients on this machine."""
