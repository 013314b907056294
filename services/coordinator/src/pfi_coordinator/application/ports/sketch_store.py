"""Where the sketches of a probe round lie until clients are grouped."""

from collections.abc import Mapping
from typing import Protocol

Sketches = Mapping[str, tuple[float, ...]]
"""A sketch for each client: single-precision numbers, as many for each."""


class SketchStore(Protocol):
    """Sketches by run. They tell similarity, so they are deleted as soon as they have served.

    Every method raises StoreUnavailableError when the store does not answer.
    """

    async def put(self, run: str, sketches: Sketches) -> None:
        """Keeps these sketches instead of earlier ones. May be repeated."""
        ...

    async def get(self, run: str) -> Sketches:
        """Gives the sketches, by client in sorted order; empty when there are none."""
        ...

    async def delete(self, run: str) -> None:
        """Deletes them. May be repeated."""
        ...
