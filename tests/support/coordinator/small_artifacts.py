"""Artifacts in a dictionary, for tests that count their own time."""

from hashlib import sha256


class SmallArtifacts:
    """The part of `pfi_common.artifacts.ArtifactStore` that rounds are driven with."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    async def put(self, kind: str, data: bytes) -> str:
        digest = sha256(data).hexdigest()
        self.files[f"{kind}/{digest}"] = bytes(data)
        return digest

    async def put_named(self, path: str, data: bytes) -> None:
        self.files[path] = bytes(data)

    async def get_named(self, path: str) -> bytes | None:
        return self.files.get(path)

    async def list_named(self, folder: str) -> list[str]:
        return sorted(path for path in self.files if path.startswith(f"{folder}/"))
