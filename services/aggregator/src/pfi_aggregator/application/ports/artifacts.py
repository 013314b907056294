"""Stored results."""

from typing import Protocol


class Artifacts(Protocol):
    """Results: content-addressed objects and the pointers to them, all durable.

    `pfi_common.artifacts.ArtifactStore` is one.
    """

    async def put(self, kind: str, data: bytes | memoryview) -> str:
        """Stores an object and gives its SHA-256."""
        ...

    async def get(self, kind: str, digest: str) -> bytes:
        """Gives an object whose digest has been verified."""
        ...

    async def size(self, kind: str, digest: str) -> int:
        """Gives an object's size in bytes."""
        ...

    async def read_range(self, kind: str, digest: str, start: int, length: int) -> bytes:
        """Gives a part of an object, unverified."""
        ...

    async def put_named(self, path: str, data: bytes) -> None:
        """Replaces a pointer."""
        ...

    async def get_named(self, path: str) -> bytes | None:
        """Gives a pointer."""
        ...

    async def list_named(self, prefix: str) -> list[str]:
        """Gives the paths of all pointers in a folder and below, sorted."""
        ...

    async def delete(self, kind: str, digest: str) -> None:
        """Deletes an object that nothing refers to any more; one that is not there stays away."""
        ...

    async def delete_named(self, path: str) -> None:
        """Deletes a pointer; one that is not there stays away."""
        ...
