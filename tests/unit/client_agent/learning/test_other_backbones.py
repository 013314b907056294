"""The same code on other architectures, and in the number type of a GPU."""

import numpy as np
import pytest
import torch
from peft import PeftModel
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.rows import by_digest, some_split
from tests.unit.client_agent.learning.conftest import Shape, open_bench, options
from transformers import AutoModelForCausalLM

from pfi_client_agent.adapters.learning.quiet import peft_advice_ignored
from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.domain.split import split_rows
from pfi_client_agent.domain.training import PersonalAdapter

IDS = torch.arange(2, 20)[None]


def ignore_progress(_done):
    return None


@pytest.mark.parametrize(
    ("kind", "targets"),
    [("llama", ("down_proj", "q_proj")), ("gpt2", ("c_attn", "c_proj")), ("qwen2", ("v_proj",))],
)
@pytest.mark.parametrize("tied", [False, True])
def test_every_architecture_learns(tmp_path, kind, targets, tied):
    folder = write_backbone(tmp_path / "backbone", kind, tied=tied)
    bench = open_bench(folder, tmp_path, Shape(target_modules=targets))
    outcome = bench.workbench.train_shared(
        bench.base(), some_split(), options(steps=10), ignore_progress
    )
    assert outcome.loss_after < outcome.loss_before


def test_rows_longer_than_the_positions_of_the_model_are_cut(tmp_path):
    folder = write_backbone(tmp_path / "backbone", "gpt2")
    bench = open_bench(folder, tmp_path, Shape(target_modules=("c_attn",)))
    rows = by_digest([TextRow(f"{number} " * 100) for number in range(8)])
    split = split_rows(rows, fraction=0.3, seed=1)
    outcome = bench.workbench.train_shared(
        bench.base(), split, options(maximum_tokens=500), ignore_progress
    )
    assert np.isfinite(outcome.delta).all()


def test_adapters_stay_in_float32_on_a_backbone_in_bfloat16(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "pfi_client_agent.adapters.learning.backbone.choose_device",
        lambda: (torch.device("cpu"), torch.bfloat16),
    )
    bench = open_bench(write_backbone(tmp_path / "backbone"), tmp_path)
    workbench, base = bench.workbench, bench.base()
    assert workbench._backbone.model.dtype == torch.bfloat16
    assert {p.dtype for p in workbench._adapters.shared.parameters} == {torch.float32}
    workbench._adapters.shared.write(base)
    assert workbench._adapters.shared.read().tobytes() == base.tobytes()
    outcome = workbench.train_shared(base, some_split(), options(steps=20), ignore_progress)
    assert outcome.loss_after < outcome.loss_before


# PEFT finds out by itself how GPT-2 keeps its weights, and says so.
@pytest.mark.filterwarnings("ignore:fan_in_fan_out is set to False")
@pytest.mark.parametrize(("kind", "targets"), [("qwen2", ("q_proj",)), ("gpt2", ("c_attn",))])
def test_an_adapter_means_the_same_to_peft_alone(tmp_path, kind, targets):
    """Logits of the workbench equal those of a folder that PEFT loads by itself."""
    folder = write_backbone(tmp_path / "backbone", kind)
    bench = open_bench(folder, tmp_path, Shape(target_modules=targets))
    outcome = bench.workbench.train_shared(
        bench.base(), some_split(), options(steps=10), ignore_progress
    )
    vector = bench.base() + outcome.delta
    adapters = bench.workbench._adapters
    adapters.shared.write(vector)
    adapters.train_shared()
    store = PersonalStore(tmp_path / "adapters")
    meta = PersonalMeta("run", 1, str(folder), "", "", "", 4, 8, "", 0.0)
    store.save(PersonalAdapter(bench.schema, vector), meta)
    plain = AutoModelForCausalLM.from_pretrained(folder).eval()
    with peft_advice_ignored():
        loaded = PeftModel.from_pretrained(plain, store.path("run")).eval()
    with torch.no_grad():
        ours, theirs = adapters.model(input_ids=IDS).logits, loaded(input_ids=IDS).logits
    assert torch.allclose(ours, theirs, atol=1e-6)
