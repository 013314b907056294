"""One federation for all fault tests that need a whole one: two agents on a tiny random backbone.

Every test gets it whole and leaves it as it likes; runs of their own keep tests apart.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROWS = 12


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.support.client_agent.backbones import write_backbone

    return write_backbone(tmp_path_factory.mktemp("backbone"))


@pytest.fixture(scope="session")
def shared_federation(tmp_path_factory: pytest.TempPathFactory, write_data):
    from tests.support.faults.federation import FaultFederation
    from tests.support.faults.replay import Replay

    folder = tmp_path_factory.mktemp("faults")
    with FaultFederation(folder / "state", Replay(folder)) as running:
        for name, animal in (("ada", "heron"), ("bob", "otter")):
            running.join(name, write_data(folder / f"{name}.jsonl", animal))
        yield running


@pytest.fixture
def federation(shared_federation) -> Iterator:
    shared_federation.repair()
    yield shared_federation
    shared_federation.proxy.disarm()


@pytest.fixture
def spec(request: pytest.FixtureRequest, backbone: Path):
    """Makes specifications named after the test; over-selection 1.0, minimum = size."""

    def make(**changes):
        return {
            "name": request.node.name.translate(str.maketrans("[]_", "---")).strip("-"),
            "backbone": {"model": str(backbone)},
            "adapter": {"rank": 4, "alpha": 8},
            "local": {"steps": 4, "batch_size": 2, "learning_rate": 1e-2, "maximum_tokens": 32},
            "cohort": {"size": 2, "deadline": "90s"},
            "evaluate": {"holdout": 0.2},
            "stop": {"rounds": 2},
            "seed": 11,
        } | changes

    return make


@pytest.fixture(scope="session")
def write_data():
    """Writes the rows of a client, which are about an animal."""
    from tests.support.client_agent.rows import write_rows

    def write(path: Path, animal: str) -> Path:
        return write_rows(path, [f"on day {day} we saw the {animal}" for day in range(ROWS)])

    return write
