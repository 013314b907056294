"""What PEFT makes of an exported adapter."""

import io
import zipfile

import numpy as np
import pytest
from tests.support.aggregator.builders import random_update

from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_common.tensors import Schema, Tensor, unflatten

torch = pytest.importorskip("torch")
peft = pytest.importorskip("peft")
transformers = pytest.importorskip("transformers")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    # PEFT asks transformers by a name that transformers is about to drop
    pytest.mark.filterwarnings("ignore::FutureWarning:transformers.*"),
]

SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
KINDS = {
    "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**SIZES)),
    "qwen2": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**SIZES)),
}
MODULES = ("q_proj", "v_proj")
RANK, ALPHA = 4, 12
TOKENS = torch.arange(48).reshape(2, 24) % 64


def make_backbone(kind: str):
    torch.manual_seed(0)
    return KINDS[kind]().eval()


def projections(backbone) -> dict:
    return {
        name: module
        for name, module in backbone.named_modules()
        if name.rpartition(".")[2] in MODULES
    }


def schema_for(backbone) -> Schema:
    tensors = []
    for name, module in projections(backbone).items():
        outputs, inputs = module.weight.shape
        prefix = f"base_model.model.{name}"
        tensors += [
            Tensor(f"{prefix}.lora_A.weight", (RANK, inputs)),
            Tensor(f"{prefix}.lora_B.weight", (outputs, RANK)),
        ]
    return Schema(tuple(sorted(tensors, key=lambda t: t.name)), RANK, ALPHA, MODULES)


def logits_of(model) -> np.ndarray:
    with torch.no_grad():
        return model(input_ids=TOKENS).logits.numpy()


def merged_by_hand(kind: str, tensors: dict) -> np.ndarray:
    """Logits with W + alpha / rank * B A, without PEFT."""
    backbone = make_backbone(kind)
    for name, module in projections(backbone).items():
        prefix = f"base_model.model.{name}"
        change = tensors[f"{prefix}.lora_B.weight"] @ tensors[f"{prefix}.lora_A.weight"]
        module.weight.data += torch.from_numpy(change) * (ALPHA / RANK)
    return logits_of(backbone)


def set_directly(kind: str, tensors: dict) -> np.ndarray:
    """Logits of a fresh PEFT model whose parameters are overwritten one by one."""
    config = peft.LoraConfig(
        r=RANK, lora_alpha=ALPHA, target_modules=list(MODULES), task_type="CAUSAL_LM"
    )
    model = peft.get_peft_model(make_backbone(kind), config).eval()
    names = dict(model.named_parameters())
    for name, values in tensors.items():
        names[name.replace(".weight", ".default.weight")].data = torch.from_numpy(values.copy())
    return logits_of(model)


@pytest.mark.parametrize("kind", KINDS)
def test_the_exported_adapter_gives_the_same_logits(kind, tmp_path):
    backbone = make_backbone(kind)
    plain, schema = logits_of(backbone), schema_for(backbone)
    vector = 30 * random_update(schema, seed=4)
    archive = PeftArchive().build(schema, vector, AdapterOrigin("ab" * 32, "models/tiny", None))
    zipfile.ZipFile(io.BytesIO(archive)).extractall(tmp_path)
    loaded = peft.PeftModel.from_pretrained(backbone, str(tmp_path)).eval()
    tensors = unflatten(schema, vector)
    result = logits_of(loaded)
    np.testing.assert_array_equal(result, set_directly(kind, tensors))
    np.testing.assert_allclose(result, merged_by_hand(kind, tensors), rtol=0, atol=1e-5)
    assert np.abs(result - plain).max() > 1e-3
