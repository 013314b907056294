"""Logs, metrics and the endpoint that serves them: declared first, then emitted."""
