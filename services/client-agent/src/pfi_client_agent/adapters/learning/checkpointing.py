"""Gradient checkpointing: activations inside layers are computed again, not kept."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers.modeling_layers import GradientCheckpointingLayer

from pfi_common.errors import SpecInvalidError


@contextmanager
def checkpointing(model: nn.Module, *, active: bool) -> Iterator[None]:
    """Keep only what enters each layer for the backward pass (Chen et al. 2016).

    The library's own switch works in training mode alone, in which some layers drop values out;
    here the mode stays as it is, so that the gradient is that without checkpointing.

    Args:
        model: The model.
        active: False: do nothing.

    Raises:
        SpecInvalidError: The architecture has no layers that this could be done with.
    """
    layers = checkpointed_layers(model) if active else []
    for layer in layers:
        # Nothing is drawn at random inside a layer, so no random state has to be kept.
        layer.forward = partial(
            checkpoint, layer.forward, use_reentrant=False, preserve_rng_state=False
        )
    try:
        yield
    finally:
        for layer in layers:
            # The method of the class shows again.
            del layer.forward


def checkpointed_layers(model: nn.Module) -> list[nn.Module]:
    """Give the layers whose activations can be computed again.

    Raises:
        SpecInvalidError: There are none.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, GradientCheckpointingLayer)]
    if not layers:
        raise SpecInvalidError(
            "local.gradient_checkpointing: this backbone's architecture cannot do that; leave it "
            "out.",
            field="local.gradient_checkpointing",
        )
    return layers
