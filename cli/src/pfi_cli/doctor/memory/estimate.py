"""The stated estimate of memory for a backbone whose files lie here."""

from pfi_cli.doctor.memory.weights import BackboneSize
from pfi_common.spec import (
    BackboneSizes,
    MemoryEstimate,
    RunSpec,
    TrainedModel,
    estimate_memory,
)


def estimate(
    spec: RunSpec, size: BackboneSize, element_bytes: int, *, checkpointing: bool
) -> MemoryEstimate:
    """Estimates the peak of a local step; see `estimate_memory`.

    Args:
        spec: The run.
        size: Of the backbone.
        element_bytes: Of a weight and an activation: 2 in bfloat16, 4 in float32.
        checkpointing: Whether activations are computed again in the backward pass.
    """
    sizes = BackboneSizes(
        hidden=size.hidden,
        inner=size.inner,
        layers=size.layers,
        vocabulary=size.vocabulary,
        positions=size.positions,
    )
    carriers = tuple((shape[0], shape[1]) for shape in size.carriers(spec.adapter.target_modules))
    model = TrainedModel(size.parameter_count, sizes, carriers)
    rank = spec.adapter.rank
    return estimate_memory(spec, model, element_bytes, rank=rank, checkpointing=checkpointing)
