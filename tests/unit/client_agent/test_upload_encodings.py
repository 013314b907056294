import pytest

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.application.ticket import require_offered
from pfi_client_agent.domain.upload_encodings import (
    UPLOAD_ENCODINGS,
    UploadEncodingsInvalidError,
    parse_upload_encodings,
)
from pfi_common.errors import EncodingMismatchError
from pfi_common.spec import ENCODINGS


def test_every_encoding_is_offered_by_default():
    for name in UPLOAD_ENCODINGS:
        task = Task()
        task.train.upload_encoding = ENCODINGS[name]
        require_offered(task, UPLOAD_ENCODINGS)


def test_names_are_read():
    assert parse_upload_encodings(" fp32, bf16 ") == ("fp32", "bf16")


@pytest.mark.parametrize("text", ["", " , ", "fp16", "fp32,int2"])
def test_other_texts_are_refused(text):
    with pytest.raises(UploadEncodingsInvalidError, match="int4_block, int8_block, bf16, fp32"):
        parse_upload_encodings(text)


@pytest.mark.parametrize("value", [0, 3, 4, 99])
def test_a_task_in_an_encoding_that_is_not_offered_is_refused(value):
    task = Task()
    task.train.upload_encoding = value
    with pytest.raises(EncodingMismatchError):
        require_offered(task, ("fp32", "bf16"))
