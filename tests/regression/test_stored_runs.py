"""Runs that a coordinator without lines has stored are read, and go on."""

import json
from dataclasses import replace
from pathlib import Path

from tests.unit.coordinator.domain.builders import START, run

from pfi_coordinator.adapters.redis.codec import ADAPTER, EFFECT, EVENT, ROUND, STATE
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import GLOBAL
from pfi_coordinator.domain.tasks import TaskName

STORED = json.loads(
    (Path(__file__).parent / "data" / "stored_run_without_lines.json").read_text(encoding="utf-8")
)


def read(codec, content):
    return codec.validate_json(json.dumps(content))


def unobserved(state):
    """The state without durations and where deadlines come from, which were not noted then."""
    rounds = {
        name: None if found is None else replace(found, durations=(), deadline_from="")
        for name, found in (("round", state.round), ("last_round", state.last_round))
    }
    return replace(state, durations=(), **rounds)


def test_the_log_of_before_gives_the_state_of_before():
    state = run()
    for entry in STORED["log"]:
        state, _ = decide(state, read(EVENT, entry), START)
    assert unobserved(state) == read(STATE, STORED["state"])
    assert (state.line, state.lines, state.partition) == (GLOBAL, (), None)


def test_effects_keep_their_names():
    for key, content in STORED["outbox"].items():
        effect = read(EFFECT, content)
        assert (effect_key(effect), effect.line) == (key, GLOBAL)


def test_history_belongs_to_the_global_line():
    assert read(ROUND, STORED["round"]).line == GLOBAL
    assert read(ADAPTER, STORED["adapter"]).line == GLOBAL


def test_task_ids_keep_their_form():
    for text in ("r-0123456789.2.1.c-000000000001", "r-0123456789.eval.c-000000000001"):
        name = TaskName.parse(text)
        assert (name.text, name.line, name.placement) == (text, GLOBAL, None)
