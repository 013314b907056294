"""Combinations that are refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.common.spec.builders import spec

from pfi_common.errors import SpecUnsoundError


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cohort": {"size": 4, "minimum": 5}}, "could never be published"),
        (
            {"server_optimizer": {"name": "adam", "learning_rate": 0.1, "momentum": 0.9}},
            "applied twice",
        ),
        ({"server_optimizer": {"name": "sgd", "beta1": 0.9}}, "no second moment"),
        ({"cohort": {"size": 300_000}}, "more coarsely than 2\\^-24"),
        ({"aggregate": {"max_weight": 1 << 32}}, "Lower max_weight"),
    ],
)
def test_unsound_combinations(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(SpecUnsoundError, match=reason):
        spec(**changes)


def test_the_resolution_is_refused_exactly_above_its_limit() -> None:
    # C = 8, W = 2^20: k = 62 - (3 + log2 N + 20) must be at least 21, so N is at most 2^18.
    limit = {"coordinate_limit": 8.0, "max_weight": 4096}
    assert spec(aggregate=limit, cohort={"size": 1 << 18})
    with pytest.raises(SpecUnsoundError, match="coarsely"):
        spec(aggregate=limit, cohort={"size": (1 << 18) + 1})


def test_all_reasons_are_told_at_once() -> None:
    with pytest.raises(SpecUnsoundError) as caught:
        spec(cohort={"size": 300_000, "minimum": 300_001})
    assert len(caught.value.message.splitlines()) == 3
