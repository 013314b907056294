"""Aggregators, in memory and over mTLS to a real aggregator."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest
from tests.support.coordinator.agent import TestAgent
from tests.support.coordinator.aggregators import MemoryAggregators
from tests.support.coordinator.site import SPOOL, Site
from tests.support.coordinator.uploads import identity_for, task_for
from tests.support.coordinator.values import RUN, SCHEMA, client_id, document

from pfi_common.clock import SystemClock
from pfi_common.errors import (
    AdapterUnknownError,
    LeaderSupersededError,
    RoundStateInvalidError,
    RoundUnknownError,
    ServiceUnavailableError,
    SignatureInvalidError,
)
from pfi_common.identity import StatementVerifier, load_identity, load_signer
from pfi_coordinator.adapters.aggregator_rpc import GrpcAggregators
from pfi_coordinator.adapters.lineages import CountersignLineages
from pfi_coordinator.application.ports.aggregators import Attempt, Opening, Sealed
from pfi_coordinator.application.records import Origin

ATTEMPT = Attempt(RUN, SPOOL, 1, 1)
CLIENT = client_id(1)


class MemorySide:
    """Commits by hand."""

    def __init__(self) -> None:
        self.aggregators = MemoryAggregators()

    async def commit(self, base, client: str = CLIENT, attempt: Attempt = ATTEMPT) -> None:
        self.aggregators.commit(attempt, client)


class RealSide:
    """Commits by uploading."""

    def __init__(self, site: Site, aggregators: GrpcAggregators) -> None:
        self.site = site
        self.aggregators = aggregators

    async def commit(self, base, client: str = CLIENT, attempt: Attempt = ATTEMPT) -> None:
        enrolled = identity_for(self.site, client)
        await TestAgent(enrolled, SCHEMA).upload(task_for(self.site, enrolled, base, attempt))


@pytest.fixture(params=["memory", pytest.param("real", marks=pytest.mark.integration)])
async def side(request, tmp_path):
    if request.param == "memory":
        yield MemorySide()
        return
    site = Site.make(tmp_path, request.getfixturevalue("redis_url"))
    async with site.aggregator():
        folder = tmp_path / "coordinator" / "identity"
        identity = load_identity(folder)
        verifier = StatementVerifier(identity.authority_certificate, "test", SystemClock())
        countersign = CountersignLineages(verifier, load_signer(folder))
        addresses = {SPOOL: site.aggregator_address}
        aggregators = GrpcAggregators(addresses, identity, countersign)
        yield RealSide(site, aggregators)
        await aggregators.close()


async def opened(aggregators):
    made = await aggregators.create_initial(1, document())
    await aggregators.open_round(1, ATTEMPT, document(), Opening(made.adapter, 2))
    return made.adapter


async def test_version_0_is_the_same_when_asked_twice(side):
    first = await side.aggregators.create_initial(1, document())
    again = await side.aggregators.create_initial(1, document())
    assert first.adapter == again.adapter
    assert (first.adapter.version, first.adapter.schema_digest) == (0, SCHEMA.digest)
    assert first.lineage
    assert first.countersignature


def restarted(origin, **changes):
    """A run whose version 0 is one of another run."""
    named = Origin(
        RUN,
        origin.line,
        origin.version,
        origin.digest,
        origin.schema_digest,
        origin.lineage_digest,
    )
    return replace(document("r-ffffffffff"), origin=replace(named, **changes))


async def test_version_0_is_the_adapter_that_a_run_is_restarted_from(side):
    origin = (await side.aggregators.create_initial(1, document())).adapter
    first = await side.aggregators.create_initial(1, restarted(origin))
    assert (first.adapter.version, first.adapter.digest) == (0, origin.digest)
    again = await side.aggregators.create_initial(1, restarted(origin))
    assert first.adapter == again.adapter


@pytest.mark.parametrize("changes", [{"version": 3}, {"digest": "0" * 64}])
async def test_what_was_not_published_starts_nothing(side, changes):
    origin = (await side.aggregators.create_initial(1, document())).adapter
    with pytest.raises(AdapterUnknownError):
        await side.aggregators.create_initial(1, restarted(origin, **changes))


async def test_older_tokens_are_refused(side):
    await side.aggregators.create_initial(7, document())
    assert await side.aggregators.highest_token(SPOOL) == 7
    with pytest.raises(LeaderSupersededError):
        await side.aggregators.create_initial(6, document())


async def test_a_round_is_watched_sealed_published_and_settled(side):
    base = await opened(side.aggregators)
    async with aclosing(side.aggregators.watch_round(ATTEMPT)) as watch:
        await side.commit(base)
        async with asyncio.timeout(60):
            update = await anext(watch)
        assert update.client == CLIENT
        await side.commit(base, client_id(2))
        counted = await side.aggregators.seal_round(1, ATTEMPT)
        assert [item.client for item in counted.counted] == [CLIENT, client_id(2)]
        assert counted.pieces == 0
        async with asyncio.timeout(60):
            assert [item.client async for item in watch] == [client_id(2)]
    assert await side.aggregators.seal_round(1, ATTEMPT) == counted
    sealed = Sealed(base.digest, frozenset({CLIENT, client_id(2)}))
    for wrong in (Sealed("0" * 64, sealed.counted), Sealed(base.digest, frozenset({CLIENT}))):
        with pytest.raises(SignatureInvalidError):
            await side.aggregators.finalize_round(1, ATTEMPT, document(), wrong)
    published = await side.aggregators.finalize_round(1, ATTEMPT, document(), sealed)
    again = await side.aggregators.finalize_round(1, ATTEMPT, document(), sealed)
    assert published.adapter == again.adapter
    assert published.adapter.version == 1
    await side.aggregators.settle_round(1, ATTEMPT)


async def test_a_cluster_s_line_goes_on_from_the_version_of_the_whole_run(side):
    base = replace((await side.aggregators.create_initial(1, document())).adapter, line="cluster-2")
    attempt = replace(ATTEMPT, line="cluster-2")
    await side.aggregators.open_round(1, attempt, document(), Opening(base, 1))
    await side.commit(base, attempt=attempt)
    counted = await side.aggregators.seal_round(1, attempt)
    assert [item.client for item in counted.counted] == [CLIENT]
    sealed = Sealed(base.digest, frozenset({CLIENT}))
    published = await side.aggregators.finalize_round(1, attempt, document(), sealed)
    assert (published.adapter.line, published.adapter.version) == ("cluster-2", 1)


async def test_an_aborted_attempt_can_be_settled_but_not_sealed(side):
    base = await opened(side.aggregators)
    await side.commit(base)
    await side.aggregators.abort_round(1, ATTEMPT)
    await side.aggregators.abort_round(1, ATTEMPT)
    with pytest.raises(RoundStateInvalidError):
        await side.aggregators.seal_round(1, ATTEMPT)
    await side.aggregators.settle_round(1, ATTEMPT)


async def test_an_attempt_that_was_never_opened_is_unknown(side):
    await side.aggregators.create_initial(1, document())
    for command in (side.aggregators.seal_round, side.aggregators.settle_round):
        with pytest.raises(RoundUnknownError):
            await command(1, ATTEMPT)
    with pytest.raises(RoundUnknownError):
        await anext(side.aggregators.watch_round(ATTEMPT))


@pytest.mark.integration
async def test_an_aggregator_that_is_away_is_unavailable(tmp_path):
    site = Site.make(tmp_path, "unix:///nowhere")
    identity = load_identity(site.folder / "coordinator" / "identity")
    aggregators = GrpcAggregators({SPOOL: "127.0.0.1:9"}, identity, countersign=None)
    with pytest.raises(ServiceUnavailableError):
        await aggregators.highest_token(SPOOL)
    with pytest.raises(ServiceUnavailableError):
        await aggregators.highest_token("spool-9")
    await aggregators.close()


async def test_a_spool_that_another_one_finalizes_is_folded(side):
    base = (await side.aggregators.create_initial(1, document())).adapter
    opening = Opening(base, 1, ("spool-9", SPOOL))
    await side.aggregators.open_round(1, ATTEMPT, document(), opening)
    await side.commit(base)
    with pytest.raises(RoundStateInvalidError):
        await side.aggregators.fold_round(1, ATTEMPT)
    await side.aggregators.seal_round(1, ATTEMPT)
    partial = await side.aggregators.fold_round(1, ATTEMPT)
    assert partial
    assert await side.aggregators.fold_round(1, ATTEMPT) == partial


async def test_a_spool_that_finalizes_itself_is_not_folded(side):
    await opened(side.aggregators)
    await side.aggregators.seal_round(1, ATTEMPT)
    with pytest.raises(RoundStateInvalidError):
        await side.aggregators.fold_round(1, ATTEMPT)
