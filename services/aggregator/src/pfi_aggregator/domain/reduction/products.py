"""Products of factors: FlexLoRA's mean of products, and FLoRA's stack, module by module.

Everything is in the shared adapter's scale: a client's factor B counts as B * (shared rank /
client rank), see `pfi_common.tensors.rank_change`, so that alpha / rank is one number for all and
drops out.

* svd: sum of p_k B_k A_k, with B_k and A_k the factors that the client ended with: the leading
  part of the base plus its change (Bai et al. 2024, "Federated Fine-tuning of Large Language Models
  under Heterogeneous Tasks and Client Resources", section 3).
* stack: B A + sum of p_k B_k A_k, with B A the base and B_k and A_k the adapter that the client
  trained beside it (Wang et al. 2024, "FLoRA: Federated Fine-Tuning Large Language Models with
  Heterogeneous Low-Rank Adaptations", section 3; there the sum is added to the backbone).

Either is cut to the schema's rank: B gets the singular values, A is orthonormal. Tensors that are
no factors are averaged as in the exact merge. Results of two processors may differ in the last bits
of a decomposition; of a piece that was computed twice, one result is used whole.
"""

import struct
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.aggregation_rule import StackProduct
from pfi_aggregator.domain.products import Factors, Float64, LowRankSum
from pfi_aggregator.domain.reduction.base import Reduced, UpdateReader
from pfi_aggregator.domain.reduction.modules import AdapterParts
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import ArtifactCorruptError
from pfi_common.tensors import FULL_CLIP_FACTOR, RANGE_BLOCK, Placed, accumulate, mean

_ENERGIES = struct.Struct("<dd")


class ProductReduction:
    """The reduction of a product of factors; pieces are groups of modules, then heads."""

    reads_base: ClassVar[bool] = True

    def __init__(self, plan: RoundPlan, counted: tuple[CountedUpdate, ...]) -> None:
        self._plan = plan
        self._counted = counted
        self._total_units = sum(update.weight_units for update in counted)
        self._shared = AdapterParts(plan.schema)
        schemas = (plan.schema, *plan.client_schemas)
        self._by_digest = {schema.digest: AdapterParts(schema) for schema in schemas}
        self._by_task: dict[str, AdapterParts] = {}

    @property
    def piece_count(self) -> int:
        """How many groups and heads there are."""
        return len(self._shared.pieces)

    def reduce(self, piece: int, updates: UpdateReader) -> bytes:
        """Gives kept and discarded energy as binary64, then the change of each tensor as binary32.

        Factor A before factor B of each module; all little-endian.
        """
        asked = self._shared.pieces[piece]
        kept, discarded, changes = 0.0, 0.0, []
        for position in asked.modules:
            factors = self._merged(position, updates)
            module = self._shared.modules[position]
            kept, discarded = kept + factors.kept_energy, discarded + factors.discarded_energy
            changes += [
                _change(factors.a, module.a, updates),
                _change(factors.b, module.b, updates),
            ]
        changes += [self._mean_of(name, updates) for name in asked.whole]
        return _ENERGIES.pack(kept, discarded) + b"".join(
            change.astype("<f4", copy=False).tobytes() for change in changes
        )

    def completion(self) -> "_Assembly":
        """Starts to put tensors in their places."""
        return _Assembly(self._shared)

    def _merged(self, position: int, updates: UpdateReader) -> Factors:
        module = self._shared.modules[position]
        base_a, base_b = _base(module.a, updates), _base(module.b, updates)
        total = LowRankSum(base_b.shape[0], base_a.shape[1])
        stacked = isinstance(self._plan.product, StackProduct)
        if stacked:
            total.add(base_b, base_a, 1.0)
        for update in self._counted:
            b, a = self._trained(update, position, updates)
            if not stacked:
                b, a = b + base_b[:, : b.shape[1]], a + base_a[: a.shape[0]]
            total.add(b, a, update.weight_units / self._total_units)
        return total.cut(self._plan.schema.rank, base_a)

    def _trained(
        self, update: CountedUpdate, position: int, updates: UpdateReader
    ) -> tuple[Float64, Float64]:
        """Gives what a client sent for a module, B as it counts in the shared adapter."""
        parts = self._parts(update, updates)
        module = parts.modules[position]
        b, a = _read(update, module.b, updates), _read(update, module.a, updates)
        return b * self._plan.schema.rank / parts.schema.rank, a

    def _mean_of(self, name: str, updates: UpdateReader) -> NDArray[np.float32]:
        bits = self._plan.fixed_point.fraction_bits
        count = self._shared.whole[name].tensor.coordinate_count
        sums = np.zeros(count, dtype=np.int64)
        for update in self._counted:
            first = self._parts(update, updates).whole[name].start
            for start in range(0, count, RANGE_BLOCK):
                stop = min(start + RANGE_BLOCK, count)
                values = updates.read(update, first + start, first + stop)
                # The values are clipped already.
                accumulate(sums[start:stop], values, FULL_CLIP_FACTOR, update.weight_units, bits)
        return mean(sums, self._total_units, bits)

    def _parts(self, update: CountedUpdate, updates: UpdateReader) -> AdapterParts:
        if update.task not in self._by_task:
            digest = updates.record(update).ticket.schema_digest
            self._by_task[update.task] = self._by_digest[digest]
        return self._by_task[update.task]


class _Assembly:
    """Puts changes where their tensors lie, and adds energies up."""

    def __init__(self, parts: AdapterParts) -> None:
        self._parts = parts
        self._delta = np.empty(parts.schema.coordinate_count, dtype=np.float32)
        self._kept = self._discarded = 0.0

    def add(self, piece: int, body: memoryview) -> None:
        places = self._parts.places(self._parts.pieces[piece])
        expected = _ENERGIES.size + 4 * sum(place.tensor.coordinate_count for place in places)
        if len(body) != expected:
            message = f"Piece {piece} of the reduction does not have its modules' size."
            raise ArtifactCorruptError(message)
        kept, discarded = _ENERGIES.unpack_from(body)
        self._kept, self._discarded = self._kept + kept, self._discarded + discarded
        start = _ENERGIES.size
        for place in places:
            stop = start + 4 * place.tensor.coordinate_count
            self._delta[place.start : place.stop] = np.frombuffer(body[start:stop], dtype="<f4")
            start = stop

    def finish(self) -> Reduced:
        total = self._kept + self._discarded
        return Reduced(
            delta=self._delta, discarded_energy=self._discarded / total if total else 0.0
        )


def _base(place: Placed, updates: UpdateReader) -> Float64:
    values = updates.base(place.start, place.stop)
    return values.reshape(place.tensor.shape).astype(np.float64)


def _read(update: CountedUpdate, place: Placed, updates: UpdateReader) -> Float64:
    values = updates.read(update, place.start, place.stop)
    return values.reshape(place.tensor.shape).astype(np.float64)


def _change(new: Float64, place: Placed, updates: UpdateReader) -> NDArray[np.float32]:
    """Gives what the base lacks of the new values, rounded once."""
    return (new - _base(place, updates)).astype(np.float32).reshape(-1)
