"""A spool on disk with one open round, for tests of what restarts and deletions leave."""

from pathlib import Path

import pytest
from tests.support.aggregator.builders import make_plan
from tests.support.aggregator.spools import disk_spool


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(root):
    made = disk_spool(root)
    made.rounds.open(make_plan())
    return made
