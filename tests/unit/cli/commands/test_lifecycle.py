"""Pausing, resuming, extending and restarting runs, against a scripted API."""

import json

import pytest
from tests.support.cli.commands import pfi
from tests.support.cli.run_documents import RUN, run_document

from pfi_common.errors import AdapterUnknownError, InvalidRequestError, SpecInvalidError


def adapter(version, **changes):
    values = {"digest": f"{version:064x}", "schema_digest": "b" * 64, "run": RUN, "line": "global",
              "version": version, "published_at": "2026-03-01T12:00:00Z"}  # fmt: skip
    return values | changes


WHY = {
    "waiting_for": "somebody to resume it",
    "since": "2026-03-01T12:00:00Z",
    "unblocks": "",
    "next": "",
}


@pytest.mark.parametrize(("options", "at_once"), [([], False), (["--now"], True)])
def test_a_run_is_paused(scripted, options, at_once):
    paused = run_document(state="paused", ended_at=None, why=WHY)
    scripted.on("POST", "/v1/runs/river/pause", paused)
    result = pfi("run", "pause", "river", *options)
    assert result.stdout.strip() == RUN
    assert "river is paused, waiting for somebody to resume it" in result.stderr
    assert scripted.bodies() == [{"at_once": at_once}]


def test_a_run_is_resumed(scripted):
    scripted.on("POST", "/v1/runs/river/resume", run_document(state="running", ended_at=None))
    assert json.loads(pfi("run", "resume", "river", "--json").stdout)["state"] == "running"


def test_a_run_is_extended(scripted):
    scripted.on("POST", "/v1/runs/river/extend", run_document(state="running", ended_at=None))
    assert pfi("run", "extend", "river", "--rounds", 20).stdout.strip() == RUN
    assert scripted.bodies() == [{"rounds": 20}]
    assert pfi("run", "extend", "river").exit_code != 0


def test_a_restart_begins_with_the_newest_adapter(scripted):
    scripted.on("GET", "/v1/adapters", {"adapters": [adapter(1), adapter(3), adapter(2)]})
    scripted.on("POST", f"/v1/runs/{RUN}/restart", run_document(state="pending"), 201)
    result = pfi("run", "restart", "river", "--name", "again", "--rounds", 4)
    assert result.stdout.strip() == RUN
    assert f"begins with version 3 of {RUN}" in result.stderr
    assert scripted.bodies() == [{"name": "again", "line": "global", "version": 3, "rounds": 4}]


def test_a_restart_begins_with_the_version_that_is_named(scripted):
    scripted.on("GET", "/v1/adapters", {"adapters": [adapter(1), adapter(3)]})
    scripted.on("POST", f"/v1/runs/{RUN}/restart", run_document(state="pending"), 201)
    pfi("run", "restart", "river", "--name", "again", "--version", 1)
    assert scripted.bodies() == [{"name": "again", "line": "global", "version": 1}]
    result = pfi("run", "restart", "river", "--name", "again", "--version", 2)
    assert isinstance(result.exception, AdapterUnknownError)


def test_a_digest_names_the_run_that_trained_it(scripted):
    copy = adapter(3) | {"run": "r-ffffffffff", "version": 0}
    scripted.on("GET", "/v1/adapters", {"adapters": [copy, adapter(3)]})
    scripted.on("POST", f"/v1/runs/{RUN}/restart", run_document(state="pending"), 201)
    pfi("run", "restart", adapter(3)["digest"], "--name", "again")
    assert scripted.bodies() == [{"name": "again", "line": "global", "version": 3}]
    result = pfi("run", "restart", "f" * 64, "--name", "again")
    assert isinstance(result.exception, AdapterUnknownError)


@pytest.mark.parametrize(
    ("adapter", "options"),
    [
        ("f" * 64, ["--version", 1]),
        ("f" * 64, ["--line", "cluster-1"]),
        ("river", ["--described", "described.json"]),
        ("river", ["--backbone", "folder"]),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(scripted, adapter, options):
    result = pfi("run", "restart", adapter, "--name", "again", *options)
    assert isinstance(result.exception, InvalidRequestError)
    assert scripted.requests == []


def test_a_run_with_clusters_needs_a_line(scripted):
    own = adapter(4, line="cluster-1")
    scripted.on("GET", "/v1/adapters", {"adapters": [adapter(3), own]})
    result = pfi("run", "restart", "river", "--name", "again")
    assert isinstance(result.exception, InvalidRequestError)
    scripted.on("POST", f"/v1/runs/{RUN}/restart", run_document(state="pending"), 201)
    pfi("run", "restart", "river", "--line", "cluster-1", "--name", "again")
    assert scripted.bodies() == [{"name": "again", "line": "cluster-1", "version": 4}]


def test_another_specification_is_checked_before_it_is_sent(scripted, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text("name: river\nbackbone: {model: tiny}\nlocal: {steps: 0}\n")
    scripted.on("GET", "/v1/adapters", {"adapters": [adapter(1)]})
    result = pfi("run", "restart", "river", "--name", "again", "--spec", spec)
    assert isinstance(result.exception, SpecInvalidError)
    assert scripted.bodies() == []


def test_a_restarted_run_shows_where_it_begins(scripted):
    origin = {"run": "r-ffffffffff", "line": "global", "version": 3, "digest": "a" * 64}
    scripted.on("GET", "/v1/runs/river", run_document(origin=origin))
    assert "begun with: version 3 of r-ffffffffff" in pfi("run", "show", "river").stdout
