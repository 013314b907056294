"""What all parts of a run specification share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class SpecPart(BaseModel):
    """Immutable, strict, and without room for unknown fields."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


Count = Annotated[int, Field(ge=1, le=1_000_000)]
LearningRate = Annotated[float, Field(gt=0, le=100)]
Rank = Annotated[int, Field(ge=1, le=4096)]
Alpha = Annotated[int, Field(ge=1, le=65536)]
