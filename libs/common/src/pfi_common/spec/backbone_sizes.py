"""The widths of a backbone, on which the memory of training depends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from pfi_common.spec.part import SpecPart

Size = Annotated[int, Field(ge=1, le=(1 << 53) - 1)]


class BackboneSizes(SpecPart):
    """Widths of a backbone."""

    hidden: Size
    """Width of the residual stream"""
    inner: Size
    """Width inside the feed-forward block"""
    layers: Size
    """Number of blocks"""
    vocabulary: Size
    """Number of logits of a language model"""
    positions: Size | None = None
    """Longest row that the model takes; null for no limit"""
