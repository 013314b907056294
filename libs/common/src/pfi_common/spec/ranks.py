"""Which schema each class of devices trains."""

from __future__ import annotations

from pfi_common.spec.run_spec import RunSpec
from pfi_common.tensors import Schema, at_rank


def client_schema(spec: RunSpec, shared: Schema, device_class: str) -> Schema:
    """Gives the schema that devices of a class train: the shared one at the class's rank.

    Args:
        spec: The run.
        shared: Schema of the shared adapter.
        device_class: Class of the device; one that the run does not name trains `adapter.rank`.
    """
    return _at(shared, spec.adapter.rank_for.get(device_class, spec.adapter.rank))


def client_schemas(spec: RunSpec, shared: Schema) -> tuple[Schema, ...]:
    """Gives every schema that a client may train and that is not the shared one, by rank."""
    ranks = {spec.adapter.rank, *spec.adapter.rank_for.values()} - {shared.rank}
    return tuple(at_rank(shared, rank) for rank in sorted(ranks))


def _at(shared: Schema, rank: int) -> Schema:
    return shared if rank == shared.rank else at_rank(shared, rank)
