"""The application itself, on twins and counted time: leaders die or stop at any call they make."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.coordinator.crashing import (
    Scene,
    check_everything_counted_once,
    led_to_its_end,
)
from tests.support.coordinator.graph import Graph
from tests.support.coordinator.mortal import Fate
from tests.support.coordinator.small_artifacts import SmallArtifacts
from tests.support.coordinator.virtual_time import LoopClock, run_virtually

SPOOLS = ("spool-0", "spool-1", "spool-2")
SOON_SECONDS = 60
"""Whatever is lost comes again at once, not when a deadline ends the wait for it."""

scenes = st.builds(Scene, clustered=st.booleans(), pieces=st.sampled_from([0, 2]))
steps = st.integers(0, 120)
stops = st.sampled_from([None, None, 0.5, 20.0])
fates = st.builds(Fate, steps, stops, st.frozensets(steps, max_size=8))


@settings(max_examples=60)
@given(scene=scenes, spread=st.booleans(), fates=st.lists(fates, max_size=6))
def test_every_update_counts_once_whoever_dies_or_stops_when(scene, spread, fates):
    async def play(folder):
        graph = Graph(Path(folder), SPOOLS if spread else SPOOLS[:1], clock=LoopClock())
        graph.artifacts = SmallArtifacts()
        run = await led_to_its_end(graph, scene, fates)
        await check_everything_counted_once(graph, run)
        stopped_seconds = sum(fate.stops_seconds or 0 for fate in fates)
        assert graph.clock.monotonic() < SOON_SECONDS + stopped_seconds

    with TemporaryDirectory() as folder:
        run_virtually(play(folder))
