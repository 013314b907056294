"""Devices, and the estimate of what a specification takes on them."""

import json
import struct

import pytest
import yaml

from pfi_cli.doctor import check_device, devices
from pfi_cli.doctor.check_device import check_device as look
from pfi_cli.doctor.devices import Device, find_devices
from pfi_cli.doctor.findings import Status
from pfi_cli.doctor.memory.estimate import estimate
from pfi_cli.doctor.memory.weights import read_backbone_size
from pfi_common.errors import BackboneUnreadableError
from pfi_common.spec import parse_run_spec

H, F, LAYERS, VOCABULARY = 64, 160, 3, 500
CONFIG = {
    "hidden_size": H,
    "intermediate_size": F,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 4,
    "vocab_size": VOCABULARY,
    "max_position_embeddings": 128,
}
SPEC = {
    "name": "river",
    "backbone": {"model": "backbone"},
    "adapter": {"rank": 4, "alpha": 8, "target_modules": ["q_proj", "down_proj"]},
    "local": {"batch_size": 2, "maximum_tokens": 64},
}


def write_weights(path, shapes):
    header = {
        name: {"dtype": "BF16", "shape": shape, "data_offsets": [0, 0]}
        for name, shape in shapes.items()
    }
    text = json.dumps({"__metadata__": {}, **header}).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text)


def shapes():
    found = {"model.embed_tokens.weight": [VOCABULARY, H], "model.norm.weight": [H]}
    for layer in range(LAYERS):
        found[f"model.layers.{layer}.self_attn.q_proj.weight"] = [H, H]
        found[f"model.layers.{layer}.mlp.down_proj.weight"] = [H, F]
    return found


@pytest.fixture
def backbone(tmp_path):
    folder = tmp_path / "backbone"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    write_weights(folder / "model.safetensors", shapes())
    return folder


def parameters():
    return VOCABULARY * H + H + LAYERS * (H * H + H * F)


def test_sizes_are_read_from_headers_and_configuration(backbone):
    size = read_backbone_size(backbone)
    assert size.parameter_count == parameters()
    assert (size.hidden, size.inner, size.layers, size.vocabulary) == (H, F, LAYERS, VOCABULARY)
    assert size.adapter_coordinates(["q_proj"], 4) == LAYERS * 4 * 2 * H
    assert size.adapter_coordinates(["proj"], 4) == 0


def test_shards_are_read_through_their_index(backbone):
    whole = read_backbone_size(backbone)
    (backbone / "model.safetensors").unlink()
    first, second = dict(list(shapes().items())[:3]), dict(list(shapes().items())[3:])
    write_weights(backbone / "model-1.safetensors", first)
    write_weights(backbone / "model-2.safetensors", second)
    places = dict.fromkeys(first, "model-1.safetensors") | dict.fromkeys(
        second, "model-2.safetensors"
    )
    index = {"weight_map": places}
    (backbone / "model.safetensors.index.json").write_text(json.dumps(index))
    assert read_backbone_size(backbone) == whole


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_folder_that_tells_no_sizes_is_named(backbone, file):
    (backbone / file).write_bytes(b"\xff" * 20)
    with pytest.raises(BackboneUnreadableError, match="backbone"):
        read_backbone_size(backbone)


def estimated(backbone, element_bytes=2, checkpointing=False, **changes):
    spec = parse_run_spec(SPEC | changes)
    size = read_backbone_size(backbone)
    return estimate(spec, size, element_bytes, checkpointing=checkpointing)


def test_the_parts_of_the_estimate_follow_the_documented_formula(backbone):
    made = estimated(backbone)
    tokens = 2 * 64
    assert made.weights_bytes == 2 * parameters()
    assert made.adapters_bytes == 16 * LAYERS * 4 * (2 * H + H + F)
    assert made.logits_bytes == tokens * VOCABULARY * 10
    block = 8 * H + 8 * H + 6 * F + 4 * (H + F + 2 * 4)
    assert made.activations_bytes == tokens * LAYERS * block
    saved = estimated(backbone, checkpointing=True)
    assert saved.activations_bytes == tokens * (LAYERS * 2 * H + block)
    assert saved.total_bytes < made.total_bytes


def test_rows_are_no_longer_than_the_model_takes(backbone):
    at_most = estimated(backbone, local={"batch_size": 2, "maximum_tokens": 128})
    beyond = estimated(backbone, local={"batch_size": 2, "maximum_tokens": 100_000})
    assert at_most == beyond


def test_personal_and_shared_adapters_and_the_proximal_term_take_room(backbone):
    plain = estimated(backbone).adapters_bytes
    coordinates = LAYERS * (2 * H + H + F)
    dual = {"personalize": {"method": "dual_adapter", "rank": 2}}
    assert estimated(backbone, **dual).adapters_bytes == plain + 4 * 2 * coordinates
    stack = {"aggregate": {"product": "stack", "maximum_rank": 12}}
    assert estimated(backbone, **stack).adapters_bytes == plain + 4 * 12 * coordinates
    proximal = {"local": SPEC["local"] | {"proximal_mu": 0.1}}
    assert estimated(backbone, **proximal).adapters_bytes == plain + 4 * 4 * coordinates


def device(**changes):
    values = {
        "name": "A GPU",
        "kind": "cuda",
        "total_bytes": 10**10,
        "free_bytes": 10**10,
        "element_bytes": 2,
        "bfloat16": True,
        "source": "pfi-agent",
    }
    return Device(**(values | changes))


@pytest.fixture
def findings(make_scene, backbone, monkeypatch):
    def find(*found, document=SPEC, **changes):
        monkeypatch.setattr(check_device, "find_devices", lambda: (list(found), ""))
        path = backbone.parent / "spec.yaml"
        path.write_text(yaml.safe_dump(document))
        return list(look(make_scene(**({"spec": path} | changes))))

    return find


def test_what_fits_is_in_order(findings):
    assert [each.status for each in findings(device())] == [Status.OK] * 3
    assert findings(device(), spec=None)[1].status is Status.SKIPPED


def test_what_does_not_fit_is_a_problem_with_a_way_out(findings):
    small = device(total_bytes=10**6, free_bytes=10**6)
    _, plain, checkpointed = findings(small)
    assert plain.status is Status.PROBLEM
    assert "local.batch_size" in plain.next_step
    assert checkpointed.status is Status.WARNING


def test_memory_that_others_use_is_a_warning(findings):
    _, plain, _ = findings(device(free_bytes=10**6))
    assert plain.status is Status.WARNING
    assert "not free now" in plain.found


def test_a_gpu_without_bfloat16_is_a_warning(findings):
    assert findings(device(bfloat16=False))[0].status is Status.WARNING


def test_a_backbone_elsewhere_is_asked_for_and_a_bad_specification_told(findings, backbone):
    elsewhere = SPEC | {"backbone": {"model": "some/hub-id"}}
    assert findings(device(), document=elsewhere)[1].status is Status.SKIPPED
    named = findings(device(), document=elsewhere, backbone=backbone)
    assert named[1].status is Status.OK
    assert findings(device(), document=SPEC | {"colour": 1})[1].status is Status.PROBLEM


def test_the_agent_is_asked_first_then_the_driver_then_the_system(monkeypatch):
    monkeypatch.setattr(devices, "program_installed", lambda _: False)
    monkeypatch.setattr(devices.shutil, "which", lambda _: None)
    (found,), why = find_devices()
    assert (found.kind, found.element_bytes, why) == ("cpu", 4, "pfi-agent is not installed here")
    monkeypatch.setattr(devices.shutil, "which", lambda name: name)
    line = "NVIDIA T4, 15360, 15000, 7.5"
    monkeypatch.setattr(devices, "ask", lambda *_: (True, line))
    (found,), _ = find_devices()
    assert (found.name, found.bfloat16, found.total_bytes) == ("NVIDIA T4", False, 15360 << 20)
    told = {
        "name": "H200",
        "kind": "cuda",
        "total_bytes": 2,
        "free_bytes": 1,
        "dtype": "bfloat16",
        "bfloat16": True,
    }
    monkeypatch.setattr(devices, "program_installed", lambda _: True)
    monkeypatch.setattr(devices, "program_path", lambda name: name)
    monkeypatch.setattr(devices, "ask", lambda *_: (True, json.dumps({"devices": [told]})))
    (found,), why = find_devices()
    assert (found.name, found.element_bytes, found.source, why) == ("H200", 2, "pfi-agent", "")
