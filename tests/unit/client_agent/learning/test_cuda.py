"""The same on a CUDA device, in bfloat16."""

import numpy as np
import pytest
import torch
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.rows import by_digest, some_split
from tests.unit.client_agent.learning.conftest import open_bench, options
from tests.unit.client_agent.learning.test_classifier import TARGETS
from tests.unit.client_agent.learning.test_classifier import Bench as ClassifierBench

from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.split import split_rows

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device"),
]


@pytest.fixture(scope="module")
def cuda_bench(tmp_path_factory):
    root = tmp_path_factory.mktemp("cuda")
    return open_bench(write_backbone(root / "backbone"), root)


def train(bench, split=None, **changes):
    return bench.workbench.train_shared(
        bench.base(), split or some_split(), options(**changes), lambda _: None
    )


def test_the_backbone_is_in_bfloat16_on_the_device_and_adapters_in_float32(cuda_bench):
    outcome = train(cuda_bench, steps=30)
    model = cuda_bench.workbench._adapters.model
    shared = cuda_bench.workbench._adapters.shared
    assert model.get_base_model().dtype == torch.bfloat16
    assert {parameter.device.type for parameter in model.parameters()} == {"cuda"}
    assert {parameter.dtype for parameter in shared.parameters} == {torch.float32}
    assert outcome.loss_after < outcome.loss_before
    assert np.isfinite(outcome.delta).all()


def test_checkpointing_lowers_the_peak_and_gives_nearly_the_same(cuda_bench):
    texts = [f"{number} " * 120 for number in range(64)]
    split = split_rows(by_digest([TextRow(text) for text in texts]), fraction=0.1, seed=1)
    shape = {"batch_size": 32, "maximum_tokens": 256, "steps": 3}
    plain = train(cuda_bench, split, **shape)
    saving = train(cuda_bench, split, **shape, gradient_checkpointing=True)
    assert saving.peak_memory_bytes < plain.peak_memory_bytes
    assert saving.train_loss == pytest.approx(plain.train_loss, rel=1e-2)
    assert 0 < plain.peak_memory_bytes <= torch.cuda.max_memory_reserved()


@pytest.mark.parametrize("kind", TARGETS)
def test_classifiers_learn_there(tmp_path, kind):
    outcome = ClassifierBench(tmp_path, kind).train(steps=60)
    assert outcome.loss_after < outcome.loss_before
