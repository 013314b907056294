from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from pfi_client_agent.domain.row_order import derived_seed, row_order

SEEDS = st.integers(0, 2**64 - 1)
GOLDEN = [3, 5, 2, 7, 0, 6, 1, 4]


@given(st.integers(1, 30), SEEDS)
def test_every_pass_visits_every_row_once(row_count, seed):
    visited = list(islice(row_order(row_count, seed), 3 * row_count))
    for start in range(0, 3 * row_count, row_count):
        assert sorted(visited[start : start + row_count]) == list(range(row_count))


def test_the_order_is_a_function_of_the_seed():
    first, again, other = (list(islice(row_order(50, seed), 100)) for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert first[:50] != first[50:]


def test_the_order_stays_the_same_over_versions():
    assert list(islice(row_order(8, 1), 8)) == GOLDEN


@given(SEEDS)
def test_purposes_have_seeds_of_their_own(seed):
    assert derived_seed(seed, "shared") != derived_seed(seed, "personal")
    assert 0 <= derived_seed(seed, "shared") < 2**64
