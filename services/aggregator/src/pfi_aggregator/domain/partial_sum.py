"""What one spool adds to a round that lies on several."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import PartialSumInvalidError

SUM_BYTES = 8
"""Bytes of one sum."""


@dataclass(frozen=True)
class PartialSum:
    """The exact weighted sum of one spool's counted updates. Fields as in `lineage.proto`."""

    key: RoundKey
    spool: str
    plan_sha256: str
    sums_digest: str
    total_weight_units: int
    counted: tuple[CountedUpdate, ...]


@dataclass(eq=False)
class Sums:
    """Sums of updates in 64-bit fixed point; see `pfi_common.tensors.fixed_point`.

    Shapes: values (n,).

    Attributes:
        values: Sum of each coordinate.
        total_weight_units: Sum of the weights.
    """

    values: NDArray[np.int64]
    total_weight_units: int

    def add(self, start: int, block: bytes) -> None:
        """Adds the sums of another spool from a coordinate on, integer by integer.

        The plan's fixed point leaves room for every update that the round may count, so no order
        of adding overflows.
        """
        added = np.frombuffer(block, dtype="<i8")
        self.values[start : start + added.size] += added


def check_partial_sums(
    plan: RoundPlan, plan_sha256: str, own: Sequence[CountedUpdate], partials: Sequence[PartialSum]
) -> None:
    """Checks that partial sums make up the round, together with the updates of this spool.

    Args:
        plan: The round's plan.
        plan_sha256: SHA-256 of the serialised plan.
        own: Counted updates of the spool that finalizes.
        partials: What the other spools have signed.

    Raises:
        PartialSumInvalidError: one is of another round or plan, a spool is missing or named twice,
            an update stands in two of them, or they are more than the plan permits.
    """
    for partial in partials:
        if (partial.key, partial.plan_sha256) != (plan.key, plan_sha256):
            raise _refuse(f"that of {partial.spool} is of another round or plan")
        weights = sum(update.weight_units for update in partial.counted)
        if weights != partial.total_weight_units:
            raise _refuse(f"that of {partial.spool} has another weight than its updates")
    if sorted(partial.spool for partial in partials) != sorted(plan.spools[1:]):
        wanted = ", ".join(plan.spools[1:]) or "no other spool"
        raise _refuse(f"they must be those of {wanted}")
    _check_updates(plan, merge_counted(own, partials))


def merge_counted(
    own: Sequence[CountedUpdate], partials: Sequence[PartialSum]
) -> tuple[CountedUpdate, ...]:
    """Gives the counted updates of all spools, each foreign one with its spool, sorted by task."""
    foreign = [
        replace(update, spool=partial.spool) for partial in partials for update in partial.counted
    ]
    return tuple(sorted((*own, *foreign), key=lambda update: update.task))


def _check_updates(plan: RoundPlan, counted: Sequence[CountedUpdate]) -> None:
    for name in ("task", "client"):
        named = Counter(getattr(update, name) for update in counted)
        twice = [value for value, count in named.items() if count > 1]
        if twice:
            raise _refuse(f"{name} {min(twice)} is counted twice")
    if len(counted) > plan.fixed_point.maximum_updates:
        permitted = plan.fixed_point.maximum_updates
        raise _refuse(f"{len(counted)} updates are counted, and the plan permits {permitted}")


def _refuse(rule: str) -> PartialSumInvalidError:
    return PartialSumInvalidError(f"The partial sums do not belong together: {rule}.")
