"""What the benchmark of idle agents computes from what it measured."""

import json
from collections import Counter

import pytest
from benchmarks import idle_agents
from benchmarks.control.crowd import Status, read_status
from benchmarks.control.idle_figures import SESSIONS, Held, Storm, result_of, storm_of
from benchmarks.plots.idle_agents import picture
from benchmarks.result import Skipped

BARE = Held(50.0, 90.0, 1.0, 10.0, 0.0)
STORM = Storm(2.0, 20.0, {"SERVICE_UNAVAILABLE": 7}, {})


def held(session_kilobytes):
    return Held(110.0, session_kilobytes, 3.0, 15.0, 0.01)


def result(*, kilobytes=(110.0, 112.0), storm=STORM, sessions=SESSIONS):
    return result_of([BARE] * 2, [held(each) for each in kilobytes], [storm] * 2, sessions, 20_000)


@pytest.mark.parametrize(("kilobytes", "met"), [((110.0, 119.9), True), ((110.0, 120.0), False)])
def test_the_highest_memory_decides(kilobytes, met):
    memory, _ = result(kilobytes=kilobytes).targets
    assert memory.met is met


def test_an_agent_that_gave_up_is_an_error():
    assert result().targets[1].met
    _, storm = result(storm=Storm(2.0, 20.0, {}, {"CLIENT_REVOKED": 1})).targets
    assert not storm.met
    assert "2 CLIENT_REVOKED" in storm.value


def test_fewer_sessions_say_nothing_about_the_aims():
    assert result(sessions=100).targets == []


def test_rows_show_both_servers_and_every_reason():
    whats = {row.what for row in result().rows}
    assert {
        f"{side}: memory per idle open session" for side in ("coordinator", "bare grpc.aio")
    } <= (whats)
    assert any(what.endswith("SERVICE_UNAVAILABLE") for what in whats)
    rows = [row.__dict__ for row in result().rows]
    assert len(picture({"rows": rows}).axes.patches) == 2


def test_a_storm_is_what_came_since_and_may_pass():
    before = Status(10, 10, Counter(SESSIONS_LIMITED=2))
    ended = Counter(SESSIONS_LIMITED=5, SERVICE_UNAVAILABLE=4, CLIENT_REVOKED=1)
    after = Status(9, 19, ended, Counter(CLIENT_REVOKED=1))
    storm = storm_of(before, after, 1.0, 2.0)
    assert storm.back_off == {"SESSIONS_LIMITED": 3, "SERVICE_UNAVAILABLE": 4}
    assert storm.refused == {"CLIENT_REVOKED": 1}


def test_processes_are_added_up(tmp_path):
    file = tmp_path / "status.json"
    assert read_status(file) == Status()
    said = {"open": 2, "welcomed": 3, "ended": {"SERVICE_UNAVAILABLE": 1}, "refused": {}}
    file.write_text(json.dumps(said))
    both = read_status(file) + read_status(file)
    assert both == Status(4, 6, Counter(SERVICE_UNAVAILABLE=2))


def test_a_machine_with_too_few_open_files_measures_nothing(monkeypatch):
    monkeypatch.setattr(idle_agents, "raise_open_files", lambda: 1024)
    with pytest.raises(Skipped, match="need 6000 open files, not 1024"):
        idle_agents.measure()
