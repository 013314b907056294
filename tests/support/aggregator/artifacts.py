"""Artifacts in memory."""

import hashlib

from pfi_common.errors import ArtifactUnknownError


class InMemoryArtifacts:
    """In-memory twin of `pfi_aggregator.application.ports.artifacts.Artifacts`.

    Attributes:
        objects: Bytes by kind and digest.
        pointers: Bytes by path.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.pointers: dict[str, bytes] = {}

    async def put(self, kind: str, data: bytes | memoryview) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self.objects[kind, digest] = bytes(data)
        return digest

    async def get(self, kind: str, digest: str) -> bytes:
        if (kind, digest) not in self.objects:
            raise ArtifactUnknownError
        return self.objects[kind, digest]

    async def size(self, kind: str, digest: str) -> int:
        return len(await self.get(kind, digest))

    async def read_range(self, kind: str, digest: str, start: int, length: int) -> bytes:
        return (await self.get(kind, digest))[start : start + length]

    async def put_named(self, path: str, data: bytes) -> None:
        self.pointers[path] = data

    async def get_named(self, path: str) -> bytes | None:
        return self.pointers.get(path)

    async def list_named(self, prefix: str) -> list[str]:
        return sorted(path for path in self.pointers if path.startswith(f"{prefix}/"))

    async def delete(self, kind: str, digest: str) -> None:
        self.objects.pop((kind, digest), None)

    async def delete_named(self, path: str) -> None:
        self.pointers.pop(path, None)
