"""Files: YAML and JSON, small, without surprises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.unit.common.spec.builders import document, spec

from pfi_common.errors import SpecInvalidError
from pfi_common.spec import load_run_spec

YAML = """\
# A comment.
name: first
backbone: {model: a/model}
local:
  learning_rate: 2e-4
  steps: 20
server_optimizer: {name: adam, learning_rate: 1E-2, tau: 1.0e-3}
cohort: {deadline: 90s}
"""


def file(tmp_path: Path, text: str | bytes, name: str = "spec.yaml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_yaml_is_read(tmp_path: Path) -> None:
    made = load_run_spec(file(tmp_path, YAML))
    assert made.local.learning_rate == 2e-4
    assert made.server_optimizer.learning_rate == 0.01
    assert made.cohort.deadline.total_seconds() == 90


def test_json_is_read(tmp_path: Path) -> None:
    text = json.dumps(document(local={"learning_rate": 2e-4}))
    assert load_run_spec(file(tmp_path, text, "spec.json")) == spec()
    assert load_run_spec(file(tmp_path, text, "spec.yml")) == spec()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must hold fields"),
        ("- a\n- b\n", "must hold fields"),
        ("name: a\nname: b\n", "'name' is given twice"),
        ("name: a\nlocal: {steps: 1, steps: 2}\n", "'steps' is given twice"),
        ("name: [\n", "line 2"),
        ("a: &x {b: 1}\nc: *x\n", "aliases"),
        ("name: !!python/object:os.system {}\n", "could not determine a constructor"),
        ("1: 2\n", "keys must be words"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("name: " + "x" * 70_000, "larger than 65536 bytes"),
        (b"name: \xff\n", "not UTF-8"),
        ("name: \x00\n", "cannot be read"),
    ],
)
def test_bad_yaml_is_refused(tmp_path: Path, text: str | bytes, reason: str) -> None:
    with pytest.raises(SpecInvalidError, match=reason):
        load_run_spec(file(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "cannot be read"),
        ("[]", "must hold fields"),
        ('{"name": "a", "name": "b"}', "given twice"),
        ('{"seed": NaN}', "NaN is not a number"),
        ("[" * 60_000, "nested too deeply"),
    ],
)
def test_bad_json_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(SpecInvalidError, match=reason):
        load_run_spec(file(tmp_path, text, "spec.json"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalidError, match=r"absent.yaml.*Check the path"):
        load_run_spec(tmp_path / "absent.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SpecInvalidError, match="cannot be read"):
        load_run_spec(tmp_path)
