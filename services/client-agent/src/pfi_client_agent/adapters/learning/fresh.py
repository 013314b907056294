"""A fresh adapter beside the frozen shared one: where it starts, and what is uploaded of it.

The factors of a fresh adapter are uploaded as they are; of a head, which has no fresh copy, the
change is.
"""

import numpy as np

from pfi_client_agent.domain.training import FreshAdapter, Vector
from pfi_common.tensors import Schema, flatten, unflatten


def fresh_start(fresh: FreshAdapter, shared: Schema, base: Vector) -> Vector:
    """Give first values: the fresh factors, and the head of the shared adapter.

    Shapes: base (shared coordinates,), result (fresh coordinates,).
    """
    values, head = unflatten(fresh.schema, fresh.vector), _head(shared, base)
    return flatten(fresh.schema, values | head)


def fresh_update(trained: Vector, fresh: FreshAdapter, shared: Schema, base: Vector) -> Vector:
    """Give what is uploaded: trained factors, and the change of the head, subtracted in float64.

    Shapes: trained and result (fresh coordinates,), base (shared coordinates,).
    """
    values = unflatten(fresh.schema, trained)
    for name, before in _head(shared, base).items():
        change = values[name].astype(np.float64) - before.astype(np.float64)
        values[name] = change.astype(np.float32)
    return flatten(fresh.schema, values)


def _head(shared: Schema, base: Vector) -> dict[str, Vector]:
    tensors = unflatten(shared, base)
    return {tensor.name: tensors[tensor.name] for tensor in shared.head_tensors}
