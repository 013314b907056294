"""Which reduction a plan asks for."""

from collections.abc import Callable, Mapping

from pfi_aggregator.domain.reduction.base import Reduction
from pfi_aggregator.domain.reduction.coordinates import CoordinateReduction
from pfi_aggregator.domain.reduction.krum import KrumReduction
from pfi_aggregator.domain.reduction.products import ProductReduction
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import PopulationTooSmallError

Counted = tuple[CountedUpdate, ...]
Factory = Callable[[RoundPlan, Counted], Reduction]

_BY_RULE: Mapping[str, Factory] = {
    "median": CoordinateReduction,
    "trimmed_mean": CoordinateReduction,
    "krum": KrumReduction,
    "multi_krum": KrumReduction,
}
_BY_PRODUCT: Mapping[str, Factory] = {"svd": ProductReduction, "stack": ProductReduction}


def reduction_of(plan: RoundPlan, counted: Counted) -> Reduction | None:
    """Gives the round's reduction; none when the exact merge does all the work.

    A plan has a rule or a product of its own, never both.
    """
    factory = _BY_RULE.get(plan.rule.rule.name) or _BY_PRODUCT.get(plan.product.name)
    return factory(plan, counted) if factory else None


def require_population(plan: RoundPlan, counted: Counted) -> None:
    """Checks that enough updates are counted for the rule to keep what it promises.

    Raises:
        PopulationTooSmallError: they are too few.
    """
    rows, fewest = plan.rule.row_count(len(counted)), plan.rule.rule.fewest_rows
    if rows < fewest:
        buckets = f" in {rows} buckets" if plan.rule.bucket_size > 1 else ""
        message = (
            f"{len(counted)} updates{buckets} are counted; {plan.rule.rule.name} needs {fewest}."
        )
        raise PopulationTooSmallError(message)


def piece_count(plan: RoundPlan, counted: Counted) -> int:
    """Says how many pieces workers must reduce before the round can be finalized.

    None for a round that the merge alone completes, and for one that counts too few updates, which
    cannot be finalized at all.
    """
    rows = plan.rule.row_count(len(counted))
    if len(counted) < plan.minimum_updates or rows < plan.rule.rule.fewest_rows:
        return 0
    reduction = reduction_of(plan, counted)
    return reduction.piece_count if reduction else 0
