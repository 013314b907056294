"""The protos keep to the rules of protos/buf.yaml, and the checks see what they are there for."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PROTOS = REPOSITORY / "protos"
BASELINE = PROTOS / "baseline.binpb"
BUF = Path(sys.executable).with_name("buf")


def buf(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BUF, *map(str, arguments)], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )


@pytest.fixture
def changed(tmp_path) -> Path:
    """A copy of the protos that a test may spoil."""
    return Path(shutil.copytree(PROTOS, tmp_path / "protos"))


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_protos_are_sound_and_fully_described():
    done = buf("lint", PROTOS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_protos_are_formatted():
    done = buf("format", "--diff", "--exit-code", PROTOS)
    assert done.returncode == 0, done.stdout


def test_protos_are_compatible_with_the_baseline():
    done = buf("breaking", PROTOS, "--against", BASELINE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_field_without_a_comment_is_seen(changed):
    replace(changed / "pfi/common/v1/metrics.proto", "  // Which one.\n", "")
    done = buf("lint", changed)
    assert done.returncode != 0
    assert 'Field "name" should have a non-empty comment' in done.stdout


def test_a_renumbered_field_is_seen(changed, tmp_path):
    image = tmp_path / "image.binpb"
    assert buf("build", PROTOS, "--output", image).returncode == 0
    assert buf("breaking", changed, "--against", image).returncode == 0
    replace(changed / "pfi/common/v1/metrics.proto", "double value = 2;", "double value = 3;")
    done = buf("breaking", changed, "--against", image)
    assert done.returncode != 0
    assert 'field "2" with name "value" on message "Metric" was deleted' in done.stdout
