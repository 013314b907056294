"""Twins of the small ports."""

import json
from collections import Counter

import numpy as np

from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.domain.update import CommittedUpdate
from pfi_common.tensors import Schema


class InMemoryLeaderTokens:
    """In-memory twin of `pfi_aggregator.application.ports.leader_tokens.LeaderTokens`."""

    def __init__(self) -> None:
        self._highest = 0

    def highest(self) -> int:
        return self._highest

    def raise_to(self, token: int) -> None:
        self._highest = token


class RecordingMeter:
    """In-memory twin of `pfi_aggregator.application.ports.meter.Meter`.

    Attributes:
        counts: How often each thing happened; refusals by reason.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def update_committed(self, update: CommittedUpdate) -> None:
        self.counts["committed"] += 1
        self.counts["clipped"] += update.clipped
        self.counts["capped"] += update.capped
        self.counts["payload_bytes"] += update.counted.payload_bytes

    def update_refused(self, reason: str) -> None:
        self.counts[f"refused {reason}"] += 1

    def round_folded(self, seconds: float) -> None:
        assert seconds >= 0
        self.counts["folded"] += 1

    def round_merged(self, seconds: float, left_out: int) -> None:
        assert seconds >= 0
        self.counts["merged"] += 1
        self.counts["left_out"] += left_out


class JsonArchive:
    """In-memory twin of `pfi_aggregator.application.ports.adapter_archive.AdapterArchive`."""

    def build(self, schema: Schema, vector: np.ndarray, origin: AdapterOrigin) -> bytes:
        facts = [schema.digest, vector.tobytes().hex(), vars(origin)]
        return json.dumps(facts).encode()
