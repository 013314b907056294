"""RunStore, on memory and on Redis."""

from datetime import timedelta

import pytest
from tests.support.coordinator.contract import ports
from tests.support.coordinator.runs import MemoryRunStore
from tests.support.coordinator.values import NOW, RUN, document, rules
from tests.unit.coordinator.domain.builders import adapter

from pfi_common.errors import RunExistsError, RunUnknownError
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.effects import effect_key
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.state import RoundPhase, new_run

__all__ = ["MemoryRunStore", "ports"]

CLIENTS = ("c-000000000001", "c-000000000002", "c-000000000003")
HISTORY = (
    events.RunSubmitted(),
    events.InitialAdapterMade(adapter(0)),
    events.ClientsEligible(CLIENTS),
    events.RoundOpened(1, 1),
    events.UpdatesCommitted(1, 1, (events.CommittedUpdate(CLIENTS[0], True, False),)),
    events.TasksFinished(1, 1, CLIENTS),
    events.RoundSealed(1, 1, CLIENTS),
    events.RoundPublished(1, 1, adapter(1), 0.125),
)


async def create(ports):
    await ports.runs.create(document(), new_run(RUN, rules(), NOW))


async def apply(ports, event, acknowledged=None):
    stored = await ports.runs.load(RUN)
    after, asked = decide(stored.state, event, NOW)
    step = Step(stored.state, event, NOW, after, asked, acknowledged)
    assert await ports.runs.save(stored.revision, step)
    return asked


async def test_a_created_run_is_found_by_id_and_name_and_is_active(ports):
    await create(ports)
    assert await ports.runs.find(RUN) == RUN
    assert await ports.runs.find("assistants") == RUN
    assert await ports.runs.active() == [RUN]
    assert await ports.runs.document(RUN) == document()
    stored = await ports.runs.load(RUN)
    assert (stored.state, stored.revision, stored.outbox) == (new_run(RUN, rules(), NOW), 0, ())


async def test_names_are_unique(ports):
    await create(ports)
    with pytest.raises(RunExistsError):
        await ports.runs.create(document("r-ffffffffff"), new_run("r-ffffffffff", rules(), NOW))


@pytest.mark.parametrize("method", ["load", "document", "history", "find"])
async def test_unknown_runs_are_unknown(ports, method):
    with pytest.raises(RunUnknownError):
        await getattr(ports.runs, method)("r-00000000ff")


async def test_a_whole_life_is_written_and_read_back(ports):
    await create(ports)
    expected = new_run(RUN, rules(), NOW)
    for event in HISTORY:
        await apply(ports, event)
        expected, _ = decide(expected, event, NOW)
        assert (await ports.runs.load(RUN)).state == expected
    replayed = new_run(RUN, rules(), NOW)
    for entry in await ports.runs.log(RUN):
        replayed, _ = decide(replayed, entry.event, entry.now)
    assert replayed == expected


async def test_a_decision_on_an_old_revision_writes_nothing(ports):
    await create(ports)
    stored = await ports.runs.load(RUN)
    await apply(ports, events.RunSubmitted())
    after, asked = decide(stored.state, events.CancelRequested(), NOW)
    step = Step(stored.state, events.CancelRequested(), NOW, after, asked)
    assert not await ports.runs.save(stored.revision, step)
    current = await ports.runs.load(RUN)
    assert current.state == stored.state
    assert current.revision == stored.revision + 1
    assert [entry.event for entry in await ports.runs.log(RUN)] == [events.RunSubmitted()]


async def test_the_outbox_keeps_order_until_acknowledged(ports):
    await create(ports)
    for event in HISTORY[:5]:
        await apply(ports, event)
    outbox = (await ports.runs.load(RUN)).outbox
    kinds = [effect.kind for effect in outbox]
    assert kinds == ["create_initial_adapter", "open_round", "dispatch_tasks"]
    await ports.runs.acknowledge(RUN, effect_key(outbox[0]))
    await ports.runs.acknowledge(RUN, effect_key(outbox[0]))
    await apply(ports, HISTORY[5], acknowledged=effect_key(outbox[2]))
    outbox = (await ports.runs.load(RUN)).outbox
    assert outbox == (effects.OpenRound(1, 1), effects.SealRound(1, 1))


async def test_history_lists_attempts_and_versions(ports):
    await create(ports)
    await apply(ports, HISTORY[0])
    before = await ports.runs.history(RUN)
    assert (before.rounds, before.adapters) == ((), ())
    for event in HISTORY[1:]:
        await apply(ports, event)
    history = await ports.runs.history(RUN)
    assert [(item.number, item.phase) for item in history.rounds] == [(1, RoundPhase.PUBLISHED)]
    assert history.rounds[0].clipped == 1
    assert [item.version for item in history.adapters] == [0, 1]
    assert history.changes > before.changes


async def test_runs_are_listed_newest_first_and_retire(ports):
    await create(ports)
    later = document("r-ffffffffff", created_at=NOW + timedelta(seconds=1), name="other")
    await ports.runs.create(later, new_run("r-ffffffffff", rules(), NOW))
    assert [line.name for line in await ports.runs.lines()] == ["other", "assistants"]
    await ports.runs.retire(RUN, 0)
    assert await ports.runs.active() == ["r-ffffffffff"]


async def completed(ports):
    await ports.runs.create(document(), new_run(RUN, rules(rounds=1), NOW))
    rest = (events.EvaluationAnswered(CLIENTS), events.EvaluationStored())
    for event in (*HISTORY, *rest):
        await apply(ports, event)
    return await ports.runs.load(RUN)


async def test_a_run_that_has_changed_meanwhile_does_not_retire(ports):
    stored = await completed(ports)
    await ports.runs.retire(RUN, stored.revision - 1)
    assert await ports.runs.active() == [RUN]
    await ports.runs.retire(RUN, stored.revision)
    assert await ports.runs.active() == []


async def test_a_run_that_is_extended_is_active_again(ports):
    stored = await completed(ports)
    await ports.runs.retire(RUN, stored.revision)
    await apply(ports, events.ExtendRequested(2))
    assert await ports.runs.active() == [RUN]
