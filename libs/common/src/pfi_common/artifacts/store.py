"""Artifacts: immutable bytes named by their SHA-256, and small pointers to them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from contextlib import suppress
from functools import partial
from pathlib import Path

import obstore
from obstore.store import ObjectStore

from pfi_common.artifacts.failures import storage_failures
from pfi_common.artifacts.names import object_path, pointer_path
from pfi_common.artifacts.writing import Writer
from pfi_common.errors import ArtifactCorruptError, ArtifactUnknownError


class ArtifactStore:
    """Content-addressed storage. Open one with `open_artifact_store`, after a fork, never before.

    Every method may raise DiskFullError or StoreUnavailableError.
    """

    def __init__(self, store: ObjectStore, writer: Writer, folder: Path | None = None) -> None:
        self._store = store
        self._writer = writer
        self._folder = folder

    @property
    def in_folder(self) -> bool:
        """Whether artifacts are files of this machine."""
        return self._folder is not None

    async def file(self, kind: str, digest: str) -> Path:
        """Gives the file of an artifact, which is to be read only; its bytes are not checked.

        Raises:
            ArtifactUnknownError: it is not there.
            ValueError: the store is not a folder.
        """
        if self._folder is None:
            message = "only a store in a folder has files"
            raise ValueError(message)
        await self.size(kind, digest)
        return self._folder / object_path(kind, digest)

    async def put(self, kind: str, data: bytes | memoryview) -> str:
        """Stores an artifact durably and gives its SHA-256; the same bytes may be put again.

        Args:
            kind: One of `names.KINDS`.
            data: The bytes.
        """
        hashing = asyncio.ensure_future(asyncio.to_thread(_sha256, data))
        with storage_failures():
            await self._writer.write(partial(_object_path, kind, hashing), data)
        return await hashing

    async def get(self, kind: str, digest: str) -> bytes:
        """Reads a whole artifact and checks its digest.

        Raises:
            ArtifactUnknownError: it is not there.
            ArtifactCorruptError: the stored bytes have another digest.
        """
        path = object_path(kind, digest)
        data = await self._read(path)
        if data is None:
            raise _unknown(kind, digest)
        if await asyncio.to_thread(_sha256, data) != digest:
            message = f"The stored artifact {kind}/{digest} has other bytes than its digest says."
            raise ArtifactCorruptError(message, kind=kind, digest=digest)
        return data

    async def exists(self, kind: str, digest: str) -> bool:
        """Tells whether an artifact is there; its bytes are not read."""
        return await self._size(object_path(kind, digest)) is not None

    async def size(self, kind: str, digest: str) -> int:
        """Gives the size of an artifact in bytes.

        Raises:
            ArtifactUnknownError: it is not there.
        """
        size_bytes = await self._size(object_path(kind, digest))
        if size_bytes is None:
            raise _unknown(kind, digest)
        return size_bytes

    async def read_range(self, kind: str, digest: str, start: int, length: int) -> bytes:
        """Reads a part of an artifact without checking it: whoever receives all parts checks.

        A part that reaches past the end is cut there.

        Raises:
            ArtifactUnknownError: it is not there.
            ValueError: start or length is negative.
        """
        if start < 0 or length < 0:
            message = "start and length must not be negative"
            raise ValueError(message)
        path = object_path(kind, digest)
        # The backends disagree about empty and outlying ranges, so none reaches them.
        length = min(length, await self.size(kind, digest) - start)
        if length <= 0:
            return b""
        try:
            with storage_failures():
                part = await obstore.get_range_async(self._store, path, start=start, length=length)
        except FileNotFoundError as error:
            raise _unknown(kind, digest) from error
        return bytes(part)

    async def put_named(self, path: str, data: bytes) -> None:
        """Creates or replaces a pointer, atomically and durably.

        Raises:
            InvalidRequestError: the path is not a name.
        """
        with storage_failures():
            await self._writer.write(partial(_known, pointer_path(path)), data)

    async def get_named(self, path: str) -> bytes | None:
        """Reads a pointer; None when there is none.

        Raises:
            InvalidRequestError: the path is not a name.
        """
        return await self._read(pointer_path(path))

    async def list_named(self, prefix: str) -> list[str]:
        """Gives the paths of all pointers in a folder and below, sorted.

        Raises:
            InvalidRequestError: the prefix is not a name.
        """
        folder = pointer_path(prefix.removesuffix("/"))
        with storage_failures():
            found = await obstore.list(self._store, folder).collect_async()
        return sorted(item["path"] for item in found)

    async def delete(self, kind: str, digest: str) -> None:
        """Deletes an artifact that nothing refers to any more; one that is not there stays away."""
        await self._delete(object_path(kind, digest))

    async def delete_named(self, path: str) -> None:
        """Deletes a pointer; one that is not there stays away.

        Raises:
            InvalidRequestError: the path is not a name.
        """
        await self._delete(pointer_path(path))

    async def _delete(self, path: str) -> None:
        with suppress(FileNotFoundError), storage_failures():
            await obstore.delete_async(self._store, path)

    async def _read(self, path: str) -> bytes | None:
        try:
            with storage_failures():
                result = await obstore.get_async(self._store, path)
                return bytes(await result.bytes_async())
        except FileNotFoundError:
            return None

    async def _size(self, path: str) -> int | None:
        try:
            with storage_failures():
                return (await obstore.head_async(self._store, path))["size"]
        except FileNotFoundError:
            return None


async def _object_path(kind: str, digest: Awaitable[str]) -> str:
    return object_path(kind, await digest)


async def _known(path: str) -> str:
    return path


def _sha256(data: bytes | memoryview) -> str:
    return hashlib.sha256(data).hexdigest()


def _unknown(kind: str, digest: str) -> ArtifactUnknownError:
    message = f"There is no artifact {kind}/{digest}."
    return ArtifactUnknownError(message, kind=kind, digest=digest)
