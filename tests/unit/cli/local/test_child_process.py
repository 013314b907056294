import os
import signal
import subprocess
import sys

import pytest

from pfi_cli.local.child_process import ChildProcess, Command
from pfi_cli.local.leftovers import end_leftovers
from pfi_cli.local.process_record import ProcessRecord
from pfi_cli.local.waiting import wait_until

SHELL = "/bin/sh"


@pytest.fixture
def child(tmp_path):
    made = []

    def make(script):
        command = Command("child", [SHELL, "-c", script], {"PATH": os.defpath}, tmp_path / "log")
        made.append(ChildProcess(command))
        return made[-1]

    yield make
    for process in made:
        process.stop(grace_seconds=0.0)


def started(process, tmp_path, text="ready"):
    process.start()
    assert wait_until(lambda: text in (tmp_path / "log").read_text(), 60)
    return process


def test_its_output_goes_to_the_log_and_its_status_is_known(child, tmp_path):
    process = child("echo hello; echo problem >&2; exit 3")
    process.start()
    assert process.wait(60)
    assert process.exit_status == 3
    assert process.pid is None
    assert (tmp_path / "log").read_text() == "hello\nproblem\n"
    assert "status 3" in process.failure().message
    assert "hello | problem" in process.failure().message


def test_it_is_stopped_politely(child, tmp_path):
    process = started(
        child("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done"), tmp_path
    )
    process.stop(grace_seconds=60)
    assert process.exit_status == 0
    assert "bye" in (tmp_path / "log").read_text()


def test_a_deaf_one_is_killed(child, tmp_path):
    process = started(child("trap '' TERM; echo ready; while :; do sleep 0.05; done"), tmp_path)
    process.stop(grace_seconds=0.2)
    assert process.exit_status == -signal.SIGKILL


def test_what_it_leaves_behind_ends_too(child, tmp_path):
    process = started(child("sleep 600 & echo ready $!; exec sleep 600"), tmp_path)
    left = ProcessRecord.of(int((tmp_path / "log").read_text().split()[1]))
    assert left is not None
    process.stop()
    assert wait_until(lambda: not left.alive, 60)


def test_ctrl_c_in_the_terminal_does_not_reach_it(child, tmp_path):
    process = started(child("echo ready; exec sleep 600"), tmp_path)
    assert process.pid is not None
    assert os.getpgid(process.pid) != os.getpgid(0)


PARENT = """
import signal, sys
from pathlib import Path
from pfi_cli.local.child_process import ChildProcess, Command
child = ChildProcess(Command("c", ["/bin/sleep", "600"], {}, Path(sys.argv[1])))
child.start()
print(child.pid, flush=True)
signal.pause()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel has no death signal")
def test_it_ends_with_its_killed_parent(tmp_path):
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        record = ProcessRecord.of(int(parent.stdout.readline()))
        assert record is not None
        assert record.alive
        parent.kill()
    assert wait_until(lambda: not record.alive, 60)


def test_leftovers_are_ended_and_strangers_are_not(child, tmp_path):
    left = started(child("echo ready; exec sleep 600"), tmp_path)
    assert left.record is not None
    stranger = ProcessRecord(os.getpid(), "another start")
    assert end_leftovers({"left": left.record, "stranger": stranger}) == ["left"]
    assert not left.running
