"""What `pfi-agent describe` says reaches the one who submits, once and unchanged."""

import json
import shlex
import sys

import pytest

from pfi_cli.submission import describe_spec
from pfi_common.errors import InternalError, SpecInvalidError, problem_document


@pytest.fixture
def failing_agent(tmp_path, monkeypatch):
    """Installs a program that says something on stderr and fails."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    def install(*lines):
        program = tmp_path / "pfi-agent"
        said = " ".join(shlex.quote(line) for line in lines)
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' {said} >&2\nexit 2\n")
        program.chmod(0o755)

    return install


def test_an_agents_failure_keeps_its_reason_and_its_words(failing_agent, tmp_path):
    refused = SpecInvalidError("adapter.target_modules: no linear module query")
    failing_agent("a library warns", json.dumps(problem_document(refused)))
    with pytest.raises(SpecInvalidError) as failed:
        describe_spec(tmp_path / "spec.yaml", None)
    assert failed.value.message == refused.message


@pytest.mark.parametrize("words", ["ModuleNotFoundError: torch", "3"])
def test_an_agent_that_breaks_off_is_told_with_its_last_words(failing_agent, tmp_path, words):
    failing_agent(words)
    with pytest.raises(InternalError, match=f"status 2: {words}"):
        describe_spec(tmp_path / "spec.yaml", None)
