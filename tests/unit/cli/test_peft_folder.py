import hashlib
import io
import zipfile

import numpy as np
import pytest
from tests.support.cli.safetensors import safetensors_bytes

from pfi_cli.peft_folder import canonical_digest, write_peft_folder
from pfi_common.errors import ArtifactCorruptError, InvalidRequestError
from pfi_common.tensors import Schema, Tensor, adapter_digest, initial_adapter, unflatten

SCHEMA = Schema(
    tensors=(
        Tensor("a.q_proj.lora_A.weight", (2, 3)),
        Tensor("a.q_proj.lora_B.weight", (3, 2)),
    ),
    rank=2,
    alpha=4,
    target_modules=("q_proj",),
)
VECTOR = initial_adapter(SCHEMA, 7)
DIGEST = adapter_digest(VECTOR)


def archive(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, contents in files.items():
            zipped.writestr(name, contents)
    return buffer.getvalue()


def exported(**changes):
    # Written in another order than the schema's, as a library may do.
    tensors = dict(reversed(list(unflatten(SCHEMA, VECTOR).items())))
    files = {
        "adapter_config.json": b"{}",
        "adapter_model.safetensors": safetensors_bytes(tensors),
    }
    return archive(files | changes)


def test_the_digest_of_an_adapter_follows_from_its_tensors():
    assert canonical_digest(safetensors_bytes(unflatten(SCHEMA, VECTOR))) == DIGEST


def test_an_export_becomes_a_folder(tmp_path):
    folder = tmp_path / "deep" / "adapter"
    write_peft_folder(exported(), DIGEST, folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["adapter"]


def test_an_empty_folder_is_filled(tmp_path):
    write_peft_folder(exported(), DIGEST, tmp_path / "adapter")
    (tmp_path / "empty").mkdir()
    write_peft_folder(exported(), DIGEST, tmp_path / "empty")
    assert (tmp_path / "empty" / "adapter_config.json").exists()


def test_a_folder_in_use_is_not_touched(tmp_path):
    (tmp_path / "mine").write_text("important")
    with pytest.raises(InvalidRequestError, match="--out"):
        write_peft_folder(exported(), DIGEST, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_other_tensors_are_refused_and_nothing_is_written(tmp_path):
    changed = VECTOR.copy()
    changed[0] = np.nextafter(changed[0], np.float32(1))
    wrong = safetensors_bytes(unflatten(SCHEMA, changed))
    with pytest.raises(ArtifactCorruptError, match=DIGEST):
        write_peft_folder(
            exported(**{"adapter_model.safetensors": wrong}), DIGEST, tmp_path / "adapter"
        )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../escaped", "/etc/passwd", "folder/file", "a\\b", ".hidden"])
def test_nothing_is_written_outside_of_the_folder(tmp_path, name):
    with pytest.raises(ArtifactCorruptError, match="more than plain files"):
        write_peft_folder(exported(**{name: b"x"}), DIGEST, tmp_path / "adapter")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_refused(tmp_path):
    buffer = io.BytesIO(exported())
    with zipfile.ZipFile(buffer, "a") as zipped:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        zipped.writestr(link, "/etc/passwd")
    with pytest.raises(ArtifactCorruptError, match="more than plain files"):
        write_peft_folder(buffer.getvalue(), DIGEST, tmp_path / "adapter")


@pytest.mark.parametrize(
    ("damaged", "sentence"),
    [
        (b"not a zip", "zip"),
        (exported()[:-40], "zip"),
        (archive({"adapter_config.json": b"{}"}), "lacks adapter_model.safetensors"),
        (exported(**{"adapter_model.safetensors": b"short"}), "safetensors"),
        (exported(**{"adapter_model.safetensors": b"\x02" + bytes(7) + b"[]"}), "safetensors"),
        (
            exported(**{"adapter_model.safetensors": safetensors_bytes({"a": [1]}, dtype="F16")}),
            "float32",
        ),
    ],
)
def test_damage_is_an_error_that_says_what(tmp_path, damaged, sentence):
    with pytest.raises(ArtifactCorruptError, match=sentence):
        write_peft_folder(damaged, DIGEST, tmp_path / "adapter")


def test_tensors_that_point_outside_of_the_file_do_not_match(tmp_path):
    honest = safetensors_bytes({"a": [1.0]})
    assert canonical_digest(honest[:-2]) != hashlib.sha256(honest[-4:]).hexdigest()
