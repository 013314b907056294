"""What a start that fails tells those who read its logs."""

import json
import logging
from fractions import Fraction

import pytest
import typer

from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.bootstrap import LearningOptions
from pfi_client_agent.domain.exit_codes import ExitCode
from pfi_client_agent.domain.reading import Reading
from pfi_client_agent.entrypoints.agent_process import AgentProcess
from pfi_common.errors import ClientRevokedError, DataUnreadableError
from pfi_common.telemetry.log import JsonFormatter


@pytest.fixture
def process(tmp_path):
    data = tmp_path / "rows.jsonl"
    data.write_text("")
    return AgentProcess(
        folder=StateFolder(tmp_path / "state"),
        data=str(data),
        reading=Reading(),
        bad_row_limit=Fraction(1, 10),
        token=None,
        display_name="",
        learning=LearningOptions(None, 1, 1),
        observer=LogObserver(),
    )


@pytest.fixture
def logged(caplog):
    caplog.set_level(logging.INFO, logger="pfi")
    formatter = JsonFormatter("client-agent")
    return lambda: [json.loads(formatter.format(record)) for record in caplog.records]


def test_a_failure_is_logged_with_its_next_step(process, logged):
    with pytest.raises(typer.Exit) as ended:
        process.run()
    assert ended.value.exit_code == ExitCode.DATA
    # Data that cannot be used was not read: the failure is all that is said of it.
    (line,) = logged()
    assert (line["event"], line["reason"]) == ("agent_failed", "DATA_UNREADABLE")
    assert line["next_step"] == DataUnreadableError.entry.next_step


def test_the_log_tells_a_revoked_client_how_it_comes_back(process, logged, monkeypatch):
    def refuse(_):
        raise ClientRevokedError

    monkeypatch.setattr(AgentProcess, "_read_data", refuse)
    with pytest.raises(typer.Exit) as ended:
        process.run()
    assert ended.value.exit_code == ExitCode.REVOKED
    assert "another --state folder" in logged()[-1]["next_step"]
