import json
from typing import get_args

import pytest
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    FORMED,
    SEALED,
    START,
    adapter,
    clustered_run,
    play,
    run,
)

from pfi_common.errors import SettingsInvalidError
from pfi_coordinator.adapters.redis.codec import EFFECT, EVENT, STATE
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.store_rules import StoreMarker

SOME_EVENTS = [
    events.RunSubmitted(),
    events.InitialAdapterMade(adapter(0)),
    events.ClientsEligible(CLIENTS, ("spool-0", "spool-1"), 3),
    events.ClientsEligible(CLIENTS, facts=(events.ClientFacts("c-1", 2),), absent=("c-2",)),
    events.RoundOpened(1, 1),
    events.UpdatesCommitted(1, 1, (events.CommittedUpdate("c-1", True, False),)),
    events.UploadsClosed(1, 1),
    events.TasksFinished(1, 1, CLIENTS, (events.ClientReport("c-1", 2.5, 1.5),)),
    events.TasksGivenBack(1, 1, CLIENTS),
    events.ClientsRevoked(CLIENTS),
    events.RoundSealed(1, 1, CLIENTS, 4),
    events.PiecesReduced(1, 1, 3),
    events.RoundReduced(1, 1),
    events.RoundPublished(1, 1, adapter(1), 0.1),
    events.RoundAborted(1, 1, ("spool-1",)),
    events.ClientsPartitioned((("c-1", "c-2"), ("c-3",)), 0.5, ""),
    events.ClientPlaced(1, "c-4", "cluster-2"),
    events.EvaluationAnswered(CLIENTS, line="cluster-1"),
    events.EvaluationStored(),
    events.EffectDelayed("open_round", "DISK_FULL", "spool-1"),
    events.EffectFailed("open_round", 1, 1, "INTERNAL", "no"),
    events.CancelRequested(),
    events.PauseRequested(at_once=True),
    events.ResumeRequested(),
    events.ExtendRequested(5),
    events.Tick(),
]
SOME_EFFECTS = [
    effects.CreateInitialAdapter(),
    effects.OpenRound(1, 2),
    effects.DispatchTasks(1, 2, CLIENTS, START),
    effects.CancelTasks(1, 2, CLIENTS, 1),
    effects.SealRound(1, 2),
    effects.ReduceRound(1, 2),
    effects.FinalizeRound(1, 2),
    effects.AbortRound(1, 2),
    effects.VoidRound(1, 2, ("spool-1",)),
    effects.SettleRound(1, 2),
    effects.DispatchEvaluation(2, CLIENTS, START),
    effects.CancelEvaluation(2, CLIENTS),
    effects.StoreEvaluation(2),
    effects.PartitionClients(1),
    effects.ForgetSketches(1),
    effects.PlaceClients(1, CLIENTS, START),
    effects.CancelPlacement(1, CLIENTS, line="global"),
]


def test_the_samples_are_complete():
    assert {type(event) for event in SOME_EVENTS} == set(get_args(events.Event))
    assert {type(effect) for effect in SOME_EFFECTS} == set(get_args(effects.Effect))


@pytest.mark.parametrize("event", SOME_EVENTS, ids=lambda event: event.type)
def test_events_round_trip(event):
    assert EVENT.validate_json(EVENT.dump_json(event)) == event


@pytest.mark.parametrize("effect", SOME_EFFECTS, ids=lambda effect: effect.kind)
def test_effects_round_trip(effect):
    assert EFFECT.validate_json(EFFECT.dump_json(effect)) == effect


def test_states_round_trip_at_every_step():
    state = run()
    for event in (*SEALED, events.RoundPublished(1, 1, adapter(1), 0.1)):
        state, _ = play(state, event)
        assert STATE.validate_json(STATE.dump_json(state)) == state


def test_the_state_of_a_run_with_lines_round_trips():
    state, _ = play(clustered_run(), *FORMED)
    assert len(state.lines) == 2
    assert STATE.validate_json(STATE.dump_json(state)) == state


def test_a_round_with_replacements_and_a_pacer_round_trips():
    rules = {"selection": SelectionRules(policy="utility", replace=True), "rounds": 2}
    opened = (*BEGUN, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))
    state, _ = play(run(**rules), *opened, events.TasksGivenBack(1, 1, CLIENTS[:1]))
    state, _ = play(state, events.ClientsEligible(("c-4",)))
    report = (events.ClientReport("c-4", 2.5),)
    state, _ = play(state, events.TasksFinished(1, 1, ("c-4",), report))
    assert state.round.replacements
    assert state.round.durations
    assert STATE.validate_json(STATE.dump_json(state)) == state


def test_a_state_from_before_there_were_policies_loads():
    state, _ = play(run(), *SEALED)
    old = json.loads(STATE.dump_json(state))
    for part, names in (
        (old, ("pacer", "durations")),
        (old["rules"], ("selection", "derived")),
        (old["round"], ("replacements", "durations", "utility", "reports", "deadline_from")),
    ):
        for name in names:
            del part[name]
    loaded = STATE.validate_json(json.dumps(old))
    assert loaded.rules == state.rules
    assert loaded.round.cohort == state.round.cohort
    later, _ = play(loaded, events.RoundPublished(1, 1, adapter(1), 0.1))
    assert later.round.number == 2


def test_a_state_stays_small():
    state, _ = play(run(), *SEALED, events.RoundPublished(1, 1, adapter(1), 0.1))
    assert len(STATE.dump_json(state)) < 4096


def test_the_state_folder_keeps_the_marker(tmp_path):
    folder = StateFolder(tmp_path)
    assert folder.read_marker() is None
    folder.write_marker(StoreMarker("a" * 64, "7.0.15"))
    assert folder.read_marker() == StoreMarker("a" * 64, "7.0.15")
    (tmp_path / "store.json").write_text("{}")
    with pytest.raises(SettingsInvalidError):
        folder.read_marker()
