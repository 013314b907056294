import httpx
import pytest
from tests.support.cli.admin_api import ScriptedApi
from tests.support.cli.run_documents import RUN, moment, run_document

from pfi_cli.api.runs import Run
from pfi_cli.output import run_progress
from pfi_cli.output.run_progress import watch_run
from pfi_common.errors import ServiceUnavailableError

PATH = f"/v1/runs/{RUN}"


@pytest.fixture
def scripted(monkeypatch):
    monkeypatch.setattr(run_progress, "POLL_SECONDS", 0.0)
    return ScriptedApi()


def running():
    return Run.model_validate(run_document(state="running", revision=3))


def test_it_waits_for_newer_revisions_until_the_end(scripted):
    scripted.on("GET", PATH, run_document(state="running", revision=4))
    scripted.on("GET", PATH, run_document(revision=5))
    ticks = []
    with scripted.client() as api:
        ended = watch_run(api, running(), on_tick=lambda: ticks.append(1))
    assert ended.revision == 5
    asked = [request.url.params["after_revision"] for request in scripted.requests]
    assert asked == ["3", "4"]
    assert len(ticks) == 2


def test_an_outage_is_survived(scripted):
    scripted.fail("GET", PATH, httpx.ConnectError("refused"))
    scripted.on("GET", PATH, run_document())
    with scripted.client() as api:
        assert watch_run(api, running()).ended


def test_a_long_outage_is_an_error(scripted, monkeypatch):
    monkeypatch.setattr(run_progress, "PATIENCE_SECONDS", -1.0)
    scripted.fail("GET", PATH, httpx.ConnectError("refused"))
    with scripted.client() as api, pytest.raises(ServiceUnavailableError):
        watch_run(api, running())


def test_lines_are_written_where_there_is_no_terminal(scripted, capsys):
    scripted.on("GET", PATH, run_document())
    with scripted.client() as api:
        watch_run(api, running())
    assert "river is completed" in capsys.readouterr().err


def test_a_wait_is_told_once_and_again_when_it_changes(scripted, capsys):
    for wait in ("2 more clients", "2 more clients", "1 more client"):
        why = {"waiting_for": wait, "since": moment(0), "unblocks": "", "next": ""}
        scripted.on("GET", PATH, run_document(state="running", why=why))
    scripted.on("GET", PATH, run_document())
    with scripted.client() as api:
        watch_run(api, running())
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("waiting")]
    assert told == ["waiting for 2 more clients", "waiting for 1 more client"]
