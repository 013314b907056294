import json

import numpy as np
import pytest

from pfi.common.v1.metrics_pb2 import MetricName
from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_common.errors import (
    AttemptVoidedError,
    PayloadCorruptError,
    ServiceUnavailableError,
    UpdateTooLateError,
)
from pfi_common.tensors import INT8_BLOCK, decode, encoded_size_bytes

pytestmark = pytest.mark.integration

TRAIN_METRICS = {
    "EVAL_LOSS_SHARED", "EVAL_LOSS_LOCAL", "EVAL_LOSS_PERSONAL", "TRAIN_LOSS", "HELD_OUT_ROWS",
    "WORK_SECONDS", "STEPS_PER_SECOND", "TASK_SECONDS", "DOWNLOADED_BYTES", "UPLOADED_BYTES",
    "TOKENS_PER_SECOND", "PEAK_MEMORY_BYTES", "UPLOAD_ENCODING_ERROR", "TRAIN_LOSS_RMS",
    "TRAINED_ROWS",
}  # fmt: skip


def metrics_of(result):
    prefix = "METRIC_NAME_"
    return {
        MetricName.Name(metric.name).removeprefix(prefix): metric.value
        for metric in result.completed.metrics
    }


async def perform(agent, federation, task, count=1):
    await agent.in_session(federation.coordinator)
    federation.say(task=task)
    return (await agent.results(federation.coordinator, count))[-1]


async def test_a_round_from_download_to_receipt(start_agent, federation, builder, base, tiny_run):
    agent, task = start_agent(), builder.train(base)
    result = await perform(agent, federation, task)
    assert result.task == task.task
    header, payload = federation.aggregator.committed[task.task]
    count = tiny_run.schema.coordinate_count
    assert len(payload) == encoded_size_bytes(INT8_BLOCK, count) == header.payload_bytes
    delta = decode(INT8_BLOCK, payload, count)
    assert np.isfinite(delta).all()
    assert 0 < np.abs(delta).max() < 1
    # 3 steps of 2 rows.
    assert (header.steps_done, header.example_count, header.base_digest) == (3, 6, base)
    metrics = metrics_of(result)
    assert metrics.keys() == TRAIN_METRICS
    assert metrics["UPLOADED_BYTES"] == len(payload)
    assert metrics["DOWNLOADED_BYTES"] == 4 * count
    assert 0 < metrics["WORK_SECONDS"] < metrics["TASK_SECONDS"]
    hello = federation.coordinator.hellos[0]
    assert (hello.protocol_minimum, hello.protocol_maximum, hello.training_rows) == (1, 1, 23)
    assert list(hello.upload_encodings) == ["int4_block", "int8_block", "bf16", "fp32"]


async def test_the_same_task_elsewhere_gives_the_same_bytes(
    start_agent, federation, builder, base, folder
):
    agent, task = start_agent(), builder.train(base)
    await perform(agent, federation, task)
    _, first = federation.aggregator.committed.pop(task.task)
    # As on a device that never did it.
    federation.say(round_settled=session.RoundSettled(run=task.run, round=1))
    await agent.until(lambda: not list(agent.place.updates.list()))
    await perform(agent, federation, task, count=2)
    _, second = federation.aggregator.committed[task.task]
    assert first == second


async def test_an_interrupted_upload_goes_on_where_it_ended(start_agent, federation, builder, base):
    federation.aggregator.faults.cut_uploads.extend([300, 600])
    agent = start_agent()
    task = builder.train(base)
    result = await perform(agent, federation, task)
    assert federation.aggregator.uploads == [0, 300, 600]
    _, payload = federation.aggregator.committed[task.task]
    assert metrics_of(result)["UPLOADED_BYTES"] > len(payload)
    assert len(agent.observer.named("transfer_retried")) == 2


async def test_a_lost_receipt_is_asked_for(start_agent, federation, builder, base):
    federation.aggregator.faults.lose_receipts = 1
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base))
    assert result.HasField("completed")
    assert federation.aggregator.uploads == [0]


@pytest.mark.parametrize("error", [PayloadCorruptError(), ServiceUnavailableError()])
async def test_retryable_refusals_are_tried_again(start_agent, federation, builder, base, error):
    federation.aggregator.faults.uploads.append(error)
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base))
    assert result.HasField("completed")


@pytest.mark.parametrize("error", [UpdateTooLateError(), AttemptVoidedError()])
async def test_final_refusals_give_the_task_back(start_agent, federation, builder, base, error):
    federation.aggregator.faults.uploads.append(error)
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base))
    assert result.abandoned.reason == session.ABANDON_REASON_UPDATE_REFUSED
    # The bytes are kept: a new attempt may ask for them.
    assert len(list(agent.place.updates.list())) == 1


async def test_a_new_attempt_sends_the_stored_bytes(start_agent, federation, builder, base):
    federation.aggregator.faults.uploads.append(AttemptVoidedError())
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    (stored,) = agent.place.updates.list()
    second = builder.train(base, attempt=2)
    result = await perform(agent, federation, second, count=2)
    assert result.HasField("completed")
    header, _ = federation.aggregator.committed[second.task]
    assert header.payload_sha256 == stored.payload_sha256
    assert agent.observer.named("update_reused") == [(second,)]
    assert metrics_of(result)["TRAIN_LOSS"] == stored.metrics["TRAIN_LOSS"]


async def test_a_voided_receipt_is_no_success(start_agent, federation, builder, base):
    agent, task = start_agent(), builder.train(base)
    federation.aggregator.voided.add(task.task)
    result = await perform(agent, federation, task)
    assert result.abandoned.reason == session.ABANDON_REASON_UPDATE_REFUSED


async def test_an_interrupted_download_goes_on_where_it_ended(
    start_agent, federation, builder, base
):
    federation.aggregator.faults.cut_downloads.append(1024)
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    assert federation.aggregator.downloads == [0, 1024]


async def test_a_corrupt_download_starts_again(start_agent, federation, builder, base):
    federation.aggregator.faults.corrupt_downloads = 1
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base))
    assert result.HasField("completed")
    assert federation.aggregator.downloads == [0, 0]


async def test_an_adapter_is_downloaded_once(start_agent, federation, builder, base):
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    result = await perform(agent, federation, builder.train(base, round_number=2), count=2)
    assert federation.aggregator.downloads == [0]
    assert metrics_of(result)["DOWNLOADED_BYTES"] == 0


@pytest.mark.parametrize(
    "changes",
    [
        ({"backbone_digest": "ab" * 32}, "BACKBONE_MISMATCH"),
        ({"backbone_model": "/no/such/folder"}, "BACKBONE_MISMATCH"),
        ({"run": "../escape"}, "FAILED"),
        ({"schema": None}, "ADAPTER_INVALID"),
    ],
)
async def test_tasks_that_do_not_fit_are_given_back(
    start_agent, federation, builder, base, changes
):
    (fields, reason), agent = changes, start_agent()
    result = await perform(agent, federation, builder.train(base, **fields))
    name = session.AbandonReason.Name(result.abandoned.reason)
    assert name == f"ABANDON_REASON_{reason}"


@pytest.mark.parametrize(
    "ticket",
    [
        {"client": "c-00000000beef"},
        {"key_sha256": "ab" * 32},
        {"base_digest": "ab" * 32},
        {"attempt": 2},
        {"spool": "spool-9"},
    ],
)
async def test_a_ticket_for_something_else_is_not_used(
    start_agent, federation, builder, base, ticket
):
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base, ticket=ticket))
    assert result.abandoned.reason == session.ABANDON_REASON_UPDATE_REFUSED
    assert federation.aggregator.downloads == []


async def test_an_adapter_of_another_size_is_refused(start_agent, federation, builder, tiny_run):
    digest = federation.aggregator.publish(tiny_run.base()[:-4])
    agent = start_agent()
    result = await perform(agent, federation, builder.train(digest))
    assert result.abandoned.reason == session.ABANDON_REASON_ADAPTER_INVALID


async def test_an_adapter_with_nan_is_refused(start_agent, federation, builder, tiny_run):
    payload = bytearray(tiny_run.base())
    payload[:4] = np.float32("nan").tobytes()
    agent = start_agent()
    digest = federation.aggregator.publish(bytes(payload))
    result = await perform(agent, federation, builder.train(digest))
    assert result.abandoned.reason == session.ABANDON_REASON_ADAPTER_INVALID


async def test_evaluation_writes_what_the_report_reads(
    start_agent, federation, builder, base, folder
):
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    result = await perform(agent, federation, builder.evaluate(base), count=2)
    metrics = metrics_of(result)
    losses = {"EVAL_LOSS_BACKBONE", "EVAL_LOSS_SHARED", "EVAL_LOSS_PERSONAL"}
    assert losses <= metrics.keys()
    assert not result.completed.HasField("receipt")
    (path,) = folder.evaluations.iterdir()
    document = json.loads(path.read_bytes())
    assert document["metrics"]["eval_loss_personal"] == metrics["EVAL_LOSS_PERSONAL"]
    assert document["shared_digest"] == base
    assert (folder.root / document["personal_adapter"]).is_file()
    # The base has not changed since the round, so everything is as it was then.
    trained = metrics_of(federation.coordinator.results[0])
    assert metrics["EVAL_LOSS_SHARED"] == pytest.approx(trained["EVAL_LOSS_SHARED"], rel=1e-6)
    assert metrics["EVAL_LOSS_PERSONAL"] == pytest.approx(trained["EVAL_LOSS_PERSONAL"], rel=1e-6)


async def test_evaluation_trains_the_personal_adapter_beside_the_final_shared_one(
    start_agent, federation, builder, base, tiny_run
):
    agent = start_agent()
    await perform(agent, federation, builder.train(base))
    final = federation.aggregator.publish(tiny_run.base(seed=9))
    before = agent.place.personals.find(builder.evaluate(final).run)
    result = await perform(agent, federation, builder.evaluate(final), count=2)
    after = agent.place.personals.find(builder.evaluate(final).run)
    assert (before.shared_digest, after.shared_digest) == (base, final)
    assert before.sha256 != after.sha256
    assert metrics_of(result)["EVAL_LOSS_PERSONAL"] == pytest.approx(after.loss, rel=1e-6)


async def test_evaluation_of_a_run_without_personal_adapters(
    start_agent, federation, builder, base
):
    agent, task = start_agent(), builder.evaluate(base)
    task.evaluate.ClearField("personal")
    metrics = metrics_of(await perform(agent, federation, task))
    assert "EVAL_LOSS_SHARED" in metrics
    assert "EVAL_LOSS_PERSONAL" not in metrics
