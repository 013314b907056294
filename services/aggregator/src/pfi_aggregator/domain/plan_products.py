"""Which products of factors and ranks of clients go with the rest of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pfi_aggregator.domain.aggregation_rule import (
    SEPARATE_FACTORS,
    WEIGHTED_MEAN,
    StackProduct,
)
from pfi_aggregator.domain.server_optimizer import Sgd
from pfi_common.errors import InvalidRequestError
from pfi_common.tensors import RankChange, lora_modules

if TYPE_CHECKING:
    from pfi_aggregator.domain.round_plan import RoundPlan

_PLAIN = Sgd(1.0, 0.0)


def check_products(plan: RoundPlan) -> None:
    """Checks product and client schemas of a plan against its other parts.

    Raises:
        InvalidRequestError: they do not go together.
        SchemaMismatchError: a client's schema differs in more than the rank.
        SpecInvalidError: the schema has a factor without its partner.
    """
    if plan.product != SEPARATE_FACTORS:
        _check_product(plan)
    if plan.client_schemas:
        _check_clients(plan)


def _check_product(plan: RoundPlan) -> None:
    lora_modules(plan.schema)
    if plan.rule != WEIGHTED_MEAN:
        raise _refuse("product", "must be factors with any rule but the mean.")
    if plan.server_optimizer != _PLAIN:
        rule = "must be sgd with learning rate 1 and no momentum with this product."
        raise _refuse("server_optimizer", rule)
    if isinstance(plan.product, StackProduct) and plan.clip_norm:
        raise _refuse("clip_norm", "must be 0 with stack: an update is a whole adapter.")


def _check_clients(plan: RoundPlan) -> None:
    lora_modules(plan.schema)
    ranks = [RankChange(plan.schema, schema).client.rank for schema in plan.client_schemas]
    if len(set(ranks)) < len(ranks) or max(ranks) > plan.schema.rank:
        raise _refuse("client_schemas", "must be of ranks up to the schema's, each once.")
    if plan.rule != WEIGHTED_MEAN:
        raise _refuse("client_schemas", "need the mean: what small ranks lack is no vote.")
    # With a stack every client trains a rank that is not the shared one; else some may train that.
    one = len(ranks) == 1 and isinstance(plan.product, StackProduct)
    if plan.sketch is not None and not one:
        raise _refuse("sketch", "compares updates of one rank only.")


def _refuse(field: str, rule: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} {rule}", field=field)
