import pytest
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from tests.support.client_agent.backbones import write_backbone
from transformers import AutoModelForCausalLM

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.quiet import peft_advice_ignored
from pfi_common.errors import BackboneUnreadableError, SpecInvalidError
from pfi_common.spec import parse_run_spec


def spec_for(folder, targets=("q_proj", "v_proj"), rank=4):
    adapter = {"rank": rank, "alpha": 8, "target_modules": list(targets)}
    return parse_run_spec({"name": "tiny", "backbone": {"model": str(folder)}, "adapter": adapter})


def describe(folder, tmp_path, **changes):
    return describe_backbone(
        spec_for(folder, **changes), folder, DigestCache(tmp_path / "backbones.json")
    )


@pytest.mark.parametrize(
    ("kind", "targets"),
    [("qwen2", ("q_proj", "v_proj")), ("llama", ("down_proj", "gate_proj")), ("gpt2", ("c_attn",))],
)
def test_schema_is_that_of_an_actually_built_peft_model(tmp_path, kind, targets):
    folder = write_backbone(tmp_path / "backbone", kind)
    described = describe(folder, tmp_path, targets=targets)
    model = AutoModelForCausalLM.from_pretrained(folder)
    parameter_count = sum(parameter.numel() for parameter in model.parameters())
    config = LoraConfig(r=4, lora_alpha=8, target_modules=list(targets), task_type="CAUSAL_LM",
                        fan_in_fan_out=kind == "gpt2")  # fmt: skip
    with peft_advice_ignored():
        built = get_peft_model_state_dict(get_peft_model(model, config))
    schema = described.adapter_schema
    assert {tensor.name: tensor.shape for tensor in schema.tensors} == {
        name: tuple(value.shape) for name, value in built.items()
    }
    assert (schema.rank, schema.alpha, schema.target_modules) == (4, 8, targets)
    assert described.parameter_count == parameter_count


def test_names_the_modules_that_exist_when_a_target_does_not(backbone_folder, tmp_path):
    with pytest.raises(SpecInvalidError) as raised:
        describe(backbone_folder, tmp_path, targets=("q_proj", "query"))
    assert "no linear module query" in raised.value.message
    assert "down_proj, gate_proj, k_proj, o_proj, q_proj, up_proj, v_proj" in raised.value.message


def test_refuses_folders_without_a_loadable_model(tmp_path):
    with pytest.raises(BackboneUnreadableError, match="no causal language model"):
        describe(tmp_path, tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "invented", "auto_map": {"A": "b.C"}}')
    with pytest.raises(BackboneUnreadableError, match="no causal language model"):
        describe(tmp_path, tmp_path)


def test_refuses_a_folder_that_holds_an_adapter(tmp_path):
    folder = write_backbone(tmp_path / "backbone")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(BackboneUnreadableError, match="holds an adapter"):
        describe(folder, tmp_path)
