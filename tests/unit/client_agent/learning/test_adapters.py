import numpy as np
import pytest
import torch
from peft import get_peft_model_state_dict
from tests.unit.client_agent.learning.conftest import Shape, open_bench
from transformers import AutoModelForCausalLM

from pfi_client_agent.adapters.learning.adapter_model import AdapterModel
from pfi_client_agent.adapters.learning.backbone import load_backbone
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_common.errors import AdapterInvalidError, SchemaMismatchError, SpecInvalidError
from pfi_common.tensors import Schema, Tensor, unflatten

IDS = torch.arange(2, 12)[None]


@pytest.fixture
def backbone(backbone_folder):
    return load_backbone(backbone_folder, "digest")


def random_vector(schema, seed=0):
    values = np.random.default_rng(seed).normal(0, 0.1, schema.coordinate_count)
    return values.astype(np.float32)


def logits(model):
    with torch.no_grad():
        return model(input_ids=IDS).logits


def test_sets_every_tensor_under_its_own_name(backbone, bench):
    adapters = AdapterModel(backbone, bench.schema)
    vector = random_vector(bench.schema)
    adapters.shared.write(vector)
    state = get_peft_model_state_dict(adapters.model, adapter_name="shared")
    expected = unflatten(bench.schema, vector)
    assert state.keys() == expected.keys()
    for name, value in expected.items():
        assert np.array_equal(state[name].numpy(), value)
    assert np.array_equal(adapters.shared.read(), vector)


def test_refuses_vectors_that_do_not_fit(backbone, bench):
    slot = AdapterModel(backbone, bench.schema).shared
    before = slot.read()
    good = random_vector(bench.schema)
    for bad in (good[:-1], good.astype(np.float64), np.append(good, good[:1])):
        with pytest.raises(AdapterInvalidError):
            slot.write(bad)
    for value in (np.nan, np.inf):
        broken = good.copy()
        broken[-1] = value
        with pytest.raises(AdapterInvalidError, match="NaN"):
            slot.write(broken)
    assert np.array_equal(slot.read(), before)


def changed(schema, change):
    tensors = change({tensor.name: tensor.shape for tensor in schema.tensors})
    made = tuple(Tensor(name, tensors[name]) for name in sorted(tensors))
    return Schema(made, schema.rank, schema.alpha, schema.target_modules)


def test_refuses_schemas_with_missing_extra_or_reshaped_tensors(backbone, bench):
    first = bench.schema.tensors[0].name

    def missing(tensors):
        del tensors[first]
        return tensors

    def extra(tensors):
        return tensors | {first.replace("layers.0", "layers.9"): (4, 32)}

    def reshaped(tensors):
        return tensors | {first: (4, 16)}

    for change in (missing, extra, reshaped):
        with pytest.raises(SchemaMismatchError, match="1 tensor"):
            AdapterModel(backbone, changed(bench.schema, change))
    # The backbone is as it was: the right schema still fits.
    AdapterModel(backbone, bench.schema)


def test_refuses_a_schema_of_modules_that_the_backbone_lacks(backbone, bench):
    schema = Schema(bench.schema.tensors, 4, 8, ("c_attn",))
    with pytest.raises(SpecInvalidError, match="no linear module c_attn"):
        AdapterModel(backbone, schema)


def test_a_personal_adapter_stacks_on_the_shared_one(backbone, bench, backbone_folder):
    adapters = AdapterModel(backbone, bench.schema)
    personal = adapters.upper(personal_schema(bench.schema, rank=2, alpha=6))
    shared_vector = random_vector(bench.schema, 1)
    personal_vector = random_vector(personal.schema, 2)
    adapters.shared.write(shared_vector)
    personal.write(personal_vector)
    adapters.train_upper(personal)
    # The same by hand: both products are added to the weights of a plain model.
    plain = AutoModelForCausalLM.from_pretrained(backbone_folder).eval()
    weights = dict(plain.named_parameters())
    with torch.no_grad():
        for slot, vector in ((adapters.shared, shared_vector), (personal, personal_vector)):
            tensors = unflatten(slot.schema, vector)
            for name in (n for n in tensors if n.endswith("lora_A.weight")):
                product = tensors[name.replace("lora_A", "lora_B")] @ tensors[name]
                target = name.removeprefix("base_model.model.").replace(".lora_A", "")
                scale = slot.schema.alpha / slot.schema.rank
                weights[target] += torch.from_numpy(product * scale)
    assert torch.allclose(logits(adapters.model), logits(plain), atol=1e-5)


def test_only_the_personal_adapter_learns_when_stacked(backbone, bench):
    adapters = AdapterModel(backbone, bench.schema)
    personal = adapters.upper(personal_schema(bench.schema, rank=2, alpha=6))
    adapters.train_upper(personal)
    learning = {id(p) for p in adapters.model.parameters() if p.requires_grad}
    assert learning == {id(parameter) for parameter in personal.parameters}
    adapters.train_shared()
    learning = {id(p) for p in adapters.model.parameters() if p.requires_grad}
    assert learning == {id(parameter) for parameter in adapters.shared.parameters}


def test_a_personal_adapter_of_another_rank_replaces_the_first(backbone, bench):
    adapters = AdapterModel(backbone, bench.schema)
    first = adapters.upper(personal_schema(bench.schema, rank=2, alpha=6))
    assert adapters.upper(first.schema) is first
    second = adapters.upper(personal_schema(bench.schema, rank=3, alpha=6))
    assert second.read().size == second.schema.coordinate_count
    assert set(adapters.model.peft_config) == {"shared", "upper"}


def test_detaching_gives_the_plain_backbone_back(backbone, bench):
    plain = logits(backbone.model)
    adapters = AdapterModel(backbone, bench.schema)
    adapters.shared.write(random_vector(bench.schema))
    adapters.train_shared()
    assert not torch.allclose(logits(adapters.model), plain)
    with adapters.backbone_alone():
        assert torch.equal(logits(adapters.model), plain)
    adapters.detach()
    assert torch.equal(logits(backbone.model), plain)


def test_a_learner_changes_schema_and_keeps_the_backbone(backbone_folder, tmp_path, bench):
    other = open_bench(backbone_folder, tmp_path, Shape(2, 4, ("o_proj",)))
    first = other.learner.open(bench.reference, bench.schema)
    assert other.learner.open(bench.reference, bench.schema) is first
    assert other.workbench is not first
    assert other.workbench.schema.target_modules == ("o_proj",)
