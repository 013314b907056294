"""Collects what a report misses, so that one message names all of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from pfi_common.errors import PlatformError, ReportIncompleteError


class Problems:
    """A list of what is missing or damaged."""

    def __init__(self) -> None:
        self._sentences: list[str] = []

    def add(self, sentence: str) -> None:
        """Notes one."""
        self._sentences.append(sentence)

    @contextmanager
    def noted(self, subject: str) -> Iterator[None]:
        """Notes a typed error of the block, with what it is about, and goes on after it."""
        try:
            yield
        except PlatformError as error:
            self.add(f"{subject}: {error.message}")

    def raise_if_any(self) -> None:
        """Ends the report when anything was noted.

        Raises:
            ReportIncompleteError: Names everything.
        """
        if self._sentences:
            raise ReportIncompleteError("; ".join(self._sentences))
