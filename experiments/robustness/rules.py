"""The platform's rules on one round of updates: from specification to change, by its own code."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pfi.aggregator.v1 import round_service_pb2
from pfi.common.v1 import adapter_pb2
from pfi_aggregator.domain.reduction import reduction_of, require_population
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord
from pfi_aggregator.wire.plans import read_plan
from pfi_common.spec import RunSpec, compile_round_plan, parse_run_spec
from pfi_common.tensors import (
    FULL_CLIP_FACTOR,
    WEIGHT_UNITS_PER_EXAMPLE,
    Schema,
    Tensor,
    accumulate,
    clip_factor,
    mean,
)

Float32 = NDArray[np.float32]
COORDINATE_LIMIT = 10.0
_MODULE = "weights"
_RUN = "r-0000000000"


class Rule:
    """A rule as a specification writes it.

    Args:
        aggregate: The part `aggregate` of a run specification.
        clients: Clients of each round.
        size: Coordinates of an update.

    Raises:
        SpecUnsoundError: the rule is not defined for so few clients.
    """

    def __init__(self, aggregate: Mapping[str, Any], clients: int, size: int) -> None:
        self._schema = Schema((Tensor(f"{_MODULE}.lora_A.weight", (1, size)),), 1, 1, (_MODULE,))
        self._spec = _spec(aggregate, clients)

    def change(self, updates: Float32, number: int) -> Float32:
        """Gives the change that a round makes.

        Shapes: updates (clients, size), result (size,).
        """
        plan = self._plan(number)
        counted = tuple(_counted(plan, row, update) for row, update in enumerate(updates))
        require_population(plan, counted)
        reader = _Reader(counted, updates)
        weights = {update.task: update.weight_units for update in counted}
        reduction = reduction_of(plan, counted)
        if reduction is not None:
            completion = reduction.completion()
            for piece in range(reduction.piece_count):
                completion.add(piece, memoryview(reduction.reduce(piece, reader)))
            reduced = completion.finish()
            if reduced.delta is not None:
                return reduced.delta
            weights = dict(reduced.weights or {})
        return _merge(plan, counted, updates, weights)

    def _plan(self, number: int) -> RoundPlan:
        key = round_service_pb2.RoundKey(run=_RUN, round=number, attempt=1, line="global")
        base = adapter_pb2.AdapterReference(
            digest="0" * 64,
            schema_digest=self._schema.digest,
            run=_RUN,
            line="global",
            version=number - 1,
        )
        return read_plan(compile_round_plan(self._spec, self._schema, key, base, ""))


class _Reader:
    """`pfi_aggregator.domain.reduction.UpdateReader` on a matrix."""

    def __init__(self, counted: tuple[CountedUpdate, ...], updates: Float32) -> None:
        self._rows = {update.task: row for update, row in zip(counted, updates, strict=True)}

    def record(self, update: CountedUpdate) -> UpdateRecord:
        """Has none: robust rules read coordinates alone."""
        raise NotImplementedError

    def read(self, update: CountedUpdate, start: int, stop: int) -> Float32:
        """Gives clipped coordinates."""
        factor = np.float64(update.clip_factor / FULL_CLIP_FACTOR)
        clipped: Float32 = (self._rows[update.task][start:stop] * factor).astype(np.float32)
        return clipped

    def base(self, start: int, stop: int) -> Float32:
        """Has none: robust rules read updates alone."""
        raise NotImplementedError


def _spec(aggregate: Mapping[str, Any], clients: int) -> RunSpec:
    return parse_run_spec(
        {
            "name": "robustness",
            "backbone": {"model": "none"},
            "adapter": {"rank": 1, "alpha": 1, "target_modules": [_MODULE]},
            "aggregate": {**aggregate, "coordinate_limit": COORDINATE_LIMIT},
            "cohort": {"size": clients},
        }
    )


def _counted(plan: RoundPlan, row: int, update: Float32) -> CountedUpdate:
    norm = float(np.linalg.norm(update.astype(np.float64)))
    client = f"c-{row:012d}"
    return CountedUpdate(
        task=f"t-{client}",
        client=client,
        payload_sha256="0" * 64,
        weight_units=WEIGHT_UNITS_PER_EXAMPLE,
        clip_factor=clip_factor(norm, plan.clip_norm),
        payload_bytes=update.nbytes,
    )


def _merge(
    plan: RoundPlan,
    counted: tuple[CountedUpdate, ...],
    updates: Float32,
    weights: Mapping[str, int],
) -> Float32:
    """Averages in the platform's fixed point."""
    bits = plan.fixed_point.fraction_bits
    sums = np.zeros(updates.shape[1], dtype=np.int64)
    for update, row in zip(counted, updates, strict=True):
        if update.task in weights:
            accumulate(sums, row, update.clip_factor, weights[update.task], bits)
    return mean(sums, sum(weights.values()), bits)
