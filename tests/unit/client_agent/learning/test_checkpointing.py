"""Gradient checkpointing: the same update, with less kept for the backward pass."""

import numpy as np
import pytest
import torch
from tests.support.client_agent.backbones import write_backbone
from tests.support.client_agent.rows import some_split
from tests.unit.client_agent.learning.conftest import Shape, open_bench, options

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.batches import collate
from pfi_client_agent.adapters.learning.checkpointing import checkpointed_layers, checkpointing
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.loss import target_losses
from pfi_client_agent.adapters.learning.tokenization import TokenRow
from pfi_common.errors import SpecInvalidError
from pfi_common.spec import parse_run_spec


def train(bench, **changes):
    return bench.workbench.train_shared(
        bench.base(), some_split(), options(**changes), lambda _: None
    )


@pytest.mark.parametrize(
    ("kind", "targets"),
    [("qwen2", ("q_proj", "v_proj")), ("llama", ("down_proj",)), ("gpt2", ("c_attn",))],
)
def test_the_update_is_the_same(tmp_path, kind, targets):
    bench = open_bench(
        write_backbone(tmp_path / "b", kind), tmp_path, Shape(target_modules=targets)
    )
    plain = train(bench, gradient_accumulation=2)
    saving = train(bench, gradient_accumulation=2, gradient_checkpointing=True)
    assert np.abs(plain.delta).max() > 1e-3
    # AdamW divides by the size of the gradient, so that a rounding of it shows in full.
    np.testing.assert_allclose(saving.delta, plain.delta, atol=1e-6)
    assert saving.train_loss == pytest.approx(plain.train_loss, rel=1e-6)
    again = train(bench, gradient_accumulation=2, gradient_checkpointing=True)
    assert again.delta.tobytes() == saving.delta.tobytes()
    assert train(bench, gradient_accumulation=2).delta.tobytes() == plain.delta.tobytes()


def saved_bytes(model, batch, *, active):
    """Bytes of distinct storages that the forward pass keeps for the backward pass."""
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    with checkpointing(model, active=active), torch.autograd.graph.saved_tensors_hooks(
        pack, lambda tensor: tensor
    ):  # fmt: skip
        loss = target_losses(model, batch).sum()
    loss.backward()
    model.zero_grad()
    return sum(size for place, size in kept.items() if place not in own)


def test_less_is_kept_for_the_backward_pass(bench):
    adapters = bench.workbench._adapters
    adapters.shared.write(bench.base())
    adapters.train_shared()
    ids = list(range(2, 66))
    batch = collate([TokenRow(ids, ids)] * 8, filler=0, device=torch.device("cpu"))
    plain = saved_bytes(adapters.model, batch, active=False)
    assert saved_bytes(adapters.model, batch, active=True) < 0.5 * plain


def test_layers_are_left_as_they_were(bench):
    layers = checkpointed_layers(bench.workbench._adapters.model)
    assert len(layers) == 2
    # A layer that is given nothing fails.
    with pytest.raises(TypeError), checkpointing(layers[0], active=True):
        layers[0]()
    assert not any("forward" in vars(layer) for layer in layers)


def test_an_architecture_without_such_layers_is_refused():
    with pytest.raises(SpecInvalidError, match="cannot do that"):
        checkpointed_layers(torch.nn.Linear(2, 2))


@pytest.mark.parametrize("wanted", [True, False])
def test_a_description_does_not_depend_on_it(bench, tmp_path, wanted):
    spec = parse_run_spec({
        "name": "tiny", "backbone": {"model": "x"}, "adapter": {"rank": 4, "alpha": 8},
        "local": {"gradient_checkpointing": wanted},
    })  # fmt: skip
    cache = DigestCache(tmp_path / "backbones.json")
    assert describe_backbone(spec, bench.folder, cache).adapter_schema == bench.schema


def test_memory_and_tokens_are_measured(bench):
    outcome = train(bench, steps=6)
    assert outcome.peak_memory_bytes > 50_000_000
    per_step = outcome.tokens_per_second / outcome.steps_per_second
    # Two rows a step, of one token a byte and at most 48.
    assert 2 < per_step <= 2 * 48
