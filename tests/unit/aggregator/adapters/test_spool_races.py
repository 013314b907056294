"""Threads at the same round."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_record, make_upload
from tests.support.aggregator.spools import disk_spool

from pfi_aggregator.adapters.spool.round_lock import RoundLock
from pfi_common.errors import RoundFullError, UpdateConflictError, UpdateTooLateError

CLIENTS = 24


def try_commit(spool, plan, upload):
    """The task when it was committed, else the error's class."""
    try:
        return spool.rounds.commit(make_record(plan, upload)).counted.task
    except (UpdateTooLateError, RoundFullError, UpdateConflictError) as error:
        return type(error)


@pytest.mark.parametrize("seed", range(5))
def test_sealing_while_many_commit_counts_exactly_those_who_were_told(tmp_path, seed):
    plan = make_plan(maximum_updates=CLIENTS)
    spool = disk_spool(tmp_path / "spool")
    spool.rounds.open(plan)
    uploads = [make_upload(plan, f"c-{index:012}", seed=index) for index in range(CLIENTS)]
    for upload in uploads:
        spool.store(upload)
    work = [lambda upload=upload: try_commit(spool, plan, upload) for upload in uploads]
    work.insert(CLIENTS // 2, lambda: spool.rounds.seal(KEY))
    random.Random(seed).shuffle(work)
    with ThreadPoolExecutor(6) as pool:
        results = [future.result() for future in [pool.submit(job) for job in work]]
    told = sorted(result for result in results if isinstance(result, str))
    (counted,) = (result for result in results if isinstance(result, tuple))
    assert [update.task for update in counted] == told
    assert results.count(UpdateTooLateError) == CLIENTS - len(told)
    assert [update.task for update in disk_spool(tmp_path / "spool").rounds.seal(KEY)] == told


def test_never_more_than_permitted(tmp_path):
    plan = make_plan(maximum_updates=5)
    spool = disk_spool(tmp_path / "spool")
    spool.rounds.open(plan)
    uploads = [make_upload(plan, f"c-{index:012}", seed=index) for index in range(CLIENTS)]
    for upload in uploads:
        spool.store(upload)
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda upload: try_commit(spool, plan, upload), uploads))
    assert results.count(RoundFullError) == CLIENTS - 5
    assert len(spool.rounds.seal(KEY)) == 5


def test_one_task_from_many_threads_counts_once(tmp_path):
    plan = make_plan(maximum_updates=1)
    spool = disk_spool(tmp_path / "spool")
    spool.rounds.open(plan)
    upload = make_upload(plan)
    spool.store(upload)
    with ThreadPoolExecutor(6) as pool:
        results = set(pool.map(lambda _: try_commit(spool, plan, upload), range(12)))
    assert results == {upload.ticket.task}


def test_an_exclusive_holder_is_alone_and_not_starved():
    lock, inside, seen, stop = RoundLock(), [], [], threading.Event()

    def share():
        while not stop.is_set():
            with lock.shared():
                inside.append(1)
                inside.pop()

    threads = [threading.Thread(target=share) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        with lock.exclusive():
            seen.append(len(inside))
    stop.set()
    for thread in threads:
        thread.join(10)
    assert seen == [0] * 20
