"""What stands in place of learning and of an adapter cache in a synthetic client."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pfi_client_agent.adapters.adapter_cache import AdapterCache
from pfi_client_agent.application.ports import Workbench
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.training import BackboneReference, Vector
from pfi_common.tensors import Schema

ROWS = 4


def rows() -> LocalData:
    """As few rows as a client may have."""
    data = LocalData("synthetic")
    for number in range(ROWS):
        data.add(TextRow(str(number)))
    return data


class Untaught:
    """A learner that cannot learn."""

    def open(
        self,
        backbone: BackboneReference,
        schema: Schema,
        classification: Classification | None = None,
    ) -> Workbench:
        """Synthetic clients never ask."""
        raise NotImplementedError(backbone, schema, classification)


class HashingCache(AdapterCache):
    """Checks what is downloaded by its digest, and keeps nothing.

    Args:
        folder: Where others would keep it.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._parts: dict[str, _Part] = defaultdict(_Part)

    def part_bytes(self, digest: str) -> int:
        """How much of the download has come."""
        return self._parts[digest].size_bytes

    def append(self, digest: str, data: bytes) -> None:
        """Hashes the next bytes."""
        part = self._parts[digest]
        part.seen.update(data)
        part.size_bytes += len(data)

    def drop_part(self, digest: str) -> None:
        """Starts again from the first byte."""
        self._parts.pop(digest, None)

    def complete(self, digest: str) -> Vector | None:
        """An empty vector when the bytes were the adapter's; None when they were not."""
        whole = self._parts.pop(digest).seen.hexdigest() == digest
        return np.empty(0, np.float32) if whole else None


@dataclass
class _Part:
    """Bytes of a download that have come."""

    seen: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size_bytes: int = 0
