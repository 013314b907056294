"""An observer that remembers what it was told."""

import traceback
from typing import Any


class RecordingObserver:
    """Remembers calls as (method name, arguments)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str):
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *arguments: self._remember(name, arguments)

    def _remember(self, name: str, arguments: tuple[Any, ...]) -> None:
        self.calls.append((name, arguments))
        if name == "task_abandoned":
            # Pytest shows this when the test fails.
            traceback.print_exception(arguments[2])

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of all calls of one method."""
        return [arguments for called, arguments in self.calls if called == name]
