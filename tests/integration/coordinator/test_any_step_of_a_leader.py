"""On a real Redis: leaders die or stop at any call, and its scripts keep what they were doing."""

import random

import pytest
from tests.support.coordinator.crashing import (
    Scene,
    check_everything_counted_once,
    led_to_its_end,
)
from tests.support.coordinator.graph import Graph
from tests.support.coordinator.mortal import Fate
from tests.support.coordinator.ports import redis_ports
from tests.support.coordinator.small_artifacts import SmallArtifacts
from tests.support.coordinator.virtual_time import LoopClock

from pfi_coordinator.adapters.redis.connection import connect

pytestmark = pytest.mark.integration
SPOOLS = ("spool-0", "spool-1", "spool-2")


@pytest.mark.parametrize("seed", range(6))
async def test_every_update_counts_once_whoever_dies_or_stops_when(tmp_path, redis_url, seed):
    randomness = random.Random(seed)
    scene = Scene(clustered=seed % 2 == 1, pieces=seed % 3)
    fates = [
        Fate(randomness.randint(0, 120), randomness.choice([None, None, 1.0])) for _ in range(5)
    ]
    redis = connect(redis_url)
    spools = SPOOLS if seed % 2 else SPOOLS[:1]
    graph = Graph(tmp_path, spools, clock=LoopClock(), ports=redis_ports(redis))
    graph.artifacts = SmallArtifacts()
    run = await led_to_its_end(graph, scene, fates)
    await check_everything_counted_once(graph, run)
    await redis.aclose()
