import numpy as np
import pytest
from peft import PeftModel
from transformers import AutoModelForCausalLM

from pfi_client_agent.adapters.learning.quiet import peft_advice_ignored
from pfi_client_agent.adapters.personal_store import PersonalMeta, PersonalStore
from pfi_client_agent.domain.personal_schema import personal_schema
from pfi_client_agent.domain.training import PersonalAdapter
from pfi_common.errors import AdapterInvalidError
from pfi_common.tensors import Schema, Tensor, unflatten

SHARED = Schema(
    tuple(
        Tensor(f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{side}.weight", shape)
        for layer in (0, 1)
        for side, shape in (("A", (4, 32)), ("B", (32, 4)))
    ),
    rank=4,
    alpha=8,
    target_modules=("q_proj",),
)
SCHEMA = personal_schema(SHARED, rank=2, alpha=6)
META = PersonalMeta("r-1", 3, "model", "backbone", "shared", SHARED.digest, 2, 6, "", 1.25)


def adapter(seed=0):
    values = np.random.default_rng(seed).normal(size=SCHEMA.coordinate_count)
    return PersonalAdapter(SCHEMA, values.astype(np.float32))


@pytest.fixture
def store(tmp_path):
    return PersonalStore(tmp_path / "personal")


def test_the_schema_differs_from_the_shared_one_in_rank_alone():
    assert [tensor.name for tensor in SCHEMA.tensors] == [t.name for t in SHARED.tensors]
    assert [tensor.shape for tensor in SCHEMA.tensors] == [(2, 32), (32, 2)] * 2
    assert (SCHEMA.rank, SCHEMA.alpha, SCHEMA.target_modules) == (2, 6, ("q_proj",))


def test_gives_back_what_it_keeps(store):
    sealed = store.save(adapter(), META)
    meta = store.find("r-1")
    assert meta == sealed
    assert (meta.round, meta.shared_digest, len(meta.sha256)) == (3, "shared", 64)
    assert np.array_equal(store.load(meta, SCHEMA).vector, adapter().vector)
    assert list(store.list()) == [meta]
    assert store.find("r-2") is None


def test_peft_loads_the_folder(store, backbone_folder):
    store.save(adapter(), META)
    model = AutoModelForCausalLM.from_pretrained(backbone_folder)
    with peft_advice_ignored():
        loaded = PeftModel.from_pretrained(model, store.path("r-1"))
    expected = unflatten(SCHEMA, adapter().vector)
    parameters = dict(loaded.named_parameters())
    for name, value in expected.items():
        actual = parameters[name.replace(".weight", ".default.weight")]
        assert np.array_equal(actual.detach().numpy(), value)
    assert loaded.peft_config["default"].lora_alpha == 6


def test_a_damaged_or_foreign_file_is_refused(store):
    meta = store.save(adapter(), META)
    path = store.path("r-1") / "adapter_model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(AdapterInvalidError, match="not what the agent wrote"):
        store.load(meta, SCHEMA)
    path.write_bytes(b"nonsense")
    with pytest.raises(AdapterInvalidError, match="cannot be read"):
        store.load(meta, SCHEMA)
    path.write_bytes(content)
    with pytest.raises(AdapterInvalidError, match="shape"):
        store.load(meta, SHARED)


@pytest.mark.parametrize("renames_done", [0, 1, 2])
def test_a_crash_at_any_point_leaves_one_whole_adapter(store, monkeypatch, renames_done):
    store.save(adapter(1), META)
    left = renames_done
    rename = type(store.path("r-1")).rename

    def crash(path, target):
        nonlocal left
        if left == 0:
            raise OSError("crash")
        left -= 1
        return rename(path, target)

    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.rename", crash)
        if renames_done < 2:
            with pytest.raises(OSError, match="crash"):
                store.save(adapter(2), META)
        else:
            store.save(adapter(2), META)
    meta = store.find("r-1")
    expected = adapter(1) if renames_done == 0 else adapter(2)
    assert np.array_equal(store.load(meta, SCHEMA).vector, expected.vector)
    assert [path.name for path in store.path("r-1").parent.iterdir()] == ["r-1"]


def test_archived_adapters_are_kept_apart(store):
    for seed in (1, 2):
        store.save(adapter(seed), META)
        assert store.archive("r-1").is_dir()
        assert store.find("r-1") is None
    archive = store.path("archive")
    assert sorted(path.name for path in archive.iterdir()) == ["r-1-1", "r-1-2"]
    assert list(store.list()) == []
