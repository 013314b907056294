"""How a run says which clients it prefers, and how long its rounds may take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.unit.common.spec.builders import document

from pfi_common.errors import SpecInvalidError, SpecUnsoundError
from pfi_common.spec import parse_run_spec


def cohort(**fields: Any) -> Any:
    return parse_run_spec(document(cohort=fields)).cohort


def test_the_defaults_are_those_of_the_paper() -> None:
    utility = cohort(select="utility", utility={}).utility
    assert (utility.exploration, utility.exploration_decay) == (0.9, 0.98)
    assert utility.exploration_minimum == 0.2
    assert (utility.penalty, utility.clip_quantile, utility.cut_off) == (2.0, 0.95, 0.95)
    assert (utility.pace_window, utility.blacklist_after) == (20, 10)


def test_a_deadline_is_a_duration_or_auto_and_comes_back_as_it_was_written() -> None:
    given, derived = cohort(deadline="90s"), cohort(deadline="auto")
    assert given.first_deadline == given.longest_deadline == timedelta(seconds=90)
    assert (derived.first_deadline, derived.longest_deadline) == (
        timedelta(minutes=30),
        timedelta(hours=12),
    )
    for made in (given, derived):
        assert cohort(**made.model_dump(mode="json")) == made


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"select": "energy"}, "cohort.select"),
        ({"deadline": "soon"}, "must be auto, or a number with a unit"),
        ({"fairness_cap": 0.5}, "cohort.fairness_cap"),
        ({"select": "utility", "utility": {"penalty": -1.0}}, "cohort.utility.penalty"),
        ({"absence": "0s"}, "cohort.absence"),
    ],
)
def test_bad_values_are_named(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecInvalidError, match=told):
        cohort(**fields)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"cohort": {"utility": {}}}, "cohort.utility with select random"),
        (
            {"cohort": {"select": "utility", "utility": {"exploration": 0.1}}},
            "exploration_minimum 0.2 is above exploration 0.1",
        ),
        (
            {
                "cohort": {"select": "utility", "size": 8},
                "cluster": {"method": "update_similarity", "probe_round": 2},
            },
            "clients that utility prefers would be compared",
        ),
    ],
)
def test_unsound_ways_of_selecting_are_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecUnsoundError, match=told):
        parse_run_spec(document(**changes))


def test_utility_goes_with_clusters_that_are_probed_first() -> None:
    changes: dict[str, Any] = {
        "cohort": {"select": "utility", "size": 8},
        "cluster": {"method": "update_similarity"},
    }
    assert parse_run_spec(document(**changes)).cohort.select == "utility"
