"""Nothing of a personal adapter leaves the device, in any encoding."""

import numpy as np
import pytest
import pytest_asyncio
from safetensors.numpy import load_file
from tests.integration.client_agent.test_training_task import perform
from tests.support.client_agent.federation import TinyRun
from tests.support.client_agent.recording import Recorder
from tests.support.client_agent.rows import mixed_rows
from tests.support.client_agent.tasks import RUN, tiny_spec

from pfi.aggregator.v1.update_service_pb2 import UploadUpdateRequest
from pfi.coordinator.v1.session_service_pb2 import SessionRequest
from pfi_client_agent.bootstrap import Outside
from pfi_common.tensors import BF16, FP32, INT4_BLOCK, INT8_BLOCK, encode, encoded_size_bytes

pytestmark = pytest.mark.integration

WINDOW = 16
UPLOAD = "/pfi.aggregator.v1.UpdateService/UploadUpdate"
SESSION = "/pfi.coordinator.v1.SessionService/Session"


def windows(data: bytes) -> set[bytes]:
    """Every run of 16 bytes that is not one byte over and over."""
    runs = (data[start : start + WINDOW] for start in range(len(data) - WINDOW + 1))
    return {run for run in runs if len(set(run)) > 1}


def personal_windows(folder) -> set[bytes]:
    """Windows of the personal adapter on the disk, tensor by tensor and as one vector."""
    tensors = load_file(folder.personal / RUN / "adapter_model.safetensors")
    flat = np.concatenate([tensors[name].reshape(-1) for name in sorted(tensors)])
    assert np.count_nonzero(flat) > 0.9 * flat.size
    found = set()
    for vector in [flat, *(value.reshape(-1) for value in tensors.values())]:
        for encoding in (FP32, BF16, INT8_BLOCK, INT4_BLOCK):
            found |= windows(encode(encoding, vector))
        found |= windows(encode(INT8_BLOCK, vector, seed=1001))
        found |= windows(encode(INT8_BLOCK, vector, seed=1002))
    return found


def leaks(secret: set[bytes], sent: list[tuple[str, bytes]]) -> list[str]:
    return [method for method, data in sent if secret & windows(data)]


@pytest.fixture(params=["fp32", "bf16", "int8_block", "int4_block"])
def tiny_run(request, backbone_folder, tmp_path_factory):
    spec = tiny_spec(backbone_folder, encoding={"upload": request.param})
    return TinyRun.describe(spec, backbone_folder, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def recorder():
    return Recorder()


@pytest_asyncio.fixture
async def agent(start_agent, recorder):
    return start_agent(outside=Outside(open_channel=recorder.open_channel))


async def test_no_message_holds_a_piece_of_the_personal_adapter(
    agent, recorder, federation, builder, tiny_run
):
    secret: set[bytes] = set()
    for number in (1, 2):
        base = federation.aggregator.publish(tiny_run.base(seed=number))
        task = builder.train(base, round_number=number)
        await perform(agent, federation, task, count=number)
        secret |= personal_windows(agent.folder)
    await perform(agent, federation, builder.evaluate(base), count=3)
    secret |= personal_windows(agent.folder)
    await agent.stop()

    assert len(secret) > 1000
    assert leaks(secret, recorder.sent) == []
    # The recorder sees what leaves: the updates are there, and would have been found.
    for _, payload in federation.aggregator.committed.values():
        assert UPLOAD in leaks(windows(payload), recorder.sent)


async def test_uploads_hold_the_schemas_tensors_and_nothing_else(
    agent, recorder, federation, builder, tiny_run
):
    task = builder.train(federation.aggregator.publish(tiny_run.base()))
    await perform(agent, federation, task)
    await agent.stop()
    messages = [UploadUpdateRequest.FromString(data) for method, data in recorder.sent
                if method == UPLOAD]  # fmt: skip
    sent_bytes = sum(len(message.chunk.data) for message in messages)
    encoding = task.train.upload_encoding
    assert sent_bytes == encoded_size_bytes(encoding, tiny_run.schema.coordinate_count)
    assert [message.WhichOneof("message") for message in messages] == ["header", "chunk"]


async def test_no_message_holds_a_piece_of_the_rows(agent, recorder, federation, builder, base):
    await perform(agent, federation, builder.train(base))
    await perform(agent, federation, builder.evaluate(base), count=2)
    await agent.stop()
    texts = {str(piece) for row in mixed_rows() for piece in row.content()[1:]}
    secret = {window for text in texts for window in windows(text.encode())}
    assert len(secret) > 20
    assert leaks(secret, recorder.sent) == []
    assert any(SessionRequest.FromString(data).HasField("result")
               for method, data in recorder.sent if method == SESSION)  # fmt: skip
