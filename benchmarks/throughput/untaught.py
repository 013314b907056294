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
from pfi_client_agent.domain.wanted_adapter import WantedAdapter
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

    def part_bytes(self, wanted: WantedAdapter) -> int:
        """How much of the download has come."""
        return self._parts[wanted.payload_sha256].size_bytes

    def append(self, wanted: WantedAdapter, data: bytes) -> None:
        """Hashes the next bytes."""
        part = self._parts[wanted.payload_sha256]
        part.seen.update(data)
        part.size_bytes += len(data)

    def drop_part(self, wanted: WantedAdapter) -> None:
        """Starts again from the first byte."""
        self._parts.pop(wanted.payload_sha256, None)

    def complete(self, wanted: WantedAdapter) -> Vector | None:
        """An empty vector when the bytes were the adapter's; None when they were not."""
        whole = self._parts.pop(wanted.payload_sha256).seen.hexdigest() == wanted.payload_sha256
        return np.empty(0, np.float32) if whole else None


@dataclass
class _Part:
    """Bytes of a download that have come."""

    seen: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size_bytes: int = 0
