import numpy as np
import pytest
from tests.unit.coordinator.simulation.scenes import simulation

from pfi_coordinator.domain.simulation.device_model import DeviceModel, Zones
from pfi_coordinator.domain.simulation.fleet import device_of, draw_fleet
from pfi_coordinator.domain.simulation.presence import Presence
from pfi_coordinator.domain.simulation.restarts import sessions_after_restart
from pfi_coordinator.domain.simulation.spools import SimulatedSpools

HOUR = 3600.0


def followed(model, hours, step_seconds=50.0, clients=300, seed=5):
    """How many are there at each step; in steps shorter than any stay nobody is missed."""
    fleet = draw_fleet(clients, model, seed)
    presence = Presence(fleet, model, seed)
    online = np.zeros(clients, dtype=bool)
    online[presence.until(0.0)[1].device] = True
    counts = [int(online.sum())]
    for moment in np.arange(step_seconds, hours * HOUR, step_seconds):
        left, came = presence.until(float(moment))
        assert online[left].all() or step_seconds > 50.0
        online[left] = False
        assert not online[came.device].any()
        online[came.device] = True
        counts.append(int(online.sum()))
    return counts


def test_a_device_comes_only_when_it_is_away_and_leaves_only_when_it_is_there():
    followed(DeviceModel(zones=Zones(west_hours=-12, east_hours=14, always_on=0.1)), hours=72)


def test_many_more_devices_are_there_by_night():
    counts = followed(DeviceModel(), hours=48, step_seconds=HOUR)
    night, day = counts[24 + 3], counts[24 + 15]
    assert night > 3 * day


def test_zones_spread_the_night_over_the_day():
    together = followed(DeviceModel(), hours=48, step_seconds=HOUR)[24:]
    spread = followed(DeviceModel(zones=Zones(-12, 11)), hours=48, step_seconds=HOUR)[24:]
    assert max(spread) - min(spread) < (max(together) - min(together)) / 2


def test_the_trace_does_not_depend_on_how_it_is_followed():
    model = DeviceModel()
    fine = followed(model, hours=36, step_seconds=50.0)
    coarse = followed(model, hours=36, step_seconds=500.0)
    assert fine[::10] == coarse


def test_speeds_are_log_normal_around_their_median():
    fleet = draw_fleet(20_000, DeviceModel(), seed=1)
    logs = np.log(fleet.tokens_per_second)
    assert np.median(fleet.tokens_per_second) == pytest.approx(400.0, rel=0.05)
    assert logs.std() == pytest.approx(0.7, rel=0.05)
    assert [device_of(name) for name in fleet.names[:3]] == [0, 1, 2]


def test_sessions_come_back_after_the_coordinator_does():
    delays = sessions_after_restart(5000, 5.0, 1e6, [1])
    assert len(delays) == 5000
    assert delays.min() >= 5.0
    # The try that finds it back may have been waited for as long as all before it.
    assert delays.max() <= 5.0 + 8.0
    assert (delays == sessions_after_restart(5000, 5.0, 1e6, [1])).all()


def test_sessions_come_back_at_the_rate_that_the_coordinator_stands():
    delays = sessions_after_restart(5000, 5.0, 100.0, [1])
    assert len(delays) == 5000
    seconds = np.bincount((delays - delays.min()).astype(int))
    assert seconds.max() <= 2 * 100.0
    assert delays.max() >= 5000 / 100.0


def test_a_spool_takes_updates_one_after_the_other():
    spools = SimulatedSpools(2, bytes_per_second=100.0)
    assert spools.take_in("spool-0", 200, 10.0) == 12.0
    assert spools.take_in("spool-0", 100, 10.5) == 13.0
    assert spools.take_in("spool-1", 100, 10.5) == 11.5
    assert spools.longest_wait_seconds == 1.5


def test_work_goes_on_where_it_was_interrupted():
    simulated = simulation(clients=2000)
    simulated.run()
    assert simulated.tally.interruptions > 0
    assert simulated.tally.useful_seconds > 0
