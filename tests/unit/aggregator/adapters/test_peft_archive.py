"""The exported folder, without torch."""

import io
import json
import zipfile

import numpy as np
from safetensors.numpy import load
from tests.support.aggregator.builders import SEED, make_schema

from pfi_aggregator.adapters.peft_archive import PeftArchive
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_common.tensors import flatten, initial_adapter

SCHEMA = make_schema()
VECTOR = initial_adapter(SCHEMA, SEED)


def build(revision: str | None = "abc") -> zipfile.ZipFile:
    origin = AdapterOrigin("ab" * 32, "models/tiny", revision)
    return zipfile.ZipFile(io.BytesIO(PeftArchive().build(SCHEMA, VECTOR, origin)))


def test_tensors_are_the_adapters():
    tensors = load(build().read("adapter_model.safetensors"))
    np.testing.assert_array_equal(flatten(SCHEMA, tensors), VECTOR)


def test_the_configuration_is_the_schemas():
    config = json.loads(build().read("adapter_config.json"))
    expected = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "r": 2,
        "lora_alpha": 4,
        "target_modules": ["q_proj"],
        "base_model_name_or_path": "models/tiny",
        "revision": "abc",
        "inference_mode": True,
    }
    assert {key: config[key] for key in expected} == expected
    assert json.loads(build(None).read("adapter_config.json"))["revision"] is None


def test_nothing_in_the_file_depends_on_when_or_where_it_is_made():
    for entry in build().infolist():
        assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        assert (entry.create_system, entry.external_attr) == (3, 0o644 << 16)


def test_the_readme_names_the_origin():
    text = build().read("README.md").decode()
    for fact in ("models/tiny", "abc", "ab" * 32, SCHEMA.digest):
        assert fact in text
