"""An update that has been trained and encoded, as it is kept until its round settles."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class UpdateKey:
    """What an update is for; attempts of one round share it.

    Attributes:
        run: Run id.
        round: Round number.
        line: Line of the run.
    """

    run: str
    round: int
    line: str


@dataclass(frozen=True)
class UpdateRecipe:
    """What decides the bytes of an update on unchanged data.

    Attributes:
        base_digest: SHA-256 of the payload of the adapter that it is a change of, as decoded.
        schema_digest: Its schema.
        encoding: Name of its encoding.
        seed: Seed of the task.
        fed_back_round: Round whose loss is fed back, 0 for none yet; None without error feedback.
    """

    base_digest: str
    schema_digest: str
    encoding: str
    seed: int
    fed_back_round: int | None = None


@dataclass(frozen=True)
class StoredUpdate:
    """An encoded update on disk.

    Attributes:
        key: What it is for.
        recipe: What it was made from.
        payload_bytes: Size of the payload.
        payload_sha256: SHA-256 of the payload.
        example_count: Distinct rows trained on.
        steps_done: Optimiser steps on the shared adapter.
        metrics: Values by name of the metric, without its prefix.
    """

    key: UpdateKey
    recipe: UpdateRecipe
    payload_bytes: int
    payload_sha256: str
    example_count: int
    steps_done: int
    metrics: Mapping[str, float]
