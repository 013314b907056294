import os
import signal
import subprocess
import sys

from pfi_cli.local.process_record import ProcessRecord, process_start


def test_this_process_is_alive():
    record = ProcessRecord.of(os.getpid())
    assert record is not None
    assert record.alive


def test_a_recycled_pid_is_not_taken_for_the_process():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        stranger = ProcessRecord(process.pid, "the start of a process that ended long ago")
        assert not stranger.alive
        stranger.send(signal.SIGKILL)
        assert process.poll() is None
        process.kill()


def test_a_zombie_has_ended():
    process = subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert process_start(process.pid) is None
    process.wait()
