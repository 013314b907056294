import subprocess
import sys

import pytest

from pfi_client_agent.adapters.run_notes import RunNotes
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_common.errors import AgentRunningError, SettingsInvalidError

HOLD = """
import sys
from pathlib import Path
from pfi_client_agent.adapters.state_folder import StateFolder
with StateFolder(Path(sys.argv[1])).locked():
    print("locked", flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time(tmp_path):
    folder = StateFolder(tmp_path / "state")
    assert not folder.is_locked()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, folder.root], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout.readline() == b"locked\n"
        assert folder.is_locked()
        with pytest.raises(AgentRunningError, match=str(holder.pid)), folder.locked():
            pass
        holder.kill()
        holder.wait()
        # A killed process leaves no lock behind.
        with folder.locked():
            assert folder.is_locked()
    assert not folder.is_locked()


def test_the_journal_survives_a_line_that_was_cut_off(tmp_path):
    notes = RunNotes(StateFolder(tmp_path / "state"))
    assert notes.journal() == []
    notes.write_journal({"task": "a"})
    with (tmp_path / "state" / "journal.jsonl").open("a") as file:
        file.write('{"task": "b\n')
    notes.write_journal({"task": "c"})
    assert notes.journal() == [{"task": "a"}, {"task": "c"}]


def test_a_state_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("in the way")
    folder = StateFolder(tmp_path / "file" / "state")

    with pytest.raises(SettingsInvalidError, match="cannot be written"), folder.locked():
        pass
