"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pfi_common.spec.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1h30m", 5400), ("2d", 172_800), ("1d2h3m4s", 93_784)],
)
def test_forms(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "value",
    ["", "10", "m", "10 m", "-1s", "1.5h", "5m1h", "0s", "31d", "99999999s", 600, None, True],
)
def test_other_forms_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse_duration(value)


@given(st.integers(1, 30 * 86_400))
@settings(derandomize=True)
def test_what_is_written_is_read(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(format_duration(duration)) == duration
