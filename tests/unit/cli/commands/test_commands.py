"""Commands against a scripted API: what is called, what is printed, how it exits."""

import json

import pytest
from tests.support.cli.cluster_documents import clusters_document
from tests.support.cli.commands import pfi
from tests.support.cli.run_documents import RUN, run_document
from typer.testing import CliRunner

from pfi_cli import main as program
from pfi_cli.commands import run as run_commands
from pfi_cli.exit_codes import ExitCode, exit_code_of
from pfi_cli.output.console import print_error
from pfi_common.errors import (
    CATALOG,
    ApiKeyInvalidError,
    RunUnknownError,
    ServiceUnavailableError,
    SettingsInvalidError,
    SpecInvalidError,
)

CLIENT = {
    "client": "c-00000000000a",
    "display_name": "ada",
    "state": "active",
    "connected": True,
    "enrolled_at": "2026-03-01T12:00:00Z",
    "certificate_expires_at": "2026-03-02T12:00:00Z",
    "training_rows": 90,
    "agent_version": "0.1.0",
}
SUMMARY = {"run": RUN, "name": "river", "state": "running", "created_at": None, "ended_at": None}


def test_a_token_is_printed_alone_so_that_scripts_can_use_it(scripted):
    scripted.on("POST", "/v1/tokens", tokens("pfi1_abc"), 201)
    result = pfi("token", "create", "--label", "ada", "--ttl-seconds", 600)
    assert result.stdout == "pfi1_abc\n"
    assert scripted.bodies() == [{"label": "ada", "ttl_seconds": 600, "count": 1}]


def tokens(*secrets):
    return {"token": secrets[0], "tokens": secrets, "expires_at": "2026-03-01T13:00:00Z"}


def test_many_tokens_are_asked_for_at_once_and_printed_one_per_line(scripted):
    scripted.on("POST", "/v1/tokens", tokens("pfi1_a", "pfi1_b"), 201)
    assert pfi("token", "create", "--count", 2).stdout == "pfi1_a\npfi1_b\n"
    assert scripted.bodies()[0]["count"] == 2
    assert pfi("token", "create", "--count", 1001).exit_code == ExitCode.USAGE
    assert len(scripted.requests) == 1


def test_tokens_go_to_a_file_of_their_owner_alone(scripted, tmp_path):
    scripted.on("POST", "/v1/tokens", tokens("pfi1_a", "pfi1_b"), 201)
    out = tmp_path / "tokens.txt"
    result = pfi("token", "create", "--count", 2, "--out", out, "--json")
    assert out.read_text() == "pfi1_a\npfi1_b\n"
    assert out.stat().st_mode & 0o777 == 0o600
    assert "pfi1_" not in result.stdout
    assert json.loads(result.stdout)["count"] == 2


def test_a_file_of_tokens_is_replaced_only_by_force(scripted, tmp_path):
    scripted.on("POST", "/v1/tokens", tokens("pfi1_new"), 201)
    out = tmp_path / "tokens.txt"
    out.write_text("pfi1_old\n")
    refused = pfi("token", "create", "--out", out).exception
    assert isinstance(refused, SettingsInvalidError)
    assert "--force" in refused.next_step
    assert (out.read_text(), scripted.requests) == ("pfi1_old\n", [])
    assert pfi("token", "create", "--out", out, "--force").exit_code == 0
    assert out.read_text() == "pfi1_new\n"


def test_a_file_of_tokens_that_cannot_be_written_is_named(scripted, tmp_path):
    scripted.on("POST", "/v1/tokens", tokens("pfi1_a"), 201)
    result = pfi("token", "create", "--out", tmp_path)
    assert isinstance(result.exception, SettingsInvalidError)


def test_clients_are_listed_as_a_table_and_as_json(scripted):
    scripted.on("GET", "/v1/clients", {"clients": [CLIENT]})
    assert "c-00000000000a" in pfi("client", "list").stdout
    assert json.loads(pfi("client", "list", "--json").stdout)[0]["training_rows"] == 90


def test_the_class_of_a_device_is_shown_where_one_said_any(scripted):
    scripted.on("GET", "/v1/clients", {"clients": [CLIENT]})
    scripted.on("GET", "/v1/clients", {"clients": [CLIENT | {"device_class": "phone"}, CLIENT]})
    assert "device class" not in pfi("client", "list").stdout
    heading, first, second = pfi("client", "list").stdout.splitlines()
    assert "device class" in heading
    assert ("phone" in first, "phone" in second) == (True, False)


def test_a_client_is_revoked_with_a_reason(scripted):
    scripted.on("POST", "/v1/clients/c-00000000000a/revoke", {})
    assert pfi("client", "revoke", "c-00000000000a", "--reason", "lost").exit_code == 0
    assert scripted.bodies() == [{"reason": "lost"}]


def test_a_client_is_revoked_without_a_reason(scripted):
    scripted.on("POST", "/v1/clients/c-00000000000a/revoke", {})
    assert pfi("client", "revoke", "c-00000000000a").exit_code == 0
    assert scripted.bodies() == [{}]


def test_clusters_are_shown_as_a_table_and_as_json(scripted):
    scripted.on("GET", "/v1/runs/river/clusters", clusters_document())
    assert "cluster-2" in pfi("run", "clusters", "river").stdout
    shown = json.loads(pfi("run", "clusters", "river", "--json").stdout)
    assert shown == clusters_document()


def test_runs_are_listed(scripted):
    scripted.on("GET", "/v1/runs", {"runs": [SUMMARY]})
    assert "river" in pfi("run", "list").stdout
    assert json.loads(pfi("run", "list", "--json").stdout)[0]["state"] == "running"


def test_who_stops_watching_is_told_that_the_run_goes_on(scripted, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    scripted.on("GET", "/v1/runs/river", run_document(state="running"))
    monkeypatch.setattr(run_commands, "watch_run", interrupted)
    result = pfi("run", "watch", "river")
    assert result.exit_code == ExitCode.INTERRUPTED
    assert "the run goes on" in result.stderr
    assert "`pfi run watch river`" in result.stderr
    assert "`pfi run cancel river`" in result.stderr


def test_a_run_is_shown(scripted):
    scripted.on("GET", "/v1/runs/river", run_document())
    shown = pfi("run", "show", "river").stdout
    assert "round 2" in shown
    assert "ada" in shown
    assert json.loads(pfi("run", "show", "river", "--json").stdout)["revision"] == 17


def test_watching_a_run_that_completes_exits_with_0(scripted):
    scripted.on("GET", "/v1/runs/river", run_document(state="running", ended_at=None))
    scripted.on("GET", f"/v1/runs/{RUN}", run_document())
    result = pfi("run", "watch", "river")
    assert result.exit_code == ExitCode.DONE
    assert "river is completed" in result.stderr


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_watching_a_run_that_does_not_complete_has_its_own_status(scripted, state):
    scripted.on("GET", "/v1/runs/river", run_document(state=state))
    assert pfi("run", "watch", "river").exit_code == ExitCode.RUN_NOT_COMPLETED


def test_a_run_is_cancelled(scripted):
    scripted.on("POST", "/v1/runs/river/cancel", run_document(state="cancelled"))
    assert pfi("run", "cancel", "river").stdout.strip() == RUN


def test_a_submission_carries_the_checked_spec_and_the_description(scripted, tmp_path):
    spec, described = tmp_path / "spec.yaml", tmp_path / "described.json"
    spec.write_text("name: river\nbackbone: {model: tiny}\nadapter: {target_modules: [q_proj]}\n")
    tensor = {"dtype": "float32", "name": "q_proj.lora_A.weight", "shape": [8, 4]}
    schema = {"alpha": 16, "method": "lora", "rank": 8, "target_modules": ["q_proj"],
              "task": "causal-lm", "tensors": [tensor]}  # fmt: skip
    description = {"backbone_digest": "b" * 64, "adapter_schema": schema, "parameter_count": 100}
    described.write_text(json.dumps(description))
    scripted.on("POST", "/v1/runs", run_document(state="pending"), 201)
    result = pfi("run", "submit", spec, "--described", described)
    assert result.stdout.strip() == RUN
    (body,) = scripted.bodies()
    assert body["description"] == description | {"sizes": None}
    assert "memory is not estimated" in result.stderr
    assert body["spec"]["local"]["steps"] == 20


def test_a_wrong_spec_is_not_sent(scripted, tmp_path):
    spec = tmp_path / "spec.yaml"
    spec.write_text("name: river\nbackbone: {model: tiny}\nlocal: {steps: 0}\n")
    result = pfi("run", "submit", spec, "--described", spec)
    assert isinstance(result.exception, SpecInvalidError)
    assert "local.steps" in result.exception.message
    assert scripted.requests == []


def test_adapters_are_listed(scripted):
    adapter = {"digest": "a" * 64, "schema_digest": "b" * 64, "run": RUN, "line": "global",
               "version": 2, "published_at": "2026-03-01T12:00:00Z"}  # fmt: skip
    scripted.on("GET", "/v1/adapters", {"adapters": [adapter]})
    narrow = CliRunner(env={"COLUMNS": "40"}).invoke(
        program.app, ["adapter", "list", "--run", "river"]
    )
    assert f" {'a' * 64} " in narrow.stdout
    assert dict(scripted.requests[0].url.params) == {"run": "river"}


def test_an_error_says_reason_cause_and_next_step_on_stderr(monkeypatch, capsys):
    def fails():
        raise RunUnknownError("no run [river]")

    monkeypatch.setattr(program, "app", fails)
    with pytest.raises(SystemExit) as exit_info:
        program.main()
    written = capsys.readouterr()
    assert exit_info.value.code == ExitCode.FAILED
    assert written.out == ""
    first, second = written.err.splitlines()
    assert first == "RUN_UNKNOWN: no run [river]"
    assert second == f"next: {CATALOG['RUN_UNKNOWN'].next_step}"


def test_an_error_with_a_list_has_a_line_for_each_finding(capsys):
    print_error(SpecInvalidError("The specification\nis invalid:\n- a: is bad\n- b: is missing"))
    assert capsys.readouterr().err.splitlines()[:3] == [
        "SPEC_INVALID: The specification is invalid:",
        "- a: is bad",
        "- b: is missing",
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ServiceUnavailableError(), ExitCode.UNREACHABLE),
        (ApiKeyInvalidError(), ExitCode.REFUSED),
        (SpecInvalidError(), ExitCode.USAGE),
        (RunUnknownError(), ExitCode.FAILED),
    ],
)
def test_scripts_can_tell_errors_apart(error, code):
    assert exit_code_of(error) is code


@pytest.mark.parametrize(
    "command", ["demo", "up", "down", "doctor", "report", "run explain", "run submit",
                "run watch", "run list", "run show", "run clusters", "run cancel",
                "run pause", "run resume", "run extend", "run restart",
                "client list", "client revoke",
                "token create", "adapter list", "adapter pull"]
)  # fmt: skip
def test_every_command_teaches_by_example(command):
    result = pfi(*command.split(), "--help")
    assert result.exit_code == 0
    assert "Example" in result.stdout


def test_the_version_is_printed():
    assert pfi("--version").stdout.strip() == "0.1.0"
