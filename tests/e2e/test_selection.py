"""A run that selects by utility, with real agents and everything between them."""

from pathlib import Path
from typing import Any

import pytest
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.federation import Federation

pytestmark = [pytest.mark.e2e]

CLIENTS = 4
ROUNDS = 3


def of_selection(run: Any) -> list[dict[str, float]]:
    """What clients measured for selection, task by task."""
    names = ("train_loss_rms", "trained_rows", "train_loss")
    return [
        {name: member.metrics[name] for name in names}
        for each in run.rounds
        for member in each.cohort
        if member.state == "completed"
    ]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_fleet_trains_by_utility(tmp_path: Path, tiny_backbone: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number, animal in enumerate(("heron", "otter", "wolf", "owl")):
        write_rows(data / f"{number}.jsonl", animal, rows=12 + 4 * number)
    cohort = {"size": 2, "select": "utility", "fairness_cap": 1.5, "deadline": "auto"}
    with Federation(tmp_path / "state") as federation:
        federation.add_fleet("crowd", CLIENTS, data)
        federation.wait_until_connected(CLIENTS)
        changes = {"stop": {"rounds": ROUNDS}, "personalize": {"method": "none"}}
        spec = tiny_spec("useful", tiny_backbone, cohort=cohort, **changes)
        run = federation.run_to_end(spec)
    assert run.state == "completed"
    published = [each for each in run.rounds if each.state == "published"]
    assert [each.counted for each in published] == [2] * ROUNDS
    measured = of_selection(run)
    assert measured
    for item in measured:
        # A root mean square is at least the mean, here of rows instead of tokens.
        assert item["train_loss_rms"] > 0.5 * item["train_loss"] > 0
        assert item["trained_rows"] >= 1
    # A derived deadline may be half a minute: where a machine stands still for longer, a round has
    # further attempts. Whoever is selected in several of them counts once.
    selected: dict[str, set[int]] = {}
    for each in run.rounds:
        for member in each.cohort:
            selected.setdefault(member.client, set()).add(each.round)
    times = [len(rounds) for rounds in selected.values()]
    # Two rounds reach everybody; nobody is selected above the cap.
    assert len(times) == CLIENTS
    assert max(times) <= 1.5 * sum(times) / CLIENTS
    assert run.rounds[0].deadline_from == "the default until a round has been observed"
    assert "rounds arrived" in (run.rounds[-1].deadline_from or "")
