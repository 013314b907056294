"""A device that trains another rank than the shared adapter's, and one that trains a fresh adapter.

What it uploads is of its class's schema; what it evaluates, and what its personal adapter stands
beside, is the whole shared adapter.
"""

import numpy as np
import pytest
from tests.integration.client_agent.test_training_task import metrics_of, perform
from tests.support.client_agent.federation import TinyRun
from tests.support.client_agent.tasks import RUN, tiny_spec

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.application.upload_training import fresh_values
from pfi_common.identity import load_identity
from pfi_common.tensors import (
    FP32,
    RankChange,
    Schema,
    adapter_digest,
    at_rank,
    decode,
    initial_adapter,
    lora_modules,
    view,
)

pytestmark = pytest.mark.integration
PHONE = {"rank": 4, "alpha": 8, "rank_for": {"phone": 2}}
STACK = {"product": "stack", "maximum_rank": 6}


@pytest.fixture
def make_builder(backbone_folder, tmp_path, federation, folder):
    """Makes builders of runs with other parts."""

    def make(**changes):
        spec = tiny_spec(backbone_folder, encoding={"upload": "fp32"}, **changes)
        run = TinyRun.describe(spec, backbone_folder, tmp_path / "cache")
        return run.builder(federation, load_identity(folder.identity))

    return make


def trained_adapter(schema: Schema) -> np.ndarray:
    """A shared adapter whose every factor has an effect."""
    values = initial_adapter(schema, 3)
    random = np.random.default_rng(1)
    for module in lora_modules(schema):
        shape = module.b.tensor.shape
        view(values, module.b)[:] = random.standard_normal(shape) * 0.02
    return values


def publish(federation, vector: np.ndarray) -> str:
    return federation.aggregator.publish(vector.tobytes())


def uploaded(federation, task, schema) -> np.ndarray:
    _, payload = federation.aggregator.committed[task.task]
    return decode(FP32, payload, schema.coordinate_count)


async def test_a_small_device_trains_the_leading_part(
    start_agent, federation, make_builder, folder
):
    builder = make_builder(adapter=PHONE)
    shared, small = builder.schema, at_rank(builder.schema, 2)
    adapter = trained_adapter(shared)
    task = builder.train(publish(federation, adapter), device_class="phone")
    agent = start_agent()
    metrics = metrics_of(await perform(agent, federation, task))
    delta = uploaded(federation, task, small)
    assert metrics["UPLOADED_BYTES"] == 4 * small.coordinate_count
    assert metrics["DOWNLOADED_BYTES"] == 4 * shared.coordinate_count
    for module in lora_modules(small):
        for part in (module.a, module.b):
            assert 0 < np.abs(view(delta, part)).max() < 0.1
    # The same as a device would that was given this part as a shared adapter.
    alone = make_builder(adapter={"rank": 2, "alpha": 8})
    part = RankChange(shared, small).narrow(adapter)
    federation.say(round_settled=session.RoundSettled(run=RUN, round=1))
    await agent.until(lambda: not list(agent.place.updates.list()))
    plain = alone.train(publish(federation, part))
    await perform(agent, federation, plain, count=2)
    assert uploaded(federation, plain, small).tobytes() == delta.tobytes()


async def test_its_personal_adapter_and_its_evaluation_use_the_whole(
    start_agent, federation, make_builder
):
    builder = make_builder(adapter=PHONE)
    digest = publish(federation, trained_adapter(builder.schema))
    agent = start_agent()
    task = builder.train(digest, device_class="phone")
    metrics = metrics_of(await perform(agent, federation, task))
    kept = agent.place.personals.find(RUN)
    assert kept.shared_schema_digest == builder.schema.digest
    found = metrics_of(await perform(agent, federation, builder.evaluate(digest), count=2))
    assert found["EVAL_LOSS_PERSONAL"] == pytest.approx(metrics["EVAL_LOSS_PERSONAL"], rel=1e-6)
    # Before training it is the part that was measured, then the whole.
    assert found["EVAL_LOSS_SHARED"] != pytest.approx(metrics["EVAL_LOSS_SHARED"], rel=1e-6)


async def test_a_stacking_device_uploads_a_fresh_adapter(start_agent, federation, make_builder):
    builder = make_builder(adapter=PHONE, aggregate=STACK)
    assert builder.schema.rank == 6
    adapter = trained_adapter(builder.schema)
    digest = publish(federation, adapter)
    agent = start_agent()
    task = builder.train(digest, device_class="phone")
    metrics = metrics_of(await perform(agent, federation, task))
    schema = at_rank(builder.schema, 2)
    update, start = uploaded(federation, task, schema), fresh_values(task, schema)
    for module in lora_modules(schema):
        moved = np.abs(view(update, module.a) - view(start, module.a)).max()
        assert 0 < moved < 0.1
        assert np.abs(view(update, module.b)).max() > 0
    assert metrics["EVAL_LOSS_SHARED"] != metrics["EVAL_LOSS_LOCAL"]
    found = metrics_of(await perform(agent, federation, builder.evaluate(digest), count=2))
    assert found["EVAL_LOSS_SHARED"] == pytest.approx(metrics["EVAL_LOSS_SHARED"], rel=1e-6)
    assert adapter_digest(adapter) == digest


async def test_all_ranks_of_a_round_begin_with_the_same_directions(make_builder):
    builder = make_builder(adapter=PHONE, aggregate=STACK)
    task, schema = builder.train("ab" * 32), at_rank(builder.schema, 4)
    small = at_rank(builder.schema, 2)
    whole = fresh_values(task, schema)
    assert RankChange(schema, small).narrow(whole).tobytes() == fresh_values(task, small).tobytes()
    task.seed += 1  # another client's
    assert fresh_values(task, schema).tobytes() == whole.tobytes()
    task.round += 1
    assert fresh_values(task, schema).tobytes() != whole.tobytes()


async def test_a_ticket_for_another_rank_is_refused(start_agent, federation, make_builder):
    builder = make_builder(adapter=PHONE)
    digest = publish(federation, trained_adapter(builder.schema))
    ticket = {"schema_digest": builder.schema.digest}
    task = builder.train(digest, device_class="phone", ticket=ticket)
    result = await perform(start_agent(), federation, task)
    assert result.HasField("abandoned")


async def test_a_rank_above_the_shared_one_is_refused(start_agent, federation, make_builder):
    builder = make_builder(adapter=PHONE)
    digest = publish(federation, trained_adapter(builder.schema))
    task = builder.train(digest)
    high = at_rank(builder.schema, 5)
    task.train.client_schema.CopyFrom(high.to_proto())
    task.train.ticket.CopyFrom(
        builder.train(digest, ticket={"schema_digest": high.digest}).train.ticket
    )
    result = await perform(start_agent(), federation, task)
    assert result.HasField("abandoned")


async def test_the_class_is_told_when_a_session_opens(start_agent, federation):
    agent = start_agent(device_class="phone")
    await agent.until(lambda: federation.coordinator.connected)
    assert federation.coordinator.hellos[0].device_class == "phone"
