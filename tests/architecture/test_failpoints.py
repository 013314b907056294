"""Every place at which the aggregator can be killed is one at which a test kills it."""

import pytest
from tests.architecture.tree import REPOSITORY
from tests.support.faults.places import KILLED_IN

from pfi_aggregator.failpoints import Failpoint

PAGE = REPOSITORY / "docs" / "explanation" / "fault-tests.md"


def test_a_test_kills_at_every_failpoint():
    assert {place for places in KILLED_IN.values() for place in places} == set(Failpoint)


@pytest.mark.parametrize("name", KILLED_IN)
def test_that_test_is_there_and_knows_its_places(name):
    source = (REPOSITORY / "tests" / "faults" / name).read_text(encoding="utf-8")
    named = all(f"Failpoint.{place.name}" in source for place in KILLED_IN[name])
    assert named or "from tests.support.faults.places import" in source


@pytest.mark.parametrize("place", Failpoint)
def test_the_page_of_fault_tests_names_every_failpoint(place):
    assert f"`{place.value}`" in PAGE.read_text(encoding="utf-8")
