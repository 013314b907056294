"""The command itself: side by side, within a time, and how it exits."""

import json
import threading

import pytest
from typer.testing import CliRunner

from pfi_cli import main as program
from pfi_cli.doctor import checks
from pfi_cli.doctor.checks import CHECKS
from pfi_cli.doctor.findings import Status, ok, problem, warning
from pfi_cli.doctor.programs import ask
from pfi_cli.doctor.run_checks import Check, run_checks


def test_checks_run_side_by_side_and_keep_their_order(make_scene):
    meeting = threading.Barrier(2, timeout=60)

    def look(name):
        def run(_scene):
            meeting.wait()
            yield ok(name, "", "met")

        return Check(name, run, 60)

    found = run_checks([look("first"), look("second")], make_scene())
    assert [each.check for each in found] == ["first", "second"]


def test_a_check_that_hangs_is_a_problem_and_holds_nothing_up(make_scene, monkeypatch):
    monkeypatch.setattr("pfi_cli.doctor.run_checks.GRACE_SECONDS", 0.0)
    may_end, ended = threading.Event(), threading.Event()

    def hang(_scene):
        may_end.wait(60)
        ended.set()
        yield ok("slow", "", "")

    (found,) = run_checks([Check("slow", hang, 0.05)], make_scene())
    assert not ended.is_set()
    may_end.set()
    assert (found.check, found.status) == ("slow", Status.PROBLEM)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_check_that_fails_is_told_as_a_bug(make_scene):
    def fail(_scene):
        raise RuntimeError("bug")

    (found,) = run_checks([Check("broken", fail)], make_scene())
    assert "failed" in found.found


def test_every_check_has_a_name_of_its_own():
    names = [check.name for check in CHECKS]
    assert len(set(names)) == len(names)


@pytest.fixture
def pfi(monkeypatch, tmp_path):
    def run(*arguments, found):
        look = Check("look", lambda _: iter(found))
        monkeypatch.setattr(checks, "CHECKS", [look])
        environment = {"COLUMNS": "100", "PFI_STATE": str(tmp_path)}
        return CliRunner(env=environment).invoke(program.app, ["doctor", *arguments])

    return run


def test_a_problem_gives_exit_status_1_and_a_warning_does_not(pfi):
    fine = pfi(found=[ok("look", "a", "good"), warning("look", "b", "[odd]", "mend it")])
    assert fine.exit_code == 0
    assert "[odd]" in fine.stdout
    assert "→ mend it" in fine.stdout
    assert pfi(found=[problem("look", "a", "bad", "mend it")]).exit_code == 1


def test_findings_are_read_by_scripts(pfi):
    result = pfi("--json", found=[problem("look", "a", "bad", "mend it")])
    (finding,) = json.loads(result.stdout)["findings"]
    assert finding == {
        "check": "look",
        "subject": "a",
        "status": "problem",
        "found": "bad",
        "next_step": "mend it",
    }


def test_a_program_that_says_nothing_is_not_waited_for():
    assert ask(["sleep", "30"], 0.05) == (False, "no answer within 0.05 s")
    assert ask(["no-such-program-here"], 1) == (False, "No such file or directory")
    assert ask(["sh", "-c", "echo one; echo two >&2; exit 3"], 5) == (False, "two")
    assert ask(["sh", "-c", "exit 3"], 5) == (False, "exit status 3")
