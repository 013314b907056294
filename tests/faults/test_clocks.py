"""A client whose clock is wrong."""

from datetime import datetime, timedelta

import pytest
from tests.support.faults.logs import read_events

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]


@pytest.mark.parametrize("shift", ["+1h", "-1h"], ids=["ahead", "behind"])
def test_a_clock_that_is_off_by_an_hour(federation, spec, tmp_path, write_data, shift):
    federation.set_clock("eve", shift)
    federation.join("eve", write_data(tmp_path / "eve.jsonl", "eel"))
    federation.wait_until_connected(3)
    ended = federation.finish(federation.begin(spec(cohort={"size": 3, "deadline": "10m"})))
    assert [(item.counted, item.attempt) for item in ended.rounds] == [(3, 1)] * 2
    assert _hours_off(federation, ended.run) == (1 if shift == "+1h" else -1)
    federation.leave("eve")


def _hours_off(federation, run):
    """By how much eve's log is ahead of ada's in the first round, which both trained."""

    def first(name):
        agent = federation.agents[name]
        task = f"{run}.1.1.{agent.client}"
        (event,) = read_events(agent.log, "task_completed", task=task)
        return datetime.fromisoformat(event["time"])

    return round((first("eve") - first("ada")) / timedelta(hours=1))
