"""Parts of a run specification that say what a client does."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pfi_common.spec.part import Alpha, Count, LearningRate, Rank, SpecPart

DeviceClass = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
ModuleName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.\-]{1,256}$")]

_LABEL_CHARACTERS = 128


def _sorted_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        message = "must name each module once"
        raise ValueError(message)
    return tuple(sorted(names))


class Backbone(SpecPart):
    """The frozen foundation model."""

    model: Annotated[str, Field(min_length=1, max_length=512)]
    """Hub id or path of the backbone, as every agent can resolve it"""
    revision: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Commit of a hub model; null for a path"""


def _labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    if not all(0 < len(label) <= _LABEL_CHARACTERS and label == label.strip() for label in labels):
        message = f"must be 1 to {_LABEL_CHARACTERS} characters each, no white space at their ends"
        raise ValueError(message)
    if len(set(labels)) != len(labels):
        message = "must name each label once"
        raise ValueError(message)
    return labels


class Classification(SpecPart):
    """What a classifier tells apart."""

    labels: Annotated[
        tuple[str, ...],
        Field(min_length=2, max_length=1000, strict=False),
        AfterValidator(_labels),
    ]
    """Labels as they stand in the rows, in the order of the head's outputs"""
    head: Literal["shared", "personal"] = "shared"
    """Where the head is trained: merged like the adapter, or kept on each device"""


class Adapter(SpecPart):
    """The shared adapter."""

    method: Literal["lora"] = "lora"
    """Adapter method"""
    rank: Rank = 8
    """LoRA rank"""
    alpha: Alpha = 16
    """LoRA alpha; the adapter's effect is scaled by alpha / rank"""
    rank_for: Annotated[dict[DeviceClass, Rank], Field(max_length=64)] = {}  # noqa: RUF012 - copied
    """Ranks that devices of a class train instead, by the class that their agents name"""
    target_modules: Annotated[
        tuple[ModuleName, ...],
        Field(min_length=1, max_length=256, strict=False),
        AfterValidator(_sorted_once),
    ] = ("q_proj", "v_proj")
    """Names (suffixes) of the modules that carry an adapter"""


class Local(SpecPart):
    """Local optimisation on each client, per round."""

    steps: Count = 20
    """Optimiser steps on the shared adapter"""
    batch_size: Count = 4
    """Rows per micro-batch"""
    gradient_accumulation: Count = 1
    """Micro-batches per optimiser step"""
    learning_rate: LearningRate = 2e-4
    """AdamW learning rate"""
    proximal_mu: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """Weight mu of the proximal term, mu / 2 times the squared distance to the base; 0 for none"""
    maximum_tokens: Annotated[int, Field(ge=2, le=1_000_000)] = 256
    """Longest row in tokens; longer ones are cut at the end"""
    gradient_checkpointing: bool = False
    """Compute activations again in the backward pass: less memory, more time"""


class NoPersonalization(SpecPart):
    """Clients use the shared adapter alone."""

    method: Literal["none"] = "none"
    """No personal adapter"""


class DualAdapter(SpecPart):
    """A personal adapter on top of the frozen shared one; it never leaves the device."""

    method: Literal["dual_adapter"] = "dual_adapter"
    """A personal adapter beside the shared one"""
    rank: Rank = 4
    """LoRA rank of the personal adapter"""
    alpha: Alpha = 8
    """LoRA alpha of the personal adapter"""
    steps: Count = 20
    """Optimiser steps on the personal adapter per round"""
    learning_rate: LearningRate = 2e-4
    """AdamW learning rate of the personal adapter"""


Personalize = Annotated[NoPersonalization | DualAdapter, Field(discriminator="method")]


class Evaluate(SpecPart):
    """Evaluation on each client's own data."""

    holdout: Annotated[float, Field(ge=0.01, le=0.9)] = 0.1
    """Share of a client's rows that is held out from training"""
