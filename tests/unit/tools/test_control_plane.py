"""What the benchmark of the control plane computes from what it measured."""

import json
import sys
from pathlib import Path

import pytest
from benchmarks.control import flower
from benchmarks.control.figures import AGENTS, limits_of, rows_of, targets_of
from benchmarks.control.load import sum_up
from benchmarks.plots.control_plane import picture
from benchmarks.throughput.flower import PeerFailed, Peers

COUNTS = [str(count) for count in AGENTS]


def observed(per_second=2000.0, p99_milliseconds=20.0):
    names = ("coordinator", "redis", "generator")
    return {
        "per_second": per_second,
        "p50_milliseconds": 1.0,
        "p99_milliseconds": p99_milliseconds,
        "cpu_microseconds": dict.fromkeys(names, 100.0),
        "cores": dict.fromkeys(names, 0.2),
    }


def pulled(per_second=200.0, errors=0):
    summed = {"med": per_second, "min": per_second, "max": per_second, "n": 3}
    seen = {"rps": summed, "p99_ms": summed, "superlink_cpu_us": summed}
    return seen | {"errors": errors}


def measured(ours=None, theirs=None):
    runs = {count: [ours or observed()] * 3 for count in COUNTS}
    pulls = {count: theirs or pulled() for count in COUNTS}
    return {"tasks": runs, "progress": runs, "flower": {"poll": pulls, "heartbeat": pulls}}


def test_a_run_is_summed_up_by_message():
    seen = sum_up(2.0, [0.001 * number for number in range(200)], {"coordinator": 0.1})
    assert seen["per_second"] == 100.0
    assert (seen["p50_milliseconds"], seen["p99_milliseconds"]) == (100.0, 198.0)
    assert seen["cpu_microseconds"] == {"coordinator": 500.0}
    assert seen["cores"] == {"coordinator": 0.05}


@pytest.mark.parametrize(("per_second", "met"), [(2000.0, True), (1999.0, False)])
def test_the_rate_is_compared_with_pulls(per_second, met):
    targets = targets_of(measured(observed(per_second=per_second)))
    assert [item.met for item in targets if item.target.startswith("10 times")] == [met, met]


@pytest.mark.parametrize(("p99_milliseconds", "met"), [(99.9, True), (100.0, False)])
def test_the_slowest_hundredth_has_a_limit(p99_milliseconds, met):
    targets = targets_of(measured(observed(p99_milliseconds=p99_milliseconds)))
    assert [item.met for item in targets if item.target.startswith("p99")] == [met, met]


def test_without_flower_nothing_is_compared_with_it():
    alone = {kind: found for kind, found in measured().items() if kind != "flower"}
    assert [item.target for item in targets_of(alone)] == ["p99 below 100 ms"] * 2
    assert not any("Flower" in row.what for row in rows_of(alone))


def test_rows_and_picture_show_every_number_of_agents():
    rows = rows_of(measured())
    whats = {row.what for row in rows}
    assert {"task hand-outs, 1 agent: rate", "progress messages, 128 agents: p99"} <= whats
    assert "Flower's message pulls, 32 connections: rate" in whats
    lines = picture({"rows": [row.__dict__ for row in rows]}).axes.lines
    assert [len(line.get_xdata()) for line in lines] == [len(AGENTS)] * 3


def test_a_note_says_what_is_busy():
    assert any("coordinator 0.20, redis 0.20" in note for note in limits_of(measured()))


def peers_that_print(folder, document):
    """A script in place of Flower."""
    (folder / "flower_control.py").write_text(f"print({json.dumps(document)!r})")
    return Peers(folder, Path(sys.executable))


def printed(**changes):
    seen = {f"{kind}_c{count}": pulled() for kind in ("poll", "heartbeat") for count in COUNTS}
    return seen | {"versions": {"flwr": "1"}} | changes


def test_what_flower_did_is_kept_by_connections(tmp_path):
    seen = flower.observe(peers_that_print(tmp_path, printed()), AGENTS, runs=3)
    assert seen["poll"]["32"]["rps"]["med"] == 200.0
    assert seen["versions"] == {"flwr": "1"}


@pytest.mark.parametrize("changes", [{"poll_c32": None}, {"heartbeat_c1": pulled(errors=1)}])
def test_calls_that_flower_did_not_answer_are_not_measured(tmp_path, changes):
    with pytest.raises(PeerFailed, match="did not answer every call"):
        flower.observe(peers_that_print(tmp_path, printed(**changes)), AGENTS, runs=3)
