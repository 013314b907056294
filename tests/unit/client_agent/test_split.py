import pytest
from hypothesis import given
from hypothesis import strategies as st

from pfi_client_agent.domain.rows import TextRow, content_digest
from pfi_client_agent.domain.split import TooFewRowsError, split_rows

SEEDS = st.integers(0, 2**64 - 1)


def rows_of(texts):
    rows = [TextRow(text) for text in texts]
    return {content_digest(row): row for row in rows}


@given(st.sets(st.text("abcdef", min_size=1), min_size=3, max_size=40), SEEDS,
       st.floats(0.001, 0.999))  # fmt: skip
def test_parts_rows_in_two_whatever_their_order(texts, seed, fraction):
    forward = split_rows(rows_of(sorted(texts)), fraction=fraction, seed=seed)
    backward = split_rows(rows_of(sorted(texts, reverse=True)), fraction=fraction, seed=seed)
    assert list(forward.training) == list(backward.training)
    assert list(forward.held_out) == list(backward.held_out)
    assert forward.training.keys() | forward.held_out.keys() == rows_of(texts).keys()
    assert len(forward.training) >= 2
    assert len(forward.held_out) >= 1
    assert not forward.training.keys() & forward.held_out.keys()


def test_a_row_keeps_its_side_when_others_come():
    few = split_rows(rows_of(str(n) for n in range(500)), fraction=0.1, seed=7)
    many = split_rows(rows_of(str(n) for n in range(900)), fraction=0.1, seed=7)
    assert few.held_out.keys() <= many.held_out.keys()
    assert few.training.keys() <= many.training.keys()
    assert 60 <= len(many.held_out) <= 120


def test_seeds_give_different_splits():
    rows = rows_of(str(n) for n in range(200))
    first = split_rows(rows, fraction=0.2, seed=1)
    second = split_rows(rows, fraction=0.2, seed=2)
    assert first.held_out.keys() != second.held_out.keys()


def test_three_rows_are_enough_and_two_are_not():
    split = split_rows(rows_of("abc"), fraction=0.999, seed=0)
    assert (len(split.training), len(split.held_out)) == (2, 1)
    with pytest.raises(TooFewRowsError):
        split_rows(rows_of("ab"), fraction=0.5, seed=0)
