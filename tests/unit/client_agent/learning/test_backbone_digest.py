import json
import os
import shutil

import pytest
from safetensors.torch import load_file, save_file
from tests.support.client_agent.backbones import write_backbone

from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.adapters.weight_files import stored_tensors, weight_files
from pfi_common.errors import BackboneUnreadableError


def digest(folder):
    cache = folder.with_name(folder.name + "-cache")
    shutil.rmtree(cache, ignore_errors=True)
    return open_skeleton(folder).digest(DigestCache(cache / "backbones.json"))


def rewrite(folder, change):
    tensors = change(load_file(folder / "model.safetensors"))
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def test_sharding_does_not_matter(tmp_path):
    whole = write_backbone(tmp_path / "whole")
    sharded = write_backbone(tmp_path / "sharded", max_shard_size="30KB")
    assert len(weight_files(sharded)) > 2
    assert digest(whole) == digest(sharded)


def test_every_bit_name_and_shape_matters(tmp_path):
    digests = {
        digest(write_backbone(tmp_path / "a")),
        digest(write_backbone(tmp_path / "b", seed=1)),
    }

    def flip(tensors):
        norm = tensors["model.norm.weight"].clone()
        norm[3] += 1e-6
        return tensors | {"model.norm.weight": norm}

    def reshape(tensors):
        gate = tensors["model.layers.0.mlp.gate_proj.weight"]
        return tensors | {"model.layers.0.mlp.gate_proj.weight": gate.reshape(32, 64)}

    def half(tensors):
        return tensors | {"model.norm.weight": tensors["model.norm.weight"].half()}

    for number, change in enumerate((flip, reshape, half)):
        digests.add(digest(rewrite(write_backbone(tmp_path / str(number)), change)))
    assert len(digests) == 5


def test_a_tied_tensor_may_be_stored_once_or_twice(tmp_path):
    once = write_backbone(tmp_path / "once", tied=True)
    assert "lm_head.weight" not in stored_tensors(once)

    def twice(tensors):
        return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"].clone()}

    def only_head(tensors):
        tensors = twice(tensors)
        del tensors["model.embed_tokens.weight"]
        return tensors

    def other_head(tensors):
        return tensors | {"lm_head.weight": tensors["model.embed_tokens.weight"] + 1}

    expected = digest(once)
    assert digest(rewrite(write_backbone(tmp_path / "twice", tied=True), twice)) == expected
    assert digest(rewrite(write_backbone(tmp_path / "head", tied=True), only_head)) == expected
    assert digest(rewrite(write_backbone(tmp_path / "other", tied=True), other_head)) != expected


def test_a_checkpoint_of_the_base_model_alone_has_the_same_digest(tmp_path):
    full = write_backbone(tmp_path / "full", "gpt2", tied=True)
    bare = write_backbone(tmp_path / "bare", "gpt2", tied=True)

    def strip(tensors):
        return {name.removeprefix("transformer."): value for name, value in tensors.items()}

    assert digest(rewrite(bare, strip)) == digest(full)


def test_the_cache_follows_the_files(tmp_path):
    folder, cache = write_backbone(tmp_path / "backbone"), DigestCache(tmp_path / "b.json")
    calls = []

    def compute():
        calls.append(1)
        return f"digest {len(calls)}"

    files = weight_files(folder)
    assert cache.get(folder, files, compute) == cache.get(folder, files, compute) == "digest 1"
    os.utime(files[0], ns=(1, 1))
    assert cache.get(folder, files, compute) == "digest 2"
    (tmp_path / "b.json").write_text("{broken")
    assert cache.get(folder, files, compute) == "digest 3"


def test_refuses_other_formats_and_broken_files(tmp_path):
    folder = tmp_path / "backbone"
    write_backbone(folder)
    path = folder / "model.safetensors"
    content = path.read_bytes()
    for broken in (
        b"",
        content[:4],
        (1 << 60).to_bytes(8, "little"),
        content[:-5],
        b"\x02" + content[1:],
    ):
        path.write_bytes(broken)
        with pytest.raises(BackboneUnreadableError, match="not a safetensors file"):
            stored_tensors(folder)
    path.rename(folder / "pytorch_model.bin")
    with pytest.raises(BackboneUnreadableError, match="only safetensors"):
        stored_tensors(folder)


def test_an_index_cannot_name_files_elsewhere(tmp_path):
    (tmp_path / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "../secret.safetensors"}})
    )
    with pytest.raises(BackboneUnreadableError, match="outside"):
        stored_tensors(tmp_path)
