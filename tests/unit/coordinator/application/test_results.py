import pytest
from tests.support.coordinator.messages import memory_receipt
from tests.support.coordinator.values import RUN, client_id, document, rules
from tests.unit.coordinator.domain.builders import adapter

from pfi_common.errors import InvalidRequestError, PermissionDeniedError, SignatureInvalidError
from pfi_coordinator.application.record_result import Outcome
from pfi_coordinator.domain import events
from pfi_coordinator.domain.state import new_run
from pfi_coordinator.domain.tasks import Assignment, TaskName, TaskState

CLIENTS = tuple(client_id(index) for index in (1, 2, 3))
NAME = TaskName(RUN, "1.1", CLIENTS[0])


@pytest.fixture
async def collecting(graph):
    """A run whose first round collects, with one task handed out."""
    await graph.ports.runs.create(document(), new_run(RUN, rules(), graph.clock.now()))
    for event in (
        events.RunSubmitted(),
        events.InitialAdapterMade(adapter(0)),
        events.ClientsEligible(CLIENTS),
        events.RoundOpened(1, 1),
    ):
        await graph.apply(RUN, event)
    await graph.ports.board.hand_out([Assignment(NAME, b"task")])
    return graph


async def row(graph, name=NAME):
    (rows,) = await graph.ports.board.rows(RUN, [name.scope])
    return rows[name.client]


async def current(graph):
    return (await graph.ports.runs.load(RUN)).state.round


async def test_a_receipt_completes_the_task_once(collecting):
    outcome = Outcome(receipt=memory_receipt(NAME), metrics={"train_loss": 2.0})
    await collecting.results(NAME.client, NAME.text, outcome)
    state = await current(collecting)
    assert NAME.client in state.committed & state.reported
    steps = len(collecting.steps)
    again = Outcome(receipt=memory_receipt(NAME), metrics={"train_loss": 9.0})
    await collecting.results(NAME.client, NAME.text, again)
    assert len(collecting.steps) == steps
    assert (await row(collecting)).metrics == {"train_loss": 2.0}
    assert not await collecting.ports.board.is_open(NAME)


async def test_a_task_given_back_is_abandoned(collecting):
    await collecting.results(NAME.client, NAME.text, Outcome(abandoned="STOPPED"))
    assert (await row(collecting)).state is TaskState.ABANDONED
    assert NAME.client in (await current(collecting)).closed


async def test_a_voided_receipt_counts_nothing(collecting):
    voided = Outcome(receipt=memory_receipt(NAME, voided=True))
    await collecting.results(NAME.client, NAME.text, voided)
    assert (await row(collecting)).state is TaskState.CANCELLED
    assert (await current(collecting)).committed == frozenset()


@pytest.mark.parametrize(
    "statement",
    [
        b"junk",
        b"",
        memory_receipt(NAME, "spool-9"),
        memory_receipt(TaskName(RUN, "1.1", CLIENTS[1])),
        memory_receipt(TaskName(RUN, "1.2", CLIENTS[0])),
    ],
)
async def test_a_receipt_of_something_else_is_refused(collecting, statement):
    with pytest.raises(SignatureInvalidError):
        await collecting.results(NAME.client, NAME.text, Outcome(receipt=statement))
    assert await collecting.ports.board.is_open(NAME)


async def test_tasks_of_others_and_odd_ids_are_refused(collecting):
    with pytest.raises(PermissionDeniedError):
        await collecting.results(CLIENTS[1], NAME.text, Outcome(abandoned="STOPPED"))
    for odd in ("", "r-1.1.1.c-1", f"{RUN}.0.1.{NAME.client}", f"{NAME.text}.x", f"../{NAME.text}"):
        with pytest.raises(InvalidRequestError):
            await collecting.results(NAME.client, odd, Outcome(abandoned="STOPPED"))


async def test_a_crash_between_the_steps_is_made_good_by_repeating(collecting):
    """Row, event, inbox: whatever was written before the crash, the repeat completes it."""
    board = collecting.ports.board
    finish = board.finish

    async def crash(change):
        raise ConnectionError

    board.finish = crash
    outcome = Outcome(receipt=memory_receipt(NAME), metrics={"train_loss": 2.0})
    with pytest.raises(ConnectionError):
        await collecting.results(NAME.client, NAME.text, outcome)
    board.finish = finish
    assert await board.is_open(NAME)
    await collecting.results(NAME.client, NAME.text, outcome)
    assert not await board.is_open(NAME)
    assert (await current(collecting)).reported == {NAME.client}
