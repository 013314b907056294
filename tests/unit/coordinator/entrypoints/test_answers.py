"""Answers of a session that wait to be sent."""

import asyncio

from pfi_coordinator.entrypoints.rpc.answers import Answers


async def test_answers_are_taken_once_and_in_order():
    answers = Answers(most=4)
    await answers.put("first")
    await answers.put("second")
    assert answers.take() == ["first", "second"]
    assert answers.take() == []


async def test_whoever_brings_too_many_waits_until_they_are_taken():
    answers = Answers(most=1)
    await answers.put("first")
    late = asyncio.create_task(answers.put("second"))
    await asyncio.sleep(0)
    assert not late.done()
    assert answers.take() == ["first"]
    await late
    assert answers.take() == ["second"]
