"""Clients that want opposite things, on real processes: they are found, and parted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.federation import Federation

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ANIMALS = ("heron", "heron", "heron", "otter", "otter", "otter")
"""What each client writes about."""
COHORT = 5
"""One client fewer than there are: whoever is left out of the probe round is new afterwards."""
ROUNDS = 4
"""The probe round, one to compare lines after, and two in which the new client is placed."""
CLUSTER = {"method": "update_similarity", "count": 2, "probe_round": 1}


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder = tmp_path_factory.mktemp("planted")
    data = folder / "rows"
    data.mkdir()
    for number, animal in enumerate(ANIMALS):
        write_rows(data / f"{number}.jsonl", animal, rows=20)
    with Federation(folder / "state") as running:
        running.add_fleet("watcher", len(ANIMALS), data)
        running.wait_until_connected(len(ANIMALS))
        yield running


def named(animal: str) -> frozenset[str]:
    return frozenset(f"watcher-{number}" for number, of in enumerate(ANIMALS) if of == animal)


def test_clients_that_want_the_same_share_a_line(planted: Federation, tiny_backbone: Path):
    spec = tiny_spec(
        "animals",
        tiny_backbone,
        cohort={"size": COHORT, "minimum": COHORT},
        stop={"rounds": ROUNDS},
        cluster=CLUSTER,
        personalize={"method": "none"},
    )
    submitted = planted.submit(spec)
    planted.wait_for_run(submitted.run, lambda run: run.partition is not None)
    planted.restart("worker")
    planted.restart("coordinator")
    run = planted.wait_for_run(submitted.run)
    assert run.state == "completed", planted.describe(run)
    assert sorted(line.version for line in run.lines) == [ROUNDS, ROUNDS]
    clusters = planted.api.clusters(run.run)
    assert clusters.unplaced == []
    found = {
        frozenset(member.display_name for member in each.members) for each in clusters.clusters
    }
    assert found == {named("heron"), named("otter")}
    placed = Counter(member.placed for each in clusters.clusters for member in each.members)
    assert placed == {"probe": COHORT, "first_task": 1}
    assert all(
        member.metrics["eval_loss_shared"] < member.metrics["eval_loss_backbone"]
        for member in run.evaluation
    )
