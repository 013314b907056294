import io
import json
import logging
from datetime import UTC, datetime

import pytest
from rich.console import Console
from tests.support.certificates import FederationFixture

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.adapters.log_observer import LogObserver
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.domain.local_data import LocalData
from pfi_client_agent.domain.rows import TextRow
from pfi_client_agent.entrypoints.console_observer import ConsoleObserver
from pfi_common.errors import ServiceUnavailableError
from pfi_common.telemetry.log import JsonFormatter


def tell_everything(observer, identity):
    """Call every method of an observer once."""
    data = LocalData("notes.jsonl")
    data.add(TextRow("a secret row"))
    for number in range(12):
        data.skip(number, f"is [bad] {number}")
    task = Task(task="r-1.2.1.c-1", run="r-1", round=2)
    task.train.local.steps = 5
    error = ServiceUnavailableError("gone [away]")
    calls = {
        "data_read": [data],
        "enrolled": [identity],
        "session_opened": ["c-1", "host:1"],
        "session_ended": [error, 1.5],
        "certificate_renewed": [datetime(2026, 1, 2, tzinfo=UTC)],
        "renewal_failed": [error],
        "task_started": [task],
        "rows_left_out": [task, 7],
        "task_progress": [task, 3, 5],
        "update_reused": [task],
        "residual_missing": [task],
        "transfer_retried": [task, error, 0.5],
        "personal_archived": ["r-1"],
        "task_completed": [task, 1.25],
        "task_abandoned": [task, "failed", ValueError("odd")],
        "task_stopped": [task],
        "stopped": [],
    }
    methods = {name for name in vars(Observer) if not name.startswith("_")}
    assert calls.keys() == methods
    for name, arguments in calls.items():
        getattr(observer, name)(*arguments)


@pytest.fixture
def identity(tmp_path):
    return FederationFixture(tmp_path).client()


def test_people_read_sentences(identity):
    output = io.StringIO()
    tell_everything(ConsoleObserver(Console(file=output, width=200)), identity)
    told = output.getvalue()
    for words in ("1 rows, 0 duplicates, 12 unusable", "line 9 is [bad] 9", "and 2 more",
                  "Connected to host:1 as c-1", "gone [away]", "done in 1.2 s",
                  "given back, failed: odd", "Stopped."):  # fmt: skip
        assert words in told
    assert "line 10" not in told
    assert "secret" not in told


def test_everything_else_reads_json(identity, caplog):
    caplog.set_level(logging.INFO, logger="pfi")
    tell_everything(LogObserver(), identity)
    formatter = JsonFormatter("client-agent")
    lines = [json.loads(formatter.format(record)) for record in caplog.records]
    by_event = {line["event"]: line for line in lines}
    assert (by_event["data_read"]["rows"], by_event["data_read"]["bad_rows"]) == (1, 12)
    assert by_event["agent_ready"]["client"] == "c-1"
    assert by_event["session_ended"]["reason"] == "SERVICE_UNAVAILABLE"
    assert by_event["task_completed"]["seconds"] == 1.25
    assert by_event["task_abandoned"]["error_type"] == "ValueError"
    assert sum(line["event"] == "bad_row_skipped" for line in lines) == 10
    assert "secret" not in json.dumps(lines)
