import copy

import numpy as np
import pytest
import torch
from tests.support.client_agent.serving import random_adapter, write_chat_backbone
from tests.unit.client_agent.serving.conftest import logits

from pfi_client_agent.adapters.learning.adapter_slot import AdapterSlot
from pfi_client_agent.adapters.learning.backbone import load_backbone
from pfi_client_agent.adapters.learning.lora import attach_lora
from pfi_client_agent.adapters.serving.merged_weights import MergedWeights
from pfi_client_agent.domain.answering import AdapterWeights
from pfi_common.errors import AdapterInvalidError, SchemaMismatchError
from pfi_common.tensors import Schema, Tensor


def stacked_logits(backbone, shared, personal):
    """What PEFT computes with both adapters beside the backbone, as in training."""
    model = backbone.model
    for name, adapter in (("shared", shared), ("personal", personal)):
        model = attach_lora(model, name, adapter.schema)
        AdapterSlot(model, name, adapter.schema).write(adapter.vector)
    model.base_model.set_adapter(["shared", "personal"])
    return logits(model)


@pytest.mark.parametrize("kind", ["qwen2", "llama", "gpt2"])
def test_merged_is_what_peft_computes_with_both_adapters(tmp_path, kind):
    made = write_chat_backbone(tmp_path / "backbone", kind)
    targets = ("c_attn", "c_proj") if kind == "gpt2" else ("q_proj", "v_proj", "down_proj")
    shared = random_adapter(made.schema(targets=targets), 1, 0.1)
    personal = random_adapter(made.schema(rank=2, alpha=6, targets=targets), 2, 0.1)
    backbone = load_backbone(made.folder, made.reference.digest)
    plain = logits(backbone.model)
    MergedWeights(backbone.model).write([shared, personal])
    merged = logits(backbone.model)
    expected = stacked_logits(load_backbone(made.folder, made.reference.digest), shared, personal)
    assert np.abs(merged - expected).max() < 1e-5
    assert np.abs(merged - plain).max() > 1e-2


def test_nothing_drifts_over_many_changes(loaded, adapter):
    before = {name: value.clone() for name, value in loaded.model.state_dict().items()}
    weights = MergedWeights(loaded.model)
    first, second = adapter(1), adapter(2)
    weights.write([first, second])
    once = logits(loaded.model)
    for seed in range(3, 40):
        weights.write([adapter(seed), first])
    weights.write([first, second])
    assert np.array_equal(logits(loaded.model), once)
    weights.write([])
    after = loaded.model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_modules_that_no_longer_carry_an_adapter_get_their_weight_back(loaded, chat_backbone):
    plain = logits(loaded.model)
    weights = MergedWeights(loaded.model)
    weights.write([random_adapter(chat_backbone.schema(targets=("down_proj",)), 1)])
    weights.write([random_adapter(chat_backbone.schema(targets=("o_proj",)), 2, 0.0)])
    assert np.array_equal(logits(loaded.model), plain)


def test_a_tied_embedding_stays_what_it_is(tmp_path):
    made = write_chat_backbone(tmp_path / "backbone", tied=True)
    backbone = load_backbone(made.folder, made.reference.digest)
    embedding = backbone.model.get_input_embeddings().weight.clone()
    assert backbone.model.lm_head.weight is backbone.model.get_input_embeddings().weight
    name = "base_model.model.lm_head.lora_{}.weight"
    tensors = (Tensor(name.format("A"), (4, 32)), Tensor(name.format("B"), (258, 4)))
    schema = Schema(tensors, 4, 8, ("lm_head",))
    MergedWeights(backbone.model).write([random_adapter(schema, 1)])
    assert torch.equal(backbone.model.get_input_embeddings().weight, embedding)
    assert not torch.equal(backbone.model.lm_head.weight, embedding)


def test_other_modules_or_shapes_are_refused_and_nothing_changes(loaded, chat_backbone, adapter):
    weights = MergedWeights(loaded.model)
    weights.write([adapter(1)])
    before = logits(loaded.model)
    schema = chat_backbone.schema()
    narrower = copy.deepcopy(schema.tensors[2:])
    fewer = type(schema)(narrower, schema.rank, schema.alpha, schema.target_modules)
    for wrong in (fewer, type(schema)(schema.tensors, 2, 8, schema.target_modules)):
        with pytest.raises(SchemaMismatchError):
            weights.check([random_adapter(wrong, 1)])
        with pytest.raises(SchemaMismatchError):
            weights.write([adapter(2), random_adapter(wrong, 1)])
    assert np.array_equal(logits(loaded.model), before)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_values_that_make_a_weight_not_finite_are_refused(loaded, chat_backbone, value):
    schema = chat_backbone.schema()
    vector = np.full(schema.coordinate_count, value, np.float32)
    with pytest.raises(AdapterInvalidError):
        MergedWeights(loaded.model).check([AdapterWeights(schema, vector)])


def test_a_vector_of_another_length_is_refused(loaded, chat_backbone):
    schema = chat_backbone.schema()
    with pytest.raises(AdapterInvalidError):
        MergedWeights(loaded.model).check([AdapterWeights(schema, np.zeros(3, np.float32))])
