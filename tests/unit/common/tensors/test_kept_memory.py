"""Memory of sums that is used again, but never while somebody still looks at it."""

import gc

import numpy as np

from pfi_common.tensors import KeptMemory

COUNT = 1000


def address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def test_arrays_are_zeros_whatever_was_in_their_memory():
    memory = KeptMemory()
    first = memory.zeros(COUNT)
    first += 7
    place = address(first)
    del first
    gc.collect()
    second = memory.zeros(COUNT)
    assert address(second) == place
    assert second.dtype == np.int64
    assert not second.any()


def test_memory_is_not_given_while_a_part_of_it_is_used():
    memory = KeptMemory()
    part = memory.zeros(COUNT).view(np.float32)[10:20]
    gc.collect()
    other = memory.zeros(COUNT)
    other += 1
    assert not part.any()
    place = address(part) - 40
    del part
    gc.collect()
    assert address(memory.zeros(COUNT)) == place


def test_one_array_is_kept_and_only_for_its_own_size():
    memory = KeptMemory()
    arrays = [memory.zeros(COUNT) for _ in range(3)]
    last = address(arrays[-1])
    while arrays:
        del arrays[0]
    gc.collect()
    again, new = memory.zeros(COUNT), memory.zeros(COUNT)
    assert address(again) == last
    assert address(new) != last
    del again
    gc.collect()
    assert memory.zeros(COUNT + 1).size == COUNT + 1
