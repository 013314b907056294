"""TaskBoard, on memory and on Redis."""

import asyncio

import pytest
from tests.support.coordinator.contract import ports
from tests.support.coordinator.tasks import MemoryTaskBoard
from tests.support.coordinator.values import NOW, RUN, client_id, document, rules

from pfi_coordinator.domain.state import new_run
from pfi_coordinator.domain.tasks import (
    MAXIMUM_NOTICES,
    Assignment,
    Notice,
    RowChange,
    TaskName,
    TaskState,
)

__all__ = ["MemoryTaskBoard", "ports"]

NAME = TaskName(RUN, "1.1", client_id(1))


@pytest.fixture
async def board(ports):
    await ports.runs.create(document(), new_run(RUN, rules(), NOW))
    return ports.board


async def row(board, name=NAME):
    (rows,) = await board.rows(RUN, [name.scope])
    return rows[name.client]


async def test_a_task_lies_in_its_inbox_until_it_is_finished(board):
    await board.hand_out([Assignment(NAME, b"\x00message\xff")])
    assert (await board.inbox(NAME.client)).tasks == {NAME.text: b"\x00message\xff"}
    assert await board.is_open(NAME)
    assert (await row(board)).state is TaskState.ASSIGNED
    metrics = {"eval_loss_shared": 1.0 / 3.0}
    await board.finish(RowChange(NAME, TaskState.COMPLETED, metrics=metrics))
    await board.finish(RowChange(NAME, TaskState.COMPLETED, metrics=metrics))
    assert not await board.is_open(NAME)
    assert (await row(board)).metrics == metrics


async def test_a_row_says_how_the_update_is_encoded_and_on_what_device(board):
    await board.hand_out([Assignment(NAME, b"message", "int4_block", "phone")])
    found = await row(board)
    assert (found.upload_encoding, found.device_class) == ("int4_block", "phone")


async def test_handing_out_again_does_not_bring_a_finished_task_back(board):
    await board.hand_out([Assignment(NAME, b"message")])
    await board.finish(RowChange(NAME, TaskState.COMPLETED))
    await board.hand_out([Assignment(NAME, b"message")])
    assert (await board.inbox(NAME.client)).tasks == {}


async def test_many_tasks_of_many_scopes_at_once(board):
    names = [TaskName(RUN, scope, client_id(i)) for i in range(150) for scope in ("1.1", "eval")]
    await board.hand_out([Assignment(name, name.text.encode()) for name in names])
    first, evaluation = await board.rows(RUN, ["1.1", "eval"])
    assert len(first) == len(evaluation) == 150
    assert len((await board.inbox(client_id(7))).tasks) == 2


async def test_inboxes_that_are_asked_for_at_once_are_each_clients_own(board):
    names = [TaskName(RUN, "1.1", client_id(number)) for number in range(150)]
    await board.hand_out([Assignment(name, name.text.encode()) for name in names])
    notice = Notice(settled_run=RUN, settled_round=1)
    await board.tell([names[7].client], notice)
    inboxes = await asyncio.gather(*(board.inbox(name.client) for name in names))
    assert [inbox.tasks for inbox in inboxes] == [{name.text: name.text.encode()} for name in names]
    assert [inbox.notices for inbox in inboxes if inbox.notices] == [(notice,)]


async def test_a_reader_that_goes_away_leaves_the_others_their_inboxes(board):
    await board.hand_out([Assignment(NAME, b"message")])
    leaving, staying = (asyncio.create_task(board.inbox(NAME.client)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).tasks == {NAME.text: b"message"}
    assert (await board.inbox(NAME.client)).tasks == {NAME.text: b"message"}


async def test_rows_never_go_back(board):
    await board.hand_out([Assignment(NAME, b"message")])
    await board.change([RowChange(NAME, TaskState.TRAINING, steps_done=5, steps_total=20)])
    await board.change([RowChange(NAME, TaskState.COMMITTED, payload_bytes=640)])
    await board.change([RowChange(NAME, TaskState.TRAINING, steps_done=3, steps_total=20)])
    found = await row(board)
    assert (found.state, found.steps_done, found.steps_total) == (TaskState.COMMITTED, 5, 20)
    assert found.payload_bytes == 640
    await board.change([RowChange(NAME, TaskState.COMPLETED, metrics={"train_loss": 2.0})])
    await board.change([RowChange(NAME, TaskState.ABANDONED, metrics={"train_loss": 9.0})])
    found = await row(board)
    assert (found.state, found.metrics) == (TaskState.COMPLETED, {"train_loss": 2.0})


async def test_news_of_tasks_that_were_never_handed_out_are_dropped(board):
    await board.change([RowChange(NAME, TaskState.TRAINING)])
    assert await board.rows(RUN, ["1.1"]) == [{}]


async def test_a_task_taken_back_leaves_a_notice(board):
    await board.hand_out([Assignment(NAME, b"message")])
    await board.take_back([NAME], TaskState.CANCELLED)
    await board.take_back([NAME], TaskState.CANCELLED)
    inbox = await board.inbox(NAME.client)
    assert inbox.tasks == {}
    assert inbox.notices == (Notice(cancelled_task=NAME.text),)
    assert (await row(board)).state is TaskState.CANCELLED


async def test_a_task_taken_back_before_it_was_handed_out_never_is(board):
    await board.take_back([NAME], TaskState.CANCELLED)
    await board.hand_out([Assignment(NAME, b"message")])
    inbox = await board.inbox(NAME.client)
    assert (inbox.tasks, inbox.notices) == ({}, ())
    assert await board.rows(RUN, ["1.1"]) == [{}]


async def test_a_finished_task_cannot_be_taken_back(board):
    await board.hand_out([Assignment(NAME, b"message")])
    await board.finish(RowChange(NAME, TaskState.COMPLETED))
    await board.take_back([NAME], TaskState.CANCELLED)
    assert (await board.inbox(NAME.client)).notices == ()
    assert (await row(board)).state is TaskState.COMPLETED


@pytest.mark.parametrize("state", [TaskState.ABANDONED, TaskState.CANCELLED])
async def test_a_committed_task_is_not_abandoned_any_more(board, state):
    await board.hand_out([Assignment(NAME, b"message")])
    await board.change([RowChange(NAME, TaskState.COMMITTED)])
    await board.take_back([NAME], state)
    assert (await board.inbox(NAME.client)).tasks == {}
    kept = TaskState.COMMITTED if state is TaskState.ABANDONED else state
    assert (await row(board)).state is kept


async def test_notices_are_unique_newest_first_and_bounded(board):
    clients = [client_id(1), client_id(2)]
    for number in range(1, MAXIMUM_NOTICES + 11):
        await board.tell(clients, Notice(settled_run=RUN, settled_round=number))
    await board.tell(clients, Notice(settled_run=RUN, settled_round=MAXIMUM_NOTICES))
    for client in clients:
        notices = (await board.inbox(client)).notices
        assert len(notices) == MAXIMUM_NOTICES
        assert notices[0] == Notice(settled_run=RUN, settled_round=MAXIMUM_NOTICES)
        assert notices[1] == Notice(settled_run=RUN, settled_round=MAXIMUM_NOTICES + 10)


async def test_people_who_watch_see_that_rows_changed(ports, board):
    before = (await ports.runs.history(RUN)).changes
    await board.hand_out([Assignment(NAME, b"message")])
    handed_out = (await ports.runs.history(RUN)).changes
    await board.change([RowChange(NAME, TaskState.TRAINING, steps_done=1)])
    trained = (await ports.runs.history(RUN)).changes
    await board.change([RowChange(NAME, TaskState.TRAINING, steps_done=1)])
    assert before < handed_out < trained == (await ports.runs.history(RUN)).changes
