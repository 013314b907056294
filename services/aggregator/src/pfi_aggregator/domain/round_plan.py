"""All that an aggregator needs to know of a round."""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from pfi_aggregator.domain.adapter import AdapterReference, check_form_encoding
from pfi_aggregator.domain.aggregation_rule import (
    SEPARATE_FACTORS,
    WEIGHTED_MEAN,
    AggregationRule,
    Product,
)
from pfi_aggregator.domain.names import check_digest, check_name
from pfi_aggregator.domain.plan_products import check_products
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.server_optimizer import ServerOptimizer
from pfi_common.errors import InvalidRequestError, SchemaMismatchError
from pfi_common.tensors import (
    MAXIMUM_DIMENSIONS,
    FixedPoint,
    PayloadScanner,
    RankChange,
    Schema,
    Sketcher,
    TakeBlock,
)
from pfi_common.tensors.encoding import EncodingValue

_HIGHEST_SUM = 1 << 62
_BUCKET_WEIGHTS = 1 << 8
"""Highest weight with which a selected bucket of any permitted size enters the exact merge."""


@dataclass(frozen=True)
class SketchPlan:
    """How the updates of a probe round are sketched; see `pfi_common.tensors.sketch`.

    Attributes:
        seed: Seed, below 2^64.
        dimensions: Numbers in a sketch.

    Raises:
        InvalidRequestError: a field breaks its rule.
    """

    seed: int
    dimensions: int

    def __post_init__(self) -> None:
        if not 1 <= self.dimensions <= MAXIMUM_DIMENSIONS:
            raise _refuse("sketch.dimensions", f"must lie in 1 to {MAXIMUM_DIMENSIONS}.")


@dataclass(frozen=True)
class RoundPlan:
    """The plan of one attempt of a round's line. Valid once made.

    Attributes:
        key: Which.
        schema: Schema of the shared adapter.
        base: Adapter that clients start from: version round - 1 of the line.
        fixed_point: Arithmetic of the merge.
        clip_norm: L2 clip of an update; 0 for none.
        minimum_updates: Fewest updates to publish.
        server_optimizer: How the shared adapter moves.
        optimizer_state_digest: State before this round; empty for none yet.
        sketch: Set in a probe round alone.
        download_encoding: Form, beside the canonical payload, of the next version; none for none.
        rule: How the updates become one change.
        product: How factors become one adapter.
        client_schemas: Further schemas of updates: the schema at other ranks.
        spools: All spools of the round, the one that finalizes first; empty for one alone.

    Raises:
        InvalidRequestError: a field breaks its rule.
        SchemaMismatchError: the base adapter has another schema.
    """

    key: RoundKey
    schema: Schema
    base: AdapterReference
    fixed_point: FixedPoint
    clip_norm: float
    minimum_updates: int
    server_optimizer: ServerOptimizer
    optimizer_state_digest: str
    sketch: SketchPlan | None = None
    download_encoding: EncodingValue | None = None
    rule: AggregationRule = WEIGHTED_MEAN
    product: Product = SEPARATE_FACTORS
    client_schemas: tuple[Schema, ...] = ()
    spools: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.base.schema_digest != self.schema.digest:
            raise SchemaMismatchError("The base adapter has another schema than the plan.")
        base, key = self.base, self.key
        if (base.run, base.line, base.version) != (key.run, key.line, key.round - 1):
            raise _refuse("base", "must be the version before the round, of the same line.")
        if self.optimizer_state_digest:
            check_digest("optimizer_state_digest", self.optimizer_state_digest)
        if not (math.isfinite(self.clip_norm) and self.clip_norm >= 0):
            raise _refuse("clip_norm", "must be finite and at least 0.")
        _check_fixed_point(self.fixed_point)
        check_form_encoding(self.download_encoding)
        if not 1 <= self.minimum_updates <= self.fixed_point.maximum_updates:
            raise _refuse("minimum_updates", "must lie in 1 to maximum_updates.")
        check_products(self)
        self._check_spools()
        if self.rule.bucket_size > 1 and self.fixed_point.maximum_weight_units < _BUCKET_WEIGHTS:
            raise _refuse("maximum_weight_units", f"must be {_BUCKET_WEIGHTS} for buckets.")

    def _check_spools(self) -> None:
        if len(set(self.spools)) != len(self.spools):
            raise _refuse("spools", "must be different ones.")
        for spool in self.spools:
            check_name("spools", spool)
        exact = (self.rule, self.product) == (WEIGHTED_MEAN, SEPARATE_FACTORS)
        if len(self.spools) > 1 and not exact:
            raise _refuse("spools", "must be one: rule or product need all updates in one place.")

    @property
    def next_version(self) -> int:
        """Version that the round publishes."""
        return self.key.round

    def schema_of(self, digest: str) -> Schema:
        """Gives the schema of an update.

        Raises:
            SchemaMismatchError: no update of the round has it.
        """
        for schema in (self.schema, *self.client_schemas):
            if schema.digest == digest:
                return schema
        message = f"The round's updates have the schema {self.schema.digest}, not {digest}."
        raise SchemaMismatchError(message, expected=self.schema.digest, received=digest)

    def rank_change(self, digest: str) -> RankChange | None:
        """Gives how updates of a schema count in the shared adapter; none for its own schema.

        Raises:
            SchemaMismatchError: no update of the round has it.
        """
        schema = self.schema_of(digest)
        return None if schema == self.schema else _rank_change(self.schema, schema)

    def scanner(
        self, encoding: EncodingValue, schema_digest: str, take: TakeBlock | None = None
    ) -> PayloadScanner:
        """Makes the reader of one payload of the round.

        Args:
            encoding: How it is written.
            schema_digest: Its schema.
            take: Is given each block as it counts.

        Raises:
            EncodingMismatchError: the encoding is not known.
            SchemaMismatchError: no update of the round has the schema.
        """
        asked, schema = self.sketch, self.schema_of(schema_digest)
        sketcher = Sketcher(schema, asked.seed, asked.dimensions) if asked else None
        change = self.rank_change(schema_digest)
        rescale = change.rescale if change else None
        return PayloadScanner(encoding, schema.coordinate_count, sketcher, rescale, take)


@lru_cache(maxsize=64)
def _rank_change(shared: Schema, client: Schema) -> RankChange:
    return RankChange(shared, client)


def _check_fixed_point(fixed_point: FixedPoint) -> None:
    """Checks that no permitted set of updates can overflow an int64."""
    limit = fixed_point.coordinate_limit
    if not (math.isfinite(limit) and limit > 0):
        raise _refuse("coordinate_limit", "must be finite and above 0.")
    if fixed_point.maximum_updates < 1 or fixed_point.maximum_weight_units < 1:
        raise _refuse("maximum_updates", "and maximum_weight_units must be at least 1.")
    highest = Fraction(limit) * fixed_point.maximum_updates * fixed_point.maximum_weight_units
    if highest * 2**fixed_point.fraction_bits > _HIGHEST_SUM:
        raise _refuse("fraction_bits", "let the sum of the permitted updates overflow.")


def _refuse(field: str, rule: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} {rule}", field=field)
