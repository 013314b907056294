"""Asking questions at a terminal."""
