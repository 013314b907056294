"""Reductions of plain matrices: one row an update, through the product's own pieces."""

from dataclasses import replace

import numpy as np
from tests.support.aggregator.builders import KEY, make_plan, task_of

from pfi_aggregator.domain.aggregation_rule import AggregationRule
from pfi_aggregator.domain.reduction import Reduced, reduction_of
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord
from pfi_common.tensors import FULL_CLIP_FACTOR, Schema, Tensor, initial_adapter


class MatrixReader:
    """In-memory twin of `pfi_aggregator.domain.reduction.base.UpdateReader`."""

    def __init__(self, counted: tuple[CountedUpdate, ...], matrix: np.ndarray) -> None:
        self._rows = {update.task: row for update, row in zip(counted, matrix, strict=True)}

    def record(self, update: CountedUpdate) -> UpdateRecord:
        raise NotImplementedError

    def read(self, update: CountedUpdate, start: int, stop: int) -> np.ndarray:
        clipped = self._rows[update.task].astype(np.float64) * update.clip_factor / FULL_CLIP_FACTOR
        return clipped[start:stop].astype(np.float32)

    def base(self, start: int, stop: int) -> np.ndarray:
        raise NotImplementedError


def counted_updates(
    count: int, *, weight_units: int = 256, clip_factor: int = FULL_CLIP_FACTOR
) -> tuple[CountedUpdate, ...]:
    """So many counted updates, sorted by task."""
    clients = [f"c-{number:012d}" for number in range(count)]
    return tuple(
        CountedUpdate(task_of(client), client, f"{row:064x}", weight_units, clip_factor, 100)
        for row, client in enumerate(clients)
    )


def flat_schema(coordinates: int) -> Schema:
    """A schema of so many coordinates."""
    layer = "base_model.model.model.layers.0.self_attn.q_proj"
    return Schema((Tensor(f"{layer}.lora_A.weight", (1, coordinates)),), 1, 1, ("q_proj",))


def rule_plan(rule: AggregationRule, coordinates: int, updates: int) -> RoundPlan:
    """A plan with a rule."""
    schema = flat_schema(coordinates)
    plan = make_plan(KEY, schema=schema, maximum_updates=updates, base=initial_adapter(schema, 1))
    return replace(plan, rule=rule)


def reduce_matrix(
    rule: AggregationRule,
    matrix: np.ndarray,
    *,
    counted: tuple[CountedUpdate, ...] | None = None,
    order: list[int] | None = None,
) -> Reduced:
    """Reduces a matrix as workers do, the pieces in any order, and completes it."""
    counted = counted or counted_updates(len(matrix))
    reduction = reduction_of(rule_plan(rule, matrix.shape[1], len(matrix)), counted)
    assert reduction is not None
    reader = MatrixReader(counted, matrix)
    bodies = dict.fromkeys(range(reduction.piece_count), b"")
    for piece in order or list(bodies):
        bodies[piece] = reduction.reduce(piece, reader)
    completion = reduction.completion()
    for piece, body in bodies.items():
        completion.add(piece, memoryview(body))
    return completion.finish()


def change_of(rule: AggregationRule, matrix: np.ndarray) -> np.ndarray:
    """The change that a rule makes of a matrix, in float64."""
    reduced = reduce_matrix(rule, matrix)
    if reduced.delta is not None:
        return reduced.delta.astype(np.float64)
    tasks = [update.task for update in counted_updates(len(matrix))]
    weights = np.array([reduced.weights.get(task, 0) for task in tasks], dtype=np.float64)
    return weights @ matrix.astype(np.float64) / weights.sum()
