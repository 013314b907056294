"""Answers in the form of an adapter that clients download; real gRPC, real torch."""

import hashlib

import pytest
from tests.support.client_agent.answering import running_api, text_of
from tests.support.client_agent.serving import random_adapter, write_chat_backbone

from pfi_client_agent.domain.answering import AdapterWeights
from pfi_common.tensors import BF16, decode, encode

pytestmark = pytest.mark.integration


async def test_the_form_that_was_measured_answers(folder, federation, tmp_path):
    """Answers are those of the rounded adapter, not of the canonical one."""
    backbone = write_chat_backbone(tmp_path / "chat")
    adapter = random_adapter(backbone.schema(), seed=1, scale=1.5)
    canonical = adapter.vector.astype("<f4").tobytes()
    form = federation.aggregator.publish_form(canonical, BF16)
    rounded = decode(BF16, encode(BF16, adapter.vector), adapter.vector.size)
    federation.serving.publish(backbone.reference, AdapterWeights(backbone.schema(), rounded), 1)
    async with running_api(folder) as api:
        expected = text_of(await api.ask())
        federation.serving.publish(backbone.reference, adapter, 2, form=form)
        await api.until_version(2)
        assert text_of(await api.ask()) == expected
    cached = {path.name for path in (folder.serving / "adapters").iterdir()}
    assert form.payload_sha256 in cached
    assert hashlib.sha256(canonical).hexdigest() not in cached
