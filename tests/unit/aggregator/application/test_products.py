"""Whole rounds of products: uploads of two ranks, workers, and the lineage of what comes out."""

import asyncio
import itertools

import numpy as np
import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_schema, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi.aggregator.v1 import lineage_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.domain.aggregation_rule import StackProduct, SvdProduct
from pfi_common.errors import ReductionIncompleteError, SchemaMismatchError
from pfi_common.tensors import at_rank, lora_modules, view

SHARED = make_schema(rank=4)
SMALL = at_rank(SHARED, 2)


def uploads_of(plan):
    return [
        make_upload(plan, f"c-{number:012}", schema=of, seed=number, examples=number + 1)
        for number, of in enumerate([SHARED, SMALL, SMALL])
    ]


async def play(product, order):
    """One round, the pieces computed in any order and some of them twice."""
    world = UseCases()
    plan = make_plan(schema=SHARED, product=product, client_schemas=(SMALL,))
    await world.start(plan)
    for upload in order(uploads_of(plan)):
        await world.upload(upload)
    sealed = await world.seal.run(TOKEN, KEY)
    with pytest.raises(ReductionIncompleteError):
        await world.finalize.run(TOKEN, KEY)
    pieces = list(range(sealed.reduction_pieces))
    assert pieces
    await asyncio.gather(*[world.reduce.run(KEY, piece) for piece in (*pieces, *pieces[:1])])
    result = await world.finalize.run(TOKEN, KEY)
    signed = signed_pb2.SignedStatement.FromString(result.lineage)
    lineage = lineage_pb2.Lineage.FromString(signed.payload)
    return lineage, world.adapter(lineage.adapter.digest)


@pytest.mark.parametrize("product", [SvdProduct(), StackProduct()])
async def test_a_round_of_two_ranks(product):
    lineage, adapter = await play(product, list)
    assert lineage.report.product == product.name
    assert 0 < lineage.report.discarded_energy < 1
    assert lineage.optimizer_state_digest == ""
    assert len(lineage.counted) == 3
    (module,) = lora_modules(SHARED)
    rows = view(adapter, module.a)
    np.testing.assert_allclose(rows @ rows.T, np.eye(4), atol=1e-5)


@pytest.mark.parametrize("product", [SvdProduct(), StackProduct()])
async def test_the_order_of_arrival_does_not_show(product):
    digests = set()
    for order in itertools.permutations(range(3)):
        lineage, _ = await play(product, lambda uploads, order=order: [uploads[i] for i in order])
        digests.add(lineage.adapter.digest)
    assert len(digests) == 1


async def test_an_update_of_a_rank_that_nobody_was_given_is_refused():
    world = UseCases()
    plan = make_plan(schema=SHARED, client_schemas=(SMALL,))
    await world.start(plan)
    with pytest.raises(SchemaMismatchError):
        await world.upload(make_upload(plan, schema=at_rank(SHARED, 3)))
