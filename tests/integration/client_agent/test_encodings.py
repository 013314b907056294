"""Forms of the base, encodings of the update, and what they lose, through a whole agent."""

import hashlib

import numpy as np
import pytest
from tests.integration.client_agent.test_training_task import metrics_of, perform
from tests.support.client_agent.federation import TinyRun
from tests.support.client_agent.tasks import RUN, tiny_spec

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.adapters.residual_store import ResidualStore
from pfi_client_agent.domain.update import UpdateKey
from pfi_common.errors import ServiceUnavailableError
from pfi_common.tensors import BF16, INT4_BLOCK, decode

pytestmark = pytest.mark.integration


@pytest.fixture
def tiny_run(backbone_folder, tmp_path_factory):
    spec = tiny_spec(
        backbone_folder, encoding={"upload": "int4_block"}, personalize={"method": "none"}
    )
    return TinyRun.describe(spec, backbone_folder, tmp_path_factory.mktemp("cache"))


def lost_in(folder, tiny_run, number):
    store = ResidualStore(folder.residuals)
    return store.find(UpdateKey(RUN, number, "global"), tiny_run.schema.digest)


async def test_a_client_trains_from_the_form_that_it_downloads(
    start_agent, federation, builder, tiny_run, folder
):
    agent, payload = start_agent(), tiny_run.base()
    form = federation.aggregator.publish_form(payload, BF16)
    digest = hashlib.sha256(payload).hexdigest()
    task = builder.train(digest, base_form=form)
    result = await perform(agent, federation, task)
    header, _ = federation.aggregator.committed[task.task]
    assert header.base_digest == form.payload_sha256
    metrics = metrics_of(result)
    assert metrics["DOWNLOADED_BYTES"] == form.payload_bytes == len(payload) // 2
    assert 0 < metrics["UPLOAD_ENCODING_ERROR"] < 0.753
    assert [path.name for path in folder.adapter_cache.iterdir()] == [form.payload_sha256]


async def test_a_form_of_another_size_is_refused(start_agent, federation, builder, tiny_run):
    form = federation.aggregator.publish_form(tiny_run.base(), BF16)
    form.payload_bytes += 1
    digest = hashlib.sha256(tiny_run.base()).hexdigest()
    result = await perform(start_agent(), federation, builder.train(digest, base_form=form))
    assert result.abandoned.reason == session.ABANDON_REASON_ADAPTER_INVALID


async def test_what_a_counted_update_lost_is_in_the_next_one(
    start_agent, federation, builder, base, tiny_run, folder
):
    agent, count = start_agent(), tiny_run.schema.coordinate_count
    first = builder.train(base)
    await perform(agent, federation, first)
    lost = lost_in(folder, tiny_run, 1)
    assert np.abs(lost).max() > 0

    # Round 1 did not count this update: nothing is fed back, and its loss is of no more use.
    uncounted = builder.train(base, round_number=2)
    await perform(agent, federation, uncounted, count=2)
    assert lost_in(folder, tiny_run, 1) is None
    _, plain = federation.aggregator.committed[uncounted.task]

    # The same round where round 1 did count it, on a device of the same history.
    ResidualStore(folder.residuals).save(UpdateKey(RUN, 1, "global"), tiny_run.schema.digest, lost)
    agent.place.updates.forget(RUN, 2)
    counted = builder.train(base, round_number=2, attempt=2, counted_round=1)
    await perform(agent, federation, counted, count=3)
    _, fed = federation.aggregator.committed[counted.task]
    left = decode(INT4_BLOCK, fed, count) + lost_in(folder, tiny_run, 2)
    assert fed != plain
    agent.place.updates.forget(RUN, 2)
    again = builder.train(base, round_number=2, attempt=3)
    await perform(agent, federation, again, count=4)
    delta = decode(INT4_BLOCK, plain, count) + lost_in(folder, tiny_run, 2)
    np.testing.assert_allclose(left, delta + lost, atol=1e-7)


async def test_an_agent_that_ends_before_its_upload_feeds_back_the_same(
    start_agent, federation, builder, base, tiny_run, folder
):
    federation.aggregator.faults.uploads.extend(ServiceUnavailableError() for _ in range(2000))
    agent, task = start_agent(), builder.train(base)
    await agent.in_session(federation.coordinator)
    federation.say(task=task)
    await agent.until(lambda: agent.observer.named("transfer_retried"))
    lost = lost_in(folder, tiny_run, 1)
    await agent.stop()
    federation.aggregator.faults.uploads.clear()
    federation.coordinator.results.clear()
    other = start_agent()
    await perform(other, federation, task)
    np.testing.assert_array_equal(lost_in(folder, tiny_run, 1), lost)
    assert len(other.observer.named("update_reused")) == 1


async def test_the_closing_evaluation_ends_error_feedback(
    start_agent, federation, builder, base, folder
):
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    assert list(folder.residuals.iterdir())
    await perform(agent, federation, builder.evaluate(base), count=2)
    assert not list(folder.residuals.iterdir())


async def test_what_runs_lost_that_have_ended_is_forgotten(start_agent, federation, folder):
    store, lost = ResidualStore(folder.residuals), np.ones(3, dtype=np.float32)
    for run in ("r-1", "r-2"):
        store.save(UpdateKey(run, 1, "global"), "schema", lost)
    federation.coordinator.ended_runs = ["r-1", "../identity", "r-3"]
    agent = start_agent()
    await agent.until(lambda: store.runs() == ["r-2"])
    assert list(federation.coordinator.hellos[0].kept_runs) == ["r-1", "r-2"]
    assert store.find(UpdateKey("r-2", 1, "global"), "schema") is not None
    assert (folder.identity / "key.pem").exists()
