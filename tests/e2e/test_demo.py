"""`pfi demo` as a user runs it."""

import json
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from tests.e2e.pfi_command import command, environment, pfi
from tests.e2e.small_runs import write_rows

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.local.federation_file import read_federation
from pfi_cli.local.layout import StateLayout
from pfi_cli.local.waiting import wait_until
from pfi_cli.report.answers import TARGET_GAIN

CHANCE = 0.05

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        not (backbone_folder() / "config.json").exists(), reason="the demo backbone is not built"
    ),
]


def test_a_small_demo_ends_with_a_report_and_leaves_no_process(tmp_path: Path):
    state = tmp_path / "demo"
    done = pfi("demo", "--clients", 2, "--rounds", 1, "--state", state)
    assert done.returncode == 0, done.stderr
    report = json.loads((state / "reports" / "demo" / "report.json").read_text())
    assert len(report["clients"]) == 2
    answers = report["answers"]
    assert answers["gain"] >= TARGET_GAIN
    assert answers["without_index"] <= CHANCE
    assert answers["other_index"] <= CHANCE
    assert sum(client["foreign_searches"] for client in answers["clients"]) > 0
    assert sum(client["foreign_passages"] for client in answers["clients"]) == 0
    assert "gave none of its passages" in done.stdout
    assert "beats the backbone" in done.stdout or "WORSE" in done.stdout
    assert "Try next:" in done.stdout
    assert (state / "adapter" / "adapter_model.safetensors").exists()
    found = read_federation(StateLayout(state))
    assert found is not None
    assert not found.running
    again = pfi("report", "demo", "--state", state, "--out", tmp_path / "again", "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout) == report


def test_ctrl_c_in_the_middle_stops_everything_and_the_next_demo_starts_afresh(tmp_path: Path):
    state = tmp_path / "demo"
    notes = write_rows(tmp_path / "notes.jsonl", "heron", rows=80)
    arguments = ("demo", "--clients", 2, "--rounds", 50, "--data", notes, "--state", state)
    with subprocess.Popen(
        command(*arguments), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        collecting = any("is collecting" in line for line in process.stderr)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert collecting
    assert process.returncode == 130
    assert len(family) >= 6
    assert wait_until(lambda: not any(_runs(member) for member in family), 60)
    assert (state / "data" / "client_1.jsonl").read_text().count("\n") == 40


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
