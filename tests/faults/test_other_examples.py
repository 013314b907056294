"""The properties that `make test` checks with a fixed set of examples, with others each time."""

import secrets
import sys

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.unit.coordinator.domain.test_machine_properties import Chance
from tests.unit.coordinator.engine.test_crash_points import CrashPoints

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(1800)]

MANY = settings(
    max_examples=2000,
    stateful_step_count=50,
    deadline=None,
    derandomize=False,
    database=None,
    phases=[Phase.generate, Phase.shrink],
)


@pytest.mark.parametrize("machine", [CrashPoints, Chance])
def test_the_round_engine_under_examples_that_nobody_has_seen(machine, capsys):
    drawn = secrets.randbits(32)
    with capsys.disabled():
        sys.stdout.write(f"\n{machine.__name__}: repeat these examples with seed({drawn})\n")
    run_state_machine_as_test(seed(drawn)(machine), settings=MANY)
