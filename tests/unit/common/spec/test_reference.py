"""The reference page has every field, with its values, default and meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.common.spec.reference_rows import reference_rows

from pfi_common.spec import PRESETS

PAGE = Path(__file__).parents[4] / "docs" / "reference" / "run-spec.md"


@pytest.mark.parametrize("row", list(reference_rows()))
def test_the_page_has_the_row(row: str) -> None:
    assert row in PAGE.read_text().splitlines()


def test_the_page_has_no_other_fields() -> None:
    fields = [line for line in PAGE.read_text().splitlines() if line.count(" | ") == 3]
    rows = [line for line in fields if line.startswith("| `")]
    assert rows == [row for row in rows if row in set(reference_rows())]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_page_names_the_papers(name: str) -> None:
    assert PRESETS[name].paper in PAGE.read_text()
