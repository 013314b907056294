"""Numbers of things, in words."""

import pytest

from pfi_common.counting import counted


@pytest.mark.parametrize(
    ("count", "sentence"),
    [(0, "0 clients"), (1, "1 client"), (2, "2 clients"), (12_345, "12,345 clients")],
)
def test_a_noun_agrees_with_its_number(count, sentence):
    assert counted(count, "client") == sentence
