"""Sums of products of factors, and how they become one pair of factors again."""

from pfi_aggregator.domain.products.low_rank_sum import Factors, Float64, LowRankSum

__all__ = ["Factors", "Float64", "LowRankSum"]
