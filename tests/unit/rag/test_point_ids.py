"""Ids of points, which say where passages stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfi_rag.adapters.edge.document_file import Span
from pfi_rag.adapters.edge.layout import source_name
from pfi_rag.adapters.edge.point_ids import Spot, make_id, read_id

DOCUMENT = "d-" + "a" * 16


@given(
    revision=st.integers(0, 2**32 - 1),
    position=st.integers(0, 2**24 - 1),
    offset=st.integers(0, 2**40 - 1),
    length=st.integers(0, 2**32 - 1),
)
def test_an_id_says_where_the_passage_stands(revision, position, offset, length):
    span = Span(offset, length)
    point = make_id(source_name(DOCUMENT, revision), position, span)
    assert read_id(point.int) == Spot(revision, position, span)


@pytest.mark.parametrize("position", [2**24, -1])
def test_a_number_that_does_not_fit_is_refused(position):
    with pytest.raises(OverflowError):
        make_id(source_name(DOCUMENT, 1), position, Span(0, 1))
