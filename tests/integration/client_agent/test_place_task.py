"""A newcomer names the line whose adapter fits its rows best, and tells nothing else."""

import numpy as np
import pytest
from tests.support.client_agent.federation import some_data
from tests.support.client_agent.learner import MemoryLearner
from tests.support.client_agent.tasks import RUN

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_client_agent.domain.split import split_rows
from pfi_client_agent.domain.training import BackboneReference

pytestmark = pytest.mark.integration


async def perform(agent, federation, task, count=1):
    await agent.in_session(federation.coordinator)
    federation.say(task=task)
    return (await agent.results(federation.coordinator, count))[-1]


@pytest.fixture
def lines(tiny_run, federation):
    """Three lines with different adapters."""
    names = ("cluster-1", "cluster-2", "cluster-3")
    return {
        name: federation.aggregator.publish(moved(tiny_run, seed))
        for seed, name in enumerate(names, start=1)
    }


def moved(tiny_run, seed: int) -> bytes:
    """An adapter whose B factors are not zero."""
    base = np.frombuffer(tiny_run.base(), dtype="<f4")
    noise = np.random.default_rng(seed).normal(0, 0.3, base.size)
    return (base + noise).astype("<f4").tobytes()


def losses_of(agent, tiny_run, federation, lines) -> dict[str, float]:
    """Losses on the training rows, measured beside the agent's own code."""
    data = some_data()
    rows = split_rows(data.rows, fraction=tiny_run.spec.evaluate.holdout, seed=77)
    learner = agent.place.learning

    def measure(used):
        model = tiny_run.spec.backbone.model
        bench = used.open(BackboneReference(model, "", tiny_run.backbone_digest), tiny_run.schema)
        swapped = type(rows)(training=rows.held_out, held_out=rows.training)
        return {
            line: bench.evaluate(
                np.frombuffer(federation.aggregator.adapters[digest], dtype="<f4").copy(),
                None,
                swapped,
                maximum_tokens=48,
            ).shared
            for line, digest in lines.items()
        }

    return learner.run(measure)


async def test_the_line_with_the_lowest_loss_is_named(
    start_agent, federation, builder, lines, tiny_run
):
    agent = start_agent()
    result = await perform(agent, federation, builder.place(lines))
    losses = await losses_of(agent, tiny_run, federation, lines)
    assert len(set(losses.values())) == 3
    best = min(losses, key=losses.__getitem__)
    assert result.completed == session.TaskCompleted(placed_line=best)
    worst = max(losses, key=losses.__getitem__)
    for order in ([best, worst], [worst, best]):
        chosen = {line: lines[line] for line in order}
        number = len(federation.coordinator.results) + 1
        task = builder.place(chosen, number=number)
        result = await perform(agent, federation, task, count=number)
        assert result.completed.placed_line == best


async def test_of_equal_lines_the_first_is_named(start_agent, federation, builder, lines):
    digest = lines["cluster-2"]
    task = builder.place({"cluster-2": digest, "cluster-1": digest})
    result = await perform(start_agent(), federation, task)
    assert result.completed.placed_line == "cluster-2"
    assert len(federation.aggregator.downloads) == 1


async def test_nothing_is_trained_kept_or_told(start_agent, federation, builder, lines, folder):
    agent = start_agent()
    result = await perform(agent, federation, builder.place(lines))
    assert not result.completed.metrics
    assert not result.completed.HasField("receipt")
    assert federation.aggregator.uploads == []
    assert not list(agent.place.updates.list())
    assert not list(agent.place.personals.list())
    assert not folder.evaluations.exists() or not list(folder.evaluations.iterdir())
    (entry,) = agent.place.notes.journal()
    assert (entry["kind"], entry["outcome"]) == ("place", "completed")
    assert "loss" not in str(entry)


async def test_adapters_in_the_cache_are_not_fetched_again(start_agent, federation, builder, lines):
    agent = start_agent()
    federation.aggregator.faults.cut_downloads.append(1024)
    await perform(agent, federation, builder.place(lines))
    assert federation.aggregator.downloads == [0, 1024, 0, 0]
    await perform(agent, federation, builder.place(lines, number=2), count=2)
    assert len(federation.aggregator.downloads) == 4


async def test_more_candidates_than_the_cache_keeps(start_agent, federation, builder, tiny_run):
    lines = {
        f"cluster-{number}": federation.aggregator.publish(moved(tiny_run, number))
        for number in range(1, 12)
    }
    result = await perform(start_agent(), federation, builder.place(lines))
    assert result.completed.placed_line in lines


async def test_the_next_round_trains_on_the_line(start_agent, federation, builder, lines):
    agent = start_agent()
    result = await perform(agent, federation, builder.place(lines))
    line = result.completed.placed_line
    task = builder.train(lines[line], round_number=3, ticket={"line": line})
    task.task = f"{RUN}.{line}.3.1.{builder.client.identity.name}"
    ticket = builder.train(lines[line], round_number=3, ticket={"line": line, "task": task.task})
    task.base.line = line
    task.train.ticket.CopyFrom(ticket.train.ticket)
    assert (await perform(agent, federation, task, count=2)).HasField("completed")
    (stored,) = agent.place.updates.list()
    assert (stored.key.round, stored.key.line) == (3, line)


@pytest.mark.parametrize(
    "change",
    [
        (lambda task: task.place.candidates.pop(), "FAILED"),
        (lambda task: task.place.ClearField("candidates"), "FAILED"),
        (lambda task: setattr(task.place.candidates[1].adapter, "line", "cluster-1"), "FAILED"),
        (lambda task: setattr(task.place.candidates[1].adapter, "line", "../x"), "FAILED"),
        (lambda task: setattr(task.place.candidates[1].adapter, "digest", "../x"), "FAILED"),
        (
            lambda task: setattr(task.place.candidates[1].adapter, "schema_digest", "ab" * 32),
            "ADAPTER_INVALID",
        ),
        (
            lambda task: setattr(task.place.candidates[1].adapter, "digest", "ab" * 32),
            "ADAPTER_INVALID",
        ),
        (lambda task: setattr(task, "backbone_digest", "ab" * 32), "BACKBONE_MISMATCH"),
    ],
)
async def test_tasks_that_do_not_fit_are_given_back(
    start_agent, federation, builder, lines, change
):
    spoil, reason = change
    task = builder.place({line: lines[line] for line in ("cluster-1", "cluster-2")})
    spoil(task)
    result = await perform(start_agent(), federation, task)
    assert session.AbandonReason.Name(result.abandoned.reason) == f"ABANDON_REASON_{reason}"


async def test_an_adapter_with_nan_is_refused(start_agent, federation, builder, lines, tiny_run):
    payload = bytearray(tiny_run.base())
    payload[:4] = np.float32("nan").tobytes()
    digest = federation.aggregator.publish(bytes(payload))
    task = builder.place({"cluster-1": lines["cluster-1"], "cluster-2": digest})
    result = await perform(start_agent(), federation, task)
    assert result.abandoned.reason == session.ABANDON_REASON_ADAPTER_INVALID


async def test_a_cancelled_placement_ends(start_agent, federation, builder, lines, tiny_run):
    class Waiting(MemoryLearner):
        def open(self, *arguments):
            self._step()
            return super().open(*arguments)

    learner = Waiting(tiny_run.backbone_digest)
    learner.gate.clear()
    agent = start_agent(learner)
    await agent.in_session(federation.coordinator)
    task = builder.place(lines)
    federation.say(task=task)
    await agent.until(learner.stepping.is_set)
    federation.say(task_cancelled=session.TaskCancelled(task=task.task))
    await agent.until(lambda: agent.observer.named("task_stopped"))
    learner.gate.set()
    result = await perform(agent, federation, builder.place(lines, number=2))
    assert result.completed.placed_line in lines
