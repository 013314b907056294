from itertools import islice

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pfi_client_agent.domain.batches import batch_order, derived_seed

SEEDS = st.integers(0, 2**64 - 1)
GOLDEN = [3, 5, 2, 7, 0, 6, 1, 4]


@given(st.integers(1, 30), st.integers(1, 9), SEEDS)
def test_every_pass_visits_every_row_once(row_count, batch_size, seed):
    batches = list(islice(batch_order(row_count, batch_size, seed), 3 * row_count))
    assert all(len(batch) == batch_size for batch in batches)
    visited = np.concatenate(batches)
    for start in range(0, 3 * row_count, row_count):
        assert sorted(visited[start : start + row_count]) == list(range(row_count))


def test_the_order_is_a_function_of_the_seed():
    first, again, other = (
        np.concatenate(list(islice(batch_order(50, 4, seed), 40))) for seed in (3, 3, 4)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[:50], first[50:100])


def test_the_order_stays_the_same_over_versions():
    assert list(next(batch_order(8, 8, 1))) == GOLDEN


@given(SEEDS)
def test_purposes_have_seeds_of_their_own(seed):
    assert derived_seed(seed, "shared") != derived_seed(seed, "personal")
    assert 0 <= derived_seed(seed, "shared") < 2**64
