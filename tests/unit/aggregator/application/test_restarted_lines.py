"""Version 0 of a run that begins with an adapter which another run has published."""

from dataclasses import replace
from hashlib import sha256

import pytest
from tests.support.aggregator.builders import KEY, SEED, make_plan, make_schema, make_upload
from tests.support.aggregator.use_cases import TOKEN, UseCases

from pfi_aggregator.application.create_initial_adapter import InitialAdapter
from pfi_common.errors import AdapterUnknownError, RoundStateInvalidError, SchemaMismatchError
from pfi_common.tensors import INT8_BLOCK

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]


@pytest.fixture
async def world():
    made = UseCases()
    await made.start(PLAN)
    for upload in UPLOADS:
        await made.upload(upload)
    await made.seal.run(TOKEN, KEY)
    made.result = (await made.finalize.run(TOKEN, KEY)).lineage
    return made


def wanted(world, **changes):
    origin = world.statements.read_lineage(world.result).adapter
    values = {"run": "r-0000000009", "line": "global", "schema": PLAN.schema, "seed": SEED}
    return InitialAdapter(**(values | {"origin": origin} | changes))


async def test_version_0_is_the_adapter_and_names_where_it_comes_from(world):
    asked = wanted(world)
    lineage = world.statements.read_lineage(await world.create.run(TOKEN, asked))
    assert lineage.adapter == replace(asked.origin, run="r-0000000009", version=0)
    assert (lineage.origin.version, lineage.origin.run) == (1, KEY.run)
    assert lineage.origin_lineage_digest == sha256(world.result).hexdigest()
    assert (lineage.seed, lineage.parent_digest, lineage.counted) == (0, "", ())


async def test_it_is_made_once(world):
    first = await world.create.run(TOKEN, wanted(world))
    world.clock.advance(1000)
    assert await world.create.run(TOKEN, wanted(world)) == first
    with pytest.raises(RoundStateInvalidError):
        await world.create.run(TOKEN, wanted(world, origin=None))


async def test_it_is_offered_in_the_form_that_clients_ask_for(world):
    asked = wanted(world, download_encoding=INT8_BLOCK)
    lineage = world.statements.read_lineage(await world.create.run(TOKEN, asked))
    assert [form.encoding for form in lineage.forms] == [INT8_BLOCK]


@pytest.mark.parametrize("changes", [{"version": 7}, {"digest": "0" * 64}, {"line": "cluster-1"}])
async def test_what_no_run_has_published_is_refused(world, changes):
    origin = replace(wanted(world).origin, **changes)
    with pytest.raises(AdapterUnknownError, match="is not published"):
        await world.create.run(TOKEN, wanted(world, origin=origin))


def test_another_schema_is_refused(world):
    with pytest.raises(SchemaMismatchError):
        wanted(world, schema=make_schema(rank=3))
