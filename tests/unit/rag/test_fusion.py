"""Reciprocal rank fusion, against values worked out by hand."""

import pytest

from pfi_rag.domain.fusion import MINIMUM_DEPTH, depth_for, fuse


def test_scores_are_sums_of_reciprocal_ranks() -> None:
    fused = {item.key: item for item in fuse(["a", "b"], ["b", "c"], 4)}
    assert fused["a"].score == pytest.approx(1 / 2)
    assert fused["b"].score == pytest.approx(1 / 3 + 1 / 2)
    assert fused["c"].score == pytest.approx(1 / 3)
    assert (fused["a"].dense_rank, fused["a"].bm25_rank) == (1, 0)
    assert (fused["b"].dense_rank, fused["b"].bm25_rank) == (2, 1)


def test_the_best_come_first_and_words_break_ties() -> None:
    assert [item.key for item in fuse(["a", "b"], ["c", "b"], 3)] == ["b", "c", "a"]
    assert [item.key for item in fuse(["a", "b"], ["c", "b"], 1)] == ["b"]


def test_one_ranking_keeps_its_order() -> None:
    assert [item.key for item in fuse([], ["c", "a", "b"], 4)] == ["c", "a", "b"]
    assert fuse([], [], 4) == []


def test_candidates_are_enough_for_the_limit() -> None:
    assert depth_for(1) == MINIMUM_DEPTH
    assert depth_for(50) == 100
