"""Pre-training never sees the documentation that demo clients own."""

import pytest

from pfi_cli.demo.library_docs import (
    module_documents,
    part_documents,
    part_names,
    pre_training_documents,
    shingles,
)
from pfi_cli.demo.library_parts import CLIENT_PARTS, PRE_TRAINING_MODULES

# Stated bound of shared runs of eight words between pre-training text and any client part.
SHARED_SHINGLES_BOUND = 0


def all_shingles(texts: tuple[str, ...]) -> set[tuple[str, ...]]:
    return set().union(*map(shingles, texts))


def test_there_are_parts_for_twelve_clients():
    assert len(part_names()) >= 12


def test_no_module_is_in_two_parts_or_in_pre_training():
    listed = [name for modules in CLIENT_PARTS.values() for name in modules]

    assert len(listed) == len(set(listed))
    assert set(listed).isdisjoint(PRE_TRAINING_MODULES)


@pytest.mark.parametrize("part", part_names())
def test_a_part_has_enough_text_that_pre_training_lacks(part: str):
    texts = part_documents(part)

    assert len(texts) >= 50
    shared = all_shingles(texts) & all_shingles(pre_training_documents())
    assert len(shared) <= SHARED_SHINGLES_BOUND


def test_absent_modules_are_skipped():
    assert module_documents(("no_such_module",)) == ()


def test_documents_are_distinct_plain_text():
    texts = pre_training_documents()

    assert len(texts) == len(set(texts)) > 1000
    assert all(text.isascii() and len(text.split()) >= 6 for text in texts[:500])
