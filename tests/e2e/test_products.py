"""Products of factors and devices of two ranks, on real processes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.small_runs import tiny_spec, write_rows
from tests.support.federation import Federation

from pfi.aggregator.v1.lineage_pb2 import Lineage

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

CLASSES = ("phone", "laptop", "laptop")
"""The classes of the clients; a run gives phones a rank of their own."""
RANKS = {"rank": 4, "alpha": 8, "target_modules": ["q_proj", "v_proj"], "rank_for": {"phone": 2}}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder = tmp_path_factory.mktemp("mixed")
    data = folder / "rows"
    data.mkdir()
    for number in range(len(CLASSES)):
        write_rows(data / f"{number}.jsonl", "heron", rows=20)
    with Federation(folder / "state") as running:
        running.add_fleet("river", len(CLASSES), data, "--device-class", ",".join(CLASSES))
        running.wait_until_connected(len(CLASSES))
        yield running


def play(federation: Federation, spec: dict[str, Any]) -> Any:
    run = federation.wait_for_run(federation.submit(spec).run)
    assert run.state == "completed", federation.describe(run)
    assert all(
        member.metrics["eval_loss_shared"] < member.metrics["eval_loss_backbone"]
        for member in run.evaluation
    )
    return run


@pytest.mark.parametrize(
    "aggregate",
    [{"product": "factors"}, {"product": "svd"}, {"product": "stack", "maximum_rank": 8}],
    ids=lambda aggregate: str(aggregate["product"]),
)
def test_a_run_of_two_ranks_learns(
    mixed: Federation, tiny_backbone: Path, aggregate: dict[str, Any]
):
    spec = tiny_spec(
        f"mixed-{aggregate['product']}",
        tiny_backbone,
        adapter=RANKS,
        aggregate=aggregate,
        cohort={"size": len(CLASSES)},
    )
    run = play(mixed, spec)
    assert len(run.evaluation) == len(CLASSES)
    lineages = [lineage for lineage in published(mixed) if lineage.adapter.run == run.run]
    newest = max(lineages, key=lambda lineage: lineage.adapter.version)
    assert newest.report.product == aggregate["product"]
    sizes = sorted(update.payload_bytes for update in newest.counted)
    assert sizes[0] * 2 == sizes[1] == sizes[2]
    assert (newest.report.discarded_energy > 0) == (aggregate["product"] != "factors")


def published(federation: Federation) -> Iterator[Lineage]:
    """Every lineage that the aggregator has signed."""
    from pfi.common.v1.signed_pb2 import SignedStatement

    for path in (federation.layout.root / "artifacts" / "lineages").rglob("*"):
        if path.is_file():
            statement = SignedStatement.FromString(path.read_bytes())
            yield Lineage.FromString(statement.payload)
