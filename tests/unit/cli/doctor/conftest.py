from datetime import UTC, datetime

import pytest
from tests.support.clock import ManualClock

from pfi_cli.doctor.scene import Scene
from pfi_cli.local.layout import StateLayout

NOW = datetime(2040, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def make_scene(tmp_path):
    def make(**changes):
        values = {
            "layout": StateLayout(tmp_path / "state"),
            "federation": None,
            "url": None,
            "authority": None,
            "redis_url": None,
            "agents": (),
            "spec": None,
            "backbone": None,
            "clock": ManualClock(NOW),
        }
        return Scene(**(values | changes))

    return make
