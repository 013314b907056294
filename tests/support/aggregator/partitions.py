"""Requests for a partition, as a coordinator sends them."""

import base64

import numpy as np

from pfi_aggregator.wire.partitions import request_digest

DIMENSIONS = 64


def group_sketches(sizes: list[int], seed: int = 1) -> np.ndarray:
    """Sketches of clients in groups, one group after the other.

    Shapes: (sum of sizes, 64).
    """
    random = np.random.default_rng(seed)
    centres = random.standard_normal((len(sizes), DIMENSIONS))
    noise = random.standard_normal((sum(sizes), DIMENSIONS))
    return (np.repeat(centres, sizes, axis=0) + 0.3 * noise).astype(np.float32)


def partition_arguments(
    sketches: np.ndarray, changes: dict[str, object] | None = None
) -> dict[str, object]:
    """The arguments of the task, with parts replaced before the digest is made."""
    asked: dict[str, object] = {
        "run": "r-0000000001",
        "clients": [f"c-{index:012}" for index in range(len(sketches))],
        "sketches": base64.b64encode(sketches.astype("<f4").tobytes()).decode(),
        "count": None,
        "maximum_count": 8,
        "minimum_size": 2,
        "minimum_silhouette": 0.2,
        "seed": 7,
    }
    asked |= changes or {}
    return {**asked, "digest": request_digest(asked)}


def path_of(arguments: dict[str, object]) -> str:
    """Where the answer is stored."""
    return f"partitions/{arguments['run']}/{arguments['digest']}.json"
