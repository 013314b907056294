"""Tasks of a classifier: its heads, its metrics, and what of it leaves the device."""

import pytest
import pytest_asyncio
from safetensors.numpy import load_file
from tests.integration.client_agent.test_privacy import UPLOAD, leaks, personal_windows, windows
from tests.integration.client_agent.test_training_task import metrics_of, perform
from tests.support.client_agent.federation import TinyRun
from tests.support.client_agent.recording import Recorder
from tests.support.client_agent.rows import labelled_rows, mixed_rows
from tests.support.client_agent.tasks import RUN, tiny_spec

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.bootstrap import Outside
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.tensors import encoded_size_bytes

pytestmark = pytest.mark.integration

ACCURACIES = {"EVAL_ACCURACY_SHARED", "EVAL_ACCURACY_PERSONAL"}


@pytest.fixture(params=["shared", "personal"])
def head(request):
    return request.param


@pytest.fixture
def tiny_run(backbone_folder, tmp_path, head):
    spec = tiny_spec(
        backbone_folder,
        task="sequence-classification",
        classification={"labels": ["wet", "dry"], "head": head},
        local={"steps": 8, "batch_size": 4, "learning_rate": 0.02, "maximum_tokens": 48,
               "gradient_checkpointing": True},
        personalize={"method": "dual_adapter", "rank": 2, "alpha": 4, "steps": 8,
                     "learning_rate": 0.02},
        seed=5,
    )  # fmt: skip
    return TinyRun.describe(spec, backbone_folder, tmp_path)


@pytest.fixture
def recorder():
    return Recorder()


@pytest_asyncio.fixture
async def agent(start_agent, recorder):
    running = start_agent(outside=Outside(open_channel=recorder.open_channel))
    data: LocalData = running.place.data
    for row in labelled_rows(30):
        data.add(row)
    return running


async def test_a_round_and_the_closing_evaluation(agent, federation, builder, base, tiny_run, head):
    task = builder.train(base)
    metrics = metrics_of(await perform(agent, federation, task))
    assert metrics.keys() >= ACCURACIES
    assert all(0 <= metrics[name] <= 1 for name in ACCURACIES)
    header, payload = federation.aggregator.committed[task.task]
    count = tiny_run.schema.coordinate_count
    assert len(payload) == encoded_size_bytes(header.encoding, count)
    assert bool(tiny_run.schema.head_tensors) == (head == "shared")
    # Rows of other kinds cannot be used, which the owner is told.
    assert agent.observer.named("rows_left_out") == [(task, len(mixed_rows(24)))]
    evaluated = metrics_of(await perform(agent, federation, builder.evaluate(base), count=2))
    assert evaluated.keys() >= ACCURACIES | {"EVAL_ACCURACY_BACKBONE", "EVAL_LOSS_BACKBONE"}


@pytest.mark.parametrize("head", ["personal"])
async def test_a_personal_head_is_trained_on_and_never_sent(
    agent, recorder, federation, builder, tiny_run
):
    name = "base_model.model.score.weight"
    secret, heads = set(), []
    for number in (1, 2):
        base = federation.aggregator.publish(tiny_run.base(seed=number))
        await perform(agent, federation, builder.train(base, round_number=number), count=number)
        heads.append(load_file(agent.folder.personal / RUN / "adapter_model.safetensors")[name])
        secret |= personal_windows(agent.folder)
    await perform(agent, federation, builder.evaluate(base), count=3)
    secret |= personal_windows(agent.folder)
    await agent.stop()
    assert not (heads[0] == heads[1]).all()
    assert len(secret) > 1000
    assert leaks(secret, recorder.sent) == []
    for _, payload in federation.aggregator.committed.values():
        assert UPLOAD in leaks(windows(payload), recorder.sent)


async def test_rows_without_labels_give_the_task_back(start_agent, federation, builder, base):
    agent = start_agent()
    result = await perform(agent, federation, builder.train(base))
    assert result.abandoned.reason == session.ABANDON_REASON_TOO_FEW_ROWS
    ((_, reason, error),) = agent.observer.named("task_abandoned")
    assert reason == "too_few_rows"
    assert "0 of the 24 rows of rows have a `label` of the run" in str(error)
