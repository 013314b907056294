import json
import subprocess
import sys
from datetime import timedelta
from fractions import Fraction

import pytest
import typer
import yaml
from tests.support.certificates import FederationFixture
from typer.testing import CliRunner

from pfi_client_agent.adapters.endpoints_file import save_endpoints
from pfi_client_agent.adapters.run_notes import RunNotes
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.domain.exit_codes import ExitCode, exit_code_for
from pfi_client_agent.domain.federation import Endpoints
from pfi_client_agent.entrypoints.main import app, main
from pfi_client_agent.entrypoints.options import parse_share, read_token
from pfi_common.errors import (
    ClientRevokedError,
    DataTooManyBadRowsError,
    DataUnreadableError,
    InternalError,
    NotEnrolledError,
    SpecInvalidError,
    TokenInvalidError,
    error_from_problem,
)
from pfi_common.identity import save_identity
from pfi_common.spec import parse_description

RUNNER = CliRunner()


def write_spec(folder, model, targets=("q_proj", "v_proj")):
    path = folder / "run.yaml"
    adapter = {"rank": 4, "alpha": 8, "target_modules": list(targets)}
    document = {"name": "tiny", "backbone": {"model": str(model)}, "adapter": adapter}
    path.write_text(yaml.safe_dump(document))
    return path


def run(*arguments):
    return RUNNER.invoke(app, [str(argument) for argument in arguments])


def enrol(folder, lifetime=timedelta(days=1)):
    identity = FederationFixture(folder / "federation").client(lifetime=lifetime)
    state = StateFolder(folder / "state")
    save_identity(
        state.identity,
        key_pem=identity.key_pem,
        certificate_chain_pem=identity.certificate_chain_pem,
        authority_pem=identity.authority_pem,
    )
    save_endpoints(state.endpoints, Endpoints("a:1", "b:2", {}))
    return state


def test_the_script_tells_grpc_how_to_wait_before_it_is_imported(monkeypatch):
    code = (
        "import sys, pfi_client_agent.main\n"
        "assert 'grpc' not in sys.modules\n"
        "sys.argv = ['pfi-agent', '--help']\n"
        "try: pfi_client_agent.main.main()\n"
        "except SystemExit: pass\n"
        "import os; assert 'event_engine' in os.environ['GRPC_EXPERIMENTS']"
    )
    monkeypatch.delenv("GRPC_EXPERIMENTS", raising=False)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["start", "--help"], ["data", "check", "--help"], ["status"]]
)
def test_commands_that_need_no_torch_do_not_import_it(tmp_path, arguments):
    state = enrol(tmp_path)
    more = ["--state", str(state.root)] if arguments == ["status"] else []
    code = (
        "import sys; from pfi_client_agent.entrypoints.main import app\n"
        f"try: app({arguments + more!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'peft', 'transformers'} & sys.modules.keys()\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_devices_are_told_for_people_and_for_scripts():
    assert "kind" in run("device").stdout
    (first, *_) = json.loads(run("device", "--json").stdout)["devices"]
    assert first["total_bytes"] >= first["free_bytes"] > 0
    assert (first["dtype"] == "bfloat16") == (first["kind"] == "cuda")


def test_description_as_json_is_what_a_submission_carries(tmp_path, backbone_folder):
    spec = write_spec(tmp_path, backbone_folder)
    result = run("describe", spec, "--json", "--state", tmp_path / "state")
    assert result.exit_code == 0
    description = parse_description(json.loads(result.stdout))
    assert description.adapter_schema.rank == 4
    # The digest is remembered in the state folder.
    assert description.backbone_digest in (tmp_path / "state/cache/backbones.json").read_text()


def test_description_for_people(tmp_path, backbone_folder):
    spec = write_spec(tmp_path, backbone_folder)
    result = run("describe", spec, "--state", tmp_path / "state")
    assert result.exit_code == 0
    for word in ("schema digest", "coordinates", "896", "full fine-tuning", "times as much"):
        assert word in result.stdout


def test_backbones_are_found_beside_the_specification_and_by_option(tmp_path, backbone_folder):
    (tmp_path / "model").symlink_to(backbone_folder)
    state = ("--state", tmp_path / "state", "--json")
    beside = run("describe", write_spec(tmp_path, "model"), *state)
    elsewhere = write_spec(tmp_path, "org/on-the-hub")
    chosen = run("describe", elsewhere, "--backbone", backbone_folder, *state)
    assert beside.exit_code == chosen.exit_code == 0
    assert beside.stdout == chosen.stdout


def test_failures_are_told_with_cause_and_next_step(tmp_path, backbone_folder, capsys, monkeypatch):
    spec = write_spec(tmp_path, backbone_folder, targets=("query",))
    arguments = ["pfi-agent", "describe", str(spec), "--state", str(tmp_path / "state")]
    monkeypatch.setattr(sys, "argv", arguments)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.USAGE
    told = " ".join(capsys.readouterr().err.split())
    assert "SPEC_INVALID" in told
    assert "no linear module query" in told
    assert f"Next step: {SpecInvalidError().next_step}" in told


def test_each_finding_of_a_list_has_a_line_of_its_own(capsys, monkeypatch):
    def fails():
        raise SpecInvalidError(f"The specification is invalid:\n- a: {'bad ' * 40}\n- b: missing")

    monkeypatch.setattr("pfi_client_agent.entrypoints.main.app", fails)
    with pytest.raises(SystemExit):
        main()
    assert [line[:4] for line in capsys.readouterr().err.splitlines()] == [
        "SPEC",
        "- a:",
        "- b:",
        "Next",
    ]


def test_programs_read_a_failure_to_describe_as_a_problem_document(tmp_path, backbone_folder):
    spec = write_spec(tmp_path, backbone_folder, targets=("query",))
    result = run("describe", spec, "--json", "--state", tmp_path / "state")
    assert (result.exit_code, result.stdout) == (ExitCode.USAGE, "")
    error = error_from_problem(json.loads(result.stderr.splitlines()[-1]))
    assert isinstance(error, SpecInvalidError)
    assert "no linear module query" in error.message


def test_status_of_an_enrolled_device(tmp_path):
    state = enrol(tmp_path)
    notes = RunNotes(state)
    for outcome in ("completed", "completed", "update_refused"):
        notes.write_journal({"task": "t", "outcome": outcome})
    document = json.loads(run("status", "--json", "--state", state.root).stdout)
    assert document["client"] == "c-000000000001"
    assert document["tasks"] == {"completed": 2, "update_refused": 1}
    assert document["last_task"]["outcome"] == "update_refused"
    assert (document["running"], document["certificate_expired"]) == (False, False)
    told = run("status", "--state", state.root).stdout
    assert "2 completed, 1 update_refused" in told
    with state.locked():
        assert "an agent is running" in run("status", "--state", state.root).stdout.replace(
            "\n", ""
        )


def test_status_tells_that_a_certificate_has_expired(tmp_path):
    state = enrol(tmp_path, lifetime=timedelta(seconds=-5))
    assert "expired" in run("status", "--state", state.root).stdout


def test_status_without_an_identity(tmp_path):
    result = run("status", "--state", tmp_path)
    assert isinstance(result.exception, NotEnrolledError)


def test_starting_without_identity_and_token_says_so(tmp_path, monkeypatch):
    # It would take the test runner's own log handlers away.
    monkeypatch.setattr(
        "pfi_client_agent.entrypoints.agent_process.configure_logging", lambda *_: None
    )
    data = tmp_path / "rows.txt"
    data.write_text("One.\n\nTwo.\n\nThree.\n")
    arguments = ["start", "--data", data, "--state", tmp_path / "state", "--json-logs"]
    assert run(*arguments).exit_code == ExitCode.IDENTITY
    wrong = run(*arguments, "--backbone", tmp_path)
    assert wrong.exit_code == ExitCode.BACKBONE
    assert run(*arguments, "--bad-row-limit", "110%").exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("text", "share"), [("10%", Fraction(1, 10)), ("0.25", Fraction(1, 4)), (" 0 % ", Fraction(0))]
)
def test_shares(text, share):
    assert parse_share(text) == share


@pytest.mark.parametrize("text", ["", "ten", "-1%", "101%", "1.5", "1/0"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(typer.BadParameter):
        parse_share(text)


def test_tokens_come_from_files_too(tmp_path):
    (tmp_path / "token").write_text("pfi1_abc\n")
    assert read_token(f"@{tmp_path / 'token'}") == "pfi1_abc"
    assert read_token("pfi1_abc") == "pfi1_abc"
    with pytest.raises(TokenInvalidError):
        read_token(f"@{tmp_path / 'absent'}")


def test_exit_codes_are_told_apart_and_documented():
    assert exit_code_for(ClientRevokedError()) == 3
    assert exit_code_for(InternalError()) == 1
    told = " ".join(run("--help").stdout.split())
    assert all(f"{code.value} " in told for code in ExitCode)
    assert [code.value for code in ExitCode] == list(range(9))


def test_a_revoked_client_is_told_how_it_comes_back(monkeypatch, capsys):
    def refuse():
        raise ClientRevokedError

    monkeypatch.setattr("pfi_client_agent.entrypoints.main.app", refuse)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == ExitCode.REVOKED
    said = " ".join(capsys.readouterr().err.split())
    assert "a new join token and another --state folder" in said


def test_data_is_checked_before_anything_else(tmp_path, backbone_folder):
    rows = [{"text": f"row {number}", "label": "ab"[number % 2]} for number in range(9)]
    lines = [json.dumps(row) for row in rows] + [json.dumps(rows[0]), "[nonsense]"]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (tmp_path / "b.csv").write_text("no")
    done = run("data", "check", tmp_path, "--json", "--backbone", backbone_folder)
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["rows"], found["duplicates"], found["bad_rows"]) == (9, 1, 1)
    assert found["kinds"] == {"text/label": 9}
    assert found["labels"] == {"a": 5, "b": 4}
    # One token a byte, and one that ends the text.
    assert found["tokens"] == {"total": 54, "median": 6, "percentile_95": 6, "longest": 6}
    told = run("data", "check", tmp_path).stdout
    for words in ("9 distinct of 11 read", "a: 5, b: 4", "a.jsonl line 11", "b.csv ends in"):
        assert words in told
    refused = run("data", "check", tmp_path, "--bad-row-limit", "5%")
    assert isinstance(refused.exception, DataTooManyBadRowsError)


def test_speakers_are_listed(tmp_path):
    play = tmp_path / "play.txt"
    play.write_text("ADA:\none\n\ntwo\n\nBEN:\nthree\n\nfour\n\nfive\n")
    assert json.loads(run("data", "speakers", play, "--json").stdout) == {"BEN": 3, "ADA": 2}
    assert "2 speakers" in run("data", "speakers", play).stdout
    checked = run("data", "check", play, "--split-by", "speaker", "--speaker", "BEN", "--json")
    assert json.loads(checked.stdout)["rows"] == 3
    play.write_text("nobody")
    for file in (play, tmp_path / "absent.txt"):
        assert isinstance(run("data", "speakers", file).exception, DataUnreadableError)


@pytest.mark.parametrize(
    "options", [("--split-by", "speaker"), ("--columns", "body=text"), ("--split-by", "line")]
)
def test_data_options_that_cannot_be_read(tmp_path, options):
    (tmp_path / "a.txt").write_text("a\n\nb\n\nc")
    assert run("data", "check", tmp_path / "a.txt", *options).exit_code == ExitCode.USAGE
